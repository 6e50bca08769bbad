//! The form of a tree that predictions walk: 8 bytes a node.
//!
//! A threshold is the largest `f32` that is at most the node's `f64` threshold, so comparing `f32` values with it gives
//! the same answer. Siblings are neighbours. A leaf leads to itself, so that rows of different depth walk together
//! without a branch: its threshold is NaN, no value is at most that, and its left "child" stands just before it.
//! Nodes lie in small subtrees, depth first: a row that went down reads on in the lines that it has just read.

use super::Tree;
use ironlearn_linalg::Real;
use std::collections::VecDeque;

/// Rows, or trees, that walk together.
pub(super) const TOGETHER: usize = 8;
/// Pairs of siblings of a small subtree.
const PAIRS: usize = 16;

/// A tree's nodes, made for walking.
#[derive(Debug, Clone)]
pub struct Steps {
    form: Form,
    /// The node of each step.
    nodes: Vec<u32>,
}

/// How wide the links must be.
#[derive(Debug, Clone)]
enum Form {
    Narrow(Links<u32>),
    Wide(Links<u64>),
}

#[derive(Debug, Clone)]
struct Links<L> {
    steps: Vec<Step<L>>,
    /// The bits of the feature; the bit above them says that missing values go left, the rest is the left child.
    bits: u32,
}

#[derive(Debug, Clone, Copy)]
struct Step<L> {
    threshold: f32,
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

/// The largest `f32` that is at most `threshold`.
fn floor_f32(threshold: f64) -> f32 {
    let near = threshold as f32;
    if f64::from(near) > threshold { near.next_down() } else { near }
}

/// The nodes in the order of walking, from place 1 on (place 0 is the root too, and is not walked).
fn order(tree: &Tree) -> Vec<u32> {
    let inner = |node: usize| tree.children(node).is_some();
    let mut order = Vec::with_capacity(tree.node_count() + 1);
    order.extend([0, 0]);
    let (mut roots, mut near) = (Vec::from_iter(Some(0).filter(|&root| inner(root))), VecDeque::new());
    while let Some(root) = roots.pop() {
        near.push_back(root);
        for _ in 0..PAIRS {
            let Some(pair) = near.pop_front().and_then(|node| tree.children(node)) else { break };
            order.extend(pair.map(|child| child as u32));
            near.extend(pair.into_iter().filter(|&child| inner(child)));
        }
        roots.extend(near.drain(..).rev());
    }
    order
}

impl<L: Copy + Into<u64> + TryFrom<u64>> Links<L> {
    /// None where a link does not fit into `L`.
    fn new(tree: &Tree, nodes: &[u32]) -> Option<Self> {
        let bits = usize::BITS - (tree.n_features - 1).leading_zeros();
        let mut places = vec![0_u32; tree.node_count()];
        (1..).zip(&nodes[1..]).for_each(|(place, &node)| places[node as usize] = place);
        let step = |(place, &node): (usize, &u32)| {
            let node = node as usize;
            let (threshold, feature, missing, next) = match tree.children(node) {
                Some([left, _]) => (
                    floor_f32(tree.threshold[node]),
                    tree.feature[node] as u64,
                    u64::from(tree.missing_go_to_left[node] != 0),
                    u64::from(places[left]),
                ),
                None => (f32::NAN, 0, 0, place.saturating_sub(1) as u64),
            };
            let link = L::try_from(next << (bits + 1) | missing << bits | feature).ok()?;
            Some(Step { threshold, link })
        };
        let steps = nodes.iter().enumerate().map(step).collect::<Option<_>>()?;
        Some(Links { steps, bits })
    }

    /// Where a row goes from a step. Without `MISSING`, a row without missing values.
    #[inline(always)]
    fn next<const MISSING: bool, F: Real>(&self, at: u32, row: &[F]) -> u32 {
        let Step { threshold, link } = self.steps[at as usize];
        let link: u64 = link.into();
        let value = row[(link & ((1 << self.bits) - 1)) as usize].widen() as f32;
        // Without a branch: which way a row goes cannot be guessed. NaN is at most nothing.
        let mut right = !(value <= threshold);
        if MISSING {
            right &= !(value.is_nan() & (link >> self.bits & 1 != 0));
        }
        (link >> (self.bits + 1)) as u32 + u32::from(right)
    }

