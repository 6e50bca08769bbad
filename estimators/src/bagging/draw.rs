//! The rows and columns of each bag.

use super::Features;
use crate::forest::{Draw, Draws, Sample, without_replacement};
use crate::{Result, bad_input};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// How rows and columns are drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drawing {
    pub(super) estimator: &'static str,
    pub(super) n_estimators: usize,
    pub(super) max_samples: Option<Draw>,
    pub(super) max_features: Features,
    pub(super) bootstrap: bool,
    pub(super) bootstrap_features: bool,
    pub(super) oob_score: bool,
    pub(super) seed: u64,
}

/// How the rows and columns of given data are drawn.
#[derive(Debug)]
pub(super) struct Drawn {
    rows: Sample,
    p: usize,
    n_features: usize,
    features_repeat: bool,
    pub(super) warnings: Vec<String>,
}

/// Marks the stream of the columns.
const COLUMNS: u64 = u64::MAX - 1;

impl Drawing {
    /// Resolves the numbers of rows and columns.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for more rows or columns than there are, or weights that choose none.
    pub(super) fn resolve(&self, n: usize, p: usize, weights: Option<&[f64]>) -> Result<Drawn> {
        let mut warnings = Vec::new();
        if weights.is_some() && !self.bootstrap {
            let name = self.estimator;
            warnings.push(format!(
                "When fitting {name} with sample_weight it is recommended to use bootstrap=True, got False."
            ));
        }
        let size = match self.max_samples {
            None => n,
            Some(Draw::Rows(rows)) => usize::try_from(rows).unwrap_or(usize::MAX),
            Some(Draw::Share(share)) => {
                let total = weights.map_or(n as f64, |w| w.iter().sum());
                let size = ((share * total) as usize).max(1);
                if (size as f64) < (n as f64).cbrt().max(10.0) {
                    let what = if weights.is_some() { "total sum of sample weights" } else { "number of samples" };
                    warnings.push(format!(
                        "Using the fractional value max_samples={share:?} when the {what} is {total:?} results in a \
                         low number ({size}) of bootstrap samples. We recommend passing `max_samples` as an integer \
                         instead."
                    ));
                }
                size
            }
        };
        if !self.bootstrap && size > n {
            bad_input!(
                "Effective max_samples={size} must be <= n_samples={n} to be able to sample without replacement."
            );
        }
        if size > u32::MAX as usize || n > u32::MAX as usize {
            bad_input!("a bag of {size} out of {n} rows: there can be {} at most", u32::MAX);
        }
        let n_features = match self.max_features {
            Features::Number(number) => usize::try_from(number).unwrap_or(usize::MAX),
            Features::Share(share) => ((share * p as f64) as usize).max(1),
        };
        if n_features > p {
            bad_input!("max_features must be <= n_features");
        }
        let rows = Sample::new(n, size, self.bootstrap, weights.map(<[f64]>::to_vec))?;
        Ok(Drawn { rows, p, n_features, features_repeat: self.bootstrap_features, warnings })
    }
}

impl Drawn {
    /// The rows of the bag of this seed.
    pub(super) fn rows(&self, seed: u64) -> Vec<u32> {
        self.rows.rows(seed)
    }

    /// The columns of the bag of this seed; empty: all, in their order.
    pub(super) fn features(&self, seed: u64) -> Vec<u32> {
        if self.features_repeat {
            // Its own seed, so that it does not repeat the draws of the rows.
            return Draws::new(self.p, self.n_features, None).rows(seed ^ (1 << 40)).collect();
        }
        if self.n_features == self.p {
            return Vec::new();
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(COLUMNS);
        without_replacement(self.p, self.n_features, &mut rng)
    }
}
