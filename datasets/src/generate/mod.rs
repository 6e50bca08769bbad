//! Seeded made-up data for tests, examples and benchmarks.
//!
//! The same seed gives the same bits on every machine, and each option draws from a stream of its own: more rows leave
//! the first rows as they were, and missing entries, weights or noise leave the rest of the data as it was.

mod blobs;
mod classification;
mod random;
mod regression;

pub use blobs::{Blobs, blobs};
pub use classification::{Classification, classification};
pub use regression::{MadeRegression, Regression, regression};

use ndarray::{Array1, Array2};

use self::random::{Purpose, Stream};

/// Made-up rows that belong to classes or clusters.
#[derive(Clone, Debug, PartialEq)]
pub struct MadeClasses {
    /// The rows; NaN where missing.
    pub data: Array2<f64>,
    /// The class of each row: 0, 1, …
    pub target: Array1<f64>,
    /// A weight for each row, where asked for.
    pub weights: Option<Array1<f64>>,
    /// The mean of each class, one a row.
    pub centers: Array2<f64>,
}

/// What every generator offers.
#[derive(Clone, Debug, PartialEq)]
struct Common {
    rows: usize,
    cols: usize,
    seed: u64,
    missing: f64,
    weighted: bool,
}

impl Common {
    fn new(cols: usize) -> Common {
        Common { rows: 100, cols, seed: 0, missing: 0.0, weighted: false }
    }

    fn stream(&self, purpose: Purpose) -> Stream {
        Stream::new(self.seed, purpose)
    }

    /// Independent standard normal entries, row by row.
    fn normal_matrix(&self) -> Array2<f64> {
        let mut stream = self.stream(Purpose::Data);
        Array2::from_shape_simple_fn((self.rows, self.cols), || stream.normal())
    }

    /// Replaces entries by NaN, each with probability `missing`.
    fn knock_out(&self, data: &mut Array2<f64>) {
        assert!((0.0..=1.0).contains(&self.missing), "missing is a probability, not {}", self.missing);
        let mut stream = self.stream(Purpose::Missing);
        if self.missing > 0.0 {
            data.iter_mut().filter(|_| stream.uniform() < self.missing).for_each(|entry| *entry = f64::NAN);
        }
    }

    /// Weights from [0.5, 1.5), if asked for.
    fn weights(&self) -> Option<Array1<f64>> {
        let mut stream = self.stream(Purpose::Weights);
        self.weighted.then(|| Array1::from_shape_simple_fn(self.rows, || 0.5 + stream.uniform()))
    }
}

/// The setters that every builder has, over its field `common`.
macro_rules! common_setters {
    ($cols:literal) => {
        /// The number of rows (default 100).
        pub fn rows(mut self, rows: usize) -> Self {
            self.common.rows = rows;
            self
        }

        #[doc = concat!("The number of columns (default ", $cols, ").")]
        pub fn cols(mut self, cols: usize) -> Self {
            self.common.cols = cols;
            self
        }

        /// The seed (default 0).
        pub fn seed(mut self, seed: u64) -> Self {
            self.common.seed = seed;
            self
        }

        /// The probability with which an entry of the data is missing, NaN (default 0). The target is that of the whole
        /// data. Range [0, 1].
        pub fn missing(mut self, fraction: f64) -> Self {
            self.common.missing = fraction;
            self
        }

        /// Whether to make sample weights too, uniform in [0.5, 1.5) (default false).
        pub fn weighted(mut self, weighted: bool) -> Self {
            self.common.weighted = weighted;
            self
        }
    };
}
use common_setters;

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;

    #[test]
    fn more_rows_and_other_options_leave_the_data_as_it_was() {
        let few = regression().rows(20).noise(0.5).seed(3).build();
        let many = regression().rows(50).noise(0.5).seed(3).weighted(true).build();
        assert_eq!(few.coef, many.coef);
        assert_eq!(few.data, many.data.slice(s![..20, ..]));
        assert_eq!(few.target, many.target.slice(s![..20]));
        assert!(few.weights.is_none() && many.weights.is_some_and(|w| w.iter().all(|w| (0.5..1.5).contains(w))));
        let holed = blobs().rows(200).missing(0.25).seed(1).build();
        let whole = blobs().rows(200).seed(1).build();
        assert_eq!(holed.target, whole.target);
        let kept = holed.data.iter().zip(&whole.data).filter(|(holed, whole)| holed == whole).count();
        let gone = holed.data.iter().filter(|entry| entry.is_nan()).count();
        // A binomial of 400 draws stays within 5 standard deviations of its mean.
        assert!(kept + gone == 400 && (gone as f64 - 100.0).abs() < 5.0 * 75f64.sqrt(), "{gone}");
        assert_ne!(blobs().seed(1).build().data, blobs().seed(2).build().data);
    }

    #[test]
    #[should_panic(expected = "missing is a probability")]
    fn a_fraction_outside_its_range_is_refused() {
        blobs().missing(1.5).build();
    }
}
