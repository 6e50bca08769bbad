//! The devices that a user can name, and the one match on them.

use ironlearn_gpu::Cuda;
use ironlearn_linalg::{Backend, Cpu, Error, Result};
use std::str::FromStr;
use std::sync::Arc;

/// Where to fit.
#[derive(Debug, Clone, Default)]
pub enum Device {
    /// The host.
    #[default]
    Cpu,
    /// A CUDA device.
    Cuda(Arc<Cuda>),
}

/// Runs `$body` with `$backend` bound to a reference to the device's [`Backend`]. The body is compiled once for each
/// kind of device; this macro and [`crate::fit`] are the only places where that happens.
#[macro_export]
macro_rules! on_device {
    ($device:expr, $backend:ident => $body:expr) => {
        match $device {
            $crate::Device::Cpu => {
                let $backend = &$crate::Cpu;
                $body
            }
            $crate::Device::Cuda(cuda) => {
                let $backend: &$crate::Cuda = cuda;
                $body
            }
        }
    };
}

impl Device {
    /// The device's name, as [`Device::from_str`] reads it.
    pub fn name(&self) -> String {
        match self {
            Device::Cpu => Cpu.name(),
            Device::Cuda(cuda) => cuda.name(),
        }
    }
}

impl FromStr for Device {
    type Err = Error;

    /// `cpu`, `cuda` (the first CUDA device) or `cuda:1`. A CUDA device is opened at once.
    ///
    /// # Errors
    /// [`Error::Device`]: an unknown name, or `no CUDA device: …`.
    fn from_str(name: &str) -> Result<Self> {
        let ordinal = match name.split_once(':') {
            None if name == "cpu" => return Ok(Device::Cpu),
            None if name == "cuda" => Some(0),
            Some(("cuda", number)) if number.bytes().all(|b| b.is_ascii_digit()) => number.parse().ok(),
            _ => None,
        };
        let unknown = || Error::Device(format!("there is no device '{name}': use cpu, cuda or cuda:N"));
        Cuda::open(ordinal.ok_or_else(unknown)?).map(Device::Cuda)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_or_refused_with_what_is_allowed() {
        assert_eq!("cpu".parse::<Device>().unwrap().name(), "cpu");
        for wrong in ["", "gpu", "cpu:0", "cuda:", "cuda:x", "cuda:-1", "cuda:+1", "CUDA", "cuda:99999999999999999999"]
        {
            let message = wrong.parse::<Device>().unwrap_err().to_string();
            assert_eq!(message, format!("there is no device '{wrong}': use cpu, cuda or cuda:N"));
        }
    }

    /// Where there is a device it opens; elsewhere one clear error says why not.
    #[test]
    fn cuda_opens_or_says_why_not() {
        match "cuda".parse::<Device>() {
            Ok(device) => assert_eq!(device.name(), "cuda:0"),
            Err(error) => assert!(error.to_string().starts_with("no CUDA device: "), "{error}"),
        }
        let error = "cuda:4096".parse::<Device>().unwrap_err().to_string();
        assert!(error.starts_with("no CUDA device: "), "{error}");
    }
}
