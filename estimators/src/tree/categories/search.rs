//! The best split of a node on a categorical feature: its categories are put in an order, and the order is cut.
//!
//! Where a category lies on one line, at its mean or its share of the second class, the best of all subsets is a cut of
//! that order for every criterion whose impurity is a concave function of the mean: squared error (Fisher 1958,
//! doi:10.1080/01621459.1958.10501479), Gini and entropy of two classes (Breiman et al. 1984, theorem 4.5), Poisson
//! deviance. For several classes or outputs the order is that of the first principal component of where the
//! categories lie, weighted, which is close to the best (see [`super::component`]); for the absolute error it is that
//! of their medians. Equal categories stand in the order of their codes.

use super::component;
use crate::tree::by_bin::ByBin;
use crate::tree::criterion::{Criterion, row};
use crate::tree::order::{MISSING, NEW};
use crate::tree::split::{Candidate, Found, Place, Search};

/// A node's categories on one feature.
#[derive(Debug, Default)]
pub struct Groups {
    /// Where the entries of each category start, in the order of the codes; one entry more.
    starts: Vec<usize>,
    /// The sums of each category, where the criterion has such.
    sums: Vec<f64>,
    /// Where each lies, and its weight.
    points: Vec<f64>,
    weights: Vec<f64>,
    scores: Vec<f64>,
    /// The categories in the order that is cut.
    order: Vec<(f64, u32)>,
    /// The counts and sums in that order.
    by_bin: ByBin,
    entries: Vec<u32>,
}

/// The number of missing values, which come last.
pub fn count_missing(entries: &[u32]) -> usize {
    entries.iter().rev().take_while(|&&entry| entry & MISSING != 0).count()
}

impl Groups {
    /// Finds where the categories start in the known entries, sorted by code.
    pub fn divide(&mut self, known: &[u32]) {
        self.starts.clear();
        self.starts.extend((0..known.len()).filter(|&at| at == 0 || known[at] & NEW != 0));
        self.starts.push(known.len());
    }

    /// The number of categories.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The entries of a category.
    pub fn range(&self, category: usize) -> std::ops::Range<usize> {
        self.starts[category]..self.starts[category + 1]
    }

    /// The categories in the order that is cut.
    pub fn order(&self) -> impl Iterator<Item = usize> + '_ {
        self.order.iter().map(|&(_, category)| category as usize)
    }

    /// Puts the categories of the known entries, sorted by code, in their order.
    pub fn arrange<C: Criterion>(&mut self, known: &[u32], criterion: &C, totals: &C::Totals) {
        self.divide(known);
        let (n, channels, d) = (self.len(), criterion.channels(), criterion.dimensions());
        self.sums.clear();
        self.sums.resize(n * channels, 0.0);
        self.points.clear();
        self.points.resize(n * d, 0.0);
        self.weights.clear();
        for category in 0..n {
            let entries = &known[self.range(category)];
            if channels > 0 {
                for &entry in entries {
                    criterion.add(row(entry), category, &mut self.sums);
                }
            }
            let sums = &self.sums[category * channels..(category + 1) * channels];
            let point = &mut self.points[category * d..(category + 1) * d];
            self.weights.push(criterion.locate(entries, sums, totals, point));
        }
        let scores = if d == 1 {
            &self.points
        } else {
            component::places(&mut self.points, d, &self.weights, &mut self.scores);
            &self.scores
        };
        self.order.clear();
        self.order.extend(scores.iter().zip(0..).map(|(&score, category)| (score, category)));
        self.order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    }
}

/// The best split of a node whose entries are sorted by code, missing ones last. Costs O(rows + categories there · log)
/// and, for a criterion that knows no sums, a scan of its own.
pub fn best<C: Criterion>(entries: &[u32], search: &Search<'_, C>, groups: &mut Groups, scan: &mut C::Scan) -> Found {
    let n_missing = count_missing(entries);
    let (known, missing) = entries.split_at(entries.len() - n_missing);
    let one = !known.iter().skip(1).any(|entry| entry & NEW != 0);
    if known.is_empty() || (one && missing.is_empty()) {
        return Found { constant: true, best: None };
    }
    groups.arrange(known, search.criterion, search.totals);
    let best = if search.criterion.channels() > 0 {
        best_of_sums(missing, entries.len(), search, groups, scan)
    } else {
        best_of_entries(known, missing, search, groups, scan)
    };
    let chance = by_chance(groups.len(), entries.len()) * search.most;
    let fair = |best: Candidate| Candidate { gain: best.gain - chance, ..best };
    Found { constant: false, best: if chance.is_finite() { best.map(fair) } else { best } }
}

/// The share of a node's impurity that so many categories of `n` rows explain where they have nothing to do with y,
/// beyond two of them, which leave no choice. What a feature gains is compared with others less this share: else one
/// of thousands of categories would nearly always win (Loh and Shih 1997, Statistica Sinica 7:815).
fn by_chance(categories: usize, n: usize) -> f64 {
    categories.saturating_sub(2) as f64 / n.saturating_sub(1).max(1) as f64
}

fn best_of_sums<C: Criterion>(
    missing: &[u32],
    n: usize,
    search: &Search<'_, C>,
    groups: &mut Groups,
    scan: &mut C::Scan,
) -> Option<Candidate> {
    let channels = search.criterion.channels();
    let Groups { starts, sums, order, by_bin, .. } = groups;
    let mut bins = by_bin.start(order.len(), search.criterion);
    for (bin, &(_, category)) in order.iter().enumerate() {
        let category = category as usize;
        let sums = &sums[category * channels..(category + 1) * channels];
        bins.put(bin, starts[category + 1] - starts[category], sums);
    }
    for &entry in missing {
        bins.add(row(entry), order.len());
    }
    let (best, last, _) = by_bin.best(search, n, |_, _| true, scan)?;
    Some(Candidate { at: Place::Categories(last as u32 + 1), ..best })
}

fn best_of_entries<C: Criterion>(
    known: &[u32],
    missing: &[u32],
    search: &Search<'_, C>,
    groups: &mut Groups,
    scan: &mut C::Scan,
) -> Option<Candidate> {
    let mut entries = std::mem::take(&mut groups.entries);
    entries.clear();
    for category in groups.order() {
        let first = entries.len();
        entries.extend(known[groups.range(category)].iter().map(|entry| entry & !NEW));
        entries[first] |= NEW;
    }
    entries.extend_from_slice(missing);
    let found = search.best(&entries, missing.len(), |_| 0.0, scan).best;
    groups.entries = entries;
    let best = found.filter(|best| best.gain > f64::NEG_INFINITY)?;
    let known_left = if best.missing_left && !missing.is_empty() { best.n_left - missing.len() } else { best.n_left };
    let mut held = 0;
    let mut cut = 0;
    for category in groups.order() {
        if held >= known_left {
            break;
        }
        held += groups.range(category).len();
        cut += 1;
    }
    Some(Candidate { at: Place::Categories(cut), ..best })
}
