//! Nodes as they grow, in pieces, and how pieces become one tree.

use super::Tree;
use super::categories::Growing;
use ndarray::{Array1, Array2};

/// Where a child is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Child(u32);

impl Child {
    /// There is none: the node is a leaf.
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

/// What a node holds but its value.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// The left and the right child.
    pub children: [Child; 2],
    /// The feature that splits it.
    pub feature: i32,
    /// Its rows.
    pub n: u32,
    /// Values up to this go left.
    pub threshold: f64,
    /// Its impurity.
    pub impurity: f64,
    /// The weight of its rows.
    pub weight: f64,
    /// Whether missing values go left.
    pub missing_left: bool,
    /// The set of categories that go the other way, among those of its piece; -1: the threshold decides.
    pub set: i32,
}

/// The nodes of one piece, parents first.
#[derive(Debug, Default)]
pub struct Nodes {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Their values, one after the other.
    pub values: Vec<f64>,
    /// The sets of categories.
    pub sets: Growing,
}

/// Marks what a leaf has no use for, as scikit-learn does.
pub const UNDEFINED: i32 = -2;

impl Nodes {
    /// Makes node `at` a leaf.
    pub fn prune(&mut self, at: usize) {
        let node = &mut self.nodes[at];
        node.children = [Child::NONE; 2];
        node.feature = UNDEFINED;
        node.threshold = f64::from(UNDEFINED);
        node.missing_left = false;
        node.set = -1;
    }
}

/// One tree from pieces. Nodes are numbered depth first, left before right, where `depth_first`; otherwise the one
/// piece keeps its order.
pub fn join(pieces: &[Nodes], depth_first: bool, n_features: usize, n_classes: &[usize]) -> Tree {
    let count: usize = pieces.iter().map(|piece| piece.nodes.len()).sum();
    let stride = n_classes.len() * n_classes.iter().copied().max().unwrap_or(1);
    let mut order: Vec<(u32, u32)> = Vec::with_capacity(count);
    let mut number: Vec<Vec<i32>> = pieces.iter().map(|piece| vec![-1; piece.nodes.len()]).collect();
    let node = |&(piece, at): &(u32, u32)| &pieces[piece as usize].nodes[at as usize];
    if depth_first {
        let mut stack = vec![(0, 0)];
        while let Some(place) = stack.pop() {
            number[place.0 as usize][place.1 as usize] = order.len() as i32;
            order.push(place);
            let [left, right] = node(&place).children;
            stack.extend(right.place(place.0));
            stack.extend(left.place(place.0));
        }
    } else {
        order.extend((0..pieces[0].nodes.len() as u32).map(|at| (0, at)));
        number[0].iter_mut().enumerate().for_each(|(at, number)| *number = at as i32);
    }
    let mut value = Array2::zeros((count, stride));
    for (mut row, &(piece, at)) in value.rows_mut().into_iter().zip(&order) {
        let from = &pieces[piece as usize].values[at as usize * stride..(at as usize + 1) * stride];
        row.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    }
    let child = |side: usize| -> Array1<i32> {
        let number = |place: &(u32, u32)| {
            let child = node(place).children[side].place(place.0);
            child.map_or(-1, |(piece, at)| number[piece as usize][at as usize])
        };
        order.iter().map(number).collect()
    };
    let mut sets = Growing::default();
    let set = order.iter().map(|at| sets.copy(&pieces[at.0 as usize].sets, node(at).set)).collect();
    Tree {
        n_features,
        n_classes: n_classes.to_vec(),
        children_left: child(0),
        children_right: child(1),
        feature: order.iter().map(|at| node(at).feature).collect(),
        threshold: order.iter().map(|at| node(at).threshold).collect(),
        impurity: order.iter().map(|at| node(at).impurity).collect(),
        n_node_samples: order.iter().map(|at| i64::from(node(at).n)).collect(),
        weighted_n_node_samples: order.iter().map(|at| node(at).weight).collect(),
        missing_go_to_left: order.iter().map(|at| u8::from(node(at).missing_left)).collect(),
        value,
        categories: sets.finish(set),
        steps: Default::default(),
    }
}
