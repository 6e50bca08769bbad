//! Room for large results.
//!
//! A fresh result of a hundred megabytes costs more to touch for the first time, page by page, than to compute. Where
//! the system hands out huge pages on request, they are requested.

use ndarray::Array2;

/// From here on a result is worth a request, in bytes.
const LARGE: usize = 4 << 20;

/// `n` times the default, which is 0 for numbers.
pub fn zeros<T: Copy + Default>(n: usize) -> Vec<T> {
    // Zeros of this size come from the system untouched.
    let out = vec![T::default(); n];
    if size_of_val(out.as_slice()) >= LARGE {
        in_huge_pages(&out);
    }
    out
}

/// [`zeros`] as a matrix by rows.
pub fn zeros2<T: Copy + Default>(shape: (usize, usize)) -> Array2<T> {
    Array2::from_shape_vec(shape, zeros(shape.0 * shape.1)).unwrap_or_default()
}

/// Requests huge pages for the whole ones inside `room`; a refusal changes nothing.
#[cfg(target_os = "linux")]
fn in_huge_pages<T>(room: &[T]) {
    const PAGE: usize = 4096;
    let start = (room.as_ptr() as usize).next_multiple_of(PAGE);
    let end = (room.as_ptr() as usize + size_of_val(room)) & !(PAGE - 1);
    if start < end {
        // SAFETY: the pages lie inside the slice; the advice changes how they are backed, not what they hold.
        unsafe { libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_HUGEPAGE) };
    }
}

#[cfg(not(target_os = "linux"))]
fn in_huge_pages<T>(_: &[T]) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_and_small_results_are_zeros() {
        for n in [0, 1, 1000, LARGE / 4 + 1] {
            assert!(zeros::<f64>(n).iter().chain(&vec![0.0; n]).all(|v| v.to_bits() == 0));
        }
        assert_eq!(zeros2::<f32>((3, 2)).dim(), (3, 2));
    }
}
