//! Random waves: a kernel of differences is the mean product of cosines of random directions.

use super::cosine::cosines;
use super::{check, with_numbers};
use crate::preprocess::{Block, FitTransformer, Transformer, transformer};
use crate::{AnyMatrix, Checked, Control, Error, Params, Result, Target, Warning, bad_input};
use ironlearn_datasets::ColumnType;
use ironlearn_linalg::{Dtype, Matrix, Real, host::matmul::matmul, threads, with_matrix};
use ndarray::{Array2, ArrayView1};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// The largest number of entries of the directions.
const MOST: usize = 1 << 36;

/// How narrow the kernel is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum WaveScale {
    /// The factor of the squared distance.
    Given(f64),
    /// By a rule.
    Rule(WidthRule),
}

/// A rule for the factor of the squared distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WidthRule {
    /// 1 / (columns × variance of all entries of X); 1 where they are all alike.
    Scale,
}

/// `√(2/m)·cos(X·W + b)` with m columns of W drawn from the normal distribution of variance `2·gamma` and offsets b drawn
/// evenly from 0 to 2π: products of rows are nearly `exp(−gamma·‖x − y‖²)` (Rahimi and Recht 2007).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RBFSampler {
    /// The kernel's factor of the squared distance, range [0, ∞), or the rule for it.
    pub gamma: WaveScale,
    /// The number m of new columns, at least 1.
    pub n_components: usize,
    /// The seed of directions and offsets.
    pub random_state: u64,
}

impl Default for RBFSampler {
    fn default() -> Self {
        RBFSampler { gamma: WaveScale::Given(1.0), n_components: 100, random_state: 0 }
    }
}

impl Params for RBFSampler {
    const NAME: &'static str = "RBFSampler";

    fn validate(&self) -> Result<()> {
        let wrong = |name, expected: &str, found: String| {
            Err(Error::Parameter { estimator: Self::NAME, name, expected: expected.into(), found })
        };
        match self.gamma {
            WaveScale::Given(gamma) if !(gamma.is_finite() && gamma >= 0.0) => {
                wrong("gamma", "a float in the range [0.0, inf) or 'scale'", gamma.to_string())
            }
            _ if self.n_components == 0 => wrong("n_components", "an int in the range [1, inf)", "0".into()),
            _ => Ok(()),
        }
    }
}

/// A fitted [`RBFSampler`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RandomWaves {
    /// The parameters of the fit.
    pub params: RBFSampler,
    /// W, columns of X × m.
    #[serde(with = "crate::saved::array2")]
    pub weights: Array2<f64>,
    /// b, m.
    #[serde(with = "crate::saved::vector")]
    pub offsets: Vec<f64>,
    /// The type of X at the fit; where rows are of it too, so is what becomes of them.
    pub dtype: Dtype,
}

/// The variance of all entries.
fn variance<F: Real>(x: &Matrix<'_, F>) -> f64 {
    let (n, p) = x.shape();
    let all = n as f64 * p as f64;
    let (mut sum, mut square) = (0.0, 0.0);
    let mut add = |v: f64| {
        sum += v;
        square += v * v;
    };
    match x {
        Matrix::Sparse(sparse) => {
            sparse.data().iter().for_each(|v| add(v.widen()));
            square / all - (sum / all) * (sum / all)
        }
        Matrix::Dense(x) => {
            let mean = x.iter().map(|v| v.widen()).sum::<f64>() / all;
            x.iter().for_each(|v| add(v.widen() - mean));
            (square - sum * sum / all) / all
        }
    }
}

/// Normal numbers in pairs (Box and Muller 1958), with 53 bits of each evenly drawn one.
fn normal(bits: &mut ChaCha8Rng, out: &mut [f64]) {
    let mut even = || (bits.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64);
    for pair in out.chunks_mut(2) {
        let (length, angle) = ((-2.0 * (1.0 - even()).ln()).sqrt(), TAU * even());
        pair[0] = length * angle.cos();
        if let Some(second) = pair.get_mut(1) {
            *second = length * angle.sin();
        }
    }
}

