//! Where the installed binary looks for its OpenBLAS: in the folder it was built against, and in `lib` beside its own
//! folder, so that it can be moved together with the library.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=DEP_IRONLEARN_OPENBLAS_LIBDIR");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "unix") {
        if let Ok(folder) = std::env::var("DEP_IRONLEARN_OPENBLAS_LIBDIR") {
            println!("cargo:rustc-link-arg-bins=-Wl,-rpath,{folder}");
        }
        let beside = if std::env::var("CARGO_CFG_TARGET_VENDOR").is_ok_and(|vendor| vendor == "apple") {
            "@executable_path/../lib"
        } else {
            "$ORIGIN/../lib"
        };
        println!("cargo:rustc-link-arg-bins=-Wl,-rpath,{beside}");
    }
}