    #[inline(always)]
    fn leaves<const MISSING: bool, F: Real>(&self, rows: &[F], width: usize, out: &mut [u32]) {
        for (rows, out) in rows.chunks_exact(TOGETHER * width).zip(out.chunks_exact_mut(TOGETHER)) {
            let rows: [&[F]; TOGETHER] = std::array::from_fn(|j| &rows[j * width..(j + 1) * width]);
            out.copy_from_slice(&together(|j, at| self.next::<MISSING, F>(at, rows[j])));
        }
    }
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

impl Steps {
    pub(super) fn new(tree: &Tree) -> Self {
        let nodes = order(tree);
        let form = match Links::new(tree, &nodes) {
            Some(links) => Form::Narrow(links),
            None => Form::Wide(Links::new(tree, &nodes).expect("two numbers below 2^31 and a flag fit into 64 bits")),
        };
        Steps { form, nodes }
    }

    /// The leaves of rows that lie one after the other, as many as `out` has room for; `missing` where a value may be.
    pub(super) fn leaves<F: Real>(&self, rows: &[F], width: usize, missing: bool, out: &mut [u32]) {
        with_links!(self, links => if missing {
            links.leaves::<true, F>(rows, width, out);
        } else {
            links.leaves::<false, F>(rows, width, out);
        });
        let whole = out.len() / TOGETHER * TOGETHER;
        out[..whole].iter_mut().for_each(|at| *at = self.nodes[*at as usize]);
        for (row, out) in rows.chunks_exact(width).zip(out.iter_mut()).skip(whole) {
            *out = self.leaf(row);
        }
    }

    /// The leaf of one row.
    pub(super) fn leaf<F: Real>(&self, row: &[F]) -> u32 {
        let mut at = 1;
        loop {
            let next = with_links!(self, links => links.next::<true, F>(at, row));
            if next == at {
                return self.nodes[at as usize];
            }
            at = next;
        }
    }

    /// The leaves of one row in several trees.
    pub(super) fn leaves_of_row<F: Real>(trees: [&Steps; TOGETHER], row: &[F]) -> [u32; TOGETHER] {
        let at = together(|j, at| with_links!(trees[j], links => links.next::<true, F>(at, row)));
        std::array::from_fn(|j| trees[j].nodes[at[j] as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::DecisionTreeRegressor;
    use crate::{Cpu, Data, FitOn};
    use ndarray::Array2;

    /// Compares values with thresholds, node by node.
    fn leaf_by_nodes(tree: &Tree, row: &[f64]) -> u32 {
        let mut node = 0;
        while let Some([left, right]) = tree.children(node) {
            let value = f64::from(row[tree.feature[node] as usize] as f32);
            let goes_left = value <= tree.threshold[node] || value.is_nan() && tree.missing_go_to_left[node] != 0;
            node = if goes_left { left } else { right };
        }
        node as u32
    }

    #[test]
    fn every_form_leads_to_the_leaf_of_the_nodes() {
        let x = Array2::from_shape_fn((203, 5), |(i, j)| match (i * 7 + j * 3) % 11 {
            0 => f64::NAN,
            _ => ((i * (j + 3)) as f64).sin(),
        });
        let y = Array2::from_shape_fn((203, 1), |(i, _)| ((i * i) as f64).cos());
        let rows = x.as_slice().unwrap();
        for max_depth in [Some(1), Some(4), None] {
            let params = DecisionTreeRegressor { max_depth, ..Default::default() };
            let tree = params.fit_on(&Data::new(x.view()).with_values(y.view()), &Cpu).unwrap().tree;
            let nodes = order(&tree);
            let forms =
                [Form::Narrow(Links::new(&tree, &nodes).unwrap()), Form::Wide(Links::new(&tree, &nodes).unwrap())];
            for form in forms {
                let steps = Steps { form, nodes: nodes.clone() };
                let mut leaves = vec![0; 203];
                steps.leaves(rows, 5, true, &mut leaves);
                for (row, leaf) in rows.chunks_exact(5).zip(leaves) {
                    assert_eq!(leaf, leaf_by_nodes(&tree, row));
                    assert_eq!(Steps::leaves_of_row([&steps; TOGETHER], row), [leaf; TOGETHER]);
                }
                let full: Vec<f64> = rows.iter().map(|v| if v.is_nan() { 0.25 } else { *v }).collect();
                let mut leaves = vec![0; 203];
                steps.leaves(&full, 5, false, &mut leaves);
                assert!(full.chunks_exact(5).zip(leaves).all(|(row, leaf)| leaf == leaf_by_nodes(&tree, row)));
            }
        }
    }

    #[test]
    fn thresholds_round_down() {
        assert_eq!(floor_f32(0.1_f32.into()), 0.1);
        assert!(f64::from(floor_f32(0.3)) <= 0.3 && f64::from(floor_f32(0.3).next_up()) > 0.3);
        assert_eq!(floor_f32(f64::INFINITY), f32::INFINITY);
        assert_eq!(floor_f32(1e300), f32::MAX);
        assert!(floor_f32(f64::NAN).is_nan());
    }
}
