//! TheilSenRegressor: the spatial median of least-squares solutions of small subsets of rows.

use super::LinearModel;
use super::solver::small::Small;
use super::solver::spatial_median::spatial_median;
use super::subsets;
use super::theil_sen_model::TheilSenModel;
use crate::folds::Rows;
use crate::loss::Link;
use crate::{
    Backend, Checked, Control, Data, Dtype, Error, FitOn, Params, Report, Result, Warning, WarningKind, bad_input,
};
use ironlearn_linalg::{Matrix, Real, threads, with_matrix};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

/// For each of many subsets of rows the least-squares solution `(b, coef)`, of which the spatial median is taken (Dang,
/// Peng, Wang and Zhang 2009, "Theil-Sen estimators in a multiple linear regression model"). One output, no weights.
///
/// All subsets are used where they are few, else so many are drawn, each with a random stream of its own. A subset is
/// solved by Householder's triangle, or, where its columns depend on each other, by singular values for the shortest
/// solution. Sparse X is made dense, since nearly every row is in some subset. O(subsets·rows·features²) operations
/// and O(subsets·features) memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TheilSenRegressor {
    /// Whether b is fitted; otherwise 0.
    pub fit_intercept: bool,
    /// The most subsets. Range [1, ∞).
    pub max_subpopulation: f64,
    /// Rows of a subset; `None`: as few as determine a solution, which bears the most outliers. Range [number of
    /// coefficients, n], or n where there are fewer rows than columns.
    pub n_subsamples: Option<usize>,
    /// The most steps towards the spatial median. Range [0, ∞).
    pub max_iter: usize,
    /// The length of a step at which to stop, in units of the coefficients. Range [0, ∞).
    pub tol: f64,
    /// The random stream of the subsets.
    pub random_state: u64,
    /// The rows of the subsets, one subset after another, instead of drawn ones.
    pub subsets: Option<Rows>,
}

impl Default for TheilSenRegressor {
    fn default() -> Self {
        TheilSenRegressor {
            fit_intercept: true,
            max_subpopulation: 1e4,
            n_subsamples: None,
            max_iter: 300,
            tol: 1e-3,
            random_state: 0,
            subsets: None,
        }
    }
}

impl Params for TheilSenRegressor {
    const NAME: &'static str = "TheilSenRegressor";
    const TAKES_WEIGHTS: bool = false;

    fn validate(&self) -> Result<()> {
        let wrong = |name, expected: &str, found: f64| {
            let (expected, found) = (expected.into(), found.to_string());
            Err(Error::Parameter { estimator: Self::NAME, name, expected, found })
        };
        if !(self.max_subpopulation.is_finite() && self.max_subpopulation >= 1.0) {
            return wrong("max_subpopulation", "a float in the range [1.0, inf)", self.max_subpopulation);
        }
        if !(self.tol.is_finite() && self.tol >= 0.0) {
            return wrong("tol", "a float in the range [0.0, inf)", self.tol);
        }
        Ok(())
    }
}

/// Which subsets n rows and p columns ask for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Rows of a subset.
    pub n_subsamples: usize,
    /// The number of subsets.
    pub n_subpopulation: usize,
    /// Whether they are drawn; otherwise they are all that there are.
    pub drawn: bool,
    /// The share of rows that may be arbitrarily wrong.
    pub breakdown: f64,
}

impl TheilSenRegressor {
    /// The subsets for n rows and p columns.
    ///
    /// # Errors
    /// [`Error::Input`] for `n_subsamples` that does not fit.
    pub fn plan(&self, n: usize, p: usize) -> Result<Plan> {
        let unknowns = p + usize::from(self.fit_intercept);
        let k = self.n_subsamples.unwrap_or(unknowns.min(n));
        if k > n {
            bad_input!("Invalid parameter since n_subsamples > n_samples ({k} > {n}).");
        }
        if self.n_subsamples.is_some() && n >= p && unknowns > k {
            let plus = if self.fit_intercept { "+1" } else { "" };
            bad_input!("Invalid parameter since n_features{plus} > n_subsamples ({unknowns} > {k}).");
        }
        if n < p && k != n {
            bad_input!("Invalid parameter since n_subsamples != n_samples ({k} != {n}) while n_samples < n_features.");
        }
        let most = self.max_subpopulation as u64;
        let all = subsets::count(n, k, most);
        let (rows, size) = (n as f64, k as f64);
        let breakdown = 1.0 - (0.5_f64.powf(1.0 / size) * (rows - size + 1.0) + size - 1.0) / rows;
        Ok(Plan { n_subsamples: k, n_subpopulation: all.unwrap_or(most) as usize, drawn: all.is_none(), breakdown })
    }

