//! Few coefficients: Mehrotra's predictor and corrector (Mehrotra 1992, doi:10.1137/0802028).
//!
//! A row's loss is `cost·(u − z_y)` for the least u whose slacks `s_k = u − z_k − 1[k ≠ y]` are not negative, so that it is
//! `cost·s_y`. Their multipliers β_k ≥ 0 add up to the cost, and `ridge·W = Σ (cost·1[k = y] − β_k)·x`. An iteration takes
//! a weighted Gram of X for each pair of classes and one Cholesky of all coefficients. All costs are divided by their sum.

use super::{AllClasses, Found};
use crate::linear::solver::direct::Scaled;
use crate::{Backend, Control, Matrix, Result};
use ironlearn_linalg::{Real, threads};
use ndarray::{Array1, Array2, s};

/// How near to the border of the interior a step may go.
const NEAR: f64 = 0.9995;
/// The relative duality gap at the end, as a share of liblinear's tolerance, and the least that rounding leaves in reach.
const GAP: f64 = 1e-3;
const LEAST: f64 = 1e-12;
/// Iterations; twenty or so are needed.
const MOST: usize = 200;
/// Rows of a tile.
const TILE: usize = 1024;

/// Solves for X of few columns.
///
/// # Errors
/// [`crate::Error::Linalg`].
pub fn solve<B: Backend, F: Real>(all: &AllClasses<'_>, x: Matrix<'_, F>, on: &B, ctl: &Control) -> Result<Found> {
    let (p, total) = (x.ncols(), all.cost.iter().sum::<f64>());
    let width = p + usize::from(all.intercept.is_some());
    let theta = Array2::zeros((width, all.n_classes));
    let tiles = (0..all.codes.len()).step_by(TILE).map(|first| Tile::new(all, first, total)).collect();
    let mut state = State { all, on, x: on.place(x, ctl)?, ctl, ridge: 1.0 / total, theta, tiles };
    // Stationarity misses by this share of what it misses at the start.
    let missed = state.transposed(&state.each_row(|tile, i, out| {
        out.iter_mut().zip(tile.beta(i)).for_each(|(v, b)| *v = -b);
        out[tile.class[i]] += tile.cost[i];
    })?)?;
    let missed = missed.iter().map(|v| v * v).sum::<f64>() / (2.0 * state.ridge);
    let (mut share, mut iterations, mut converged, mut idle, mut last) = (1.0_f64, 0, false, 0, f64::INFINITY);
    loop {
        let (loss, gap) = state.tiles.iter().map(Tile::gap).fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
        let value = loss + 0.5 * state.ridge * state.theta.iter().map(|v| v * v).sum::<f64>();
        let gap = gap + share * share * missed;
        ctl.step(iterations, MOST, value * total)?;
        if gap <= (GAP * all.tol).max(LEAST) * value || gap <= f64::MIN_POSITIVE {
            converged = true;
            break;
        }
        idle = if gap > 0.7 * last { idle + 1 } else { 0 };
        last = last.min(gap);
        if idle > 8 || !gap.is_finite() || iterations == MOST {
            // Rounding: as good as it gets.
            converged = gap <= all.tol * value;
            break;
        }
        iterations += 1;
        let Some(system) = state.system()? else { break };
        let Some(length) = state.advance(&system)? else { break };
        share *= 1.0 - length;
    }
    let coef = state.theta.slice(s![..p, ..]).t().as_standard_layout().into_owned();
    let intercept = (0..all.n_classes).map(|c| if width > p { state.theta[[p, c]] * all.scaling() } else { 0.0 });
    Ok(Found { coef, intercept: intercept.collect(), iterations, converged, solver: "interior-point" })
}

/// Some rows: their slacks and multipliers, row by row a number for each class.
struct Tile {
    classes: usize,
    class: Vec<usize>,
    cost: Vec<f64>,
    slack: Vec<f64>,
    beta: Vec<f64>,
    /// What the plain step multiplies beyond its first order.
    cross: Vec<f64>,
}

/// How far a step may go, and what the products of slacks and multipliers are after it: the factors of its powers.
#[derive(Clone, Copy)]
struct Reach {
    length: f64,
    products: [f64; 3],
}

