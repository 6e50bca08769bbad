//! LinearSVR: numbers by the losses of a tube, with an L2 penalty.

use super::labels::{check_rows, weights_of};
use super::problem::{Pays, Problem};
use super::settings::{positive, report};
use super::{Auto, Dual, Norm, with_rows};
use crate::linear::LinearModel;
use crate::{Backend, Checked, Control, Data, Dtype, Error, FitOn, Params, Result, bad_input};
use ironlearn_linalg::with_matrix;
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

/// The losses of [`LinearSVR`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TubeLoss {
    /// `max(0, |y − z| − epsilon)`.
    #[default]
    EpsilonInsensitive,
    /// `max(0, |y − z| − epsilon)²`.
    SquaredEpsilonInsensitive,
}

/// Minimises `½‖w‖² + ½(b/intercept_scaling)² + C·Σ weight·loss(y − x·w − b)`.
///
/// What solves it is chosen as for [`super::LinearSVC`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinearSVR {
    /// Half the width of the tube in which nothing is paid, in units of y. Range [0, ∞).
    pub epsilon: f64,
    /// liblinear's tolerance. Range (0, ∞).
    pub tol: f64,
    /// The weight of the losses. Range (0, ∞).
    #[serde(rename = "C")]
    pub c: f64,
    /// The loss.
    pub loss: TubeLoss,
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// How little the intercept is penalised. Range (0, ∞).
    pub intercept_scaling: f64,
    /// The formulation that is asked for.
    pub dual: Dual,
    /// The seed of the order of rows, where coordinate descent on the dual visits them.
    pub random_state: u64,
    /// Iterations. Range [0, ∞).
    pub max_iter: usize,
}

impl Default for LinearSVR {
    fn default() -> Self {
        LinearSVR {
            epsilon: 0.0,
            tol: 1e-4,
            c: 1.0,
            loss: TubeLoss::EpsilonInsensitive,
            fit_intercept: true,
            intercept_scaling: 1.0,
            dual: Dual::Rule(Auto::Auto),
            random_state: 0,
            max_iter: 1000,
        }
    }
}

impl Params for LinearSVR {
    const NAME: &'static str = "LinearSVR";

    fn validate(&self) -> Result<()> {
        positive(Self::NAME, "tol", self.tol)?;
        positive(Self::NAME, "C", self.c)?;
        positive(Self::NAME, "intercept_scaling", self.intercept_scaling)?;
        if self.epsilon.is_finite() && self.epsilon >= 0.0 {
            return Ok(());
        }
        let (expected, found) = ("a float in the range [0.0, inf)".into(), self.epsilon.to_string());
        Err(Error::Parameter { estimator: Self::NAME, name: "epsilon", expected, found })
    }
}

impl<B: Backend> FitOn<B> for LinearSVR {
    type Model = LinearModel;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        _start: Option<&LinearModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<LinearModel> {
        data.check()?;
        check_rows(data)?;
        let y = data.values(Self::NAME)?;
        if y.ncols() != 1 {
            bad_input!("y should be a 1d array, got an array of shape {:?} instead.", y.dim());
        }
        let (pays, loss, both) = match params.loss {
            TubeLoss::EpsilonInsensitive => (Pays::Insensitive(params.epsilon), "epsilon_insensitive", (false, true)),
            TubeLoss::SquaredEpsilonInsensitive => {
                (Pays::SquaredInsensitive(params.epsilon), "squared_epsilon_insensitive", (true, true))
            }
        };
        let problem = Problem {
            pays,
            norm: Norm::L2,
            y: y.iter().copied().collect(),
            cost: weights_of(data)?.into_iter().map(|w| params.c * w).collect(),
            intercept: params.fit_intercept.then_some(params.intercept_scaling),
            tol: params.tol,
            max_iter: params.max_iter,
            dual: params.dual.resolve(data.x.shape(), (Norm::L2, loss), both)?,
            seed: (params.random_state, 0),
        };
        let found = with_matrix!(data.x.reborrow(), x => {
            with_rows(x, |x| problem.solve_alone(x, on, ctl))
        })?;
        let report = report(found.solver, vec![found.iterations], found.converged, params.max_iter);
        let coef = Array2::from_shape_fn((found.coef.len(), 1), |(j, _)| found.coef[j]);
        let none = Array1::zeros(found.coef.len());
        // As scikit-learn: float64 whatever X is.
        Ok(LinearModel::new(coef, &none, &Array1::from_elem(1, found.intercept), Dtype::F64, report))
    }
}
