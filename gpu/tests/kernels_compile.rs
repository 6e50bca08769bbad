//! Every kernel file compiles for every generation of devices, by NVRTC alone: no GPU needed.

use ironlearn_gpu::compile::{SOURCES, architectures, compile, version};

#[test]
fn every_kernel_compiles_for_every_generation() {
    let known = match version().and_then(|version| architectures().map(|known| (version, known))) {
        Ok((version, known)) => {
            eprintln!("NVRTC {}.{} compiles for {known:?}", version.0, version.1);
            known
        }
        Err(why) => {
            eprintln!("SKIPPED: {why}");
            return;
        }
    };
    let wanted = [75, 80, 90, 100, 120];
    let present: Vec<i32> = wanted.into_iter().filter(|a| known.contains(a)).collect();
    assert!(present.contains(&80) && present.contains(&90), "an NVRTC without sm_80 and sm_90: {known:?}");
    for (name, _) in SOURCES {
        for &architecture in &present {
            let image = compile(name, architecture).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(&image[..4], b"\x7fELF", "{name}.cu for sm_{architecture}");
        }
    }
    // A device newer than NVRTC gets text that its driver translates.
    let newer = compile("pack", 9999).unwrap_or_else(|error| panic!("{error}"));
    assert!(String::from_utf8_lossy(&newer).contains(".target"), "pack.cu as PTX");
}

/// The list of sources is the folder.
#[test]
fn every_kernel_file_is_listed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/kernels");
    let mut files: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    let mut listed: Vec<String> = SOURCES.iter().map(|(name, _)| format!("{name}.cu")).collect();
    files.sort();
    listed.sort();
    assert_eq!(files, listed);
}
