//! A tree in few bytes a node: 8 where thresholds are `f32`, 16 where they are `f64`.
//!
//! A threshold of type `f32` is the largest that is at most the node's `f64` threshold, so comparing `f32` values with it
//! gives the same answer. How wide a link must be depends on the tree: see [`super::layout`].

use super::layout::Aside;
use super::links::{Links, TOGETHER, together};
use super::rows::Rows;
use super::{Fork, Number};
use ironlearn_linalg::Real;

/// A tree's nodes, made for walking.
#[derive(Debug, Clone)]
pub(crate) struct Steps<T> {
    form: Form<T>,
    /// The features that hold categories, rising.
    coded: Vec<u32>,
    /// The node of each step, where that does not fit into a leaf.
    nodes: Vec<u32>,
}

/// How wide the links are.
#[derive(Debug, Clone)]
enum Form<T> {
    /// Up to 128 features and 2²⁴ steps.
    Few(Links<T, u32, 8>),
    /// Up to 2,048 features and 2²⁰ steps.
    Some(Links<T, u32, 12>),
    /// Up to 32,768 features and 2¹⁶ steps.
    Many(Links<T, u32, 16>),
    /// All others.
    Wide(Links<T, u64, 32>),
}

macro_rules! with_links {
    ($steps:expr, $links:ident => $body:expr) => {
        match &$steps.form {
            Form::Few($links) => $body,
            Form::Some($links) => $body,
            Form::Many($links) => $body,
            Form::Wide($links) => $body,
        }
    };
}

