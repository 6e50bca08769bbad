//! Small trees without walking (Lucchese et al. 2015, "QuickScorer", doi:10.1145/2766462.2767733): every cut of a tree is
//! compared with many rows side by side.
//!
//! The leaves of a tree are the bits of a word, from left to right. A row that goes right at a node cannot reach the
//! leaves below its left child: their bits are taken away. Of what is left after all cuts the lowest bit is the leaf. The
//! order of the cuts does not matter, nothing depends on what a row did before, and so the machine's widest instructions
//! compare several rows at once. Categories take away what all sets of a feature do together, by one table a feature.

use super::lanes::Level;
use super::{Fork, Test};
use std::ops::Range;

/// Rows that are compared with a cut side by side.
pub(crate) const LANES: usize = 32;
/// Leaves of a tree, at most.
const MOST: usize = u64::BITS as usize;

/// Many small trees.
#[derive(Debug, Clone)]
pub(crate) struct Masks {
    trees: Vec<Small>,
    cuts: Vec<Cut>,
    tables: Vec<Table>,
    /// What is left of the leaves, for each code; the last is for what is no category.
    left: Vec<u64>,
    /// The values of the leaves of each tree, from left to right.
    values: Vec<f64>,
    /// The features that cuts are on, and those that tables are on, in the order in which a block has them.
    numbers: Vec<u32>,
    codes: Vec<u32>,
}

#[derive(Debug, Clone)]
struct Small {
    /// Cuts at which missing values go right, and those at which they go left.
    cuts: [Range<usize>; 2],
    tables: Range<usize>,
    /// Where its values start.
    values: usize,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub threshold: f64,
    /// What is left where a row goes right.
    pub mask: u64,
    /// The place of the feature in a block.
    pub place: u32,
}

#[derive(Debug, Clone)]
struct Table {
    left: Range<usize>,
    place: u32,
}

/// Rows side by side.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// For each feature of [`Masks::numbers`] their values.
    pub numbers: Vec<[f64; LANES]>,
    /// For each feature of [`Masks::codes`] their codes, 255 for what is no category.
    pub codes: Vec<[u8; LANES]>,
}

