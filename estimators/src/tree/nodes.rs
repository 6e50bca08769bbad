//! Nodes as they grow, in pieces, and how pieces become one tree.

use super::Tree;
use super::categories::Growing;
use ndarray::{Array1, Array2};

/// Where a child is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Child(u32);

impl Child {
    /// There is none: the node is a leaf. As a signed number it is -1.
    pub const NONE: Child = Child(u32::MAX);
    const PIECE: u32 = 1 << 31;

    /// Node `at` of the same piece.
    pub fn here(at: usize) -> Self {
        Child(at as u32)
    }

    /// The root of another piece.
    pub fn piece(piece: usize) -> Self {
        Child(piece as u32 | Self::PIECE)
    }

    /// Piece and node, for a child of a node in `piece`.
    fn place(self, piece: u32) -> Option<(u32, u32)> {
        match self.0 {
            u32::MAX => None,
            at if at & Self::PIECE == 0 => Some((piece, at)),
            other => Some((other & !Self::PIECE, 0)),
        }
    }
}

/// What a node holds when it is added, as a leaf.
#[derive(Debug, Clone, Copy)]
pub struct Leaf {
    /// Its rows.
    pub n: usize,
    /// Its impurity.
    pub impurity: f64,
    /// The weight of its rows.
    pub weight: f64,
}

/// The nodes of one piece, parents first: arrays as a [`Tree`] has them, so that one piece is one without a copy.
#[derive(Debug, Default)]
pub struct Nodes {
    children: [Vec<Child>; 2],
    feature: Vec<i32>,
    threshold: Vec<f64>,
    impurity: Vec<f64>,
    n: Vec<u32>,
    weight: Vec<f64>,
    missing_left: Vec<u8>,
    /// The set of categories that go the other way; -1: the threshold decides.
    set: Vec<i32>,
    /// The nodes' values, one after the other.
    values: Vec<f64>,
    /// The sets of categories.
    sets: Growing,
}

/// Marks what a leaf has no use for, as scikit-learn does.
pub const UNDEFINED: i32 = -2;

impl Nodes {
    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.feature.len()
    }

    /// Adds a leaf with its value and returns its place.
    pub fn push(&mut self, leaf: Leaf, value: &[f64]) -> usize {
        self.children.iter_mut().for_each(|child| child.push(Child::NONE));
        self.feature.push(UNDEFINED);
        self.threshold.push(f64::from(UNDEFINED));
        self.impurity.push(leaf.impurity);
        self.n.push(leaf.n as u32);
        self.weight.push(leaf.weight);
        self.missing_left.push(0);
        self.set.push(-1);
        self.values.extend_from_slice(value);
        self.len() - 1
    }

    /// Makes node `at` one that is split by a threshold, or by `set`, the categories that go the other way.
    pub fn split(&mut self, at: usize, feature: u32, threshold: f64, missing_left: bool, set: Option<Vec<u32>>) {
        self.feature[at] = feature as i32;
        self.threshold[at] = threshold;
        self.missing_left[at] = u8::from(missing_left);
        self.set[at] = set.map_or(-1, |codes| self.sets.push(codes));
    }

    /// Makes `child` that child of node `parent`.
    pub fn link(&mut self, parent: usize, side: usize, child: Child) {
        self.children[side][parent] = child;
    }

    /// Makes node `at` a leaf.
    pub fn prune(&mut self, at: usize) {
        self.children.iter_mut().for_each(|child| child[at] = Child::NONE);
        self.feature[at] = UNDEFINED;
        self.threshold[at] = f64::from(UNDEFINED);
        self.missing_left[at] = 0;
        self.set[at] = -1;
    }

    /// Gives back the room that is not used. What is kept moves into room of its size: shortened where it lies, it would leave
    /// gaps between a forest's trees that nothing fits into.
    pub fn shrink(&mut self) {
        fn fit<T: Copy>(values: &mut Vec<T>) {
            if values.capacity() > values.len() {
                *values = values.as_slice().to_vec();
            }
        }
        self.children.iter_mut().for_each(fit);
        fit(&mut self.feature);
        fit(&mut self.set);
        fit(&mut self.n);
        fit(&mut self.missing_left);
        [&mut self.threshold, &mut self.impurity, &mut self.weight, &mut self.values].into_iter().for_each(fit);
    }

    /// The tree of a single piece.
    fn into_tree(self, n_features: usize, n_classes: &[usize]) -> Tree {
        let shape = (self.len(), width(n_classes));
        // A node's place is its number.
        let [left, right] = self.children.map(|child| child.into_iter().map(|child| child.0 as i32).collect());
        let sets = self.sets.finish(self.set);
        Tree {
            n_features,
            n_classes: n_classes.to_vec(),
            children_left: left,
            children_right: right,
            feature: self.feature.into(),
            threshold: self.threshold.into(),
            impurity: self.impurity.into(),
            n_node_samples: self.n.into(),
            weighted_n_node_samples: self.weight.into(),
            missing_go_to_left: self.missing_left.into(),
            value: Array2::from_shape_vec(shape, self.values).unwrap_or_default(),
            categories: sets,
            steps: Default::default(),
        }
    }
}