impl FitTransformer for RBFSampler {
    type Model = RandomWaves;

    /// The target is not looked at; weights are refused.
    fn fit_checked(
        params: &Checked<Self>,
        x: &Block<'_>,
        _: &Target<'_>,
        weights: Option<ArrayView1<'_, f64>>,
        ctl: &Control,
    ) -> Result<RandomWaves> {
        if weights.is_some() {
            return Err(Error::Unsupported(format!("{} takes no sample_weight", Self::NAME)));
        }
        with_numbers(x, |x| {
            check(&x)?;
            let gamma = match params.gamma {
                WaveScale::Given(gamma) => gamma,
                WaveScale::Rule(WidthRule::Scale) => {
                    let variance = with_matrix!(&x, x => variance(x));
                    if variance > 0.0 { 1.0 / (x.ncols() as f64 * variance) } else { 1.0 }
                }
            };
            ctl.check()?;
            let mut bits = ChaCha8Rng::seed_from_u64(params.random_state);
            let (p, m, dtype) = (x.ncols(), params.n_components, x.dtype());
            let Some(count) = p.checked_mul(m).filter(|&count| count <= MOST) else {
                bad_input!("{p} columns and n_components={m} are more directions than memory holds");
            };
            let mut weights = vec![0.0; count];
            normal(&mut bits, &mut weights);
            let scale = (2.0 * gamma).sqrt();
            let weights = Array2::from_shape_fn((p, m), |(j, k)| dtype.round(scale * weights[j * m + k]));
            bits.set_stream(1);
            let mut even = || dtype.round((bits.next_u64() >> 11) as f64 * (TAU / (1_u64 << 53) as f64));
            let offsets = (0..m).map(|_| even()).collect();
            Ok(RandomWaves { params: (**params).clone(), weights, offsets, dtype })
        })
    }
}

impl RandomWaves {
    fn map(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Block<'static>> {
        if !x.all_finite() {
            bad_input!("Input X contains NaN or infinity.");
        }
        let m = self.offsets.len();
        let mut out = with_matrix!(x, x => matmul(x, self.weights.view(), ctl))?;
        let factor = (2.0 / m as f64).sqrt();
        let values = out.as_slice_mut().unwrap_or_default();
        threads::fill_rows(ctl, values, m, (65_536 / m).max(1), |_, rows| {
            for row in rows.chunks_exact_mut(m) {
                row.iter_mut().zip(&self.offsets).for_each(|(v, offset)| *v += offset);
                cosines(row, factor);
            }
        })?;
        Ok(if (self.dtype, x.dtype()) == (Dtype::F32, Dtype::F32) {
            Block::Dense32(out.mapv(|v| v as f32))
        } else {
            Block::Dense(out)
        })
    }
}

impl Transformer for RandomWaves {
    type Params = RBFSampler;

    fn params(&self) -> &RBFSampler {
        &self.params
    }

    fn n_features_in(&self) -> usize {
        self.weights.nrows()
    }

    fn check(&self) -> Result<()> {
        let (p, m) = self.weights.dim();
        if p == 0 || m == 0 || self.offsets.len() != m {
            return Err(Error::File(format!("{} offsets for random directions of {p} × {m}", self.offsets.len())));
        }
        Ok(())
    }

    fn transform(&self, x: &Block<'_>, ctl: &Control, _: &mut Vec<Warning>) -> Result<Block<'static>> {
        transformer::check_columns(self, x)?;
        with_numbers(x, |x| self.map(&x, ctl))
    }

    fn input_types(&self) -> Vec<Option<ColumnType>> {
        vec![Some(ColumnType::Number); self.weights.nrows()]
    }

    fn feature_names_out(&self, _: &[String]) -> Vec<String> {
        (0..self.offsets.len()).map(|k| format!("rbfsampler{k}")).collect()
    }
}
