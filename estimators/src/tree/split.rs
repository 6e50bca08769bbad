//! Finding a node's best split on one feature: a scan over the rows in the feature's order.

use super::columns::TIE;
use super::criterion::{Criterion, row};
use super::order::{NEAR, NEW};
use crate::growth::Bounds;

/// What a split has to respect.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Rows in a child, at least.
    pub min_leaf: usize,
    /// Weight of a child, at least.
    pub min_weight: f64,
}

/// A split of a node on one feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Comparable within the node.
    pub gain: f64,
    /// The number of rows on the left.
    pub n_left: usize,
    /// Whether missing values go left.
    pub missing_left: bool,
    /// Where the threshold lies.
    pub at: Place,
}

/// Where a threshold lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    /// Between two rows of the order.
    Order,
    /// At this number, which was drawn.
    Drawn(f64),
    /// Between these two ranks of the column; without a second one, only missing values go right.
    Ranks(u32, Option<u32>),
    /// After so many of the node's categories, in their order.
    Categories(u32),
    /// The categories that this key draws go left.
    Subset(u64),
}

/// What a feature offers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Whether no split separates two values: true below this node as well.
    pub constant: bool,
    /// The best split that respects the limits.
    pub best: Option<Candidate>,
}

/// One scan's surroundings.
#[derive(Debug)]
pub struct Search<'a, C: Criterion> {
    /// The criterion.
    pub criterion: &'a C,
    /// The node's sums.
    pub totals: &'a C::Totals,
    /// The limits.
    pub limits: Limits,
    /// The feature's constraint (0: none) and the node's bounds.
    pub monotonic: (i8, Bounds),
    /// By how much a split without any error left would raise the gain: the node's weight times its impurity.
    pub most: f64,
    /// The gain that another feature offers: splits of a smaller one may be left out.
    pub wanted: f64,
}

/// Gains that are compared at once.
const BLOCK: usize = 8;

