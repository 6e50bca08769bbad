//! Compiles the emulated CUDA device (`emulator/`), on which the conformance suite runs without a GPU.

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let kernels = here.join("../gpu/src/kernels");
    println!("cargo:rerun-if-changed=emulator");
    println!("cargo:rerun-if-changed={}", kernels.display());
    println!("cargo:rerun-if-env-changed=CXX");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("emulator");
    fs::create_dir_all(&out).expect("OUT_DIR can be written");
    let compiler = env::var("CXX").unwrap_or_else(|_| "g++".into());
    let build = |source: &str, library: &str| {
        let mut command = Command::new(&compiler);
        command.args(["-std=c++17", "-O2", "-shared", "-fPIC", "-ffp-contract=off", "-Wno-div-by-zero"]);
        command.arg("-I").arg(&kernels).arg(format!("-Wl,-soname,{library}"));
        command.arg(here.join("emulator").join(source)).arg("-o").arg(out.join(library));
        match command.status() {
            Ok(status) => {
                assert!(status.success(), "the emulated device does not compile: {command:?}");
                true
            }
            // Without a compiler the tests on the emulated device say that they skip.
            Err(_) => false,
        }
    };
    let built = build("driver.cpp", "libcuda.so") && build("cublas.cpp", "libcublas.so");
    println!("cargo:rustc-env=EMULATED_CUDA={}", if built { out.display().to_string() } else { String::new() });
}
