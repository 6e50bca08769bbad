//! The two element types of X.

use serde::{Deserialize, Serialize};

/// An element of X: `f32` or `f64`. Nothing else implements it; other numbers are converted where data enters.
pub trait Real:
    ndarray::NdFloat + Default + sealed::Sealed + std::iter::Sum + Into<f64> + crate::host::panel_kernels::Kernel
{
    /// The run-time name of this type.
    const DTYPE: Dtype;
    /// The nearest value of this type.
    fn narrow(value: f64) -> Self;
    /// The matrix, of either element type.
    fn any(matrix: crate::Matrix<'_, Self>) -> crate::AnyMatrix<'_>;
    /// The numbers themselves where they are `f64`.
    fn as_f64(values: &[Self]) -> Option<&[f64]>;
    /// The value, exactly.
    #[inline]
    fn widen(self) -> f64 {
        self.into()
    }
}

impl Real for f32 {
    const DTYPE: Dtype = Dtype::F32;
    #[inline]
    fn narrow(value: f64) -> Self {
        value as f32
    }
    #[inline]
    fn any(matrix: crate::Matrix<'_, f32>) -> crate::AnyMatrix<'_> {
        crate::AnyMatrix::F32(matrix)
    }
    #[inline]
    fn as_f64(_values: &[f32]) -> Option<&[f64]> {
        None
    }
}

impl Real for f64 {
    const DTYPE: Dtype = Dtype::F64;
    #[inline]
    fn narrow(value: f64) -> Self {
        value
    }
    #[inline]
    fn any(matrix: crate::Matrix<'_, f64>) -> crate::AnyMatrix<'_> {
        crate::AnyMatrix::F64(matrix)
    }
    #[inline]
    fn as_f64(values: &[f64]) -> Option<&[f64]> {
        Some(values)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// The element type of a matrix, as a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Dtype {
    /// 32-bit floating point.
    #[serde(rename = "float32")]
    F32,
    /// 64-bit floating point.
    #[default]
    #[serde(rename = "float64")]
    F64,
}

impl Dtype {
    /// `value`, rounded to what this type can hold.
    pub fn round(self, value: f64) -> f64 {
        match self {
            Dtype::F32 => f64::from(value as f32),
            Dtype::F64 => value,
        }
    }

    /// The distance from 1 to the next larger number of this type.
    pub fn eps(self) -> f64 {
        match self {
            Dtype::F32 => f64::from(f32::EPSILON),
            Dtype::F64 => f64::EPSILON,
        }
    }
}
