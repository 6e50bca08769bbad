//! KMeans: groups of rows around their means.

use super::init::{Draws, Init, InitMethod, plus_plus};
use super::model::KMeansModel;
use crate::{Backend, Checked, Control, Data, Error, FitOn, Params, Report, Result, Warning, WarningKind, bad_input};
use ironlearn_linalg::host::{lloyd::Lloyd, rows::Source};
use ironlearn_linalg::{Matrix, Real, with_matrix};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

/// Minimises `Σ w·‖x − c(x)‖²` over k centres, with c(x) the centre nearest to x: a local minimum by Lloyd's
/// alternation (Lloyd 1982, doi:10.1109/TIT.1982.1056489) of nearest centres and means.
///
/// Each step compares only the rows and centres that bounds leave open (see [`Lloyd`]); labels and steps are those of
/// the plain alternation. In O(n·k·p) an iteration at most; memory beside X: n·(20 + 4·groups) bytes, k·p numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KMeans {
    /// The number of centres, k. Range [1, n].
    pub n_clusters: usize,
    /// Where it starts.
    pub init: Init,
    /// Runs from different starts, of which the best is kept; `auto`: 10 for random starts, otherwise 1.
    pub n_init: NInit,
    /// Iterations of one run. Range [1, ∞).
    pub max_iter: usize,
    /// A run ends when the centres' squared movements add up to at most this times the mean variance of the columns.
    /// Range [0, ∞).
    pub tol: f64,
    /// A name that users of scikit-learn know; both find the same.
    pub algorithm: Algorithm,
    /// The seed of the random starts; each run has a stream of its own.
    pub random_state: u64,
}

/// The number of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum NInit {
    /// This many. Range [1, ∞).
    Runs(usize),
    /// By the kind of start.
    Auto(Auto),
}

/// The word `auto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Auto {
    /// The word itself.
    #[serde(rename = "auto")]
    Auto,
}

/// Two names for one objective and one result: bounds are used under both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// Lloyd 1982.
    #[default]
    Lloyd,
    /// Elkan 2003.
    Elkan,
}

impl Default for KMeans {
    fn default() -> Self {
        KMeans {
            n_clusters: 8,
            init: Init::default(),
            n_init: NInit::Auto(Auto::Auto),
            max_iter: 300,
            tol: 1e-4,
            algorithm: Algorithm::default(),
            random_state: 0,
        }
    }
}

impl Params for KMeans {
    const NAME: &'static str = "KMeans";

    fn validate(&self) -> Result<()> {
        let positive = "an int in the range [1, inf)";
        let refuse = |name, expected: &str, found: String| {
            Err(Error::Parameter { estimator: Self::NAME, name, expected: expected.into(), found })
        };
        if self.n_clusters == 0 {
            return refuse("n_clusters", positive, "0".into());
        }
        if self.n_init == NInit::Runs(0) {
            return refuse("n_init", "'auto' or an int in the range [1, inf)", "0".into());
        }
        if self.max_iter == 0 {
            return refuse("max_iter", positive, "0".into());
        }
        if !(self.tol >= 0.0 && self.tol.is_finite()) {
            return refuse("tol", "a float in the range [0.0, inf)", self.tol.to_string());
        }
        Ok(())
    }
}

impl<B: Backend> FitOn<B> for KMeans {
    type Model = KMeansModel;

    /// Fits X; a target is not looked at. `start`: its centres are where the first run starts.
    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&KMeansModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<KMeansModel> {
        check(data, params.n_clusters)?;
        with_matrix!(&data.x, x => {
            if let Matrix::Sparse(sparse) = x {
                let rows = sparse.by_row();
                return fit(params, Matrix::Sparse(rows.view(sparse)), data, start, on, ctl);
            }
            fit(params, *x, data, start, on, ctl)
        })
    }
}

/// What k-means asks of its data, except that X is finite.
pub(super) fn check(data: &Data<'_>, k: usize) -> Result<()> {
    data.check()?;
    data.check_weights_not_negative()?;
    if data.weights.as_ref().is_some_and(|w| !(w.sum() > 0.0)) {
        bad_input!("sample_weight must hold at least one positive value.");
    }
    let n = data.x.nrows();
    if n < k {
        bad_input!("n_samples={n} should be >= n_clusters={k}.");
    }
    if k > i32::MAX as usize {
        bad_input!("n_clusters={k} is more than labels of 32 bits can name");
    }
    Ok(())
}

