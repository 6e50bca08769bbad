//! What the trees of a forest answer together.

use crate::tree::{Tree, fill_by};
use crate::{AnyMatrix, Error, Result};
use ironlearn_linalg::Control;
use ndarray::Array2;
use std::borrow::Borrow;

/// The mean over the trees of the values of each row's leaves, n × the length of a node's value. Trees are added up in
/// their order, so a row's answer does not depend on the others.
///
/// # Errors
/// As [`fill_by`].
pub(crate) fn mean_values(trees: &[impl Borrow<Tree> + Sync], x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
    let stride = trees.first().map_or(0, |tree| tree.borrow().value.ncols());
    let mut mean = Array2::<f64>::zeros((x.nrows(), stride));
    let values: Vec<&[f64]> = trees.iter().map(|tree| tree.borrow().value.as_slice().unwrap_or(&[])).collect();
    let out = mean.as_slice_mut().unwrap_or(&mut []);
    fill_by(trees, x, out, stride, ctl, |tree, leaves, out| match stride {
        1 => add::<1>(values[tree], leaves, out),
        2 => add::<2>(values[tree], leaves, out),
        _ => {
            for (out, &leaf) in out.chunks_exact_mut(stride).zip(leaves) {
                let value = &values[tree][leaf as usize * stride..(leaf as usize + 1) * stride];
                out.iter_mut().zip(value).for_each(|(out, value)| *out += value);
            }
        }
    })?;
    mean /= trees.len() as f64;
    Ok(mean)
}

/// Adds the values, `S` a leaf, of each row's leaf.
fn add<const S: usize>(values: &[f64], leaves: &[u32], out: &mut [f64]) {
    let values = values.as_chunks::<S>().0;
    for (out, &leaf) in out.as_chunks_mut::<S>().0.iter_mut().zip(leaves) {
        let value = &values[leaf as usize];
        (0..S).for_each(|k| out[k] += value[k]);
    }
}

/// Checks that there are trees, that each is one, and that they speak of the same features and outputs.
///
/// # Errors
/// [`Error::File`].
pub(super) fn check_trees(trees: &[Tree]) -> Result<()> {
    let Some(first) = trees.first() else {
        return Err(Error::File("its forest has no trees".to_owned()));
    };
    for tree in trees {
        tree.check()?;
        if (tree.n_features, &tree.n_classes) != (first.n_features, &first.n_classes)
            || !tree.value.is_standard_layout()
        {
            return Err(Error::File("its forest has trees of different shapes".to_owned()));
        }
    }
    Ok(())
}