impl Tile {
    fn new(all: &AllClasses<'_>, first: usize, total: f64) -> Self {
        let (rows, k) = (first..all.codes.len().min(first + TILE), all.n_classes);
        let cost: Vec<f64> = rows.clone().map(|i| all.cost[i] / total).collect();
        let class = rows.clone().map(|i| all.codes[i] as usize).collect();
        let slack = rows.flat_map(|i| (0..k).map(move |c| 2.0 - all.margin(i, c))).collect();
        let beta: Vec<f64> = cost.iter().flat_map(|c| std::iter::repeat_n(c / k as f64, k)).collect();
        let cross = vec![0.0; beta.len()];
        Tile { classes: k, class, cost, slack, beta, cross }
    }

    fn beta(&self, i: usize) -> &[f64] {
        &self.beta[i * self.classes..(i + 1) * self.classes]
    }

    /// The rows' places, and their slacks and multipliers, but for those that cost nothing.
    fn rows(&self) -> impl Iterator<Item = (usize, &[f64], &[f64])> {
        let both = self.slack.chunks_exact(self.classes).zip(self.beta.chunks_exact(self.classes));
        both.enumerate().filter(|(i, _)| self.cost[*i] > 0.0).map(|(i, (s, b))| (i, s, b))
    }

    /// The loss at the coefficients, and how far it and the dual's are apart.
    fn gap(&self) -> (f64, f64) {
        let (mut loss, mut gap) = (0.0, 0.0);
        for (i, slack, beta) in self.rows() {
            let least = slack.iter().fold(f64::INFINITY, |a, &s| a.min(s));
            loss += self.cost[i] * (slack[self.class[i]] - least);
            gap += slack.iter().zip(beta).map(|(s, b)| (s - least) * b).sum::<f64>();
        }
        (loss, gap)
    }

    /// Calls `each` with a place, and the changes of its slack and its multiplier for which the products become
    /// `mu·cost` less `cross`, by the change of z (n × k).
    fn steps(&self, mu: f64, along: &[f64], mut each: impl FnMut(usize, f64, f64)) {
        for (i, slack, beta) in self.rows() {
            let (at, mu) = (i * self.classes, mu * self.cost[i]);
            let (along, cross) = (&along[at..], &self.cross[at..]);
            let (mut sum, mut up) = (0.0, -self.cost[i]);
            for c in 0..self.classes {
                let ratio = beta[c] / slack[c];
                sum += ratio;
                up += (mu - cross[c]) / slack[c] + ratio * along[c];
            }
            up /= sum;
            for c in 0..self.classes {
                let of_slack = up - along[c];
                each(at + c, of_slack, ((mu - cross[c]) - beta[c] * of_slack) / slack[c] - beta[c]);
            }
        }
    }

    fn reach(&self, mu: f64, along: &[f64]) -> Reach {
        let (mut most, mut products) = (0.0_f64, [0.0; 3]);
        self.steps(mu, along, |at, s, b| {
            let (slack, beta) = (self.slack[at], self.beta[at]);
            most = most.max(-s / slack).max(-b / beta);
            products[0] += slack * beta;
            products[1] += slack * b + beta * s;
            products[2] += s * b;
        });
        Reach { length: 1.0 / most.max(f64::MIN_POSITIVE), products }
    }
}

impl AllClasses<'_> {
    fn scaling(&self) -> f64 {
        self.intercept.unwrap_or(0.0)
    }
}

struct State<'a, 'x, B: Backend, F: Real> {
    all: &'a AllClasses<'a>,
    on: &'a B,
    x: B::Placed<'x, F>,
    ctl: &'a Control,
    /// The penalty of a coefficient.
    ridge: f64,
    /// Columns × classes; the intercepts over their scaling are the last row.
    theta: Array2<f64>,
    tiles: Vec<Tile>,
}