fn fit<F: Real, B: Backend>(
    params: &KMeans,
    x: Matrix<'_, F>,
    data: &Data<'_>,
    start: Option<&KMeansModel>,
    on: &B,
    ctl: &Control,
) -> Result<KMeansModel> {
    let (k, (n, p)) = (params.n_clusters, x.shape());
    let mut given = params.init.given(k, p)?;
    if let Some(start) = start {
        if start.cluster_centers.dim() != (k, p) {
            bad_input!("start has centers of shape {:?}, not ({k}, {p})", start.cluster_centers.dim());
        }
        given.insert(0, start.cluster_centers.clone());
    }
    let placed = on.place(x, ctl)?;
    let source = Source::new(&x, ctl)?;
    if !source.variance.sum().is_finite() {
        data.check_finite()?;
    }
    let runs = match (params.n_init, &params.init) {
        (_, Init::Centers(all)) => all.len().max(1),
        (NInit::Runs(runs), _) => runs,
        (_, Init::Method(InitMethod::Random)) => 10,
        (_, Init::Method(InitMethod::PlusPlus)) => 1,
    };
    let weights = data.weights.as_ref().map(|w| w.view());
    let total = source.lengths.iter().enumerate().map(|(i, l)| weights.map_or(1.0, |w| w[i]) * l * l).sum();
    let tol = if params.tol == 0.0 { 0.0 } else { params.tol * source.variance.mean().unwrap_or(0.0) };
    let problem = Problem { x: &placed, source: &source, weights, total, max_iter: params.max_iter, tol, on, ctl };
    let mut state = Lloyd::new(n, p, k);
    let mut best: Option<Run> = None;
    for run in 0..runs {
        let centers = match (given.get(run), &params.init) {
            (Some(centers), _) => centers.clone(),
            (None, Init::Method(InitMethod::Random)) => {
                let rows = Draws::new(params.random_state, run).distinct(n, k, weights)?;
                problem.rows(&rows)
            }
            _ => {
                let mut draws = Draws::new(params.random_state, run);
                ctl.timed("kmeans_plusplus", &on.host_name(), || plus_plus(&source, weights, k, None, &mut draws, ctl))?
                    .0
            }
        };
        if run > 0 {
            state.restart();
        }
        let found = problem.run(centers, &mut state)?;
        let better = best
            .as_ref()
            .is_none_or(|best| found.inertia < best.inertia && !same_clustering(&found.labels, &best.labels, k));
        if better {
            best = Some(found);
        }
    }
    let Some(best) = best else { bad_input!("init holds no centers") };
    let mut seen = vec![false; k];
    best.labels.iter().for_each(|&label| seen[label as usize] = true);
    let distinct = seen.into_iter().filter(|&s| s).count();
    let mut warnings = Vec::new();
    if distinct < k {
        warnings.push(Warning {
            kind: WarningKind::Convergence,
            message: format!(
                "Number of distinct clusters ({distinct}) found smaller than n_clusters ({k}). Possibly due to \
                 duplicate points in X."
            ),
        });
    }
    let report = Report { iterations: vec![best.n_iter], converged: best.converged, solver: "lloyd".into(), warnings };
    Ok(KMeansModel {
        cluster_centers: best.centers,
        labels: best.labels.mapv(|label| label as i32),
        inertia: best.inertia,
        dtype: F::DTYPE,
        report,
    })
}

/// What the runs have in common.
struct Problem<'p, 'a, 'x, F: Real, B: Backend> {
    x: &'p B::Placed<'x, F>,
    source: &'p Source<'a, 'x, F>,
    weights: Option<ArrayView1<'p, f64>>,
    /// `Σ w·‖x − shift‖²`.
    total: f64,
    max_iter: usize,
    tol: f64,
    on: &'p B,
    ctl: &'p Control,
}

/// What one run found.
struct Run {
    centers: Array2<f64>,
    labels: Array1<u32>,
    inertia: f64,
    n_iter: usize,
    converged: bool,
}

