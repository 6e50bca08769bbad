//! Finds the CUDA libraries that pip installed.
//!
//! cudarc opens libraries by their bare names, which finds a system-wide CUDA. The wheels of PyPI put them into
//! `nvidia/*/lib` inside site-packages, where the loader does not look. Opened once by absolute path, with their
//! symbols visible to those that come after, they are found by their bare names too.

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::{env, fs};

/// The libraries in the order in which they need each other. The driver comes with the graphics driver, never from
/// pip; it is here for `IRONLEARN_CUDA_PATH`.
const LIBRARIES: &[&str] = &["cuda", "nvrtc-builtins", "nvrtc", "cublasLt", "cublas"];

/// Opens what is found, once in a process. What is not found is left to the loader's own search.
///
/// Looked at, in this order: the folders that `IRONLEARN_CUDA_PATH` lists, and the site-packages of the folder that
/// `VIRTUAL_ENV` names, of the running program's installation, and of the checkout's `.venv`.
pub fn open_all() {
    static OPENED: Once = Once::new();
    OPENED.call_once(|| open_in(&folders()));
}

/// Opens each library from the first of these folders that has it. Before [`open_all`], these win over what that
/// finds.
pub fn open_in(folders: &[PathBuf]) {
    for name in LIBRARIES {
        let found = folders.iter().find_map(|folder| library_in(folder, name));
        if let Some(path) = found {
            // SAFETY: opening a library runs its initialisers. These are NVIDIA's own libraries, in a folder that the
            // user installed or named; the handle is never closed.
            if let Ok(library) = unsafe { Library::open(Some(&path), RTLD_NOW | RTLD_GLOBAL) } {
                std::mem::forget(library);
            }
        }
    }
}

/// `libNAME.so` or `libNAME.so.13` in `folder`.
fn library_in(folder: &Path, name: &str) -> Option<PathBuf> {
    let start = format!("lib{name}.so");
    let fits = |path: &PathBuf| {
        let file = path.file_name().map(|f| f.to_string_lossy().into_owned()).unwrap_or_default();
        file.strip_prefix(&start).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let mut found: Vec<PathBuf> = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).filter(fits).collect();
    found.sort();
    found.pop()
}

/// The folders that may hold CUDA libraries.
fn folders() -> Vec<PathBuf> {
    let named = env::var_os("IRONLEARN_CUDA_PATH");
    let mut folders: Vec<PathBuf> = named.iter().flat_map(env::split_paths).collect();
    let mut roots: Vec<PathBuf> = env::var_os("VIRTUAL_ENV").map(PathBuf::from).into_iter().collect();
    // The folder above `bin/python`, `bin/ironlearn` or, for tests, above `target/`.
    if let Ok(program) = env::current_exe() {
        roots.extend(program.ancestors().skip(2).take(1).map(Path::to_path_buf));
        roots.extend(program.ancestors().skip(2).take(3).map(|above| above.join(".venv")));
    }
    for root in roots {
        for python in subfolders(&root.join("lib")).into_iter().filter(|p| starts_with(p, "python")) {
            for package in subfolders(&python.join("site-packages/nvidia")) {
                folders.push(package.join("lib"));
            }
        }
    }
    folders
}

fn starts_with(path: &Path, start: &str) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start))
}

/// The folders in `folder`, in the order of their names.
fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}
