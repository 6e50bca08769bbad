//! Nyström's method: the kernel with some of the rows, brought to where their own kernel matrix is the identity.

use super::{check, inverse_root, with_numbers};
use crate::kernel::{FittedRows, Kernel, KernelFunction, PreparedRows, Reference};
use crate::linear::subsets;
use crate::preprocess::{Block, FitTransformer, Transformer, transformer};
use crate::{
    AnyMatrix, Checked, Control, Dtype, Error, Matrix, Params, Report, Result, Target, Warning, WarningKind, bad_input,
};
use ironlearn_datasets::ColumnType;
use ironlearn_linalg::{Real, with_matrix};
use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};

/// `k(x, c)·R` for m rows c of X, drawn without repetition, and the inverse root R of their kernel matrix: products of
/// rows are nearly the kernel (Williams and Seeger 2001).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Nystroem {
    /// The kernel. Of a precomputed one X has a column for each row of the fit.
    pub kernel: KernelFunction,
    /// The kernel's factor, range [0, ∞); `None` means 1 / the number of columns, of the chi-squared kernel 1.
    pub gamma: Option<f64>,
    /// What the polynomial and sigmoid kernels add; `None` means 1.
    pub coef0: Option<f64>,
    /// The exponent of the polynomial kernel, range [1, ∞); `None` means 3.
    pub degree: Option<f64>,
    /// The number m of rows, at least 1; where X has fewer, all, with a warning.
    pub n_components: usize,
    /// The seed of the choice of rows.
    pub random_state: u64,
}

impl Default for Nystroem {
    fn default() -> Self {
        let kernel = KernelFunction::Rbf;
        Nystroem { kernel, gamma: None, coef0: None, degree: None, n_components: 100, random_state: 0 }
    }
}

impl Params for Nystroem {
    const NAME: &'static str = "Nystroem";

    fn validate(&self) -> Result<()> {
        let wrong = |name, expected: &str, found: String| {
            Err(Error::Parameter { estimator: Self::NAME, name, expected: expected.into(), found })
        };
        if let Some(gamma) = self.gamma.filter(|v| !(v.is_finite() && *v >= 0.0)) {
            return wrong("gamma", "a float in the range [0.0, inf) or None", gamma.to_string());
        }
        if let Some(coef0) = self.coef0.filter(|v| !v.is_finite()) {
            return wrong("coef0", "a float in the range (-inf, inf) or None", coef0.to_string());
        }
        if let Some(degree) = self.degree.filter(|v| !(v.is_finite() && *v >= 1.0)) {
            return wrong("degree", "a float in the range [1.0, inf) or None", degree.to_string());
        }
        if self.n_components == 0 {
            return wrong("n_components", "an int in the range [1, inf)", "0".into());
        }
        Ok(())
    }
}

/// A fitted [`Nystroem`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KernelFeatures {
    /// The parameters of the fit.
    pub params: Nystroem,
    /// The kernel, its parameters resolved.
    pub kernel: Kernel,
    /// The number of columns of X.
    pub features: usize,
    /// The rows c, m; none for a precomputed kernel.
    pub rows: Box<PreparedRows>,
    /// Which rows of the fit they were, m.
    #[serde(with = "crate::saved::array1_i64")]
    pub indices: Array1<i64>,
    /// R, m × m.
    #[serde(with = "crate::saved::array2")]
    pub normalization: Array2<f64>,
    /// The type of X at the fit; where rows are of it too, so is what becomes of them.
    pub dtype: Dtype,
}

/// `m` of `n` rows in random order, without repetition; all where `m` is more.
pub fn landmarks(n: usize, m: usize, seed: u64) -> Vec<usize> {
    let mut drawn = vec![0; m.min(n)];
    subsets::drawn(n, m.min(n), seed, 0, &mut drawn);
    drawn.into_iter().map(|i| i as usize).collect()
}

/// The columns or rows `picked`, as a matrix of X's own type.
fn picked_rows(x: &AnyMatrix<'_>, picked: &[usize]) -> Result<FittedRows> {
    let block = match x {
        AnyMatrix::F32(Matrix::Dense(x)) => FittedRows::Dense(x.select(ndarray::Axis(0), picked).mapv(f64::from)),
        AnyMatrix::F64(Matrix::Dense(x)) => FittedRows::Dense(x.select(ndarray::Axis(0), picked)),
        sparse => {
            let all = crate::kernel::SparseRows::of(sparse);
            let Some(all) = all else { bad_input!("rows that are neither dense nor sparse") };
            let (mut indptr, mut indices, mut data) = (vec![0_i64], Vec::new(), Vec::new());
            for &i in picked {
                for (j, v) in all.row(i) {
                    indices.push(j as i64);
                    data.push(v);
                }
                indptr.push(data.len() as i64);
            }
            let (indptr, indices, data) = (indptr.into(), indices.into(), data.into());
            FittedRows::Sparse(crate::kernel::SparseRows { columns: all.columns, indptr, indices, data })
        }
    };
    Ok(block)
}

/// The columns `picked` of a matrix, dense.
fn picked_columns<F: Real>(x: &Matrix<'_, F>, picked: &[usize]) -> Array2<f64> {
    let (n, p) = x.shape();
    let mut out = Array2::zeros((n, picked.len()));
    let mut row = vec![0.0; p];
    for (i, mut out) in out.rows_mut().into_iter().enumerate() {
        x.pack(i..i + 1, 0..p, p, &mut row);
        out.iter_mut().zip(picked).for_each(|(v, &j)| *v = row[j]);
    }
    out
}

