//! Rows as trees read them.

use super::Steps;
use ironlearn_linalg::Real;

/// Rows that lie one after the other, and how many numbers each has.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rows<'a, T, F> {
    /// Without missing values.
    Full(&'a [F], usize),
    /// With missing values, which are NaN.
    Gaps(&'a [F], usize),
    /// Every value twice. A missing one is first less than all others, and then larger: a node that sends missing values
    /// left reads the first, another one the second, and neither has to ask.
    Twice(&'a [T], usize),
}

/// Rows that are copied because many trees will read them. The values of X are finite.
#[derive(Debug)]
pub(crate) struct Copied {
    values: Vec<f32>,
    width: usize,
    twice: bool,
    /// The place of each row of the copy among the rows, where they are in another order, and room for their leaves.
    order: Option<(Vec<u32>, Vec<u32>)>,
}

impl Copied {
    /// Copies rows. With the form of a tree, in the order of its leaves: trees of a forest are alike, so rows side by side
    /// read the same nodes of the others too.
    pub fn new<F: Real>(rows: Rows<'_, f32, F>, first: Option<&Steps<f32>>) -> Self {
        let (values, width, twice) = match rows {
            Rows::Full(values, width) => (values, width, false),
            Rows::Gaps(values, width) => (values, width, true),
            Rows::Twice(values, width) => {
                return Copied { values: values.to_vec(), width, twice: true, order: None };
            }
        };
        let n = values.len() / width;
        let order = first.map(|steps| {
            let mut leaves = vec![0; n];
            steps.leaves(rows, &mut leaves);
            let mut keys: Vec<u64> = (0..).zip(&leaves).map(|(row, &leaf)| u64::from(leaf) << 32 | row).collect();
            keys.sort_unstable();
            (keys.into_iter().map(|key| key as u32).collect::<Vec<u32>>(), leaves)
        });
        let mut copy = Vec::with_capacity(values.len() << u32::from(twice));
        for i in 0..n {
            let row = order.as_ref().map_or(i, |(order, _)| order[i] as usize);
            let row = values[row * width..(row + 1) * width].iter().map(|&v| f32::narrow(v.widen()));
            if twice {
                let both = |v: f32| if v.is_nan() { [f32::NEG_INFINITY, f32::INFINITY] } else { [v; 2] };
                copy.extend(row.flat_map(both));
            } else {
                copy.extend(row);
            }
        }
        Copied { values: copy, width: width << u32::from(twice), twice, order }
    }

    /// The leaves of all rows, in the order in which they were given.
    pub fn leaves(&mut self, steps: &Steps<f32>, out: &mut [u32]) {
        let rows: Rows<'_, f32, f32> = match self.twice {
            true => Rows::Twice(&self.values, self.width),
            false => Rows::Full(&self.values, self.width),
        };
        match &mut self.order {
            None => steps.leaves(rows, out),
            Some((order, leaves)) => {
                steps.leaves(rows, leaves);
                order.iter().zip(leaves).for_each(|(&row, &mut leaf)| out[row as usize] = leaf);
            }
        }
    }
}