/// The length of a node's value.
fn width(n_classes: &[usize]) -> usize {
    n_classes.len() * n_classes.iter().copied().max().unwrap_or(1)
}

/// One tree from pieces, whose nodes are depth first, left before right, where there are several: so are the tree's.
pub fn join(mut pieces: Vec<Nodes>, n_features: usize, n_classes: &[usize]) -> Tree {
    if pieces.len() == 1
        && let Some(only) = pieces.pop()
    {
        return only.into_tree(n_features, n_classes);
    }
    let count: usize = pieces.iter().map(Nodes::len).sum();
    let stride = width(n_classes);
    let mut order: Vec<(u32, u32)> = Vec::with_capacity(count);
    let mut number: Vec<Vec<i32>> = pieces.iter().map(|piece| vec![-1; piece.len()]).collect();
    let child =
        |&(piece, at): &(u32, u32), side: usize| pieces[piece as usize].children[side][at as usize].place(piece);
    let mut stack = vec![(0, 0)];
    while let Some(place) = stack.pop() {
        number[place.0 as usize][place.1 as usize] = order.len() as i32;
        order.push(place);
        stack.extend(child(&place, 1));
        stack.extend(child(&place, 0));
    }
    let mut value = Array2::zeros((count, stride));
    for (mut row, &(piece, at)) in value.rows_mut().into_iter().zip(&order) {
        let from = &pieces[piece as usize].values[at as usize * stride..(at as usize + 1) * stride];
        row.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    }
    let children = |side: usize| -> Array1<i32> {
        let numbered = |(piece, at): (u32, u32)| number[piece as usize][at as usize];
        order.iter().map(|place| child(place, side).map_or(-1, numbered)).collect()
    };
    fn all<T: Copy>(pieces: &[Nodes], order: &[(u32, u32)], of: impl Fn(&Nodes) -> &Vec<T>) -> Array1<T> {
        order.iter().map(|&(piece, at)| of(&pieces[piece as usize])[at as usize]).collect()
    }
    let mut sets = Growing::default();
    let copy = |&(piece, at): &(u32, u32)| {
        let piece = &pieces[piece as usize];
        sets.copy(&piece.sets, piece.set[at as usize])
    };
    let set = order.iter().map(copy).collect();
    Tree {
        n_features,
        n_classes: n_classes.to_vec(),
        children_left: children(0),
        children_right: children(1),
        feature: all(&pieces, &order, |piece| &piece.feature),
        threshold: all(&pieces, &order, |piece| &piece.threshold),
        impurity: all(&pieces, &order, |piece| &piece.impurity),
        n_node_samples: all(&pieces, &order, |piece| &piece.n),
        weighted_n_node_samples: all(&pieces, &order, |piece| &piece.weight),
        missing_go_to_left: all(&pieces, &order, |piece| &piece.missing_left),
        value,
        categories: sets.finish(set),
        steps: Default::default(),
    }
}
