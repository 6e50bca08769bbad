//! QuadraticDiscriminantAnalysis: a covariance for each class.

use super::covariance::{Shrinkage, check_shrinkage, ledoit_wolf, shrunk};
use super::quadratic_model::QdaModel;
use super::sample::{Axes, Sample, codes, dense_of, priors};
use crate::{Backend, Checked, Control, Data, Dtype, Error, FitOn, Params, Report, Result, bad_input};
use ironlearn_linalg::{Matrix, Real, with_matrix};
use ndarray::{Array1, Array2, Array3, s};
use serde::{Deserialize, Serialize};

/// Bayes' rule for classes that are normal, each with its own mean m_k and covariance C_k: the class of the largest
/// `log prior_k − ½·log det C_k − ½·(x − m_k)ᵀC_k⁻¹(x − m_k)`.
///
/// In O(n·p² + classes·p³).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct QuadraticDiscriminantAnalysis {
    /// The algorithm.
    pub solver: QdaSolver,
    /// How far each covariance is shrunk; `None` means not. `eigen` only.
    pub shrinkage: Option<Shrinkage>,
    /// The classes' probabilities beforehand; `None` means the classes' shares of the rows.
    pub priors: Option<Vec<f64>>,
    /// With `svd`, variances along the axes become `(1 − reg_param)·v + reg_param`. Range [0, 1].
    pub reg_param: f64,
    /// Whether the covariances are kept.
    pub store_covariance: bool,
    /// A variance up to this, in units of x², means a covariance without full rank, which is refused. Range [0, ∞).
    pub tol: f64,
}

/// How [`QuadraticDiscriminantAnalysis`] finds the axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QdaSolver {
    /// Singular vectors of the rows about the class's mean.
    Svd,
    /// Eigenvectors of the covariance, which may be shrunk.
    Eigen,
}

impl Default for QuadraticDiscriminantAnalysis {
    fn default() -> Self {
        QuadraticDiscriminantAnalysis {
            solver: QdaSolver::Svd,
            shrinkage: None,
            priors: None,
            reg_param: 0.0,
            store_covariance: false,
            tol: 1e-4,
        }
    }
}

impl Params for QuadraticDiscriminantAnalysis {
    const NAME: &'static str = "QuadraticDiscriminantAnalysis";
    const TAKES_WEIGHTS: bool = false;

    fn validate(&self) -> Result<()> {
        check_shrinkage(Self::NAME, self.shrinkage)?;
        let refuse = |name, expected: &str, found: f64| {
            Err(Error::Parameter { estimator: Self::NAME, name, expected: expected.into(), found: found.to_string() })
        };
        if !(self.tol >= 0.0 && self.tol.is_finite()) {
            return refuse("tol", "a float in the range [0.0, inf)", self.tol);
        }
        if !(0.0..=1.0).contains(&self.reg_param) {
            return refuse("reg_param", "a float in the range [0.0, 1.0]", self.reg_param);
        }
        if self.solver == QdaSolver::Svd && self.shrinkage.is_some() {
            return Err(Error::Unsupported("shrinkage not supported with 'svd' solver.".into()));
        }
        Ok(())
    }
}

impl<B: Backend> FitOn<B> for QuadraticDiscriminantAnalysis {
    type Model = QdaModel;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        _start: Option<&QdaModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<QdaModel> {
        Self::fit_with(params, data, &[], on, ctl)
    }
}

impl QuadraticDiscriminantAnalysis {
    /// Fits with covariances of the classes that the caller has estimated; none means that they are estimated here.
    ///
    /// # Errors
    /// As [`FitOn::fit_checked`]; [`Error::Input`] for covariances of other shapes.
    pub fn fit_with<B: Backend>(
        params: &Checked<Self>,
        data: &Data<'_>,
        given: &[Array2<f64>],
        on: &B,
        ctl: &Control,
    ) -> Result<QdaModel> {
        let (labels, k) = codes(data, Self::NAME)?;
        if k < 2 {
            bad_input!("The number of classes has to be greater than one. Got {k} class.");
        }
        let p = data.x.ncols();
        if !given.is_empty() && (given.len() != k || given.iter().any(|c| c.dim() != (p, p))) {
            bad_input!("the covariances have to be {k} of shape ({p}, {p})");
        }
        match dense_of(&data.x) {
            Some(x) => fit(params, Matrix::Dense(x.view()), data.x.dtype(), (labels, k), given, on, ctl),
            None => with_matrix!(&data.x, x => fit(params, *x, data.x.dtype(), (labels, k), given, on, ctl)),
        }
    }
}