impl Masks {
    /// The form of trees over `n_features`: of each its number of nodes, `fork(tree, node)` and the `value(tree, node)` of a
    /// leaf. `None` where one has more than 64 leaves.
    pub fn new<'a>(
        counts: &[usize],
        n_features: usize,
        fork: impl Fn(usize, usize) -> Option<Fork<'a>>,
        value: impl Fn(usize, usize) -> f64,
    ) -> Option<Self> {
        // A tree of n nodes has (n + 1) / 2 leaves.
        if counts.iter().any(|&count| count > 2 * MOST - 1) {
            return None;
        }
        let mut masks = Masks {
            trees: Vec::with_capacity(counts.len()),
            cuts: Vec::new(),
            tables: Vec::new(),
            left: Vec::new(),
            values: Vec::new(),
            numbers: Vec::new(),
            codes: Vec::new(),
        };
        let (mut numbers, mut codes) = (vec![None; n_features], vec![None; n_features]);
        let place = |of: &mut Vec<Option<u32>>, all: &mut Vec<u32>, feature: u32| {
            *of[feature as usize].get_or_insert_with(|| {
                all.push(feature);
                all.len() as u32 - 1
            })
        };
        for tree in 0..counts.len() {
            let mut cuts: [Vec<Cut>; 2] = Default::default();
            let mut tables: Vec<(u32, [u64; 256])> = Vec::new();
            let start = masks.values.len();
            // Left first. A node whose left side is done knows which leaves are below that.
            let mut waiting = vec![(0, None)];
            while let Some((node, left_from)) = waiting.pop() {
                let leaves = masks.values.len() - start;
                let Some(fork) = fork(tree, node) else {
                    masks.values.push(value(tree, node));
                    continue;
                };
                let Some(from) = left_from else {
                    waiting.push((node, Some(leaves)));
                    waiting.push((fork.children[0], None));
                    continue;
                };
                waiting.push((fork.children[1], None));
                let mask = !(from..leaves).fold(0, |mask, leaf| mask | 1_u64 << leaf);
                match fork.test {
                    Test::UpTo(threshold) => {
                        let place = place(&mut numbers, &mut masks.numbers, fork.feature);
                        cuts[usize::from(fork.missing_left)].push(Cut { threshold, mask, place });
                    }
                    Test::Other(places, words) => {
                        let place = place(&mut codes, &mut masks.codes, fork.feature);
                        let at = tables.iter().position(|table| table.0 == place).unwrap_or_else(|| {
                            tables.push((place, [u64::MAX; 256]));
                            tables.len() - 1
                        });
                        for (code, left) in tables[at].1.iter_mut().enumerate() {
                            let word = places.iter().position(|&place| place as usize == code / 64);
                            let other = code < 255 && word.is_some_and(|word| words[word] >> (code % 64) & 1 != 0);
                            if other == fork.missing_left {
                                *left &= mask;
                            }
                        }
                    }
                }
            }
            let first = masks.cuts.len();
            let middle = first + cuts[0].len();
            masks.cuts.extend(cuts.into_iter().flatten());
            let first_table = masks.tables.len();
            for (place, left) in tables {
                let from = masks.left.len();
                // Codes above the largest that matters are like the last.
                let same = left.iter().rev().take_while(|&&v| v == left[255]).count();
                masks.left.extend(&left[..256 - same + 1]);
                masks.tables.push(Table { left: from..masks.left.len(), place });
            }
            let cuts = [first..middle, middle..masks.cuts.len()];
            masks.trees.push(Small { cuts, tables: first_table..masks.tables.len(), values: start });
        }
        Some(masks)
    }

    /// Whether this machine compares several numbers at a time. Where it does not, walking is faster.
    pub fn pay() -> bool {
        Level::all()[0] != Level::Plain
    }

    /// Room for some rows.
    pub fn block(&self) -> Block {
        Block { numbers: vec![[0.0; LANES]; self.numbers.len()], codes: vec![[0; LANES]; self.codes.len()] }
    }

    /// The features whose values a block has.
    pub fn numbers(&self) -> &[u32] {
        &self.numbers
    }

    /// The features whose codes a block has.
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// Adds some trees to `sums`, which hold as many outputs for each block: tree t of them to output t modulo their number.
    pub fn add(&self, blocks: &[Block], trees: Range<usize>, sums: &mut [[f64; LANES]]) {
        self.add_by(Level::all()[0], blocks, trees, sums);
    }

    fn add_by(&self, level: Level, blocks: &[Block], trees: Range<usize>, sums: &mut [[f64; LANES]]) {
        let outputs = sums.len() / blocks.len().max(1);
        for (t, tree) in self.trees[trees].iter().enumerate() {
            for (block, sums) in blocks.iter().zip(sums.chunks_exact_mut(outputs.max(1))) {
                self.add_tree(level, tree, block, &mut sums[t % outputs]);
            }
        }
    }

    fn add_tree(&self, level: Level, tree: &Small, block: &Block, sums: &mut [f64; LANES]) {
        let mut leaves = level.left(tree.cuts.clone().map(|cuts| &self.cuts[cuts]), &block.numbers);
        for table in &self.tables[tree.tables.clone()] {
            let (left, codes) = (&self.left[table.left.clone()], &block.codes[table.place as usize]);
            for i in 0..LANES {
                leaves[i] &= left[(codes[i] as usize).min(left.len() - 1)];
            }
        }
        let values = &self.values[tree.values..];
        for i in 0..LANES {
            sums[i] += values[leaves[i].trailing_zeros() as usize];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::{Steps, UNKNOWN};

    type Nodes = Vec<Option<([usize; 2], u32, f64, bool)>>;

    /// The first nodes are split, in the order of levels, so that trees have any number of leaves.
    fn nodes(tree: usize, leaves: usize) -> Nodes {
        let split = |node: usize| {
            let k = node * 13 + tree * 5;
            ([2 * node + 1, 2 * node + 2], (k % 4) as u32, ((k * k) as f64).sin(), k.is_multiple_of(3))
        };
        (0..2 * leaves - 1).map(|node| (node + 1 < leaves).then(|| split(node))).collect()
    }

    #[test]
    fn the_lowest_bit_is_the_leaf_that_steps_lead_to() {
        let trees: Vec<Nodes> = (0..20).map(|tree| nodes(tree, [1, 2, 31, 64, 33][tree % 5])).collect();
        // The last code is none, whatever a set says.
        let sets: Vec<[i64; 4]> = (0..127).map(|k| [1 << (k % 64), 0x1234 << (k % 40), 0, -1 << (k % 63)]).collect();
        let fork = |tree: usize, node: usize| {
            let (children, feature, threshold, missing_left) = trees[tree][node]?;
            // The last feature holds categories.
            let test = if feature == 3 { Test::Other(&[0, 1, 2, 3], &sets[node]) } else { Test::UpTo(threshold) };
            Some(Fork { children, feature, missing_left, test })
        };
        let value = |tree: usize, node: usize| (tree * 1000 + node) as f64 / 7.0;
        let counts: Vec<usize> = trees.iter().map(Vec::len).collect();
        let masks = Masks::new(&counts, 4, fork, value).unwrap();
        let steps: Vec<_> = (0..20).map(|tree| Steps::<f64>::new(counts[tree], 4, |node| fork(tree, node))).collect();
        let number = |i: usize, j: usize| match (i * 7 + j * 3) % 11 {
            _ if j == 3 => f64::from([0_u8, 1, 70, 200, 255, 254, 64][i * 5 % 7]),
            0 => f64::NAN,
            1 => f64::INFINITY,
            _ => ((i * (j + 3)) as f64).sin(),
        };
        let mut blocks = vec![masks.block(); 3];
        for (b, block) in blocks.iter_mut().enumerate() {
            for i in 0..LANES {
                let row = b * LANES + i;
                let numbers = block.numbers.iter_mut().zip(masks.numbers());
                numbers.for_each(|(lanes, &j)| lanes[i] = number(row, j as usize));
                block
                    .codes
                    .iter_mut()
                    .zip(masks.codes())
                    .for_each(|(lanes, &j)| lanes[i] = number(row, j as usize) as u8);
            }
        }
        for outputs in [1, 3] {
            let mut sums = vec![[0.5; LANES]; 3 * outputs];
            masks.add(&blocks, 2..20, &mut sums);
            for level in Level::all() {
                let mut others = vec![[0.5; LANES]; 3 * outputs];
                masks.add_by(level, &blocks, 2..20, &mut others);
                assert_eq!(sums, others, "{level:?}");
            }
            for row in 0..3 * LANES {
                let mut values: [f64; 4] = std::array::from_fn(|j| number(row, j));
                values[3] = if values[3] == 255.0 { UNKNOWN.into() } else { values[3] };
                for output in 0..outputs {
                    let mine = (2..20).skip(output).step_by(outputs);
                    let sum = mine.fold(0.5, |sum, tree| sum + value(tree, steps[tree].leaf(&values) as usize));
                    assert_eq!(sums[row / LANES * outputs + output][row % LANES], sum);
                }
            }
        }
        assert!(Masks::new(&[127, 129], 4, fork, value).is_none());
    }
}