impl FitTransformer for Nystroem {
    type Model = KernelFeatures;

    /// The target is not looked at; weights are refused.
    fn fit_checked(
        params: &Checked<Self>,
        x: &Block<'_>,
        _: &Target<'_>,
        weights: Option<ArrayView1<'_, f64>>,
        ctl: &Control,
    ) -> Result<KernelFeatures> {
        if weights.is_some() {
            return Err(Error::Unsupported(format!("{} takes no sample_weight", Self::NAME)));
        }
        with_numbers(x, |x| {
            check(&x)?;
            let (n, p) = x.shape();
            let (degree, coef0) = (params.degree.unwrap_or(3.0), params.coef0.unwrap_or(1.0));
            let kernel = Kernel::new(params.kernel, params.gamma, degree, coef0, p);
            let picked = landmarks(n, params.n_components, params.random_state);
            let (rows, matrix) = if kernel.function == KernelFunction::Precomputed {
                if n != p {
                    bad_input!(
                        "Precomputed metric requires shape (n_queries, n_indexed). Got ({n}, {p}) for {n} indexed."
                    );
                }
                let columns = with_matrix!(&x, x => picked_columns(x, &picked));
                (FittedRows::None, columns.select(ndarray::Axis(0), &picked))
            } else {
                kernel.check_rows(&x)?;
                let rows = picked_rows(&x, &picked)?;
                let mut matrix = rows.with(|rows| Reference::new(kernel, rows, ctl)?.upper(rows, ctl))??;
                for i in 0..matrix.nrows() {
                    for j in 0..i {
                        matrix[[i, j]] = matrix[[j, i]];
                    }
                }
                (rows, matrix)
            };
            if !matrix.iter().all(|v| v.is_finite()) {
                bad_input!("the kernel of the rows holds NaN or infinity: scale the columns of X down");
            }
            Ok(KernelFeatures {
                params: (**params).clone(),
                kernel,
                features: p,
                rows: Box::new(rows.into()),
                indices: picked.iter().map(|&i| i as i64).collect(),
                normalization: inverse_root(&matrix, ctl)?,
                dtype: x.dtype(),
            })
        })
    }
}

impl KernelFeatures {
    fn map(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Block<'static>> {
        if !x.all_finite() {
            bad_input!("Input X contains NaN or infinity.");
        }
        let turned = self.normalization.t();
        let out = if **self.rows == FittedRows::None {
            let picked: Vec<usize> = self.indices.iter().map(|&i| i as usize).collect();
            let embedded = with_matrix!(x, x => picked_columns(x, &picked));
            ironlearn_linalg::host::matmul::matmul(&Matrix::Dense(embedded.view()), turned, ctl)?
        } else {
            self.kernel.check_rows(x)?;
            self.rows.reference(self.kernel, ctl)?.times(x, turned, ctl)?
        };
        Ok(if (self.dtype, x.dtype()) == (Dtype::F32, Dtype::F32) {
            Block::Dense32(out.mapv(|v| v as f32))
        } else {
            Block::Dense(out)
        })
    }
}

impl Transformer for KernelFeatures {
    type Params = Nystroem;

    fn params(&self) -> &Nystroem {
        &self.params
    }

    fn n_features_in(&self) -> usize {
        self.features
    }

    fn check(&self) -> Result<()> {
        let m = self.indices.len();
        let (rows, columns) = match &**self.rows {
            FittedRows::None => (m, self.features),
            FittedRows::Dense(rows) => rows.dim(),
            FittedRows::Sparse(rows) => {
                rows.check()?;
                (rows.len(), rows.columns)
            }
        };
        let precomputed = self.kernel.function == KernelFunction::Precomputed;
        let inside = self.indices.iter().all(|&i| i >= 0 && (!precomputed || (i as u64) < self.features as u64));
        let fits = rows == m && columns == self.features && self.normalization.dim() == (m, m) && m > 0 && columns > 0;
        if !fits || !inside || precomputed != (**self.rows == FittedRows::None) {
            return Err(Error::File("rows, indices and normalisation of a kernel's features do not fit".into()));
        }
        if self.kernel.function.is_for_histograms() && !matches!(**self.rows, FittedRows::Dense(_)) {
            return Err(Error::File("the chi-squared kernels take dense rows only".into()));
        }
        Ok(())
    }

    fn transform(&self, x: &Block<'_>, ctl: &Control, _: &mut Vec<Warning>) -> Result<Block<'static>> {
        transformer::check_columns(self, x)?;
        with_numbers(x, |x| self.map(&x, ctl))
    }

    fn input_types(&self) -> Vec<Option<ColumnType>> {
        vec![Some(ColumnType::Number); self.features]
    }

    fn feature_names_out(&self, _: &[String]) -> Vec<String> {
        (0..self.indices.len()).map(|k| format!("nystroem{k}")).collect()
    }

    fn report(&self) -> Report {
        let mut report = Report::direct("");
        if self.params.n_components > self.indices.len() {
            let message = "n_components > n_samples. This is not possible.\nn_components was set to n_samples, which \
                           results in inefficient evaluation of the full kernel.";
            report.warnings.push(Warning { kind: WarningKind::User, message: message.into() });
        }
        report
    }
}
