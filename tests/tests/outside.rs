//! A crate outside the workspace that depends on `ironlearn` builds and runs by what docs/rust.md says.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

#[test]
fn a_program_outside_the_workspace_builds_and_runs() {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    // Outside the checkout, so that nothing is inherited from its workspace.
    let folder = env::temp_dir().join(format!("ironlearn-outside-{}", std::process::id()));
    fs::create_dir_all(folder.join("src")).unwrap();
    let template = checkout.join("tests/outside");
    let manifest = fs::read_to_string(template.join("Cargo.toml.in")).unwrap();
    fs::write(folder.join("Cargo.toml"), manifest.replace("@CHECKOUT@", checkout.to_str().unwrap())).unwrap();
    fs::copy(template.join("src/main.rs"), folder.join("src/main.rs")).unwrap();
    // The versions that the workspace has tested and downloaded.
    fs::copy(checkout.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();

    let target: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outside");
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--release", "--offline"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", &target)
        .env_remove("LD_LIBRARY_PATH")
        .env_remove("VIRTUAL_ENV")
        .env_remove("PYO3_PYTHON")
        .output()
        .expect("cargo runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert!(out.contains("ridge R² 0.4") || out.contains("ridge R² 0.5"), "{out}");
    assert!(out.contains("tree accuracy 1.000"), "{out}");
    assert!(out.contains("the loaded model predicts the same 110 numbers"), "{out}");
    fs::remove_dir_all(&folder).unwrap();
}

/// The program in docs/rust.md is the one that is tested.
#[test]
fn the_documented_program_is_the_tested_one() {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let document = fs::read_to_string(checkout.join("docs/rust.md")).unwrap();
    let program = fs::read_to_string(checkout.join("tests/outside/src/main.rs")).unwrap();
    let body = program.split_once("\n\n").unwrap().1;
    assert!(document.contains(body.trim()), "docs/rust.md does not contain tests/outside/src/main.rs");
}
