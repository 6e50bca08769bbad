//! Scores of rows against packed centres: the inner loop of everything that asks which centre is near.
//!
//! The score of centre c for row x is `‖c‖² − 2·x·c`, the squared distance less `‖x‖²`. Centres lie in panels of at
//! most three vector registers, features outside, so that eight rows and one panel keep 24 sums in registers; the
//! smallest and the second smallest score come out of the registers and no matrix of scores is ever stored. Scores are
//! in the type of X, with a proven bound on their error ([`Panels::error`]): whoever needs certainty compares the gap
//! with the bound and asks [`super::rows::Rows::distance`] where it is too narrow.

use super::panel_kernels::Best;
use crate::Real;
use ndarray::ArrayView2;
use std::ops::Range;

/// Rows that are scored together.
pub const ROWS: usize = 8;
/// Vectors of one panel at most.
pub(super) const VECTORS: usize = 3;
/// Groups of panels at most where bounds are kept: each costs a bound for every row (see [`super::lloyd`]).
pub const GROUPS: usize = 10;
/// The widest vector, in numbers of the narrowest type.
pub(super) const MAX_LANES: usize = 16;

/// The best of one group for one row.
#[derive(Debug, Clone, Copy)]
pub struct Hit {
    /// The smallest score.
    pub best: f64,
    /// The second smallest.
    pub second: f64,
    /// The centre with the smallest.
    pub at: u32,
}

/// One panel: `vectors` × LANES centres.
#[derive(Debug, Clone)]
struct Panel {
    vectors: usize,
    /// Where its vectors start, counted in vectors over all panels.
    first: usize,
}

/// Centres as the kernels want them.
#[derive(Debug, Clone)]
pub struct Panels<F> {
    k: usize,
    p: usize,
    panels: Vec<Panel>,
    group: usize,
    /// For each panel p × (vectors·LANES) values of −2c.
    data: Vec<F>,
    /// ‖c‖², infinite where there is no centre; zeros where only products are asked for.
    norms: Vec<F>,
    longest: f64,
}

impl<F: Real> Panels<F> {
    /// Packs `centers` (k × p) less `shift`, in at most `groups` groups of panels.
    pub fn new(centers: ArrayView2<'_, f64>, shift: &[f64], groups: usize) -> Self {
        Self::pack(centers, shift, groups, true)
    }

    /// The same, but what is called a score is the plain product `x·c`.
    pub fn of_products(centers: ArrayView2<'_, f64>, groups: usize) -> Self {
        Self::pack(centers, &vec![0.0; centers.ncols()], groups, false)
    }

    fn pack(centers: ArrayView2<'_, f64>, shift: &[f64], groups: usize, distances: bool) -> Self {
        let (factor, nowhere) = if distances { (-2.0, F::infinity()) } else { (1.0, F::zero()) };
        let ((k, p), lanes) = (centers.dim(), F::LANES);
        let vectors = k.div_ceil(lanes);
        let n_panels = vectors.div_ceil(VECTORS).max(1);
        let mut panels = Vec::with_capacity(n_panels);
        let (mut data, mut norms) = (vec![F::zero(); vectors * lanes * p], vec![nowhere; vectors * lanes]);
        let (mut first, mut longest) = (0, 0.0_f64);
        for i in 0..n_panels {
            let width = (vectors - first).div_ceil(n_panels - i);
            let block = &mut data[first * lanes * p..(first + width) * lanes * p];
            for at in 0..width * lanes {
                let c = first * lanes + at;
                if c >= k {
                    break;
                }
                let mut norm = 0.0;
                for (j, (&v, &s)) in centers.row(c).iter().zip(shift).enumerate() {
                    let value = F::narrow(v - s);
                    block[j * width * lanes + at] = value * F::narrow(factor);
                    norm += value.widen() * value.widen();
                }
                norms[c] = if distances { F::narrow(norm) } else { F::zero() };
                longest = longest.max(norm);
            }
            panels.push(Panel { vectors: width, first });
            first += width;
        }
        let group = n_panels.div_ceil(groups.max(1));
        Panels { k, p, panels, group, data, norms, longest: longest.sqrt() }
    }

    /// The number of groups of panels.
    pub fn groups(&self) -> usize {
        self.panels.len().div_ceil(self.group)
    }

