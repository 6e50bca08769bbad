//! Minimal cost-complexity pruning (Breiman et al. 1984, chapter 3).

use super::Tree;
use ndarray::{Array1, Axis};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A branch that could be cut, by the alpha from which on cutting it pays; of equals, the lowest node.
#[derive(PartialEq)]
struct Cut {
    alpha: f64,
    node: usize,
    leaves: usize,
}

impl Eq for Cut {}

impl Ord for Cut {
    fn cmp(&self, other: &Self) -> Ordering {
        other.alpha.total_cmp(&self.alpha).then(other.node.cmp(&self.node))
    }
}

impl PartialOrd for Cut {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Tree {
    /// Cuts the weakest branch again and again while its alpha is at most `limit`. `note` hears of each alpha and of
    /// the impurity of all leaves. Returns which nodes are leaves then.
    fn cut(&self, limit: f64, mut note: impl FnMut(f64, f64)) -> Vec<bool> {
        let n = self.node_count();
        let total = self.weighted_n_node_samples[0];
        let own: Vec<f64> = (0..n).map(|i| self.weighted_n_node_samples[i] * self.impurity[i] / total).collect();
        let parents = self.parents();
        let mut leaf: Vec<bool> = (0..n).map(|i| self.children(i).is_none()).collect();
        // The impurity and the number of the leaves below each node; children come after their parents.
        let mut branch = vec![0.0; n];
        let mut leaves = vec![0_usize; n];
        for node in (0..n).rev() {
            if leaf[node] {
                (branch[node], leaves[node]) = (own[node], 1);
            }
            if let Some(parent) = parents[node] {
                branch[parent] += branch[node];
                leaves[parent] += leaves[node];
            }
        }
        let mut gone = vec![false; n];
        let alpha = |node: usize, branch: &[f64], leaves: &[usize]| {
            (own[node] - branch[node]) / (leaves[node].max(2) - 1) as f64
        };
        let cut = |node: usize, branch: &[f64], leaves: &[usize]| Cut {
            alpha: alpha(node, branch, leaves),
            node,
            leaves: leaves[node],
        };
        let mut heap: BinaryHeap<Cut> = (0..n).filter(|&i| !leaf[i]).map(|node| cut(node, &branch, &leaves)).collect();
        note(0.0, branch[0]);
        while let Some(Cut { alpha, node, leaves: at }) = heap.pop() {
            if gone[node] || leaf[node] || leaves[node] != at {
                continue; // out of date
            }
            if limit < alpha {
                break;
            }
            let mut below: Vec<usize> = self.children(node).into_iter().flatten().collect();
            while let Some(node) = below.pop() {
                if !std::mem::replace(&mut gone[node], true) {
                    below.extend(self.children(node).into_iter().flatten());
                }
            }
            leaf[node] = true;
            let (fewer, more) = (leaves[node] - 1, own[node] - branch[node]);
            (branch[node], leaves[node]) = (own[node], 1);
            let mut above = parents[node];
            while let Some(node) = above {
                leaves[node] -= fewer;
                branch[node] += more;
                heap.push(cut(node, &branch, &leaves));
                above = parents[node];
            }
            note(alpha, branch[0]);
        }
        (0..n).map(|node| leaf[node] && !gone[node]).collect()
    }

    /// The tree without the branches that do not pay at `alpha`; nodes are numbered depth first.
    pub fn pruned(&self, alpha: f64) -> Tree {
        let leaf = self.cut(alpha, |_, _| ());
        let mut order = Vec::new();
        let mut number = vec![-1; self.node_count()];
        let mut stack = vec![0];
        while let Some(node) = stack.pop() {
            number[node] = order.len() as i32;
            order.push(node);
            if let (false, Some([left, right])) = (leaf[node], self.children(node)) {
                stack.extend([right, left]);
            }
        }
        let kept = |of: fn(&Tree, usize) -> i32, at_leaf: i32| -> Array1<i32> {
            order.iter().map(|&node| if leaf[node] { at_leaf } else { of(self, node) }).collect()
        };
        let renumber = |child: i32| if child < 0 { -1 } else { number[child as usize] };
        let threshold = order.iter().map(|&node| if leaf[node] { -2.0 } else { self.threshold[node] }).collect();
        let missing = order.iter().map(|&node| if leaf[node] { 0 } else { self.missing_go_to_left[node] }).collect();
        Tree {
            n_features: self.n_features,
            n_classes: self.n_classes.clone(),
            children_left: kept(|tree, node| tree.children_left[node], -1).mapv(renumber),
            children_right: kept(|tree, node| tree.children_right[node], -1).mapv(renumber),
            feature: kept(|tree, node| tree.feature[node], super::nodes::UNDEFINED),
            threshold,
            impurity: self.impurity.select(Axis(0), &order),
            n_node_samples: self.n_node_samples.select(Axis(0), &order),
            weighted_n_node_samples: self.weighted_n_node_samples.select(Axis(0), &order),
            missing_go_to_left: missing,
            value: self.value.select(Axis(0), &order),
            categories: self.categories.as_ref().and_then(|sets| sets.select(&order, |node| !leaf[node])),
            steps: Default::default(),
        }
    }

    /// The alphas at which a branch is cut, and the impurity of the leaves from each on.
    pub fn pruning_path(&self) -> (Vec<f64>, Vec<f64>) {
        let (mut alphas, mut impurities) = (Vec::new(), Vec::new());
        self.cut(f64::INFINITY, |alpha, impurity| {
            alphas.push(alpha);
            impurities.push(impurity);
        });
        (alphas, impurities)
    }
}
