//! Columns brought to mean 0 and variance 1.

use super::block::for_rows;
use super::{Block, FitTransformer, Sparse, Transformer, transformer};
use crate::{AnyMatrix, Checked, Control, Error, Matrix, Params, Result, Target, Warning, bad_input};
use ironlearn_datasets::ColumnType;
use ironlearn_linalg::{Layout, Real, threads, with_matrix, zeros::zeros2};
use ndarray::{Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

/// `(x − mean) / √variance` for each column, over the entries that are not NaN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StandardScaler {
    /// Whether the mean is subtracted. Not possible for sparse rows, which would stop being sparse.
    pub with_mean: bool,
    /// Whether columns are divided by their standard deviation (a constant column by 1).
    pub with_std: bool,
}

impl Default for StandardScaler {
    fn default() -> Self {
        StandardScaler { with_mean: true, with_std: true }
    }
}

impl Params for StandardScaler {
    const NAME: &'static str = "StandardScaler";
    fn validate(&self) -> Result<()> {
        Ok(())
    }
}

/// A fitted [`StandardScaler`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scaler {
    /// The parameters of the fit.
    pub params: StandardScaler,
    /// The mean of each column.
    #[serde(with = "crate::saved::vector")]
    pub mean: Vec<f64>,
    /// The variance of each column, without Bessel's correction.
    #[serde(with = "crate::saved::vector")]
    pub var: Vec<f64>,
    /// What each column is divided by.
    #[serde(with = "crate::saved::vector")]
    pub scale: Vec<f64>,
    /// The sum of the weights of the entries that were seen, of each column.
    #[serde(with = "crate::saved::vector")]
    pub seen: Vec<f64>,
}

/// Weight, mean and sum of squared deviations of some rows of one column.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    weight: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Those of both together (Chan, Golub and LeVeque 1983).
    fn merge(&mut self, other: Moments) {
        let weight = self.weight + other.weight;
        if other.weight == 0.0 || weight == 0.0 {
            return;
        }
        if self.weight == 0.0 {
            *self = other;
            return;
        }
        let delta = other.mean - self.mean;
        self.mean += delta * (other.weight / weight);
        self.squares += other.squares + delta * delta * (self.weight * other.weight / weight);
        self.weight = weight;
    }
}

/// The moments of a tile of rows, row by row without gaps.
fn tile_moments(tile: &[f64], p: usize, weights: Option<&[f64]>) -> Vec<Moments> {
    let (mut weight, mut sum) = (vec![0.0; p], vec![0.0; p]);
    let w = |i: usize| weights.map_or(1.0, |w| w[i]);
    for (i, row) in tile.chunks_exact(p).enumerate() {
        let w = w(i);
        for ((&v, s), n) in row.iter().zip(&mut sum).zip(&mut weight) {
            let there = !v.is_nan();
            *s += if there { w * v } else { 0.0 };
            *n += if there { w } else { 0.0 };
        }
    }
    let mean: Vec<f64> = sum.iter().zip(&weight).map(|(s, n)| if *n == 0.0 { 0.0 } else { s / n }).collect();
    let (mut squares, mut rest) = (vec![0.0; p], vec![0.0; p]);
    for (i, row) in tile.chunks_exact(p).enumerate() {
        let w = w(i);
        for (((&v, &m), q), r) in row.iter().zip(&mean).zip(&mut squares).zip(&mut rest) {
            let d = if v.is_nan() { 0.0 } else { v - m };
            *q += w * d * d;
            *r += w * d;
        }
    }
    (0..p)
        .map(|j| {
            // What rounding left of the sum of the deviations corrects both.
            let shift = if weight[j] == 0.0 { 0.0 } else { rest[j] / weight[j] };
            let squares = (squares[j] - shift * rest[j]).max(0.0);
            Moments { weight: weight[j], mean: mean[j] + shift, squares }
        })
        .collect()
}

