//! Finds an OpenBLAS and links it.
//!
//! In this order: the folder that `IRONLEARN_OPENBLAS_DIR` names; the prebuilt library of the Python package
//! `scipy-openblas32` (of `.venv`, of the active environment, of `python3`); a system OpenBLAS. The package's symbols
//! bear the prefix `scipy_`, so that several copies can live in one process: then `openblas_prefixed` is set and
//! `src/openblas.rs` defines the plain names on top of them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const PREFIXED: &str = "scipy_openblas";
const PLAIN: &str = "openblas";

fn main() {
    println!("cargo:rustc-check-cfg=cfg(openblas_prefixed)");
    for name in ["IRONLEARN_OPENBLAS_DIR", "VIRTUAL_ENV", "PYO3_PYTHON"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    println!("cargo:rerun-if-changed=build.rs");
    if env::var_os("DOCS_RS").is_some() {
        return;
    }
    let Some((dir, name)) = find() else {
        panic!(
            "no OpenBLAS found. One of these brings one:\n  \
             pip install scipy-openblas32     (into .venv, the active environment, or python3's own)\n  \
             apt-get install libopenblas-dev  (or your system's package)\n  \
             IRONLEARN_OPENBLAS_DIR=/folder/with/libopenblas.so"
        );
    };
    // A copy inside target/ is found by `cargo run` and `cargo test`, which search there at run time.
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("lib");
    fs::create_dir_all(&out).expect("OUT_DIR can be written");
    for file in shared_objects(&dir, name) {
        let target = out.join(file.file_name().expect("a file has a name"));
        let _ = fs::remove_file(&target);
        fs::copy(&file, &target).expect("the library can be copied");
    }
    println!("cargo:rustc-link-search=native={}", out.display());
    println!("cargo:rustc-link-lib=dylib={name}");
    if name == PREFIXED {
        println!("cargo:rustc-cfg=openblas_prefixed");
    }
    // For build scripts of direct dependents: DEP_IRONLEARN_OPENBLAS_LIBDIR.
    println!("cargo:libdir={}", dir.display());
}

fn library(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{}{name}{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX))
}

fn find() -> Option<(PathBuf, &'static str)> {
    if let Some(dir) = env::var_os("IRONLEARN_OPENBLAS_DIR").map(PathBuf::from) {
        let name = [PREFIXED, PLAIN].into_iter().find(|name| library(&dir, name).exists());
        let name = name.unwrap_or_else(|| panic!("IRONLEARN_OPENBLAS_DIR={} holds no OpenBLAS", dir.display()));
        return Some((dir, name));
    }
    let workspace = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?).join("../.venv/bin/python");
    let active = env::var_os("VIRTUAL_ENV").map(|v| PathBuf::from(v).join("bin/python"));
    let named = env::var_os("PYO3_PYTHON").map(PathBuf::from);
    let on_path = ["python3", "python"].map(PathBuf::from);
    let mut pythons = [named, active, Some(workspace)].into_iter().flatten().chain(on_path);
    let package = pythons.find_map(|python| package_dir(&python)).map(|dir| (dir, PREFIXED));
    package.or_else(|| system_dir().map(|dir| (dir, PLAIN)))
}

/// The library folder of scipy-openblas32 in this Python, if it has one.
fn package_dir(python: &Path) -> Option<PathBuf> {
    let script = "import scipy_openblas32 as s; print(s.get_lib_dir())";
    let found = Command::new(python).args(["-c", script]).output().ok()?;
    let dir = PathBuf::from(String::from_utf8(found.stdout).ok()?.trim());
    library(&dir, PREFIXED).exists().then_some(dir)
}

/// Where the system's linker looks.
fn system_dir() -> Option<PathBuf> {
    let asked = Command::new("pkg-config").args(["--variable=libdir", "openblas"]).output().ok();
    let asked = asked.and_then(|o| String::from_utf8(o.stdout).ok()).map(|s| PathBuf::from(s.trim()));
    let usual = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
    asked.into_iter().chain(usual.map(PathBuf::from)).find(|dir| library(dir, PLAIN).exists())
}

/// The library and, for the package, the Fortran run-time beside it.
fn shared_objects(dir: &Path, name: &str) -> Vec<PathBuf> {
    if name == PLAIN {
        return vec![library(dir, name)];
    }
    let files = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    files
        .filter(|path| path.to_string_lossy().contains(".so") || path.extension().is_some_and(|e| e == "dylib"))
        .collect()
}