impl<F: Real, B: Backend> Problem<'_, '_, '_, F, B> {
    fn rows(&self, rows: &[usize]) -> Array2<f64> {
        let mut centers = Array2::zeros((rows.len(), self.source.shape().1));
        for (mut center, &row) in centers.rows_mut().into_iter().zip(rows) {
            let out = center.as_slice_mut().unwrap_or_default();
            self.source.load(row..row + 1, &mut Default::default()).copy(0, out);
        }
        centers
    }

    fn run(&self, start: Array2<f64>, state: &mut Lloyd) -> Result<Run> {
        let mut centers = start.mapv(|v| F::narrow(v).widen());
        let (mut n_iter, mut converged) = (0, false);
        let mut labelled_by = centers.clone();
        while n_iter < self.max_iter {
            let changed = self.on.lloyd_step(self.x, self.source, state, centers.view(), self.weights, self.ctl)?;
            let (sums, counts) = (state.sums(), state.counts());
            self.ctl.step(n_iter + 1, self.max_iter, self.objective(&sums, &counts, centers.view()))?;
            let new = self.means(sums, counts, state, centers.view())?;
            n_iter += 1;
            let moved: f64 = new.iter().zip(&centers).map(|(a, b)| (a - b) * (a - b)).sum();
            labelled_by = std::mem::replace(&mut centers, new);
            if changed == 0 || moved <= self.tol {
                converged = true;
                break;
            }
        }
        if centers != labelled_by {
            self.on.lloyd_step(self.x, self.source, state, centers.view(), self.weights, self.ctl)?;
        }
        let inertia = state.inertia(self.source, centers.view(), self.weights, false, self.ctl)?.0;
        Ok(Run { centers, labels: state.labels(), inertia, n_iter, converged })
    }

    /// `Σ w·‖x − c‖²` out of the members' sums.
    fn objective(&self, sums: &Array2<f64>, counts: &Array1<f64>, centers: ArrayView2<'_, f64>) -> f64 {
        let mut objective = self.total;
        for ((sum, count), center) in sums.rows().into_iter().zip(counts).zip(centers.rows()) {
            for ((s, c), shift) in sum.iter().zip(center).zip(&self.source.shift) {
                let c = c - shift;
                objective += c * (count * c - 2.0 * s);
            }
        }
        objective.max(0.0)
    }

    /// The members' means. A centre without members takes the row that is furthest from its own centre away from
    /// there, as long as some row is not on its centre; otherwise it lies where the heaviest centre lies.
    fn means(
        &self,
        mut sums: Array2<f64>,
        mut counts: Array1<f64>,
        state: &Lloyd,
        centers: ArrayView2<'_, f64>,
    ) -> Result<Array2<f64>> {
        let limit = 1e-9 * counts.sum();
        if counts.iter().any(|&c| c <= limit) {
            self.relocate(&mut sums, &mut counts, state, centers, limit)?;
        }
        let heaviest = counts.iter().enumerate().fold(0, |best, (c, &w)| if w > counts[best] { c } else { best });
        let mut means = Array2::zeros(sums.dim());
        for (c, mut mean) in means.rows_mut().into_iter().enumerate() {
            let c = if counts[c] > 0.0 { c } else { heaviest };
            for ((m, s), shift) in mean.iter_mut().zip(sums.row(c)).zip(&self.source.shift) {
                *m = F::narrow(s / counts[c] + shift).widen();
            }
        }
        Ok(means)
    }

    fn relocate(
        &self,
        sums: &mut Array2<f64>,
        counts: &mut Array1<f64>,
        state: &Lloyd,
        centers: ArrayView2<'_, f64>,
        limit: f64,
    ) -> Result<()> {
        let labels = state.labels();
        let weight = |i: usize| self.weights.map_or(1.0, |w| w[i]);
        let mut heavy = vec![false; counts.len()];
        labels.iter().enumerate().for_each(|(i, &label)| heavy[label as usize] |= weight(i) > 0.0);
        let empty: Vec<usize> = (0..counts.len()).filter(|&c| counts[c] <= limit && !heavy[c]).collect();
        for &c in &empty {
            counts[c] = 0.0;
            sums.row_mut(c).fill(0.0);
        }
        if empty.is_empty() {
            return Ok(());
        }
        let (_, distances) = state.inertia(self.source, centers, self.weights, true, self.ctl)?;
        let mut far: Vec<usize> = (0..distances.len()).collect();
        far.sort_by(|&a, &b| distances[b].total_cmp(&distances[a]));
        if distances[far[0]] == 0.0 {
            return Ok(());
        }
        for (&new, &row) in empty.iter().zip(&far) {
            let old = labels[row] as usize;
            let mut x = self.rows(&[row]);
            x -= &ArrayView1::from(&self.source.shift).insert_axis(Axis(0));
            x *= weight(row);
            let x = x.row(0);
            sums.row_mut(old).zip_mut_with(&x, |s, v| *s -= v);
            sums.row_mut(new).assign(&x);
            counts[new] = weight(row);
            counts[old] -= weight(row);
            if counts[old] <= limit {
                counts[old] = counts[old].max(0.0);
            }
        }
        Ok(())
    }
}

/// Whether two labellings are one up to the names of the labels.
fn same_clustering(a: &Array1<u32>, b: &Array1<u32>, k: usize) -> bool {
    let mut names = vec![u32::MAX; k];
    a.iter().zip(b).all(|(&a, &b)| {
        let name = &mut names[a as usize];
        if *name == u32::MAX {
            *name = b;
        }
        *name == b
    })
}