    /// The rows that were given, or those of all subsets; none where each subset is drawn when it is solved.
    fn rows(&self, plan: &Plan, n: usize) -> Result<Option<Vec<u32>>> {
        let Some(rows) = self.subsets.as_ref().filter(|_| plan.drawn) else {
            return Ok((!plan.drawn).then(|| subsets::all(n, plan.n_subsamples)));
        };
        let (found, wanted) = (rows.len(), plan.n_subpopulation.saturating_mul(plan.n_subsamples));
        if found != wanted || rows.iter().any(|row| row >= n) {
            bad_input!("subsets must hold {wanted} numbers of rows below {n}, but has {found} or larger ones");
        }
        Ok(Some(rows.0.clone()))
    }

    /// The solution of each subset, subsets × unknowns.
    fn solutions<F: Real>(
        &self,
        x: ArrayView2<'_, F>,
        y: ArrayView1<'_, f64>,
        plan: &Plan,
        ctl: &Control,
    ) -> Result<Array2<f64>> {
        let (n, p) = x.dim();
        let (m, k, b) = (plan.n_subpopulation, plan.n_subsamples, usize::from(self.fit_intercept));
        let unknowns = p + b;
        let given = self.rows(plan, n)?;
        let mut flat = Vec::new();
        let size = m.checked_mul(unknowns).filter(|&size| flat.try_reserve_exact(size).is_ok());
        let Some(size) = size else { bad_input!("{m} solutions of {unknowns} numbers do not fit into memory") };
        flat.resize(size, 0.0);
        let failed = OnceLock::new();
        let tile = ((1 << 20) / (k * unknowns * unknowns)).clamp(1, 256);
        threads::fill_rows(ctl, &mut flat, unknowns, tile, |first, block| {
            let mut small = Small::new(k, unknowns);
            let mut rows = vec![0; k];
            for (subset, out) in (first..).zip(block.chunks_exact_mut(unknowns)) {
                match &given {
                    Some(given) => rows.copy_from_slice(&given[subset * k..(subset + 1) * k]),
                    None => subsets::drawn(n, k, self.random_state, subset as u64, &mut rows),
                }
                let fill = |system: &mut [f64]| {
                    system[..b * k].fill(1.0);
                    for (r, row) in rows.iter().map(|&row| row as usize).enumerate() {
                        for (j, v) in x.row(row).iter().enumerate() {
                            system[(b + j) * k + r] = v.widen();
                        }
                        system[unknowns * k + r] = y[row];
                    }
                };
                if let Err(error) = small.solve(fill, out) {
                    let _ = failed.set(error);
                }
            }
        })?;
        if let Some(error) = failed.into_inner() {
            return Err(error);
        }
        Ok(Array2::from_shape_vec((m, unknowns), flat).unwrap_or_default())
    }
}

impl<B: Backend> FitOn<B> for TheilSenRegressor {
    type Model = TheilSenModel;

    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        _start: Option<&TheilSenModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<TheilSenModel> {
        data.check()?;
        data.check_finite()?;
        let y = data.values(Self::NAME)?;
        if y.ncols() != 1 {
            bad_input!("{} fits one target, but y has {}", Self::NAME, y.ncols());
        }
        if data.weights.is_some() {
            bad_input!("{} takes no sample_weight", Self::NAME);
        }
        let (n, p) = data.x.shape();
        if u32::try_from(n).is_err() {
            bad_input!("{} takes at most 2^32 - 1 rows, but X has {n}", Self::NAME);
        }
        let plan = params.plan(n, p)?;
        let y = y.column(0);
        let solutions = ctl.timed("subsets", &on.host_name(), || {
            with_matrix!(data.x, x => match x {
                Matrix::Dense(x) => params.solutions(x, y.view(), &plan, ctl),
                Matrix::Sparse(_) => params.solutions(x.to_dense().view(), y.view(), &plan, ctl),
            })
        })?;
        let found = ctl.timed("spatial_median", &on.host_name(), || {
            spatial_median(solutions.view(), params.max_iter, params.tol, ctl)
        })?;
        let b = usize::from(params.fit_intercept);
        let coef = Array1::from(found.point[b..].to_vec()).insert_axis(Axis(0));
        let intercept = Array1::from_elem(1, if params.fit_intercept { found.point[0] } else { 0.0 });
        let mut report = Report::direct("weiszfeld");
        (report.iterations, report.converged) = (vec![found.iterations], found.converged);
        if !found.converged {
            let message = format!(
                "Maximum number of iterations {} reached in spatial median for TheilSen regressor.",
                params.max_iter
            );
            report.warnings.push(Warning { kind: WarningKind::Convergence, message });
        }
        let linear = LinearModel {
            coef,
            intercept,
            dtype: Dtype::F64,
            link: Link::Identity,
            rank: None,
            singular: None,
            report,
        };
        Ok(TheilSenModel { linear, breakdown: plan.breakdown, n_subpopulation: plan.n_subpopulation as u64 })
    }
}

#[cfg(test)]
#[path = "theil_sen_tests.rs"]
mod tests;