impl<T: Number> Steps<T> {
    /// The form of a tree of `count` nodes over `n_features`; the first is the root.
    pub fn new<'a>(count: usize, n_features: usize, fork: impl Fn(usize) -> Option<Fork<'a>>) -> Self {
        let mut aside = Aside::new(n_features);
        macro_rules! first_of {
            ($($form:ident)*) => {{
                $(
                    if let Some(links) = Links::new(count, &fork, &mut aside) {
                        return Steps::of(Form::$form(links), aside);
                    }
                    aside = Aside::new(n_features);
                )*
                let links = Links::new(count, &fork, &mut aside);
                Steps::of(Form::Wide(links.expect("two numbers below 2^31 and a flag fit into 64 bits")), aside)
            }};
        }
        first_of!(Few Some Many)
    }

    fn of(form: Form<T>, aside: Aside) -> Self {
        let coded = (0..).zip(&aside.coded).filter_map(|(feature, &coded)| coded.then_some(feature)).collect();
        Steps { form, coded, nodes: aside.nodes }
    }

    /// The features whose values have to be codes, [`super::UNKNOWN`] for what is no category.
    pub fn coded(&self) -> &[u32] {
        &self.coded
    }

    /// How many steps there are.
    pub fn len(&self) -> usize {
        with_links!(self, links => links.steps.len())
    }

    /// The leaves of rows, as many as `out` has room for.
    pub fn leaves<F: Real>(&self, rows: Rows<'_, T, F>, out: &mut [u32]) {
        with_links!(self, links => {
            match rows {
                Rows::Full(rows, width) => links.ends::<false, F>(rows, width, out),
                Rows::Gaps(rows, width) => links.ends::<true, F>(rows, width, out),
                Rows::Twice(rows, width) => links.ends_of_twice(rows, width, out),
            }
            out.iter_mut().for_each(|at| *at = links.name(&self.nodes, *at));
        });
    }

    /// The leaf of one row.
    pub fn leaf<F: Real>(&self, row: &[F]) -> u32 {
        with_links!(self, links => links.name(&self.nodes, links.end(row)))
    }

    /// The leaves of one row in several trees.
    pub fn leaves_of_row<F: Real>(trees: [&Steps<T>; TOGETHER], row: &[F]) -> [u32; TOGETHER] {
        let at = together(|j, at| with_links!(trees[j], links => links.next::<true, F>(at, row)));
        std::array::from_fn(|j| with_links!(trees[j], links => links.name(&trees[j].nodes, at[j])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::{Copied, Test, UNKNOWN};
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    /// Features; the last two hold codes.
    const WIDTH: usize = 5;

    struct Node {
        children: Option<[usize; 2]>,
        feature: u32,
        threshold: f64,
        missing_left: bool,
        places: Vec<i32>,
        words: Vec<i64>,
    }

    /// A random tree whose sets have codes below `levels`.
    struct Nodes(Vec<Node>);

    impl Nodes {
        fn new(depth: usize, levels: u64, rng: &mut ChaCha8Rng) -> Self {
            let mut nodes = Nodes(Vec::new());
            nodes.add(levels, rng);
            let mut open = vec![(0, 0)];
            while let Some((node, level)) = open.pop() {
                if level == depth || level > 2 && rng.next_u64().is_multiple_of(6) {
                    continue;
                }
                let children = [(); 2].map(|()| nodes.add(levels, rng));
                nodes.0[node].children = Some(children);
                open.extend(children.map(|child| (child, level + 1)));
            }
            nodes
        }

        fn add(&mut self, levels: u64, rng: &mut ChaCha8Rng) -> usize {
            let mut below = |n: u64| rng.next_u64() % n;
            let feature = below(if levels > 0 { WIDTH as u64 } else { 3 }) as u32;
            let (mut places, mut words) = (Vec::new(), Vec::new());
            if feature > 2 {
                // None, one, many next to each other, half of all.
                let kind = below(4);
                let (first, share) = (below(levels), below(levels));
                for code in 0..levels {
                    let inside = match kind {
                        0 => below(200) == 0,
                        1 => code == first,
                        2 => code >= first && code < first + share,
                        _ => below(2) == 0,
                    };
                    if inside {
                        if places.last() != Some(&((code / 64) as i32)) {
                            places.push((code / 64) as i32);
                            words.push(0_i64);
                        }
                        *words.last_mut().unwrap() |= 1 << (code % 64);
                    }
                }
            }
            let threshold = match below(20) {
                0 => f64::INFINITY,
                at => at as f64 / 10.0 - 1.0,
            };
            let missing_left = below(2) == 0;
            self.0.push(Node { children: None, feature, threshold, missing_left, places, words });
            self.0.len() - 1
        }

        fn fork(&self, node: usize) -> Option<Fork<'_>> {
            let Node { children, feature, threshold, missing_left, places, words } = &self.0[node];
            let test = if *feature > 2 { Test::Other(places, words) } else { Test::UpTo(*threshold) };
            Some(Fork { children: (*children)?, feature: *feature, missing_left: *missing_left, test })
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
                        let code = value as u32;
                        let at = places.iter().position(|&place| place as u32 == code / 64);
                        fork.missing_left ^ at.is_some_and(|at| words[at] >> (code % 64) & 1 != 0)
                    }
                };
                node = fork.children[usize::from(!left)];
            }
            node as u32
        }

        fn links<L: crate::walk::links::Link, const BITS: u32>(&self) -> Option<Links<f32, L, BITS>> {
            Links::new(self.0.len(), &|node| self.fork(node), &mut Aside::new(WIDTH))
        }

        fn forms(&self) -> Vec<Steps<f32>> {
            let steps = Steps::<f32>::new(self.0.len(), WIDTH, |node| self.fork(node));
            assert!(matches!(steps.form, Form::Few(_)) && steps.nodes.is_empty());
            let others = [self.links().map(Form::Some), self.links().map(Form::Many), self.links().map(Form::Wide)];
            let mut all: Vec<_> = others.into_iter().flatten().map(|form| Steps { form, ..steps.clone() }).collect();
            // As where the number of a node does not fit into a leaf.
            let Form::Few(links) = &steps.form else { unreachable!() };
            let named = (0..steps.len() as u32).map(|at| links.name(&[], at)).collect();
            all.extend([Steps { nodes: named, ..steps.clone() }, steps]);
            all
        }
    }

    #[test]
    fn every_form_leads_to_the_leaf_of_the_nodes() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        for (depth, levels) in [(0, 0), (1, 0), (9, 0), (1, 3), (9, 2), (9, 70), (8, 1000), (5, 65_535)] {
            let nodes = Nodes::new(depth, levels, &mut rng);
            let mut number = |j: usize| match rng.next_u64() {
                of if j > 2 && (of % 5 == 0 || levels == 0) => UNKNOWN as f32,
                of if j > 2 => (of / 5 % levels) as f32,
                of if of % 7 == 0 => f32::NAN,
                of => (of % 41) as f32 / 20.0 - 1.0,
            };
            let rows: Vec<f32> = (0..203 * WIDTH).map(|at| number(at % WIDTH)).collect();
            let full: Vec<f32> = rows.iter().map(|v| if v.is_nan() { 0.25 } else { *v }).collect();
            for steps in nodes.forms() {
                let used = |feature: u32| nodes.0.iter().any(|n| n.children.is_some() && n.feature == feature);
                assert_eq!(steps.coded(), [3, 4].into_iter().filter(|&f| used(f)).collect::<Vec<_>>());
                for (values, rows) in [(&rows, Rows::Gaps(&rows, WIDTH)), (&full, Rows::Full(&full, WIDTH))] {
                    let expected: Vec<u32> = values.chunks_exact(WIDTH).map(|row| nodes.leaf(row)).collect();
                    let mut leaves = vec![0; 203];
                    steps.leaves::<f32>(rows, &mut leaves);
                    assert_eq!(leaves, expected);
                    for first in [None, Some(&steps)] {
                        leaves.fill(0);
                        Copied::new(rows, first).leaves(&steps, &mut leaves);
                        assert_eq!(leaves, expected);
                    }
                    for (row, leaf) in values.chunks_exact(WIDTH).zip(expected) {
                        assert_eq!(steps.leaf(row), leaf);
                        assert_eq!(Steps::leaves_of_row([&steps; TOGETHER], row), [leaf; TOGETHER]);
                    }
                }
            }
        }
    }

    #[test]
    fn links_are_as_wide_as_they_must_be() {
        let fork = |node: usize| {
            let test = Test::UpTo(0.0);
            (node == 0).then_some(Fork { children: [1, 2], feature: 0, missing_left: false, test })
        };
        let form = |features| Steps::<f32>::new(3, features, fork).form;
        assert!(matches!(form(128), Form::Few(_)) && matches!(form(129), Form::Some(_)));
        assert!(matches!(form(2_048), Form::Some(_)) && matches!(form(2_049), Form::Many(_)));
        assert!(matches!(form(32_768), Form::Many(_)) && matches!(form(32_769), Form::Wide(_)));
        // A chain of so many nodes that places do not fit beside 2,049 features.
        let chain = |node: usize| {
            let test = Test::UpTo(0.0);
            let children = [2 * node + 1, 2 * node + 2];
            (node < 40_000).then_some(Fork { children, feature: 0, missing_left: true, test })
        };
        assert!(matches!(Steps::<f32>::new(80_001, 2_049, chain).form, Form::Wide(_)));
        assert_eq!(Steps::<f32>::new(80_001, 2_049, chain).leaf(&[1.0_f32]), 65_534);
    }

    /// Where several runs share a leaf too.
    #[test]
    fn numbers_of_nodes_that_do_not_fit_are_kept_beside() {
        const FAR: usize = 1 << 22;
        let test = Test::Other(&[0], &[1 << 5]);
        let fork = |node: usize| {
            (node == 0).then_some(Fork { children: [FAR, FAR + 1], feature: 0, missing_left: false, test })
        };
        let steps = Steps::<f32>::new(FAR + 2, 1, fork);
        assert_eq!(steps.nodes.len(), steps.len());
        let leaves = [0.0, 4.0, 5.0, 6.0, UNKNOWN as f32].map(|code: f32| steps.leaf(&[code]) as usize - FAR);
        assert_eq!(leaves, [1, 1, 0, 1, 1]);
    }

    /// Leaves of numbers on both sides of what a NaN of `f32` holds.
    #[test]
    fn millions_of_leaves_keep_their_numbers() {
        let leaves = 1_usize << 22;
        let fork = |node: usize| {
            let depth = (node + 1).ilog2();
            let (place, width) = (node + 1 - (1 << depth), leaves >> depth);
            let test = Test::UpTo((place * width + width / 2) as f64 - 0.5);
            (width > 1).then_some(Fork {
                children: [2 * node + 1, 2 * node + 2],
                feature: 0,
                missing_left: false,
                test,
            })
        };
        let steps = Steps::<f32>::new(2 * leaves - 1, 1, fork);
        for v in [0, 1, 2, leaves / 2, leaves - 1] {
            assert_eq!(steps.leaf(&[v as f32]) as usize, leaves - 1 + v);
        }
    }
}