fn moments<F: Real>(x: &Matrix<'_, F>, weights: Option<ArrayView1<'_, f64>>, ctl: &Control) -> Result<Vec<Moments>> {
    let (n, p) = x.shape();
    let weights: Option<Vec<f64>> = weights.map(|w| w.to_vec());
    let mut total = vec![Moments::default(); p];
    if x.is_sparse() {
        // The stored entries about their mean, then the zeros that are not stored.
        let all: f64 = weights.as_ref().map_or(n as f64, |w| w.iter().sum());
        let (mut row, mut stored, mut lost) = (0, vec![0.0; p], vec![0.0; p]);
        let mut columns = vec![Vec::new(); p];
        for_rows(x, |entry| match entry {
            None => row += 1,
            Some((j, v)) => {
                let w = weights.as_ref().map_or(1.0, |w| w[row]);
                stored[j] += w;
                if v.is_nan() { lost[j] += w } else { columns[j].push((v, w)) }
            }
        });
        total = threads::map(ctl, p, |j| {
            let mut of = Moments::default();
            for tile in columns[j].chunks(1024) {
                let (values, weights): (Vec<f64>, Vec<f64>) = tile.iter().copied().unzip();
                of.merge(tile_moments(&values, 1, Some(&weights))[0]);
            }
            of.merge(Moments { weight: (all - stored[j]).max(0.0), ..Moments::default() });
            of
        })?;
        return Ok(total);
    }
    let tile = (32_768 / p.max(1)).clamp(16, 1024);
    let parts = threads::map_tiles(ctl, n, tile * 16, |rows| {
        let mut sum = vec![Moments::default(); p];
        let mut values = vec![0.0; tile * p];
        for start in rows.clone().step_by(tile) {
            let end = rows.end.min(start + tile);
            x.pack(start..end, 0..p, p, &mut values);
            let part = tile_moments(&values[..(end - start) * p], p, weights.as_ref().map(|w| &w[start..end]));
            sum.iter_mut().zip(part).for_each(|(s, part)| s.merge(part));
        }
        sum
    })?;
    for part in parts {
        total.iter_mut().zip(part).for_each(|(s, part)| s.merge(part));
    }
    Ok(total)
}

impl Scaler {
    /// A scaler that has seen nothing.
    fn empty(params: StandardScaler, p: usize) -> Self {
        Scaler { params, mean: vec![0.0; p], var: vec![0.0; p], scale: vec![1.0; p], seen: vec![0.0; p] }
    }

    /// Takes in further rows, as if all had been there at the fit.
    ///
    /// # Errors
    /// [`Error::Input`] for other columns, infinite entries, and sparse rows that would have to be centred.
    pub fn update(&mut self, x: &Block<'_>, weights: Option<ArrayView1<'_, f64>>, ctl: &Control) -> Result<()> {
        transformer::check_columns(self, x)?;
        let dense;
        let x = match x.matrix()? {
            Some(x) => x,
            None => {
                dense = x.clone().into_numbers()?;
                dense.matrix()?.ok_or_else(|| Error::Input("a block without numbers".into()))?
            }
        };
        if x.is_sparse() && self.params.with_mean {
            bad_input!(
                "Cannot center sparse matrices: pass `with_mean=False` instead. See docstring for motivation and \
                 alternatives."
            );
        }
        if let Some(weights) = &weights
            && weights.len() != x.nrows()
        {
            bad_input!("sample_weight.shape == ({},), expected ({},)!", weights.len(), x.nrows());
        }
        let found = with_matrix!(x, x => moments(&x, weights, ctl))?;
        for (j, of) in found.into_iter().enumerate() {
            if !(of.mean.is_finite() && of.squares.is_finite()) {
                bad_input!("Input X contains infinity or a value too large for dtype('float64').");
            }
            let mut all = Moments { weight: self.seen[j], mean: self.mean[j], squares: self.var[j] * self.seen[j] };
            all.merge(of);
            let var = if all.weight == 0.0 { f64::NAN } else { all.squares / all.weight };
            (self.seen[j], self.var[j]) = (all.weight, var);
            self.mean[j] = if all.weight == 0.0 { f64::NAN } else { all.mean };
            // A variance within the rounding of the sums is none: the column is constant.
            let rounding = all.weight * f64::EPSILON;
            let constant = var <= rounding * var + (rounding * all.mean).powi(2);
            self.scale[j] = if !self.params.with_std || constant || var == 0.0 { 1.0 } else { var.sqrt() };
        }
        Ok(())
    }

