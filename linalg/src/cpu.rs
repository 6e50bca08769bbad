//! The host as a device: every primitive's default is the CPU's implementation.

use crate::{Backend, Control, Matrix, Real, Result};

/// The CPU.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cpu;

impl<'a, F: Real> AsRef<Matrix<'a, F>> for Matrix<'a, F> {
    fn as_ref(&self) -> &Matrix<'a, F> {
        self
    }
}

impl Backend for Cpu {
    type Placed<'a, F: Real> = Matrix<'a, F>;

    fn name(&self) -> String {
        "cpu".into()
    }

    fn host_name(&self) -> String {
        self.name()
    }

    fn place<'a, F: Real>(&self, x: Matrix<'a, F>, _: &Control) -> Result<Matrix<'a, F>> {
        Ok(x)
    }
}
