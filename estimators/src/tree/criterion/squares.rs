//! The counts of both sides of a split and the sums of their squares, moved along with the rows that change sides.

use super::classes::Counts;
use super::gains::gini_gain;

/// Rows whose sums of squares are kept side by side.
const SOME: usize = 2048;

/// The state of a scan by the Gini impurity, and room for its gains.
#[derive(Debug, Default)]
pub struct Squares {
    /// The left and the right count of each class.
    pub(super) counts: Vec<[f64; 2]>,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) weight_left: f64,
    pub(super) weight: f64,
    pub(super) gains: Vec<f64>,
    others: Vec<f64>,
    pub(super) weights: Vec<f64>,
    /// The items of a node's rows.
    pub(super) laid_out: Vec<u32>,
}

impl Squares {
    /// Room for so many classes.
    pub(super) fn new(n_classes: usize) -> Self {
        Squares { counts: vec![[0.0; 2]; n_classes], ..Squares::default() }
    }

    /// Starts with every row on the right.
    pub(super) fn start(&mut self, totals: &Counts) {
        for (both, &count) in self.counts.iter_mut().zip(&totals.counts) {
            *both = [0.0, count];
        }
        self.left = 0.0;
        self.right = totals.counts.iter().map(|c| c * c).sum();
        self.weight_left = 0.0;
        self.weight = totals.weight;
    }

    /// Moves a weight of a class to the left.
    #[inline(always)]
    pub(super) fn move_left(&mut self, code: usize, w: f64) {
        let [left, right] = &mut self.counts[code];
        self.left += w * (2.0 * *left + w);
        self.right -= w * (2.0 * *right - w);
        *left += w;
        *right -= w;
        self.weight_left += w;
    }

    /// What follows from the counts on the left.
    pub(super) fn settle(&mut self) {
        (self.left, self.right, self.weight_left) = (0.0, 0.0, 0.0);
        for [left, right] in &mut self.counts {
            *right -= *left;
            self.left += *left * *left;
            self.right += *right * *right;
            self.weight_left += *left;
        }
    }

    /// The gains of moving rows of these classes and weights to the left, one after the other.
    #[inline(always)]
    pub(super) fn gains(&mut self, totals: &Counts, mut rows: impl ExactSizeIterator<Item = (usize, f64)>) -> &[f64] {
        self.start(totals);
        let (mut gains, mut others) = (std::mem::take(&mut self.gains), std::mem::take(&mut self.others));
        let mut weights = std::mem::take(&mut self.weights);
        gains.clear();
        // Some rows at a time: what is needed of each for a moment stays at hand.
        while rows.len() > 0 {
            let first = gains.len();
            others.clear();
            weights.clear();
            for (class, w) in rows.by_ref().take(SOME) {
                gains.push(self.left);
                others.push(self.right);
                weights.push(self.weight_left);
                self.move_left(class, w);
            }
            for ((gain, squares_right), &left) in gains[first..].iter_mut().zip(&others).zip(&weights) {
                *gain = gini_gain(left, totals.weight - left, *gain, *squares_right);
            }
        }
        (self.gains, self.others, self.weights) = (gains, others, weights);
        &self.gains
    }
}
