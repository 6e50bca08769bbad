//! A source of all second moments: rows outnumber columns, or the moments are all that is known.

use super::source::{Fit, Moves, Source, take_off};
use crate::{Control, Result};
use ironlearn_linalg::host::steps::Steps;
use std::borrow::Cow;

/// What the rows themselves say of coefficients: correlations (into the slice) and squares.
pub type Exact<'a> = dyn Fn(&[f64], &mut [f64], &Control) -> Result<Fit> + Send + Sync + 'a;

/// `AᵀA`, `Aᵀb` and `‖b‖²`.
pub struct Moments<'a> {
    gram: Cow<'a, [f64]>,
    /// The last set that was asked for, and its moments.
    last: (Vec<u32>, Vec<f64>),
    xty: Vec<f64>,
    squares: Vec<f64>,
    yty: f64,
    t: usize,
    exact: Option<Box<Exact<'a>>>,
}

impl<'a> Moments<'a> {
    /// Of a p × p matrix, p × t correlations and the square of all outputs.
    pub fn new(gram: Cow<'a, [f64]>, xty: Vec<f64>, yty: f64, t: usize, exact: Option<Box<Exact<'a>>>) -> Self {
        let p = xty.len() / t;
        let squares = (0..p).map(|j| gram[j * p + j].max(0.0)).collect();
        Moments { gram, last: Default::default(), xty, squares, yty, t, exact }
    }
}

impl Source for Moments<'_> {
    fn cols(&self) -> usize {
        self.squares.len()
    }

    fn outputs(&self) -> usize {
        self.t
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
        if let (true, Some(rows)) = (exact, &self.exact) {
            return rows(w, c, ctl);
        }
        let (p, t) = (self.cols(), self.t);
        let steps = Steps::detect();
        c.copy_from_slice(&self.xty);
        for (j, block) in w.chunks_exact(t).enumerate() {
            if block.iter().all(|&w| w == 0.0) {
                continue;
            }
            take_off(steps, &self.gram[j * p..(j + 1) * p], block, c);
        }
        let along: f64 = w.iter().zip(&self.xty).map(|(w, q)| w * q).sum();
        let back: f64 = w.iter().zip(&*c).map(|(w, c)| w * c).sum();
        Ok(Fit { square: (self.yty - along - back).max(0.0), by_target: self.yty - along })
    }

    fn has_gram(&self, _: usize) -> bool {
        true
    }

    fn gram(&mut self, set: &[u32], _: &Control) -> Result<&[f64]> {
        let p = self.cols();
        if set.len() == p {
            return Ok(&self.gram);
        }
        if self.last.0 != set {
            let out = &mut self.last.1;
            out.clear();
            out.reserve(set.len() * set.len());
            for &i in set {
                let row = &self.gram[i as usize * p..(i as usize + 1) * p];
                out.extend(set.iter().map(|&j| row[j as usize]));
            }
            self.last.0 = set.to_vec();
        }
        Ok(&self.last.1)
    }

    fn moves(&mut self, _: &[u32], _: &Control) -> Result<Box<dyn Moves + '_>> {
        crate::bad_input!("second moments have no columns")
    }
}
