//! A source over dense X that looks at all columns in passes, and keeps those few that working sets ask for.
//!
//! Kept columns are centred, weighted and in `f64`, one after the other. For a path of penalties their products with
//! all columns are kept too, while there is room: then no further pass over X is needed.

use super::source::{Fit, Moves, Source, take_off};
use crate::linear::problem::Problem;
use crate::{Backend, Control, Matrix, Result};
use ironlearn_linalg::Real;
use ironlearn_linalg::host::steps::Steps;
use ironlearn_linalg::lapack::Blas;
use ironlearn_linalg::threads;
use ndarray::{Array2, ArrayView2};

/// Above this size of a set descent goes by its columns.
const MOST: usize = 4096;

/// See the module.
pub struct Wide<'a, 'x, B: Backend, F: Real> {
    problem: Problem<'a, 'x, B, F>,
    targets: Array2<f64>,
    xty: Vec<f64>,
    squares: Vec<f64>,
    yty: f64,
    /// The place of each column among the kept ones, or `u32::MAX`.
    place: Vec<u32>,
    kept: Vec<u32>,
    /// kept × n.
    columns: Vec<f64>,
    /// The products of a kept column with those kept before and with itself.
    products: Vec<Vec<f64>>,
    /// kept × p products with all columns, and how many numbers they may be.
    rows: Option<(Vec<f64>, usize)>,
    last: (Vec<u32>, Vec<f64>),
}

impl<'a, 'x, B: Backend, F: Real> Wide<'a, 'x, B, F> {
    /// Of a problem with its means, the squares of its columns and their products with the targets; `room`: how many
    /// products of columns may be kept for a path.
    pub fn new(problem: Problem<'a, 'x, B, F>, squares: Vec<f64>, xty: Vec<f64>, room: Option<usize>) -> Self {
        let targets = problem.targets();
        Wide {
            yty: targets.iter().map(|v| v * v).sum(),
            place: vec![u32::MAX; squares.len()],
            xty,
            squares,
            targets,
            kept: Vec::new(),
            columns: Vec::new(),
            products: Vec::new(),
            rows: room.map(|room| (Vec::new(), room)),
            last: Default::default(),
            problem,
        }
    }

    /// Keeps the columns of `set`.
    fn keep(&mut self, set: impl Iterator<Item = u32> + Clone, ctl: &Control) -> Result<()> {
        let fresh = |place: &[u32]| set.clone().filter(|&j| place[j as usize] == u32::MAX).collect::<Vec<u32>>();
        let mut new = fresh(&self.place);
        if self.kept.len() + new.len() > MOST.max(2 * set.clone().count()) {
            for j in self.kept.drain(..) {
                self.place[j as usize] = u32::MAX;
            }
            self.columns.clear();
            self.products.clear();
            if let Some((rows, _)) = &mut self.rows {
                rows.clear();
            }
            new = fresh(&self.place);
        }
        if new.is_empty() {
            return Ok(());
        }
        let n = self.problem.rows();
        let first = self.columns.len();
        for &j in &new {
            self.place[j as usize] = self.kept.len() as u32;
            self.kept.push(j);
        }
        self.columns.resize(first + new.len() * n, 0.0);
        self.load(&new, first);
        if let Some((rows, room)) = &self.rows
            && rows.len() + new.len() * self.problem.cols() > *room
        {
            self.rows = None;
            // What the rows served has to be made up for.
            return self.multiply(0, ctl);
        }
        if self.rows.is_some() {
            self.multiply_all(&new, first)
        } else {
            self.multiply(self.kept.len() - new.len(), ctl)
        }
    }

    /// Copies columns of X.
    fn load(&mut self, new: &[u32], first: usize) {
        let n = self.problem.rows();
        let Matrix::Dense(x) = self.problem.x.as_ref() else { return };
        let means = &self.problem.x_mean;
        let out = &mut self.columns[first..];
        if x.strides()[0] == 1 {
            for (&j, out) in new.iter().zip(out.chunks_exact_mut(n)) {
                out.iter_mut().zip(x.column(j as usize)).for_each(|(o, v)| *o = v.widen() - means[j as usize]);
            }
        } else {
            for (i, row) in x.rows().into_iter().enumerate() {
                for (a, &j) in new.iter().enumerate() {
                    out[a * n + i] = row[j as usize].widen() - means[j as usize];
                }
            }
        }
        if let Some(weights) = &self.problem.weights {
            let roots: Vec<f64> = weights.iter().map(|w| w.sqrt()).collect();
            for out in out.chunks_exact_mut(n) {
                out.iter_mut().zip(&roots).for_each(|(o, r)| *o *= r);
            }
        }
    }

    /// The products of the columns kept from `from` on with those kept before.
    fn multiply(&mut self, from: usize, ctl: &Control) -> Result<()> {
        if !self.has_gram(self.kept.len()) {
            return Ok(());
        }
        let (n, all) = (self.problem.rows(), self.kept.len());
        self.products.truncate(from);
        let from = self.products.len();
        let columns = &self.columns;
        let blocks = threads::map_tiles(ctl, all - from, 64, |tile| {
            let (start, end) = (from + tile.start, from + tile.end);
            let mut out = vec![0.0; (end - start) * end];
            let shape = (end - start, end, n);
            f64::gemm((false, true), shape, 1.0, &columns[start * n..], n, columns, n, 0.0, &mut out, end);
            (start..end).map(|i| out[(i - start) * end..(i - start) * end + i + 1].to_vec()).collect::<Vec<_>>()
        })?;
        self.products.extend(blocks.into_iter().flatten());
        Ok(())
    }

