//! A tree in few bytes a node: 8 where thresholds are `f32`, 16 where they are `f64`.
//!
//! A threshold of type `f32` is the largest that is at most the node's `f64` threshold, so comparing `f32` values with it
//! gives the same answer. Siblings are neighbours. A leaf leads to itself, so that rows of different depth walk together
//! without a branch: its threshold is NaN, no value is at most that, and its left "child" stands just before it. The bits
//! of that NaN are the number of the node. Nodes lie depth first, in pairs: a row that goes left reads on in the same
//! line, and the form is made in one pass.

use super::sets::Sets;
use super::{Fork, Number, Test};
use ironlearn_linalg::Real;

/// Rows, or trees, that walk together.
pub(crate) const TOGETHER: usize = 8;

/// Steps that rows go on together before those that have arrived are left behind.
const FURTHER: u32 = 4;

/// A tree's nodes, made for walking.
#[derive(Debug, Clone)]
pub(crate) struct Steps<T> {
    form: Form<T>,
    /// Where categories decide.
    sets: Option<Sets>,
    /// The features that these are of, rising.
    coded: Vec<u32>,
    /// The node of each step, where that does not fit into a leaf.
    nodes: Vec<u32>,
}

/// How wide the links must be.
#[derive(Debug, Clone)]
enum Form<T> {
    Narrow(Links<T, u32>),
    Wide(Links<T, u64>),
}

#[derive(Debug, Clone)]
struct Links<T, L> {
    steps: Vec<Step<T, L>>,
    /// The bits of the feature; the one above them says that missing values go left, the next that a set decides, the
    /// rest is the left child.
    bits: u32,
}

#[derive(Debug, Clone, Copy, Default)]
struct Step<T, L> {
    /// Or the bits of the name of a set.
    threshold: T,
    link: L,
}

macro_rules! with_links {
    ($steps:expr, $links:ident => $body:expr) => {
        match &$steps.form {
            Form::Narrow($links) => $body,
            Form::Wide($links) => $body,
        }
    };
}

/// What is collected beside the links.
struct Aside {
    sets: Option<Sets>,
    coded: Vec<bool>,
    nodes: Vec<u32>,
}

