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
/// `VIRTUAL_ENV` names, of the running program's installation, of the checkout's `.venv`, and those that libraries of
/// this process come from (in Python: numpy's, whatever environment that is).
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
    let pythons = roots.iter().flat_map(|root| subfolders(&root.join("lib"))).filter(|p| starts_with(p, "python"));
    let mut packages: Vec<PathBuf> = pythons.map(|python| python.join("site-packages")).collect();
    packages.extend(packages_in_use(&fs::read_to_string("/proc/self/maps").unwrap_or_default()));
    let libraries = packages.iter().flat_map(|packages| subfolders(&packages.join("nvidia")));
    folders.extend(libraries.map(|package| package.join("lib")));
    folders
}

/// The site-packages folders in Linux's list of the files that a process has mapped.
fn packages_in_use(maps: &str) -> Vec<PathBuf> {
    const NAME: &str = "/site-packages";
    let mut found: Vec<PathBuf> = Vec::new();
    for line in maps.lines() {
        let Some(path) = line.find('/').map(|at| &line[at..]) else { continue };
        let Some(at) = path.find("/site-packages/") else { continue };
        let folder = PathBuf::from(&path[..at + NAME.len()]);
        if !found.contains(&folder) {
            found.push(folder);
        }
    }
    found
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_of_a_loaded_package_is_found() {
        let maps = "55d0-55d1 r-xp 00000000 08:01 131 /usr/bin/python3.11\n\
                    7f00-7f01 r-xp 00000000 08:01 132 /home/a b/env/lib/python3.11/site-packages/numpy/x.so\n\
                    7f02-7f03 rw-p 00000000 00:00 0\n\
                    7f04-7f05 r--p 00000000 08:01 133 /home/a b/env/lib/python3.11/site-packages/scipy/y.so\n";
        assert_eq!(packages_in_use(maps), [PathBuf::from("/home/a b/env/lib/python3.11/site-packages")]);
    }

    #[test]
    fn a_library_is_found_with_or_without_a_version() {
        let folder = std::env::temp_dir().join(format!("ironlearn-libraries-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for file in ["libcublas.so.13", "libcublasLt.so.13", "libnvrtc.alt.so.13", "libnvrtc.so.12"] {
            fs::write(folder.join(file), "").unwrap();
        }
        let found = |name| library_in(&folder, name).map(|path| path.file_name().unwrap().to_owned());
        assert_eq!(found("cublas"), Some("libcublas.so.13".into()));
        assert_eq!(found("nvrtc"), Some("libnvrtc.so.12".into()));
        assert_eq!(found("cuda"), None);
        fs::remove_dir_all(&folder).unwrap();
    }
}
