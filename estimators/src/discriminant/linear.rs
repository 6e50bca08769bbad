//! LinearDiscriminantAnalysis: one covariance for all classes.

use super::covariance::{Shrinkage, check_shrinkage, ledoit_wolf, shrunk};
use super::linear_model::LdaModel;
use super::sample::{Axes, Sample, codes, dense_of, deviations, priors};
use crate::linear::LinearClassifier;
use crate::linear::classifier::Probabilities;
use crate::{
    Backend, Checked, Control, Data, Dtype, Error, FitOn, Params, Report, Result, Warning, WarningKind, bad_input,
};
use ironlearn_linalg::{Matrix, Real, lapack, with_matrix};
use ndarray::{Array1, Array2, Axis, s};
use serde::{Deserialize, Serialize};

/// Bayes' rule for classes that are normal with the means m_k and one covariance S: the class of the largest
/// `log prior_k + xᵀS⁻¹m_k − ½·m_kᵀS⁻¹m_k` (Fisher 1936, doi:10.1111/j.1469-1809.1936.tb02137.x).
///
/// In O(n·p² + p³); with a bad condition twice that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinearDiscriminantAnalysis {
    /// The algorithm.
    pub solver: LdaSolver,
    /// How far the covariance of each class is shrunk; `None` means not. Not with `svd`.
    pub shrinkage: Option<Shrinkage>,
    /// The classes' probabilities beforehand, brought to the sum 1; `None` means the classes' shares of the rows.
    pub priors: Option<Vec<f64>>,
    /// The directions that `transform` projects on. Range [1, min(classes − 1, features)]; `None` means all of them.
    pub n_components: Option<usize>,
    /// Whether `svd` keeps the covariance too.
    pub store_covariance: bool,
    /// `svd` leaves out directions in which standardised rows deviate by no more than this, and directions between the
    /// classes below this share of the largest. Range [0, ∞).
    pub tol: f64,
}

/// How [`LinearDiscriminantAnalysis`] finds its coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LdaSolver {
    /// Principal axes within the classes, then between them. Takes columns that depend on each other.
    Svd,
    /// Least squares on the covariance: coefficients only.
    Lsqr,
    /// Directions of the largest ratio of the variances between and within the classes.
    Eigen,
}

impl Default for LinearDiscriminantAnalysis {
    fn default() -> Self {
        LinearDiscriminantAnalysis {
            solver: LdaSolver::Svd,
            shrinkage: None,
            priors: None,
            n_components: None,
            store_covariance: false,
            tol: 1e-4,
        }
    }
}

impl Params for LinearDiscriminantAnalysis {
    const NAME: &'static str = "LinearDiscriminantAnalysis";
    const TAKES_WEIGHTS: bool = false;

    fn validate(&self) -> Result<()> {
        check_shrinkage(Self::NAME, self.shrinkage)?;
        let refuse = |name, expected: &str, found: String| {
            Err(Error::Parameter { estimator: Self::NAME, name, expected: expected.into(), found })
        };
        if !(self.tol >= 0.0 && self.tol.is_finite()) {
            return refuse("tol", "a float in the range [0.0, inf)", self.tol.to_string());
        }
        if self.n_components == Some(0) {
            return refuse("n_components", "an int in the range [1, inf) or None", "0".into());
        }
        if self.solver == LdaSolver::Svd && self.shrinkage.is_some() {
            return Err(Error::Unsupported("shrinkage not supported with 'svd' solver.".into()));
        }
        Ok(())
    }
}

impl<B: Backend> FitOn<B> for LinearDiscriminantAnalysis {
    type Model = LdaModel;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        _start: Option<&LdaModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<LdaModel> {
        Self::fit_with(params, data, &[], on, ctl)
    }
}

/// What a solver finds: coefficients and intercepts of all classes, and what goes into the model as it is.
struct Solved {
    coef: Array2<f64>,
    intercept: Array1<f64>,
    xbar: Array1<f64>,
    scalings: Array2<f64>,
    ratio: Array1<f64>,
    covariance: Array2<f64>,
}

impl LinearDiscriminantAnalysis {
    /// Fits with covariances that the caller has estimated: of each class in turn, and after those of all rows. None
    /// means that they are estimated here.
    ///
    /// # Errors
    /// As [`FitOn::fit_checked`]; [`Error::Input`] for covariances of other shapes.
    pub fn fit_with<B: Backend>(
        params: &Checked<Self>,
        data: &Data<'_>,
        given: &[Array2<f64>],
        on: &B,
        ctl: &Control,
    ) -> Result<LdaModel> {
        let (labels, k) = codes(data, Self::NAME)?;
        let (n, p) = data.x.shape();
        if n == k {
            bad_input!("The number of samples must be more than the number of classes.");
        }
        let most = (k - 1).min(p);
        if params.n_components.is_some_and(|wanted| wanted > most) {
            bad_input!("n_components cannot be larger than min(n_features, n_classes - 1).");
        }
        if !given.is_empty() && (given.len() != k + 1 || given.iter().any(|c| c.dim() != (p, p))) {
            bad_input!("the covariances have to be {} of shape ({p}, {p})", k + 1);
        }
        let fit = Fit { params, given, on, ctl, dtype: data.x.dtype(), most: params.n_components.unwrap_or(most) };
        match dense_of(&data.x) {
            Some(x) => fit.run(Matrix::Dense(x.view()), labels, k),
            None => with_matrix!(&data.x, x => fit.run(*x, labels, k)),
        }
    }
}

