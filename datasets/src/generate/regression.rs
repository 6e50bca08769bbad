//! A linear regression problem whose coefficients are known.

use ndarray::{Array1, Array2, Axis};

use super::random::Purpose;
use super::{Common, common_setters};

/// Starts a regression problem: `y = X·w + intercept + noise`, X normal, of which some columns matter.
///
/// ```
/// let made = ironlearn_datasets::regression().rows(200).cols(30).informative(5).noise(0.1).seed(7).build();
/// assert_eq!(made.data.dim(), (200, 30));
/// assert_eq!(made.coef.iter().filter(|&&w| w != 0.0).count(), 5);
/// ```
pub fn regression() -> Regression {
    Regression { common: Common::new(10), informative: None, noise: 0.0, intercept: 0.0, correlation: 0.0 }
}

/// Builds a regression problem; see [`regression`].
#[derive(Clone, Debug, PartialEq)]
pub struct Regression {
    common: Common,
    informative: Option<usize>,
    noise: f64,
    intercept: f64,
    correlation: f64,
}

/// A made-up regression problem.
#[derive(Clone, Debug, PartialEq)]
pub struct MadeRegression {
    /// The rows; NaN where missing.
    pub data: Array2<f64>,
    /// What is to be predicted.
    pub target: Array1<f64>,
    /// A weight for each row, where asked for.
    pub weights: Option<Array1<f64>>,
    /// The coefficients from which the target was made.
    pub coef: Array1<f64>,
    /// The intercept from which the target was made.
    pub intercept: f64,
}

impl Regression {
    common_setters!("10");

    /// How many columns have a coefficient that is not zero: chosen at random, their coefficients of either sign and
    /// 1 to 10 in size (default: all).
    pub fn informative(mut self, columns: usize) -> Self {
        self.informative = Some(columns);
        self
    }

    /// The standard deviation of what is added to the target (default 0).
    pub fn noise(mut self, deviation: f64) -> Self {
        self.noise = deviation;
        self
    }

    /// The target's mean (default 0).
    pub fn intercept(mut self, intercept: f64) -> Self {
        self.intercept = intercept;
        self
    }

    /// The correlation between any two columns (default 0). Range [0, 1].
    pub fn correlation(mut self, correlation: f64) -> Self {
        self.correlation = correlation;
        self
    }

    /// Makes the data, in time and memory proportional to rows × columns.
    ///
    /// # Panics
    /// If more columns are to be informative than there are, or an option lies outside its range.
    pub fn build(self) -> MadeRegression {
        let Regression { common, informative, noise, intercept, correlation } = self;
        let informative = informative.unwrap_or(common.cols);
        assert!(informative <= common.cols, "{informative} informative columns of {}", common.cols);
        assert!((0.0..=1.0).contains(&correlation), "correlation lies in [0, 1], not {correlation}");
        let mut stream = common.stream(Purpose::Truth);
        let mut coef = Array1::zeros(common.cols);
        for column in stream.choose(common.cols, informative) {
            let size = 1.0 + 9.0 * stream.uniform();
            coef[column] = if stream.uniform() < 0.5 { -size } else { size };
        }
        let mut data = common.normal_matrix();
        if correlation > 0.0 {
            let mut shared = common.stream(Purpose::Shared);
            let (own, common) = ((1.0 - correlation).sqrt(), correlation.sqrt());
            for mut row in data.axis_iter_mut(Axis(0)) {
                let shift = common * shared.normal();
                row.mapv_inplace(|entry| own * entry + shift);
            }
        }
        let mut stream = common.stream(Purpose::Noise);
        // A plain loop: the order of the sum, and so the last bit, must not depend on how a dot product is blocked.
        let target = data.outer_iter().map(|row| {
            let explained: f64 = row.iter().zip(&coef).map(|(x, w)| x * w).sum();
            explained + intercept + noise * stream.normal()
        });
        let target = target.collect();
        common.knock_out(&mut data);
        MadeRegression { data, target, weights: common.weights(), coef, intercept }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_what_the_coefficients_say() {
        let made = regression().rows(50).cols(8).informative(3).intercept(2.0).seed(4).build();
        let residual = &made.target - &(made.data.dot(&made.coef) + made.intercept);
        assert!(residual.iter().all(|r| r.abs() < 1e-12), "{residual}");
        let sizes = made.coef.iter().filter(|&&w| w != 0.0).map(|w| w.abs());
        assert!(sizes.clone().count() == 3 && sizes.into_iter().all(|size| (1.0..=10.0).contains(&size)));
    }

    #[test]
    fn noise_and_correlation_are_as_asked() {
        let made = regression().rows(20_000).cols(2).noise(3.0).correlation(0.9).build();
        let residual = &made.target - &made.data.dot(&made.coef);
        // Five standard errors of a variance of 9, and of a correlation.
        assert!((residual.mapv(|r| r * r).mean().unwrap() - 9.0).abs() < 5.0 * 9.0 * (2.0f64 / 20_000.0).sqrt());
        let product = (&made.data.column(0) * &made.data.column(1)).mean().unwrap();
        assert!((product - 0.9).abs() < 5.0 * (1.81f64 / 20_000.0).sqrt(), "{product}");
    }

    /// The bits of a release are the bits of the next: benchmarks and saved results rest on them.
    #[test]
    fn the_numbers_stay() {
        let made = regression().rows(2).cols(2).noise(1.0).seed(7).build();
        let found: Vec<f64> = made.data.iter().chain(&made.target).chain(&made.coef).copied().collect();
        let data = [3.1068826428276552, 0.1768844058919248, -1.5743401456163506, -0.28094496429329135];
        let target_and_coef = [21.058896025988396, -9.164292479560228, 7.338485152328108, -6.411331137558557];
        let expected = [data, target_and_coef].concat();
        assert_eq!(found, expected);
    }

    #[test]
    fn empty_shapes_are_built() {
        assert_eq!(regression().rows(0).build().data.dim(), (0, 10));
        assert_eq!(regression().cols(0).build().target.len(), 100);
    }
}