    /// The products of new columns with all columns of X, by one pass.
    fn multiply_all(&mut self, new: &[u32], first: usize) -> Result<()> {
        let (n, p) = (self.problem.rows(), self.problem.cols());
        let block = ArrayView2::from_shape((new.len(), n), &self.columns[first..]).map_err(|_| shape())?;
        let products = self.problem.apply_t(block.t())?;
        let Some((rows, _)) = &mut self.rows else { return Ok(()) };
        rows.reserve(new.len() * p);
        products.columns().into_iter().for_each(|column| rows.extend(column));
        Ok(())
    }

    fn product(&self, a: usize, b: usize) -> f64 {
        match &self.rows {
            Some((rows, _)) => rows[a * self.problem.cols() + self.kept[b] as usize],
            None => self.products[a.max(b)][a.min(b)],
        }
    }

    fn used(&self, w: &[f64]) -> Vec<u32> {
        let blocks = w.chunks_exact(self.outputs()).enumerate();
        blocks.filter(|(_, block)| block.iter().any(|&w| w != 0.0)).map(|(j, _)| j as u32).collect()
    }
}

fn shape() -> crate::Error {
    crate::Error::Input("columns of another length".into())
}

impl<B: Backend, F: Real> Source for Wide<'_, '_, B, F> {
    fn cols(&self) -> usize {
        self.squares.len()
    }

    fn outputs(&self) -> usize {
        self.targets.ncols()
    }

    fn xty(&self) -> &[f64] {
        &self.xty
    }

    fn squares(&self) -> &[f64] {
        &self.squares
    }

    fn yty(&self) -> f64 {
        self.yty
    }

    fn look(&mut self, w: &[f64], c: &mut [f64], exact: bool, ctl: &Control) -> Result<Fit> {
        let (n, p, t, steps) = (self.problem.rows(), self.cols(), self.outputs(), Steps::detect());
        let used = self.used(w);
        if used.is_empty() {
            c.copy_from_slice(&self.xty);
            return Ok(Fit { square: self.yty, by_target: self.yty });
        }
        self.keep(used.iter().copied(), ctl)?;
        if let (false, Some((rows, _))) = (exact, &self.rows) {
            c.copy_from_slice(&self.xty);
            for &j in &used {
                let (at, j) = (self.place[j as usize] as usize, j as usize);
                take_off(steps, &rows[at * p..(at + 1) * p], &w[j * t..(j + 1) * t], c);
            }
            let along: f64 = w.iter().zip(&self.xty).map(|(w, q)| w * q).sum();
            let back: f64 = w.iter().zip(&*c).map(|(w, c)| w * c).sum();
            return Ok(Fit { square: (self.yty - along - back).max(0.0), by_target: self.yty - along });
        }
        let mut residual = self.targets.t().as_standard_layout().into_owned();
        for (k, mut r) in residual.rows_mut().into_iter().enumerate() {
            let r = r.as_slice_mut().unwrap_or_default();
            for &j in &used {
                let at = self.place[j as usize] as usize;
                steps.add(-w[j as usize * t + k], &self.columns[at * n..(at + 1) * n], r);
            }
        }
        let fit = Fit {
            square: residual.iter().map(|r| r * r).sum(),
            by_target: residual.t().iter().zip(&self.targets).map(|(r, b)| r * b).sum(),
        };
        let products = self.problem.apply_t(residual.t())?;
        c.iter_mut().zip(products.as_standard_layout().iter()).for_each(|(c, v)| *c = *v);
        Ok(fit)
    }

    fn has_gram(&self, size: usize) -> bool {
        size <= MOST
    }

    fn gram(&mut self, set: &[u32], ctl: &Control) -> Result<&[f64]> {
        self.keep(set.iter().copied(), ctl)?;
        if self.last.0 != set {
            let places: Vec<usize> = set.iter().map(|&j| self.place[j as usize] as usize).collect();
            let mut out = std::mem::take(&mut self.last.1);
            out.clear();
            out.reserve(set.len() * set.len());
            for &a in &places {
                out.extend(places.iter().map(|&b| self.product(a, b)));
            }
            self.last = (set.to_vec(), out);
        }
        Ok(&self.last.1)
    }

    fn moves(&mut self, set: &[u32], ctl: &Control) -> Result<Box<dyn Moves + '_>> {
        self.keep(set.iter().copied(), ctl)?;
        let places = set.iter().map(|&j| self.place[j as usize] as usize).collect();
        let (n, t) = (self.problem.rows(), self.outputs());
        Ok(Box::new(Sum { columns: &self.columns, places, n, u: vec![0.0; n * t], steps: Steps::detect() }))
    }
}

/// A sum of kept columns, one output after the other.
struct Sum<'a> {
    columns: &'a [f64],
    places: Vec<usize>,
    n: usize,
    u: Vec<f64>,
    steps: Steps,
}

impl Moves for Sum<'_> {
    fn product(&self, i: usize, out: &mut [f64]) {
        let column = &self.columns[self.places[i] * self.n..][..self.n];
        out.iter_mut().zip(self.u.chunks_exact(self.n)).for_each(|(o, u)| *o = self.steps.dot(column, u));
    }

    fn add(&mut self, i: usize, delta: &[f64]) {
        let column = &self.columns[self.places[i] * self.n..][..self.n];
        for (u, &d) in self.u.chunks_exact_mut(self.n).zip(delta) {
            self.steps.add(d, column, u);
        }
    }
}