struct Fit<'a, B> {
    params: &'a LinearDiscriminantAnalysis,
    given: &'a [Array2<f64>],
    on: &'a B,
    ctl: &'a Control,
    dtype: Dtype,
    most: usize,
}

impl<B: Backend> Fit<'_, B> {
    fn run<F: Real>(&self, x: Matrix<'_, F>, labels: Vec<u32>, k: usize) -> Result<LdaModel> {
        let placed = self.on.place(x, self.ctl)?;
        let sample = Sample::new(&placed, labels, k, self.on, self.ctl)?;
        let mut priors = priors(self.params.priors.as_deref(), &sample.counts)?;
        let (solver, name) = match self.params.solver {
            LdaSolver::Svd => (Self::svd as fn(&Self, &Sample<'_, '_, B, F>, &Array1<f64>) -> Result<Solved>, "svd"),
            LdaSolver::Lsqr => (Self::lsqr as _, "lsqr"),
            LdaSolver::Eigen => (Self::eigen as _, "eigen"),
        };
        let mut report = Report::direct(name);
        if (priors.sum() - 1.0).abs() > 1e-5 {
            let message = "The priors do not sum to 1. Renormalizing".into();
            report.warnings.push(Warning { kind: WarningKind::User, message });
            priors /= priors.sum();
        }
        let found = solver(self, &sample, &priors)?;
        self.ctl.step(1, 1, f64::NAN)?;
        let svd = self.params.solver == LdaSolver::Svd;
        let wide = if svd { self.dtype } else { Dtype::F64 };
        let dtype = if k == 2 { self.dtype } else { wide };
        let (coef, intercept) = if k == 2 {
            let coef = &found.coef.row(1) - &found.coef.row(0);
            (coef.insert_axis(Axis(0)), Array1::from_elem(1, found.intercept[1] - found.intercept[0]))
        } else {
            (found.coef, found.intercept)
        };
        let round = |dtype: Dtype| move |v: f64| dtype.round(v);
        let linear = LinearClassifier {
            coef: coef.mapv(round(dtype)),
            intercept: intercept.mapv(round(dtype)),
            dtype,
            probabilities: Probabilities::Softmax,
            report,
        };
        Ok(LdaModel {
            linear,
            means: sample.means.mapv(round(self.dtype)),
            priors: priors.mapv(round(self.dtype)),
            xbar: found.xbar.mapv(round(self.dtype)),
            scalings: found.scalings.mapv(round(wide)),
            explained_variance_ratio: found.ratio.mapv(round(wide)),
            covariance: found.covariance,
            n_components: self.most,
            dtype: self.dtype,
            scalings_dtype: wide,
        })
    }

    fn svd<F: Real>(&self, sample: &Sample<'_, '_, B, F>, priors: &Array1<f64>) -> Result<Solved> {
        let (n, k, tol) = (sample.n(), sample.counts.len(), self.params.tol);
        let shares = &sample.counts / n;
        let pooled = sample.pooled(&shares)?;
        let units = deviations(&pooled, sample.means.view());
        let axes = sample.axes(&pooled, &units, None, tol * tol)?;
        let rank = axes.variances.iter().filter(|&&v| v.max(0.0).sqrt() > tol).count();
        if rank == 0 {
            bad_input!(
                "within the classes no feature varies by more than tol={tol}: there is no covariance to divide by"
            );
        }
        // Brings the rows to variance 1 in each direction within the classes.
        let mut whiten = axes.vectors.slice(s![.., ..rank]).to_owned();
        whiten /= &units.insert_axis(Axis(1));
        whiten /= &axes.variances.slice(s![..rank]).mapv(f64::sqrt);

        let xbar = priors.dot(&sample.means);
        let apart = &sample.means - &xbar;
        let weights = (priors * (n / (k.max(2) - 1) as f64)).mapv(f64::sqrt);
        let (_, singular, vt) = lapack::svd((&apart * &weights.insert_axis(Axis(1))).dot(&whiten), sample.ctl)?;
        let squares = singular.mapv(|s| s * s);
        let ratio = (&squares / squares.sum()).slice(s![..self.most.min(squares.len())]).to_owned();
        let rank = singular.iter().filter(|&&s| s > tol * singular[0]).count();
        let scalings = whiten.dot(&vt.slice(s![..rank, ..]).t());
        let places = apart.dot(&scalings);
        let coef = places.dot(&scalings.t());
        let intercept = places.map_axis(Axis(1), |row| -0.5 * row.dot(&row)) + priors.mapv(f64::ln) - coef.dot(&xbar);
        let covariance = match (self.params.store_covariance, self.params.priors.is_some()) {
            (false, _) => Array2::zeros((0, 0)),
            (true, false) => pooled,
            (true, true) => sample.pooled(priors)?,
        };
        Ok(Solved { coef, intercept, xbar, scalings, ratio, covariance })
    }

    /// The covariance within the classes, each class weighted by its prior.
    fn within<F: Real>(&self, sample: &Sample<'_, '_, B, F>, priors: &Array1<f64>) -> Result<Array2<f64>> {
        let zero = Array2::zeros((sample.means.ncols(), sample.means.ncols()));
        if !self.given.is_empty() {
            return Ok(self.given.iter().zip(priors).fold(zero, |sum, (c, &prior)| sum + c * prior));
        }
        match self.params.shrinkage {
            None => sample.pooled(priors),
            Some(Shrinkage::By(share)) => Ok(shrunk(sample.pooled(priors)?, share)),
            Some(Shrinkage::Rule(_)) => {
                let mut sum = zero;
                for (class, &prior) in priors.iter().enumerate() {
                    let rows = sample.rows_of(class);
                    let plain = sample.covariance(class, &rows)?;
                    let center = sample.means.slice(s![class..=class, ..]);
                    sum.scaled_add(prior, &ledoit_wolf(sample, &plain, center, Some(&rows))?);
                }
                Ok(sum)
            }
        }
    }

    fn lsqr<F: Real>(&self, sample: &Sample<'_, '_, B, F>, priors: &Array1<f64>) -> Result<Solved> {
        let covariance = self.within(sample, priors)?;
        let coef = lapack::lstsq(&covariance, sample.means.t(), f64::EPSILON, sample.ctl)?.solution.reversed_axes();
        let intercept = intercepts(&coef, &sample.means, priors);
        let none = Array1::zeros(0);
        Ok(Solved { coef, intercept, xbar: none.clone(), scalings: Array2::zeros((0, 0)), ratio: none, covariance })
    }

    fn eigen<F: Real>(&self, sample: &Sample<'_, '_, B, F>, priors: &Array1<f64>) -> Result<Solved> {
        let within = self.within(sample, priors)?;
        let total = match (self.given.last(), self.params.shrinkage) {
            (Some(given), _) => given.clone(),
            (None, shrinkage) => {
                let by_rows = sample.total(&sample.pooled(&(&sample.counts / sample.n()))?);
                match shrinkage {
                    None => by_rows,
                    Some(Shrinkage::By(share)) => shrunk(by_rows, share),
                    Some(Shrinkage::Rule(_)) => {
                        ledoit_wolf(sample, &by_rows, sample.mean().insert_axis(Axis(0)).view(), None)?
                    }
                }
            }
        };
        // With D the deviations and QΛQᵀ the eigenvectors of D⁻¹·within·D⁻¹, D⁻¹QΛ^(-1/2) makes `within` the identity.
        let units = deviations(&within, sample.means.view());
        let axes = Axes::of(&(&within / &units / units.view().insert_axis(Axis(1))), sample.ctl)?;
        let (largest, p) = (axes.variances[0], units.len());
        if let Some(at) = axes.variances.iter().position(|&v| v <= p as f64 * f64::EPSILON * largest.max(0.0)) {
            return Err(ironlearn_linalg::Error::NotPositiveDefinite(at + 1).into());
        }
        let whiten = axes.vectors / &units.insert_axis(Axis(1)) / &axes.variances.mapv(f64::sqrt);
        let between = whiten.t().dot(&(total - &within)).dot(&whiten);
        let Axes { variances, vectors } = Axes::of(&between, sample.ctl)?;
        let scalings = whiten.dot(&vectors);
        // Sorted last: an estimate within the classes above that of all rows makes the sum negative.
        let mut ratio = (&variances / variances.sum()).to_vec();
        ratio.sort_by(|a, b| b.total_cmp(a));
        let ratio = ratio[..self.most].to_vec().into();
        let coef = sample.means.dot(&scalings).dot(&scalings.t());
        let intercept = intercepts(&coef, &sample.means, priors);
        Ok(Solved { coef, intercept, xbar: Array1::zeros(0), scalings, ratio, covariance: within })
    }
}

/// `log prior_k − ½·m_kᵀ·coef_k`.
fn intercepts(coef: &Array2<f64>, means: &Array2<f64>, priors: &Array1<f64>) -> Array1<f64> {
    (coef * means).sum_axis(Axis(1)) * -0.5 + priors.mapv(f64::ln)
}