impl<B: Backend, F: Real> State<'_, '_, B, F> {
    /// Rows × classes, of which `row` writes each row that costs something, given a tile and the row's place in it.
    fn each_row(&self, row: impl Fn(&Tile, usize, &mut [f64]) + Sync + Send) -> Result<Array2<f64>> {
        let (n, k) = (self.all.codes.len(), self.all.n_classes);
        let mut out = vec![0.0; n * k];
        threads::fill_rows(self.ctl, &mut out, k, TILE, |first, out| {
            let tile = &self.tiles[first / TILE];
            tile.rows().for_each(|(i, _, _)| row(tile, i, &mut out[i * k..(i + 1) * k]));
        })?;
        Ok(Array2::from_shape_vec((n, k), out).unwrap_or_default())
    }

    /// `Xᵀ·R`, the intercepts' row last.
    fn transposed(&self, r: &Array2<f64>) -> Result<Array2<f64>> {
        let mut out = Array2::zeros(self.theta.dim());
        let of_x = self.on.matmul_t(&self.x, r.view(), self.ctl)?;
        out.slice_mut(s![..of_x.nrows(), ..]).assign(&of_x);
        if out.nrows() > of_x.nrows() {
            let sums = r.sum_axis(ndarray::Axis(0)) * self.all.scaling();
            out.row_mut(of_x.nrows()).assign(&sums);
        }
        Ok(out)
    }

    /// What a step changes of z, row by row.
    fn product(&self, step: &Array2<f64>) -> Result<Vec<f64>> {
        let p = self.x_columns();
        let mut out = self.on.matmul(&self.x, step.slice(s![..p, ..]), self.ctl)?;
        if step.nrows() > p {
            out += &(&step.row(p) * self.all.scaling());
        }
        Ok(out.into_raw_vec_and_offset().0)
    }

    fn x_columns(&self) -> usize {
        self.theta.nrows() - usize::from(self.all.intercept.is_some())
    }

    /// The factored system of all coefficients, class by class; `None` where rounding leaves it without a factor.
    fn system(&self) -> Result<Option<Scaled>> {
        let (n, k, width, p) = (self.all.codes.len(), self.all.n_classes, self.theta.nrows(), self.x_columns());
        let mut matrix = Array2::<f64>::zeros((k * width, k * width));
        let none = Array2::zeros((n, 1));
        let mut own = vec![Array2::<f64>::zeros((width, width)); k];
        for (a, b) in (0..k).flat_map(|a| (a + 1..k).map(move |b| (a, b))) {
            let mut weights = Array1::zeros(n);
            threads::fill_rows(self.ctl, weights.as_slice_mut().unwrap_or_default(), 1, TILE, |first, out| {
                self.tiles[first / TILE].rows().for_each(|(i, slack, beta)| {
                    let sum: f64 = beta.iter().zip(slack).map(|(b, s)| b / s).sum();
                    out[i] = (beta[a] / slack[a]) * (beta[b] / slack[b]) / sum;
                });
            })?;
            let moments = self.on.gram(&self.x, none.view(), Some(weights.view()), width > p, self.ctl)?;
            let mut gram = Array2::zeros((width, width));
            gram.slice_mut(s![..p, ..p]).assign(&moments.gram);
            if width > p {
                // X as it is, and the intercept's column.
                let (mean, sum, scaling) = (&moments.x_mean, moments.weight_sum, self.all.scaling());
                for (mut row, &m) in gram.slice_mut(s![..p, ..p]).rows_mut().into_iter().zip(mean) {
                    row.scaled_add(sum * m, mean);
                }
                gram.slice_mut(s![..p, p]).assign(&(mean * (sum * scaling)));
                gram.slice_mut(s![p, ..p]).assign(&(mean * (sum * scaling)));
                gram[[p, p]] = sum * scaling * scaling;
            }
            own[a] += &gram;
            own[b] += &gram;
            matrix.slice_mut(s![a * width..(a + 1) * width, b * width..(b + 1) * width]).assign(&-gram);
        }
        // Steps add up to 0 over the classes. What is added to all blocks alike does not change them; the ridge alone
        // would leave that direction badly conditioned.
        let mean = own.iter().fold(Array2::zeros((width, width)), |sum, own| sum + own) / (k * k) as f64;
        for a in 0..k {
            for b in a..k {
                let mut block = matrix.slice_mut(s![a * width..(a + 1) * width, b * width..(b + 1) * width]);
                block += &mean;
                if a == b {
                    block += &own[a];
                }
            }
        }
        matrix.diag_mut().mapv_inplace(|v| v + self.ridge);
        for more in [0.0, 1e-14, 1e-12, 1e-10, 1e-8] {
            matrix.diag_mut().mapv_inplace(|v| v * (1.0 + more));
            if let Some(factor) = Scaled::new(&matrix, 0.0)? {
                return Ok(Some(factor));
            }
        }
        Ok(None)
    }