impl<T: Number, L: Copy + Default + Into<u64> + TryFrom<u64>> Links<T, L> {
    /// None where a link does not fit into `L`.
    fn new<'a>(
        count: usize,
        n_features: usize,
        fork: &impl Fn(usize) -> Option<Fork<'a>>,
        aside: &mut Aside,
    ) -> Option<Self> {
        let bits = usize::BITS - (n_features - 1).leading_zeros();
        let mut steps = vec![Step::default(); count + 1];
        let mut waiting = vec![(0, 1)];
        let mut free = 2_usize;
        while let Some((node, place)) = waiting.pop() {
            let (threshold, link) = match fork(node) {
                Some(fork) => {
                    let [left, right] = fork.children;
                    waiting.extend([(right, free + 1), (left, free)]);
                    let (threshold, by_set) = match fork.test {
                        Test::UpTo(threshold) => (T::at_most(threshold), false),
                        Test::Other(places, words) => {
                            aside.coded[fork.feature as usize] = true;
                            (T::from_code(aside.sets.get_or_insert_with(Sets::new).push(places, words)), true)
                        }
                    };
                    let flags = u64::from(by_set) << 1 | u64::from(fork.missing_left);
                    let link = (free as u64) << (bits + 2) | flags << bits | u64::from(fork.feature);
                    free += 2;
                    (threshold, link)
                }
                None => {
                    let threshold = T::leaf(node as u32).unwrap_or_else(|| {
                        aside.nodes.resize(count + 1, 0);
                        aside.nodes[place] = node as u32;
                        T::narrow(f64::NAN)
                    });
                    (threshold, (place as u64 - 1) << (bits + 2))
                }
            };
            steps[place] = Step { threshold, link: L::try_from(link).ok()? };
        }
        if let Some(sets) = &mut aside.sets {
            sets.lay_out();
            for step in steps.iter_mut().filter(|step| step.link.into() >> (bits + 1) & 1 != 0) {
                step.threshold = T::from_code(sets.name(step.threshold.code()));
            }
        }
        Some(Links { steps, bits })
    }

    /// Where a row goes from a step. Without `MISSING`, a row without missing values. With `sets`, a row with codes where
    /// features hold categories; without `SEARCH`, where no set is searched.
    #[inline(always)]
    fn next<const MISSING: bool, const SEARCH: bool, F: Real>(&self, sets: Option<&Sets>, at: u32, row: &[F]) -> u32 {
        let Step { threshold, link } = self.steps[at as usize];
        let link: u64 = link.into();
        let value = T::narrow(row[(link & ((1 << self.bits) - 1)) as usize].widen());
        let flags = (link >> self.bits) as u32;
        // Without a branch: which way a row goes cannot be guessed. NaN is at most nothing.
        let mut right = u32::from(!(value <= threshold));
        if MISSING {
            right &= !(u32::from(value.is_nan()) & flags);
        }
        if let Some(sets) = sets {
            // No number is taken for a code: whether it were a large one could not be guessed.
            let by_set = (flags >> 1 & 1).wrapping_neg();
            let other = u32::from(sets.holds::<SEARCH>(threshold.code() & by_set, value.code() & by_set));
            right ^= (other ^ !flags ^ right) & by_set;
        }
        (link >> (self.bits + 2)) as u32 + (right & 1)
    }

    #[inline(always)]
    fn leaves<const MISSING: bool, const SEARCH: bool, F: Real>(
        &self,
        sets: Option<&Sets>,
        nodes: &[u32],
        rows: &[F],
        width: usize,
        out: &mut [u32],
    ) {
        if sets.is_none() {
            for (rows, out) in rows.chunks_exact(TOGETHER * width).zip(out.chunks_exact_mut(TOGETHER)) {
                let rows: [&[F]; TOGETHER] = std::array::from_fn(|j| &rows[j * width..(j + 1) * width]);
                out.copy_from_slice(&together(|j, at| self.next::<MISSING, SEARCH, F>(None, at, rows[j])));
                out.iter_mut().for_each(|at| *at = self.name(nodes, *at));
            }
            return;
        }
        // Steps cost more here: rows that have arrived are left behind. A balanced tree of so many nodes is done after that.
        let first = self.steps.len().ilog2();
        let mut going: Vec<u32> = Vec::new();
        for (g, (rows, out)) in rows.chunks_exact(TOGETHER * width).zip(out.chunks_exact_mut(TOGETHER)).enumerate() {
            let rows: [&[F]; TOGETHER] = std::array::from_fn(|j| &rows[j * width..(j + 1) * width]);
            let (at, moved) =
                some_steps([1; TOGETHER], first, |j, at| self.next::<MISSING, SEARCH, F>(sets, at, rows[j]));
            out.copy_from_slice(&at);
            keep(&mut going, std::array::from_fn(|j| (g * TOGETHER + j) as u32), moved);
        }
        while !going.is_empty() {
            let all = std::mem::take(&mut going);
            going.reserve(all.len());
            for group in all.chunks(TOGETHER) {
                // The last one stands for those that the last group lacks.
                let named: [u32; TOGETHER] = std::array::from_fn(|j| group[j.min(group.len() - 1)]);
                let rows: [&[F]; TOGETHER] = named.map(|row| &rows[row as usize * width..(row as usize + 1) * width]);
                let start = named.map(|row| out[row as usize]);
                let (at, moved) =
                    some_steps(start, FURTHER, |j, at| self.next::<MISSING, SEARCH, F>(sets, at, rows[j]));
                named.iter().zip(at).for_each(|(&row, at)| out[row as usize] = at);
                keep(&mut going, named, std::array::from_fn(|j| moved[j] && j < group.len()));
            }
        }
        out.iter_mut().for_each(|at| *at = self.name(nodes, *at));
    }

    /// The node of a leaf.
    #[inline(always)]
    fn name(&self, nodes: &[u32], at: u32) -> u32 {
        match nodes.get(at as usize) {
            Some(&node) => node,
            None => self.steps[at as usize].threshold.node(),
        }
    }
}

/// Goes so many steps in each place; whether the last one still led on.
#[inline(always)]
fn some_steps(
    mut at: [u32; TOGETHER],
    count: u32,
    next: impl Fn(usize, u32) -> u32,
) -> ([u32; TOGETHER], [bool; TOGETHER]) {
    let mut before = at;
    for _ in 0..count {
        before = at;
        for j in 0..TOGETHER {
            at[j] = next(j, at[j]);
        }
    }
    (at, std::array::from_fn(|j| at[j] != before[j]))
}