    fn dense<F: Real>(&self, x: ArrayView2<'_, F>, back: bool, ctl: &Control) -> Result<Array2<F>> {
        let p = x.ncols();
        let shifts: Vec<f64> = self.mean.iter().map(|&m| if self.params.with_mean { m } else { 0.0 }).collect();
        let mut out = zeros2(x.dim());
        threads::fill_rows(ctl, out.as_slice_mut().unwrap_or_default(), p, 1024, |first, out| {
            let mut copy = Vec::new();
            for (i, out) in out.chunks_exact_mut(p).enumerate() {
                let row = x.row(first + i);
                let row = match row.as_slice() {
                    Some(row) => row,
                    None => {
                        copy.clear();
                        copy.extend(row);
                        &copy
                    }
                };
                let entries = out.iter_mut().zip(row).zip(shifts.iter().zip(&self.scale));
                if back {
                    entries.for_each(|((o, v), (shift, scale))| *o = F::narrow(v.widen() * scale + shift));
                } else {
                    entries.for_each(|((o, v), (shift, scale))| *o = F::narrow((v.widen() - shift) / scale));
                }
            }
        })?;
        Ok(out)
    }

    fn map(&self, x: &Block<'_>, back: bool, ctl: &Control) -> Result<Block<'static>> {
        transformer::check_columns(self, x)?;
        match x.matrix()? {
            Some(AnyMatrix::F32(Matrix::Dense(x))) => Ok(Block::Dense32(self.dense(x, back, ctl)?)),
            Some(AnyMatrix::F64(Matrix::Dense(x))) => Ok(Block::Dense(self.dense(x, back, ctl)?)),
            Some(_) if self.params.with_mean => {
                let what = if back { "uncenter" } else { "center" };
                bad_input!(
                    "Cannot {what} sparse matrices: pass `with_mean=False` instead See docstring for motivation and \
                     alternatives."
                )
            }
            Some(sparse) => {
                let (n, p) = sparse.shape();
                let mut out = Sparse {
                    layout: Layout::Row,
                    shape: (n, p),
                    indptr: vec![0],
                    indices: Vec::new(),
                    data: Vec::new(),
                };
                with_matrix!(sparse, x => for_rows(&x, |entry| match entry {
                    None => out.indptr.push(out.data.len() as i64),
                    Some((j, v)) => {
                        out.indices.push(j as i32);
                        out.data.push(if back { v * self.scale[j] } else { v / self.scale[j] });
                    }
                }));
                Ok(Block::Sparse(out))
            }
            None => {
                let numbers = x.clone().into_numbers()?;
                self.map(&numbers, back, ctl)
            }
        }
    }

    /// The rows that [`Transformer::transform`] mapped to `x`.
    ///
    /// # Errors
    /// As there.
    pub fn inverse_transform(&self, x: &Block<'_>, ctl: &Control) -> Result<Block<'static>> {
        self.map(x, true, ctl)
    }
}

impl FitTransformer for StandardScaler {
    type Model = Scaler;

    /// The target is not looked at.
    fn fit_checked(
        params: &Checked<Self>,
        x: &Block<'_>,
        _: &Target<'_>,
        weights: Option<ArrayView1<'_, f64>>,
        ctl: &Control,
    ) -> Result<Scaler> {
        let (n, p) = x.shape();
        if n == 0 || p == 0 {
            bad_input!("Found array with {n} sample(s) and {p} feature(s) while a minimum of 1 is required.");
        }
        let mut model = Scaler::empty((**params).clone(), p);
        model.update(x, weights, ctl)?;
        Ok(model)
    }
}

impl Transformer for Scaler {
    type Params = StandardScaler;

    fn params(&self) -> &StandardScaler {
        &self.params
    }

    fn n_features_in(&self) -> usize {
        self.mean.len()
    }

    fn check(&self) -> Result<()> {
        let p = self.mean.len();
        if p == 0 || self.var.len() != p || self.scale.len() != p || self.seen.len() != p {
            return Err(Error::File("a scaler whose means and scales differ in number".into()));
        }
        Ok(())
    }

    fn transform(&self, x: &Block<'_>, ctl: &Control, _: &mut Vec<Warning>) -> Result<Block<'static>> {
        self.map(x, false, ctl)
    }

    fn input_types(&self) -> Vec<Option<ColumnType>> {
        vec![Some(ColumnType::Number); self.mean.len()]
    }

    fn feature_names_out(&self, names: &[String]) -> Vec<String> {
        names.to_vec()
    }
}
