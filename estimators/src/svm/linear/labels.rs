//! The classes of the rows, and what each row costs.

use crate::class_weight::ClassWeight;
use crate::linear::problem::TOO_LARGE;
use crate::{AnyMatrix, Data, Matrix, Result, bad_input};

/// Classes, checked.
pub struct Labels {
    /// The class of each row.
    pub codes: Vec<u32>,
    /// The number of classes.
    pub n_classes: usize,
    /// The weights of the rows, none below 0.
    pub weights: Vec<f64>,
    /// What the classes count.
    pub of_class: Vec<f64>,
}

/// The weights of the rows; those below 0 count as 0, because liblinear leaves such rows out.
///
/// # Errors
/// [`crate::Error::Input`] where none is above 0.
pub fn weights_of(data: &Data<'_>) -> Result<Vec<f64>> {
    let weights: Vec<f64> = match &data.weights {
        None => vec![1.0; data.x.nrows()],
        Some(weights) => weights.iter().map(|w| w.max(0.0)).collect(),
    };
    if !weights.iter().any(|&w| w > 0.0) {
        bad_input!("Sample weights must contain at least one non-zero number.");
    }
    Ok(weights)
}

/// Values up to this have squares that add up.
const LARGEST: f64 = 1e140;

/// Checks that X holds neither NaN nor infinity, nor values whose squares are beyond `f64`.
///
/// # Errors
/// [`crate::Error::Input`].
pub fn check_rows(data: &Data<'_>) -> Result<()> {
    data.check_finite()?;
    let large = |values: &[f64]| values.iter().fold(false, |any, v| any | (v.abs() > LARGEST));
    let AnyMatrix::F64(x) = &data.x else { return Ok(()) };
    let any = match x {
        Matrix::Sparse(sparse) => large(sparse.data()),
        Matrix::Dense(x) => match x.as_slice_memory_order() {
            Some(values) => values.chunks(4096).any(large),
            None => x.iter().any(|v| v.abs() > LARGEST),
        },
    };
    if any {
        bad_input!("{TOO_LARGE}");
    }
    Ok(())
}

impl Labels {
    /// The classes of `data`.
    ///
    /// # Errors
    /// [`crate::Error::Input`].
    pub fn of(data: &Data<'_>, name: &str, class_weight: Option<&ClassWeight>) -> Result<Self> {
        data.check()?;
        check_rows(data)?;
        let (codes, counts) = data.classes(name)?;
        if codes.ncols() != 1 {
            bad_input!("y should be a 1d array, got an array of shape {:?} instead.", codes.dim());
        }
        if counts[0] < 2 {
            bad_input!(
                "This solver needs samples of at least 2 classes in the data, but the data contains only one class"
            );
        }
        let weights = weights_of(data)?;
        let of_class = match class_weight {
            None => vec![1.0; counts[0]],
            Some(ClassWeight::Rule(_)) => balanced(codes.iter().copied(), &weights, counts[0]),
            Some(given) => given.by_class(codes, 0, counts)?.into_owned(),
        };
        if let Some(wrong) = of_class.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
            bad_input!("class weights have to be finite and not negative, got {wrong}");
        }
        Ok(Labels { codes: codes.iter().copied().collect(), n_classes: counts[0], weights, of_class })
    }
}

/// The weight of all rows over that of a class's, divided by the number of classes; 1 for a class without weight.
fn balanced(codes: impl Iterator<Item = u32>, weights: &[f64], n_classes: usize) -> Vec<f64> {
    let mut sums = vec![0.0; n_classes];
    codes.zip(weights).for_each(|(code, w)| sums[code as usize] += w);
    let (total, present) = (sums.iter().sum::<f64>(), sums.iter().filter(|&&s| s > 0.0).count() as f64);
    sums.iter().map(|&s| if s > 0.0 { total / (present * s) } else { 1.0 }).collect()
}