    /// The step of the coefficients after which stationarity holds and the products of slacks and multipliers are
    /// `mu·cost` less `cross`.
    fn step(&self, system: &Scaled, mu: f64) -> Result<Array2<f64>> {
        let k = self.all.n_classes;
        let right = self.each_row(|tile, i, out| {
            let (at, cost) = (i * k, tile.cost[i]);
            let (slack, beta, cross) = (&tile.slack[at..at + k], tile.beta(i), &tile.cross[at..at + k]);
            let (mut sum, mut surplus) = (0.0, -cost);
            for c in 0..k {
                sum += beta[c] / slack[c];
                out[c] = (mu * cost - cross[c]) / slack[c];
                surplus += out[c];
            }
            for c in 0..k {
                out[c] = beta[c] / slack[c] * (surplus / sum) - out[c];
            }
            out[tile.class[i]] += cost;
        })?;
        let mut right = self.transposed(&right)?;
        right.scaled_add(-self.ridge, &self.theta);
        let (width, flat) = (self.theta.nrows(), right.t().iter().copied().collect());
        let flat = Array2::from_shape_vec((k * width, 1), flat).unwrap_or_default();
        let solved = system.solve(&flat)?;
        Ok(Array2::from_shape_fn((width, k), |(j, c)| solved[[c * width + j, 0]]))
    }

    fn reach(&self, mu: f64, along: &[f64]) -> Result<Reach> {
        let k = self.all.n_classes;
        let parts = threads::map(self.ctl, self.tiles.len(), |t| self.tiles[t].reach(mu, &along[t * TILE * k..]))?;
        let start = Reach { length: f64::INFINITY, products: [0.0; 3] };
        Ok(parts.into_iter().fold(start, |a, b| Reach {
            length: a.length.min(b.length),
            products: std::array::from_fn(|d| a.products[d] + b.products[d]),
        }))
    }

    /// A plain step, one that mends what that would miss, and how far it went; `None` where rounding is all that is left.
    fn advance(&mut self, system: &Scaled) -> Result<Option<f64>> {
        let k = self.all.n_classes;
        self.tiles.iter_mut().for_each(|tile| tile.cross.fill(0.0));
        let along = self.product(&self.step(system, 0.0)?)?;
        let reach = self.reach(0.0, &along)?;
        let length = reach.length.min(1.0);
        let now = reach.products[0];
        let after = now + length * (reach.products[1] + length * reach.products[2]);
        let mu = (after / now).clamp(0.0, 1.0).powi(3) * now / k as f64;
        threads::each(self.ctl, &mut self.tiles, |t, tile| {
            let mut cross = vec![0.0; tile.cross.len()];
            tile.steps(0.0, &along[t * TILE * k..], |at, s, b| cross[at] = s * b);
            tile.cross = cross;
        })?;
        let step = self.step(system, mu)?;
        if !step.iter().all(|v| v.is_finite()) {
            return Ok(None);
        }
        let along = self.product(&step)?;
        let length = (NEAR * self.reach(mu, &along)?.length).min(1.0);
        threads::each(self.ctl, &mut self.tiles, |t, tile| {
            let (mut slack, mut beta) = (tile.slack.clone(), tile.beta.clone());
            tile.steps(mu, &along[t * TILE * k..], |at, s, b| {
                slack[at] += length * s;
                beta[at] += length * b;
            });
            (tile.slack, tile.beta) = (slack, beta);
        })?;
        self.theta.scaled_add(length, &step);
        Ok(Some(length))
    }
}