fn fit<B: Backend, F: Real>(
    params: &QuadraticDiscriminantAnalysis,
    x: Matrix<'_, F>,
    dtype: Dtype,
    (labels, k): (Vec<u32>, usize),
    given: &[Array2<f64>],
    on: &B,
    ctl: &Control,
) -> Result<QdaModel> {
    let p = x.ncols();
    let placed = on.place(x, ctl)?;
    let sample = Sample::new(&placed, labels, k, on, ctl)?;
    let priors = priors(params.priors.as_deref(), &sample.counts)?;
    if let Some(class) = sample.counts.iter().position(|&count| count == 1.0) {
        bad_input!("y has only 1 sample in class {class}, covariance is ill defined.");
    }
    let svd = params.solver == QdaSolver::Svd;
    let kept = if params.store_covariance { k } else { 0 };
    let mut model = QdaModel {
        means: sample.means.mapv(|v| dtype.round(v)),
        priors,
        rotations: Array3::zeros((k, p, p)),
        scalings: Array2::zeros((k, p)),
        covariance: Array3::zeros((kept, p, p)),
        dtype,
        report: Report::direct(if svd { "svd" } else { "eigen" }),
        whitened: Default::default(),
    };
    for class in 0..k {
        let rows = sample.rows_of(class);
        if svd && rows.len() < p {
            return Err(deficient(params, class, Some((rows.len(), p))));
        }
        let (axes, covariance) = of_class(params, &sample, class, &rows, given.get(class))?;
        if axes.variances.iter().any(|v| !(*v > params.tol)) {
            return Err(deficient(params, class, (svd && rows.len() <= p).then_some((rows.len(), p))));
        }
        if params.store_covariance {
            let covariance = match svd {
                true => (&axes.vectors * &axes.variances).dot(&axes.vectors.t()),
                false => covariance,
            };
            model.covariance.slice_mut(s![class, .., ..]).assign(&covariance.mapv(|v| dtype.round(v)));
        }
        model.rotations.slice_mut(s![class, .., ..]).assign(&axes.vectors.mapv(|v| dtype.round(v)));
        model.scalings.row_mut(class).assign(&axes.variances.mapv(|v| dtype.round(v)));
        ctl.step(class + 1, k, f64::NAN)?;
    }
    Ok(model)
}

/// The axes of a class, and its covariance.
fn of_class<B: Backend, F: Real>(
    params: &QuadraticDiscriminantAnalysis,
    sample: &Sample<'_, '_, B, F>,
    class: usize,
    rows: &[u32],
    given: Option<&Array2<f64>>,
) -> Result<(Axes, Array2<f64>)> {
    let covariance = match given {
        Some(given) => given.clone(),
        None => sample.covariance(class, rows)?,
    };
    let svd = params.solver == QdaSolver::Svd;
    // The covariance of the rows as it is: where squares lose digits, its axes come from the rows.
    if svd || given.is_none() && params.shrinkage.is_none() && rows.len() > covariance.nrows() {
        let units = Array1::ones(covariance.nrows());
        let mut axes = sample.axes(&covariance, &units, Some((class, rows)), 0.0)?;
        if svd {
            axes.variances.mapv_inplace(|v| (1.0 - params.reg_param) * v.max(0.0) + params.reg_param);
        }
        return Ok((axes, covariance));
    }
    let covariance = match params.shrinkage {
        Some(Shrinkage::By(share)) => shrunk(covariance, share),
        Some(Shrinkage::Rule(_)) => {
            ledoit_wolf(sample, &covariance, sample.means.slice(s![class..=class, ..]), Some(rows))?
        }
        None => covariance,
    };
    Ok((Axes::of(&covariance, sample.ctl)?, covariance))
}

/// The covariance of a class has no inverse.
fn deficient(params: &QuadraticDiscriminantAnalysis, class: usize, few: Option<(usize, usize)>) -> Error {
    let what = match few {
        Some((rows, features)) => format!(
            "The covariance matrix of class {class} is not full rank. When using `solver='svd'` the number of samples \
             in each class should be more than the number of features, but class {class} has {rows} samples and \
             {features} features. Try using `solver='eigen'` and setting the parameter `shrinkage` for regularization."
        ),
        None => format!(
            "The covariance matrix of class {class} is not full rank. Increase the value of `{}` to reduce the \
             collinearity.",
            if params.solver == QdaSolver::Svd { "reg_param" } else { "shrinkage" }
        ),
    };
    ironlearn_linalg::Error::Singular(what).into()
}