    /// The centres of one group.
    pub fn centers(&self, group: usize) -> Range<usize> {
        let panels = &self.panels[self.of_group(group)];
        let end = panels.last().map_or(0, |p| p.first + p.vectors);
        panels[0].first * F::LANES..(end * F::LANES).min(self.k)
    }

    fn of_group(&self, group: usize) -> Range<usize> {
        group * self.group..((group + 1) * self.group).min(self.panels.len())
    }

    fn block(&self, panel: &Panel) -> (&[F], &[F]) {
        let at = panel.first * F::LANES..(panel.first + panel.vectors) * F::LANES;
        (&self.data[at.start * self.p..at.end * self.p], &self.norms[at])
    }

    /// How far a score, or a squared distance made of it, of a row of this length may be from the true one: rounding
    /// of shifted values, of products and of p + 1 additions in any order. Infinite where a score might overflow.
    pub fn error(&self, length: f64) -> f64 {
        let scale = (length + self.longest) * (length + self.longest);
        let max: f64 = F::max_value().into();
        if !(scale < max / 16.0) {
            return f64::INFINITY;
        }
        let p = self.p as f64;
        (p + 16.0) * 0.5 * F::DTYPE.eps() * scale + p * F::min_positive_value().into()
    }

    /// The best of `group` for eight rows of p values each.
    pub fn evaluate(&self, rows: &[&[F]; ROWS], group: usize, hits: &mut [Hit; ROWS]) {
        assert!(rows.iter().all(|r| r.len() == self.p), "a row is too short");
        let mut best = Best::nothing();
        for panel in &self.panels[self.of_group(group)] {
            let (data, norms) = self.block(panel);
            F::merge(rows, data, norms, panel.first, &mut best);
        }
        F::reduce(&best, hits);
    }

    /// The best of `group` for one sparse row, whose entries `each` calls.
    pub fn evaluate_sparse(&self, each: impl Fn(&mut dyn FnMut(usize, F)), group: usize) -> Hit {
        let mut hit = Hit { best: f64::INFINITY, second: f64::INFINITY, at: self.centers(group).start as u32 };
        let mut sums = [F::zero(); VECTORS * MAX_LANES];
        for panel in &self.panels[self.of_group(group)] {
            let (data, norms) = self.block(panel);
            let sums = &mut sums[..norms.len()];
            sums.copy_from_slice(norms);
            each(&mut |j, v| {
                sums.iter_mut().zip(&data[j * norms.len()..]).for_each(|(s, &c)| *s += v * c);
            });
            for (i, s) in sums.iter().enumerate() {
                hit.add(s.widen(), (panel.first * F::LANES + i) as u32);
            }
        }
        hit
    }

    /// All scores of eight rows, row by row with [`Panels::stride`] between rows.
    pub fn scores(&self, rows: &[&[F]; ROWS], out: &mut [F]) {
        assert!(rows.iter().all(|r| r.len() == self.p), "a row is too short");
        for panel in &self.panels {
            let (data, norms) = self.block(panel);
            F::scores(rows, data, norms, &mut out[panel.first * F::LANES..], self.stride());
        }
    }

    /// The scores of one group for one row or eight, row by row, `stride` apart, which is at least
    /// [`Panels::width`]: the same bits either way.
    pub fn scores_of<const R: usize>(&self, group: usize, rows: &[&[F]; R], out: &mut [F], stride: usize) {
        assert!(rows.iter().all(|r| r.len() == self.p), "a row is too short");
        let panels = &self.panels[self.of_group(group)];
        let first = panels[0].first;
        for panel in panels {
            let (data, norms) = self.block(panel);
            F::scores(rows, data, norms, &mut out[(panel.first - first) * F::LANES..], stride);
        }
    }

    /// The numbers that [`Panels::scores_of`] writes for a row of the widest group: its centres, filled up to vectors.
    pub fn width(&self) -> usize {
        (self.group * VECTORS * F::LANES).min(self.norms.len())
    }

    /// The length of a row of [`Panels::scores`].
    pub fn stride(&self) -> usize {
        self.norms.len()
    }
}

impl Hit {
    /// Takes one more centre into account.
    pub fn add(&mut self, score: f64, at: u32) {
        if score < self.best {
            self.second = self.best;
            self.best = score;
            self.at = at;
        } else if score < self.second {
            self.second = score;
        }
    }
}
