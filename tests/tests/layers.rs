//! The layers of docs/architecture.md, as cargo sees them.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// The direct dependencies, without those of tests, of each crate of the workspace.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"]).arg(manifest);
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().expect("a list of packages");
    packages
        .iter()
        .map(|package| {
            let all = package["dependencies"].as_array().expect("a list of dependencies");
            let used = all.iter().filter(|d| d["kind"].as_str() != Some("dev")).map(|d| text(&d["name"]));
            (text(&package["name"]), used.collect())
        })
        .collect()
}

#[test]
fn each_crate_names_only_what_its_layer_may() {
    let of = dependencies();
    let ours = |name: &str| -> BTreeSet<&str> {
        of[name].iter().map(String::as_str).filter(|d| d.starts_with("ironlearn")).collect()
    };
    assert_eq!(ours("ironlearn-linalg"), BTreeSet::new());
    assert_eq!(ours("ironlearn-gpu"), BTreeSet::from(["ironlearn-linalg"]));
    assert!(ours("ironlearn").is_subset(&BTreeSet::from(["ironlearn-linalg", "ironlearn-datasets"])));
    // What belongs to one crate alone.
    let owners = [
        ("cudarc", "ironlearn-gpu"),
        ("ndarray-linalg", "ironlearn-linalg"),
        ("cblas-sys", "ironlearn-linalg"),
        ("rayon", "ironlearn-linalg"),
        ("pyo3", "ironlearn-python"),
        ("numpy", "ironlearn-python"),
        ("clap", "ironlearn-cli"),
    ];
    for (dependency, owner) in owners {
        for (name, used) in &of {
            assert!(!used.contains(dependency) || name == owner, "{name} must not name {dependency}");
        }
    }
}

/// linfa's arrays, numpy's and ours are one type only while there is one ndarray.
#[test]
fn there_is_one_ndarray() {
    let lock = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock")).unwrap();
    let versions: Vec<&str> =
        lock.split("[[package]]").filter(|p| p.contains("\nname = \"ndarray\"\n")).map(str::trim).collect();
    assert_eq!(versions.len(), 1, "{versions:#?}");
}
