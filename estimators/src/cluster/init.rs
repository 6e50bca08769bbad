//! Where k-means starts.

use crate::{Control, Result, bad_input};
use ironlearn_linalg::host::rows::Source;
use ironlearn_linalg::host::seeding::Seeding;
use ironlearn_linalg::{Matrix, Real};
use ndarray::{Array2, ArrayView1, ArrayView2};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// How the first centres are found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Init {
    /// By a method that draws rows of X.
    Method(InitMethod),
    /// As given: for each run a list of `n_clusters` centres. One list serves one run.
    Centers(Vec<Vec<Vec<f64>>>),
}

/// A method that draws rows of X.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum InitMethod {
    /// Rows that are far from those drawn before, the best of `2 + ln k` each time (Arthur and Vassilvitskii 2007).
    #[default]
    #[serde(rename = "k-means++")]
    PlusPlus,
    /// Different rows, with probabilities as their weights.
    #[serde(rename = "random")]
    Random,
}

impl Default for Init {
    fn default() -> Self {
        Init::Method(InitMethod::default())
    }
}

impl From<ArrayView2<'_, f64>> for Init {
    fn from(centers: ArrayView2<'_, f64>) -> Self {
        Init::Centers(vec![centers.rows().into_iter().map(|c| c.to_vec()).collect()])
    }
}

impl Init {
    /// The given centres of each run, checked against k and p.
    pub(super) fn given(&self, k: usize, p: usize) -> Result<Vec<Array2<f64>>> {
        let Init::Centers(runs) = self else { return Ok(Vec::new()) };
        let mut all = Vec::with_capacity(runs.len());
        for centers in runs {
            let width = centers.first().map_or(0, Vec::len);
            let shape = (centers.len(), width);
            if centers.iter().any(|c| c.len() != width) {
                bad_input!("The initial centers have different numbers of features.");
            }
            if centers.len() != k {
                bad_input!("The shape of the initial centers {shape:?} does not match the number of clusters {k}.");
            }
            if width != p {
                bad_input!(
                    "The shape of the initial centers {shape:?} does not match the number of features of the data {p}."
                );
            }
            if centers.iter().flatten().any(|v| !v.is_finite()) {
                bad_input!("Input init contains NaN or infinity.");
            }
            let flat = centers.iter().flatten().copied().collect();
            all.push(Array2::from_shape_vec(shape, flat).unwrap_or_default());
        }
        Ok(all)
    }
}

/// The random numbers of one run: a stream of its own.
pub(super) struct Draws(ChaCha8Rng);

impl Draws {
    pub(super) fn new(seed: u64, run: usize) -> Self {
        let mut bits = ChaCha8Rng::seed_from_u64(seed);
        bits.set_stream(run as u64);
        Draws(bits)
    }

    /// Uniform in [0, 1).
    fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (-53_f64).exp2()
    }

    /// A row, with probability as its weight.
    fn row(&mut self, n: usize, weights: Option<ArrayView1<'_, f64>>) -> usize {
        let Some(weights) = weights else { return ((self.uniform() * n as f64) as usize).min(n - 1) };
        let mut left = self.uniform() * weights.sum();
        let mut found = 0;
        for (i, &w) in weights.iter().enumerate().filter(|(_, w)| **w > 0.0) {
            (found, left) = (i, left - w);
            if left < 0.0 {
                break;
            }
        }
        found
    }

    /// `k` different rows: each next one with probability as its weight among those left.
    pub(super) fn distinct(&mut self, n: usize, k: usize, weights: Option<ArrayView1<'_, f64>>) -> Result<Vec<usize>> {
        let Some(weights) = weights else {
            // The start of a random permutation, of which only what moved is stored.
            let mut moved = HashMap::new();
            let draw = |i: usize| {
                let j = i + ((self.uniform() * (n - i) as f64) as usize).min(n - i - 1);
                let (at_i, at_j) = (*moved.get(&i).unwrap_or(&i), *moved.get(&j).unwrap_or(&j));
                moved.insert(j, at_i);
                at_j
            };
            return Ok((0..k).map(draw).collect());
        };
        // The smallest of exponential times with the weights as rates (Efraimidis and Spirakis 2006).
        let mut times = Vec::with_capacity(n);
        for (i, &w) in weights.iter().enumerate() {
            let time = -(1.0 - self.uniform()).ln();
            if w > 0.0 {
                times.push((time / w, i));
            }
        }
        if times.len() < k {
            bad_input!("Fewer rows with a positive sample_weight ({}) than n_clusters={k}.", times.len());
        }
        times.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        Ok(times[..k].iter().map(|&(_, i)| i).collect())
    }
}

/// Draws `k` rows by greedy k-means++: of `trials` rows drawn with probability as their weighted squared distance to
/// the nearest of those chosen, the one that lowers the sum of these distances most. Returns the rows.
pub(super) fn plus_plus<F: Real>(
    source: &Source<'_, '_, F>,
    weights: Option<ArrayView1<'_, f64>>,
    k: usize,
    trials: Option<usize>,
    draws: &mut Draws,
    ctl: &Control,
) -> Result<(Array2<f64>, Vec<usize>)> {
    let (n, p) = source.shape();
    let trials = trials.unwrap_or(2 + (k as f64).ln() as usize);
    let mut seeding = Seeding::new(source, weights.as_ref().map(|w| w.view()));
    let (mut centers, mut rows) = (Array2::zeros((k, p)), Vec::with_capacity(k));
    for c in 0..k {
        ctl.check()?;
        let drawn: Vec<usize> = if c == 0 {
            vec![draws.row(n, weights)]
        } else {
            let potential = seeding.potential();
            let draw = |_| {
                let at = draws.uniform() * potential;
                // Nothing is left where there are fewer different rows than centres: any row does.
                if potential > 0.0 { seeding.find(at) } else { draws.row(n, weights) }
            };
            (0..trials).map(draw).collect()
        };
        let mut candidates = Array2::zeros((drawn.len(), p));
        for (mut candidate, &row) in candidates.rows_mut().into_iter().zip(&drawn) {
            candidate.assign(&ArrayView1::from(&seeding.row(row)));
        }
        let gains = seeding.gains(&candidates, ctl)?;
        let best = (1..gains.len()).fold(0, |best, c| if gains[c] > gains[best] { c } else { best });
        seeding.choose(&candidates, best, ctl)?;
        centers.row_mut(c).assign(&candidates.row(best));
        rows.push(drawn[best]);
    }
    Ok((centers, rows))
}

/// Greedy k-means++ by itself: the chosen rows of X as centres (k × p), and their indices.
///
/// # Errors
/// [`crate::Error::Input`] for fewer rows than `k` or X that is not finite; an interrupted run.
pub fn kmeans_plusplus<'a>(
    x: &crate::AnyMatrix<'a>,
    k: usize,
    weights: Option<ArrayView1<'a, f64>>,
    trials: Option<usize>,
    random_state: u64,
    ctl: &Control,
) -> Result<(Array2<f64>, Vec<usize>)> {
    let data = crate::Data::new(*x).with_weights(weights);
    super::kmeans::check(&data, k)?;
    data.check_finite()?;
    ironlearn_linalg::with_matrix!(x, x => {
        if let Matrix::Sparse(sparse) = x {
            let rows = sparse.by_row();
            let x = Matrix::Sparse(rows.view(sparse));
            let source = Source::new(&x, ctl)?;
            return plus_plus(&source, weights, k, trials, &mut Draws::new(random_state, 0), ctl);
        }
        let source = Source::new(x, ctl)?;
        plus_plus(&source, weights, k, trials, &mut Draws::new(random_state, 0), ctl)
    })
}
