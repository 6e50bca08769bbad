//! How the nodes of a tree are laid out.
//!
//! Nodes lie depth first, siblings side by side: a row that goes left reads on in the same line, and one pass is enough. A
//! leaf leads to itself, so that rows of different depth walk together without a branch: its threshold is NaN, no value is
//! at most that, and its left "child" stands just before it. The bits of that NaN are the number of the node.
//!
//! A set of categories becomes a small balanced tree of thresholds between its runs of codes. Most sets of a forest hold one
//! category, and one or two comparisons decide. Several runs lead to the same child: its step, whose link leads on, is
//! copied. What is no category is larger than all codes and goes right, where the last run is.

use super::links::{Link, Links, Step};
use super::runs::Runs;
use super::{Fork, Number, Test};

/// What is found beside the links.
#[derive(Debug)]
pub(super) struct Aside {
    /// Whether a feature holds categories.
    pub coded: Vec<bool>,
    /// The node of each step, where that does not fit into a leaf.
    pub nodes: Vec<u32>,
}

impl Aside {
    pub fn new(n_features: usize) -> Self {
        Aside { coded: vec![false; n_features], nodes: Vec::new() }
    }
}

/// Steps that are being laid out.
struct Layout<T, L, const BITS: u32> {
    steps: Vec<Step<T, L>>,
    /// The first step that is not used.
    free: usize,
    /// Nodes that have a place and are not there yet.
    waiting: Vec<(usize, usize)>,
    /// Steps that will be those of other places.
    copies: Vec<(usize, usize)>,
    runs: Runs,
    /// Runs from one to another, and where what tells them apart will be.
    open: Vec<(usize, usize, usize)>,
}

impl<T: Number, L: Link, const BITS: u32> Links<T, L, BITS> {
    /// The form of a tree of `count` nodes, whose root is the first. `None` where a link does not fit into `L`.
    pub fn new<'a>(count: usize, fork: &impl Fn(usize) -> Option<Fork<'a>>, aside: &mut Aside) -> Option<Self> {
        if 2 * aside.coded.len() as u64 > 1 << BITS {
            return None;
        }
        let mut layout = Layout::<T, L, BITS> {
            steps: vec![Step::default(); count + 1],
            free: 2,
            waiting: Vec::new(),
            copies: Vec::new(),
            runs: Runs::default(),
            open: Vec::new(),
        };
        // Either all leaves hold their numbers, or none does.
        let all_fit = T::leaf(count.saturating_sub(1) as u32).is_some();
        let (mut node, mut place) = (0, 1);
        loop {
            match fork(node) {
                Some(Fork { children: [left, right], feature, missing_left, test: Test::UpTo(threshold) }) => {
                    let pair = layout.split(place, T::at_most(threshold), feature, !missing_left)?;
                    layout.waiting.push((right, pair + 1));
                    (node, place) = (left, pair);
                    continue;
                }
                Some(Fork { children: [left, right], feature, missing_left, test: Test::Other(places, words) }) => {
                    aside.coded[feature as usize] = true;
                    layout.runs.take(places, words);
                    layout.set(place, feature, if missing_left { [left, right] } else { [right, left] })?;
                }
                None => {
                    let threshold = T::leaf(node as u32).filter(|_| all_fit).unwrap_or_else(|| {
                        aside.nodes.resize(layout.steps.len(), 0);
                        aside.nodes[place] = node as u32;
                        T::narrow(f64::NAN)
                    });
                    layout.steps[place] = Step { threshold, link: leaf::<L, BITS>(place)? };
                }
            }
            match layout.waiting.pop() {
                Some(next) => (node, place) = next,
                None => break,
            }
        }
        for (to, from) in layout.copies {
            let Step { threshold, link } = layout.steps[from];
            let is_leaf = link.into() >> BITS == from as u64 - 1;
            layout.steps[to] = Step { threshold, link: if is_leaf { leaf::<L, BITS>(to)? } else { link } };
            if is_leaf && !aside.nodes.is_empty() {
                aside.nodes.resize(layout.steps.len(), 0);
                aside.nodes[to] = aside.nodes[from];
            }
        }
        Some(Links { steps: layout.steps })
    }
}

/// The link of a leaf: missing values go right too.
fn leaf<L: Link, const BITS: u32>(place: usize) -> Option<L> {
    L::try_from((place as u64 - 1) << BITS | 1).ok()
}

impl<T: Number, L: Link, const BITS: u32> Layout<T, L, BITS> {
    /// Writes a threshold, and gives the place of the two steps that it leads to.
    ///
    /// # Panics
    /// Where sets have so many runs that a tree needs 2³² steps.
    fn split(&mut self, place: usize, threshold: T, feature: u32, missing_right: bool) -> Option<usize> {
        let pair = self.free;
        let left = u64::from(u32::try_from(pair).expect("a tree of fewer than 2^32 steps"));
        let link = left << BITS | u64::from(feature) << 1 | u64::from(missing_right);
        self.steps[place] = Step { threshold, link: L::try_from(link).ok()? };
        self.free += 2;
        Some(pair)
    }

    /// Lays out the runs of a set; of the children the first is that of missing values.
    fn set(&mut self, place: usize, feature: u32, children: [usize; 2]) -> Option<()> {
        let last = self.runs.cuts.len();
        self.steps.resize(self.steps.len() + 2 * (last - 1), Step::default());
        let mut met = [None; 2];
        self.open.push((0, last, place));
        while let Some((from, to, place)) = self.open.pop() {
            if from < to {
                let middle = from.midpoint(to);
                let pair = self.split(place, T::narrow(self.runs.cuts[middle].into()), feature, true)?;
                self.open.extend([(middle + 1, to, pair + 1), (from, middle, pair)]);
                continue;
            }
            let side = usize::from(self.runs.inside(from));
            match met[side] {
                Some(first) => self.copies.push((place, first)),
                None => {
                    met[side] = Some(place);
                    self.waiting.push((children[side], place));
                }
            }
        }
        Some(())
    }
}