/// Adds the rows that are kept: all are written, since which ones are kept cannot be guessed.
#[inline(always)]
fn keep(to: &mut Vec<u32>, rows: [u32; TOGETHER], kept: [bool; TOGETHER]) {
    let mut end = to.len();
    to.resize(end + TOGETHER, 0);
    for (row, kept) in rows.into_iter().zip(kept) {
        to[end] = row;
        end += usize::from(kept);
    }
    to.truncate(end);
}

/// Walks from the root in each place until all stand.
#[inline(always)]
fn together(next: impl Fn(usize, u32) -> u32) -> [u32; TOGETHER] {
    let mut at = [1_u32; TOGETHER];
    loop {
        let mut moved = 0;
        for j in 0..TOGETHER {
            let to = next(j, at[j]);
            moved |= to ^ at[j];
            at[j] = to;
        }
        if moved == 0 {
            return at;
        }
    }
}

impl<T: Number> Steps<T> {
    /// The form of a tree of `count` nodes over `n_features`; the first is the root.
    pub fn new<'a>(count: usize, n_features: usize, fork: impl Fn(usize) -> Option<Fork<'a>>) -> Self {
        let aside = || Aside { sets: None, coded: vec![false; n_features], nodes: Vec::new() };
        let mut found = aside();
        let form = match Links::new(count, n_features, &fork, &mut found) {
            Some(links) => Form::Narrow(links),
            None => {
                found = aside();
                let links = Links::new(count, n_features, &fork, &mut found);
                Form::Wide(links.expect("two numbers below 2^31 and two flags fit into 64 bits"))
            }
        };
        let coded = (0..).zip(&found.coded).filter_map(|(feature, &coded)| coded.then_some(feature)).collect();
        Steps { form, sets: found.sets, coded, nodes: found.nodes }
    }

    /// The features whose values have to be codes ([`Number::from_code`], [`super::UNKNOWN`] for what is no category).
    pub fn coded(&self) -> &[u32] {
        &self.coded
    }

    /// How many steps there are.
    pub fn len(&self) -> usize {
        with_links!(self, links => links.steps.len())
    }

    /// The leaves of rows that lie one after the other, as many as `out` has room for; `missing` where a value may be.
    pub fn leaves<F: Real>(&self, rows: &[F], width: usize, missing: bool, out: &mut [u32]) {
        let nodes = self.nodes.as_slice();
        with_links!(self, links => match &self.sets {
            Some(sets) if sets.searched() => links.leaves::<true, true, F>(Some(sets), nodes, rows, width, out),
            Some(sets) => links.leaves::<true, false, F>(Some(sets), nodes, rows, width, out),
            None if missing => links.leaves::<true, false, F>(None, nodes, rows, width, out),
            None => links.leaves::<false, false, F>(None, nodes, rows, width, out),
        });
        let whole = out.len() / TOGETHER * TOGETHER;
        for (row, out) in rows.chunks_exact(width).zip(out.iter_mut()).skip(whole) {
            *out = self.leaf(row);
        }
    }

    /// The leaf of one row.
    pub fn leaf<F: Real>(&self, row: &[F]) -> u32 {
        let mut at = 1;
        loop {
            let next = self.next(at, row);
            if next == at {
                return self.name(at);
            }
            at = next;
        }
    }

    /// The leaves of one row in several trees.
    pub fn leaves_of_row<F: Real>(trees: [&Steps<T>; TOGETHER], row: &[F]) -> [u32; TOGETHER] {
        let at = together(|j, at| trees[j].next(at, row));
        std::array::from_fn(|j| trees[j].name(at[j]))
    }

    #[inline(always)]
    fn next<F: Real>(&self, at: u32, row: &[F]) -> u32 {
        with_links!(self, links => match &self.sets {
            Some(sets) => links.next::<true, true, F>(Some(sets), at, row),
            None => links.next::<true, false, F>(None, at, row),
        })
    }

    fn name(&self, at: u32) -> u32 {
        with_links!(self, links => links.name(&self.nodes, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::UNKNOWN;

    /// A tree of all depths up to `depth`, over five features, of which the last holds codes.
    struct Nodes(Vec<(Option<[usize; 2]>, u32, f64, bool)>, Vec<([i32; 2], [i64; 2])>);

    impl Nodes {
        fn new(depth: usize, with_sets: bool) -> Self {
            let mut nodes = vec![(None, 0, 0.0, false)];
            let mut open = vec![(0, 0)];
            while let Some((node, level)) = open.pop() {
                let k = nodes.len();
                if level == depth || k % 7 == 3 && level > 2 {
                    continue;
                }
                let feature = (k / 2 % if with_sets { 5 } else { 4 }) as u32;
                nodes[node] = (Some([k, k + 1]), feature, (k as f64 * 0.7).sin() * 0.8, k.is_multiple_of(3));
                nodes.extend([(None, 0, 0.0, false); 2]);
                open.extend([(k, level + 1), (k + 1, level + 1)]);
            }
            let sets = (0..nodes.len()).map(|k| ([0, 3 + (k % 2 * 8) as i32], [0x5a5a << (k % 30), 1 << (k % 60)]));
            let sets = sets.collect();
            Nodes(nodes, sets)
        }

        fn fork(&self, node: usize) -> Option<Fork<'_>> {
            let (children, feature, threshold, missing_left) = self.0[node];
            let (places, words) = &self.1[node];
            let test = if feature == 4 { Test::Other(places, words) } else { Test::UpTo(threshold) };
            children.map(|children| Fork { children, feature, missing_left, test })
        }

        /// Node by node.
        fn leaf(&self, row: &[f32]) -> u32 {
            let mut node = 0;
            while let Some(fork) = self.fork(node) {
                let value = row[fork.feature as usize];
                let left = match fork.test {
                    Test::UpTo(threshold) if !value.is_nan() => f64::from(value) <= threshold,
                    Test::UpTo(_) => fork.missing_left,
                    Test::Other(places, words) => {
                        let code = value.to_bits();
                        let at = places.iter().position(|&place| place as u32 == code / 64);
                        fork.missing_left ^ at.is_some_and(|at| words[at] >> (code % 64) & 1 != 0)
                    }
                };
                node = fork.children[usize::from(!left)];
            }
            node as u32
        }
    }

    fn forms(count: usize, nodes: &Nodes) -> Vec<Steps<f32>> {
        let narrow = Steps::<f32>::new(count, 5, |node| nodes.fork(node));
        let mut aside = Aside { sets: None, coded: vec![false; 5], nodes: Vec::new() };
        let wide = Links::new(count, 5, &|node| nodes.fork(node), &mut aside).unwrap();
        let wide = Steps { form: Form::Wide(wide), nodes: Vec::new(), ..narrow.clone() };
        // As where the number of a node does not fit into a leaf.
        let mut named = narrow.clone();
        named.nodes = (0..narrow.len() as u32).map(|at| narrow.name(at)).collect();
        vec![narrow, wide, named]
    }

    #[test]
    fn every_form_leads_to_the_leaf_of_the_nodes() {
        for (depth, with_sets) in [(0, false), (1, false), (9, false), (9, true)] {
            let nodes = Nodes::new(depth, with_sets);
            let number = |i: usize, j: usize| match (i * 7 + j * 3) % 11 {
                _ if j == 4 => f32::from_code([1, 70, 200, 500, 705, UNKNOWN, 9, 20][i * 5 % 8]),
                0 => f32::NAN,
                _ => ((i * (j + 3)) as f32).sin(),
            };
            let rows: Vec<f32> = (0..203 * 5).map(|at| number(at / 5, at % 5)).collect();
            let full: Vec<f32> = rows.iter().map(|v| if v.is_nan() { 0.25 } else { *v }).collect();
            for steps in forms(nodes.0.len(), &nodes) {
                assert_eq!(steps.coded(), if with_sets && depth > 1 { &[4][..] } else { &[] });
                for (rows, missing) in [(&rows, true), (&full, false)] {
                    let mut leaves = vec![0; 203];
                    steps.leaves(rows, 5, missing, &mut leaves);
                    for (row, leaf) in rows.chunks_exact(5).zip(leaves) {
                        assert_eq!(leaf, nodes.leaf(row));
                        assert_eq!(Steps::leaves_of_row([&steps; TOGETHER], row), [leaf; TOGETHER]);
                    }
                }
            }
        }
    }
}