impl<C: Criterion> Search<'_, C> {
    /// The gain of the scan's present split, or `None` where a limit forbids it.
    #[inline(always)]
    pub(super) fn gain(&self, scan: &C::Scan, n_left: usize, n: usize) -> Option<f64> {
        if n_left < self.limits.min_leaf || n - n_left < self.limits.min_leaf {
            return None;
        }
        let (left, right) = self.criterion.weights(scan);
        // Negative weights may leave a side without weight: nothing can be predicted there.
        if left < self.limits.min_weight || right < self.limits.min_weight || left <= 0.0 || right <= 0.0 {
            return None;
        }
        let (sign, bounds) = self.monotonic;
        if sign != 0 {
            let (left, right) = self.criterion.sides(scan);
            if !bounds.allow(sign, left, right) {
                return None;
            }
        }
        Some(self.criterion.gain(scan))
    }

    /// The best of all splits of `entries`, which are sorted, the last `n_missing` missing. The first of equally good
    /// ones wins. `value` looks up the value of a row.
    pub fn best(&self, entries: &[u32], n_missing: usize, value: impl Fn(usize) -> f32, scan: &mut C::Scan) -> Found {
        let n = entries.len();
        let (known, missing) = entries.split_at(n - n_missing);
        let mut found = Found { constant: true, best: None };
        if known.is_empty() {
            return found;
        }
        if missing.is_empty() && self.monotonic.0 == 0 && C::VECTOR {
            return self.best_known(known, value, scan);
        }
        let mut best_gain = f64::NEG_INFINITY;
        let larger = |at: usize| {
            let entry = known[at];
            entry & NEW != 0 || (entry & NEAR != 0 && value(row(entry)) > value(row(known[at - 1])) + TIE)
        };
        self.criterion.start(scan, self.totals, known, missing);
        for at in 1..known.len() {
            self.criterion.push(scan, row(known[at - 1]));
            if known[at] & (NEW | NEAR) == 0 || !larger(at) {
                continue;
            }
            found.constant = false;
            if let Some(gain) = self.gain(scan, at, n)
                && gain > best_gain
            {
                best_gain = gain;
                found.best = Some(Candidate { gain, n_left: at, missing_left: 2 * at > n, at: Place::Order });
            }
        }
        if missing.is_empty() {
            return found;
        }
        found.constant = false;
        if let Some(best) = &mut found.best {
            best.missing_left = false;
        }
        self.criterion.push(scan, row(known[known.len() - 1]));
        if let Some(gain) = self.gain(scan, known.len(), n)
            && gain > best_gain
        {
            best_gain = gain;
            found.best = Some(Candidate { gain, n_left: known.len(), missing_left: false, at: Place::Order });
        }
        self.criterion.start(scan, self.totals, missing, known);
        for &entry in missing {
            self.criterion.push(scan, row(entry));
        }
        for at in 1..known.len() {
            self.criterion.push(scan, row(known[at - 1]));
            if !larger(at) {
                continue;
            }
            if let Some(gain) = self.gain(scan, n_missing + at, n)
                && gain > best_gain
            {
                best_gain = gain;
                found.best = Some(Candidate { gain, n_left: n_missing + at, missing_left: true, at: Place::Order });
            }
        }
        found
    }

    /// [`Search::best`] where nothing is missing and all gains can be computed at once.
    fn best_known(&self, entries: &[u32], value: impl Fn(usize) -> f32, scan: &mut C::Scan) -> Found {
        let larger = |at: usize| {
            let entry = entries[at];
            entry & NEW != 0 || (entry & NEAR != 0 && value(row(entry)) > value(row(entries[at - 1])) + TIE)
        };
        let gains = self.criterion.gains(scan, self.totals, entries);
        self.best_of_gains(gains, larger)
    }

    /// Rows in a child, at least, where none weighs less than 1.
    pub fn least(&self) -> usize {
        self.limits.min_leaf.max(self.limits.min_weight.ceil() as usize).max(1)
    }

    /// The best split by the gains of all splits after so many rows; `larger(at)` says whether the row at `at` has a larger
    /// value than the one before.
    pub fn best_of_gains(&self, gains: &[f64], larger: impl Fn(usize) -> bool) -> Found {
        let n = gains.len();
        let mut found = Found { constant: true, best: None };
        let least = self.least();
        let mut best = (f64::NEG_INFINITY, 0);
        if least <= n / 2 {
            // Larger gains are rare: only then is it looked up whether the values differ, and few blocks have one.
            for (block, first) in gains[least..=n - least].chunks(BLOCK).zip((least..).step_by(BLOCK)) {
                if block.iter().fold(false, |any, &gain| any | (gain > best.0)) {
                    for (&gain, at) in block.iter().zip(first..) {
                        if gain > best.0 && larger(at) {
                            best = (gain, at);
                        }
                    }
                }
            }
        }
        if best.1 > 0 {
            let (gain, n_left) = best;
            found.best = Some(Candidate { gain, n_left, missing_left: 2 * n_left > n, at: Place::Order });
            found.constant = false;
        } else {
            found.constant = !(1..n).any(larger);
        }
        found
    }

    /// The best split of `n` rows of which `entries` are not 0, freshly sorted, with their values: the negative ones
    /// are scanned from below and the positive ones from above, so that the zeros between them cost nothing.
    pub fn best_stored(&self, entries: &[u32], values: &[f32], n: usize, scan: &mut C::Scan) -> Found {
        if entries.is_empty() {
            return Found { constant: true, best: None };
        }
        let mut from_below: Option<Candidate> = None;
        let below = values.partition_point(|&v| v < 0.0);
        let has_zeros = entries.len() < n;
        // The value that stands before place `at` of the entries, where zeros stand between the two parts.
        let before = |at: usize| if at == below && has_zeros { Some(0.0) } else { (at > 0).then(|| values[at - 1]) };
        let after = |at: usize| if at == below && has_zeros { Some(0.0) } else { values.get(at).copied() };
        let mut constant = true;
        self.criterion.start(scan, self.totals, entries, &[]);
        for at in 1..=below {
            self.criterion.push(scan, row(entries[at - 1]));
            if after(at).is_some_and(|v| v > values[at - 1] + TIE) {
                constant = false;
                if let Some(gain) = self.gain(scan, at, n)
                    && from_below.is_none_or(|best| gain > best.gain)
                {
                    from_below = Some(Candidate { gain, n_left: at, missing_left: 2 * at > n, at: Place::Order });
                }
            }
        }
        // Seen from above, the sides change places; of equally good splits the lowest wins, and any of below.
        let mirrored = Search { monotonic: (-self.monotonic.0, self.monotonic.1), ..*self };
        let mut from_above: Option<Candidate> = None;
        self.criterion.start(scan, self.totals, entries, &[]);
        for at in (below..entries.len()).rev() {
            self.criterion.push(scan, row(entries[at]));
            if before(at).is_some_and(|v| values[at] > v + TIE) {
                constant = false;
                let n_left = n - (entries.len() - at);
                if let Some(gain) = mirrored.gain(scan, n - n_left, n)
                    && from_above.is_none_or(|best| gain >= best.gain)
                {
                    from_above = Some(Candidate { gain, n_left, missing_left: 2 * n_left > n, at: Place::Order });
                }
            }
        }
        let best = match (from_below, from_above) {
            (Some(a), Some(b)) => Some(if b.gain > a.gain { b } else { a }),
            (a, b) => a.or(b),
        };
        Found { constant, best: best.filter(|best| best.gain > f64::NEG_INFINITY) }
    }

    /// The gain of the one split that sends those of `rows`, which were laid out, to the left whose mark is 1.
    pub fn marked(&self, rows: &[u32], marks: &[u8], n_left: usize, scan: &mut C::Scan) -> Option<f64> {
        if n_left == 0 || n_left == rows.len() {
            return None;
        }
        self.criterion.mark(scan, self.totals, rows, marks);
        self.gain(scan, n_left, rows.len()).filter(|gain| *gain > f64::NEG_INFINITY)
    }

    /// The gain of the one split that sends `left` to the left and `right` to the right.
    pub fn given(&self, left: &[u32], right: &[u32], scan: &mut C::Scan) -> Option<f64> {
        if left.is_empty() || right.is_empty() {
            return None;
        }
        self.criterion.start(scan, self.totals, left, right);
        for &entry in left {
            self.criterion.push(scan, row(entry));
        }
        self.gain(scan, left.len(), left.len() + right.len()).filter(|gain| *gain > f64::NEG_INFINITY)
    }
}

/// The threshold between the values of two neighbours in the order.
pub fn between(below: f32, above: f32) -> f64 {
    f64::from(below) / 2.0 + f64::from(above) / 2.0
}
