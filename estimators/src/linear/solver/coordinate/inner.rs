//! Coordinate descent on a working set: on its second moments, or on its columns where the set is large.

use super::anderson::Anderson;
use super::gap::certificate;
use super::source::{Fit, Moves, take_off};
use crate::penalty::Gauged;
use crate::{Control, Result};
use ironlearn_linalg::host::steps::Steps;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A working set of m features with t outputs, features first.
pub struct Set<'a> {
    /// ‖aⱼ‖², m.
    pub squares: Vec<f64>,
    /// m × t: coefficients, which are improved.
    pub w: Vec<f64>,
    /// m × t: correlations with the residual, at the start those of `w`.
    pub c: Vec<f64>,
    /// m × t: correlations with b.
    pub xty: Vec<f64>,
    /// At the start that of `w`.
    pub fit: Fit,
    /// t.
    pub t: usize,
    /// The second moments, m × m, or the columns.
    pub by: By<'a>,
}

/// What a step needs to move the correlations.
pub enum By<'a> {
    /// m × m.
    Gram(&'a [f64]),
    /// The columns.
    Columns(Box<dyn Moves + 'a>),
}

/// When a descent ends.
#[derive(Debug, Clone, Copy)]
pub struct Until {
    /// The gap inside the set.
    pub gap: f64,
    /// The largest change of a pass, relative to the largest coefficient.
    pub change: f64,
    /// Passes.
    pub passes: usize,
}

/// What a pass over the coordinates did.
#[derive(Default)]
struct Pass {
    largest: f64,
    change: f64,
}

impl Set<'_> {
    /// Descends; the number of passes.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] for an interrupted run.
    pub fn descend<P: Gauged>(
        &mut self,
        penalty: &P,
        until: Until,
        mut random: Option<&mut ChaCha8Rng>,
        ctl: &Control,
    ) -> Result<usize> {
        let start = Start { w: self.w.clone(), c: self.c.clone(), fit: self.fit };
        let mut anderson = Anderson::default();
        anderson.push(self.point(), self.w.len());
        for pass in 1..=until.passes {
            ctl.check()?;
            let did = self.pass(penalty, &start, random.as_deref_mut(), ctl)?;
            if until.change.is_infinite() || did.change <= until.change * did.largest {
                self.update(&start);
                let gap = certificate(penalty, &self.w, &self.c, self.t, self.fit).gap;
                if gap <= until.gap || did.change == 0.0 {
                    return Ok(pass);
                }
            }
            if random.is_none()
                && pass < until.passes
                && let Some(combined) = anderson.push(self.point(), self.w.len())
            {
                self.try_jump(penalty, &start, &combined);
                anderson.push(self.point(), self.w.len());
            }
        }
        self.update(&start);
        Ok(until.passes)
    }

    fn pass<P: Gauged>(
        &mut self,
        penalty: &P,
        start: &Start,
        mut random: Option<&mut ChaCha8Rng>,
        ctl: &Control,
    ) -> Result<Pass> {
        let (m, t, steps) = (self.squares.len(), self.t, Steps::detect());
        let (mut block, mut change) = (vec![0.0; t], vec![0.0; t]);
        let mut did = Pass::default();
        for step in 0..m {
            let i = random.as_mut().map_or(step, |stream| stream.random_range(0..m));
            let square = self.squares[i];
            if square == 0.0 {
                continue;
            }
            self.update_one(i, start, &mut block);
            let own = i * t..(i + 1) * t;
            for k in 0..t {
                block[k] = self.w[own.start + k] + self.c[own.start + k] / square;
            }
            penalty.prox(&mut block, 1.0 / square);
            let mut moved = false;
            for k in 0..t {
                change[k] = block[k] - self.w[own.start + k];
                moved |= change[k] != 0.0;
                did.largest = did.largest.max(block[k].abs());
                did.change = did.change.max(change[k].abs());
            }
            if !moved {
                continue;
            }
            self.w[own].copy_from_slice(&block);
            match &mut self.by {
                By::Gram(gram) => take_off(steps, &gram[i * m..(i + 1) * m], &change, &mut self.c),
                By::Columns(columns) => {
                    columns.add(i, &change);
                    ctl.check()?;
                }
            }
        }
        Ok(did)
    }

    /// What is combined: coefficients, with their correlations where those are always known.
    fn point(&self) -> Vec<f64> {
        match self.by {
            By::Gram(_) => [&self.w[..], &self.c].concat(),
            By::Columns(_) => self.w.clone(),
        }
    }

    /// Goes to the combined iterate where its objective is smaller.
    fn try_jump<P: Gauged>(&mut self, penalty: &P, start: &Start, combined: &[f64]) {
        self.update(start);
        let before = (self.w.clone(), self.c.clone(), self.fit, self.objective(penalty));
        let (w, c) = combined.split_at(self.w.len());
        self.go(w, c, start);
        // NaN and infinity (a sign that is not allowed) are no improvement.
        if !(self.objective(penalty) < before.3) {
            self.go(&before.0, &before.1, start);
            self.fit = before.2;
        }
    }

    fn objective<P: Gauged>(&self, penalty: &P) -> f64 {
        0.5 * self.fit.square + self.w.chunks_exact(self.t).map(|w| penalty.value(w)).sum::<f64>()
    }

    /// Goes to other coefficients.
    fn go(&mut self, w: &[f64], c: &[f64], start: &Start) {
        let t = self.t;
        if let By::Columns(columns) = &mut self.by {
            for (i, (new, old)) in w.chunks_exact(t).zip(self.w.chunks_exact(t)).enumerate() {
                if new != old {
                    let change: Vec<f64> = new.iter().zip(old).map(|(a, b)| a - b).collect();
                    columns.add(i, &change);
                }
            }
        } else {
            self.c.copy_from_slice(c);
        }
        self.w.copy_from_slice(w);
        self.update(start);
    }

    /// Brings the correlations of feature i up to date, where moves do not.
    fn update_one(&mut self, i: usize, start: &Start, block: &mut [f64]) {
        if let By::Columns(columns) = &self.by {
            columns.product(i, block);
            for (k, product) in block.iter().enumerate() {
                self.c[i * self.t + k] = start.c[i * self.t + k] - product;
            }
        }
    }

    /// Brings all correlations and the fit up to date.
    fn update(&mut self, start: &Start) {
        let mut block = vec![0.0; self.t];
        (0..self.squares.len()).for_each(|i| self.update_one(i, start, &mut block));
        let (mut moved, mut along) = (0.0, 0.0);
        for i in 0..self.w.len() {
            let change = self.w[i] - start.w[i];
            moved += change * (start.c[i] + self.c[i]);
            along += change * self.xty[i];
        }
        let square = start.fit.square - moved;
        // Just below 0 it is rounding; with negative weights there are squares below 0.
        let square = if square.abs() <= 1e-10 * start.fit.square.abs() { square.max(0.0) } else { square };
        self.fit = Fit { square, by_target: start.fit.by_target - along };
    }
}

/// Where a descent began.
struct Start {
    w: Vec<f64>,
    c: Vec<f64>,
    fit: Fit,
}
