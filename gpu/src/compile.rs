//! Compiles the kernels with NVRTC, for the device at hand.
//!
//! The result is a cubin, machine code, because the PTX of a new NVRTC is refused by an older driver. Only where NVRTC
//! does not know the device's architecture yet is it PTX for the newest one it knows, which the driver translates.

use cudarc::nvrtc::{Ptx, result, sys};
use std::ffi::{CStr, CString, c_char};

/// The kernels: a file each, embedded in the program.
pub const SOURCES: &[(&str, &str)] = &[
    ("pack", include_str!("kernels/pack.cu")),
    ("sum_parts", include_str!("kernels/sum_parts.cu")),
    ("matmul", include_str!("kernels/matmul.cu")),
    ("segment_sum", include_str!("kernels/segment_sum.cu")),
    ("nearest", include_str!("kernels/nearest.cu")),
];

/// NVRTC's version, or why it cannot be used.
///
/// # Errors
/// A message: NVRTC is not installed, or does not answer.
pub fn version() -> Result<(i32, i32), String> {
    crate::libraries::open_all();
    // SAFETY: only tries to open the library and closes it again.
    if !unsafe { sys::is_culib_present() } {
        return Err("NVRTC is not installed (pip install nvidia-cuda-nvrtc)".into());
    }
    let (mut major, mut minor) = (0, 0);
    // SAFETY: both pointers are valid for one integer.
    unsafe { sys::nvrtcVersion(&mut major, &mut minor) }.result().map_err(|e| e.to_string())?;
    Ok((major, minor))
}

/// The architectures that this NVRTC compiles for, such as 90 for compute capability 9.0, rising.
///
/// # Errors
/// As [`version`].
pub fn architectures() -> Result<Vec<i32>, String> {
    version()?;
    let mut count = 0;
    // SAFETY: the pointer is valid for one integer; the array then has the length that NVRTC asked for.
    unsafe {
        sys::nvrtcGetNumSupportedArchs(&mut count).result().map_err(|e| e.to_string())?;
        let mut known = vec![0; usize::try_from(count).unwrap_or(0)];
        sys::nvrtcGetSupportedArchs(known.as_mut_ptr()).result().map_err(|e| e.to_string())?;
        Ok(known)
    }
}

/// The kernels of [`SOURCES`] under `name`, compiled for `architecture`: a cubin, or PTX.
///
/// # Errors
/// A message with NVRTC's log.
pub fn compile(name: &str, architecture: i32) -> Result<Vec<u8>, String> {
    let known = architectures()?;
    let target = match known.iter().rev().find(|&&a| a <= architecture) {
        Some(&best) if best == architecture => format!("--gpu-architecture=sm_{best}"),
        Some(&best) => format!("--gpu-architecture=compute_{best}"),
        None => return Err(format!("this NVRTC compiles for sm_{known:?}, the device is sm_{architecture}")),
    };
    let source = SOURCES.iter().find(|(known, _)| *known == name).ok_or_else(|| format!("no kernel file {name}.cu"))?;
    let text = CString::new(source.1).map_err(|e| e.to_string())?;
    let file = CString::new(format!("{name}.cu")).map_err(|e| e.to_string())?;
    let program = result::create_program(&text, Some(&file)).map_err(|e| e.to_string())?;
    // Products and sums are contracted only where a kernel says so, so that they match the host's.
    let options = [target.as_str(), "--fmad=false", "--std=c++17"];
    // SAFETY: `program` was just created; it is destroyed once, after its last use.
    unsafe {
        let compiled = result::compile_program(program, &options).map_err(|error| {
            let log = result::get_program_log(program).unwrap_or_default();
            format!("{name}.cu does not compile ({error}): {}", text_of(&log))
        });
        let image = compiled.and_then(|()| if target.contains("sm_") { cubin(program) } else { ptx(program) });
        let _ = result::destroy_program(program);
        image
    }
}

/// Text that C wrote, up to its end.
fn text_of(bytes: &[c_char]) -> String {
    let bytes: Vec<u8> = bytes.iter().map(|&b| b as u8).collect();
    CStr::from_bytes_until_nul(&bytes).map(|t| t.to_string_lossy().into_owned()).unwrap_or_default()
}

/// # Safety
/// `program` has to be a compiled program.
unsafe fn cubin(program: sys::nvrtcProgram) -> Result<Vec<u8>, String> {
    let mut size = 0;
    // SAFETY: the pointer is valid for one size; the buffer then has that size.
    unsafe {
        sys::nvrtcGetCUBINSize(program, &mut size).result().map_err(|e| e.to_string())?;
        let mut image = vec![0_u8; size];
        sys::nvrtcGetCUBIN(program, image.as_mut_ptr().cast()).result().map_err(|e| e.to_string())?;
        Ok(image)
    }
}

/// # Safety
/// `program` has to be a compiled program.
unsafe fn ptx(program: sys::nvrtcProgram) -> Result<Vec<u8>, String> {
    // SAFETY: as above.
    let text = unsafe { result::get_ptx(program) }.map_err(|e| e.to_string())?;
    Ok(text.into_iter().map(|b| b as u8).collect())
}

/// What the driver loads.
pub fn image(bytes: Vec<u8>) -> Ptx {
    Ptx::from_binary(bytes)
}
