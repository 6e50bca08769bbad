//! Out-of-bag estimates (Breiman 1996): every row is predicted by the trees that were grown without it.

use super::draws::Draws;
use crate::tree::{Tree, fill_by};
use crate::{AnyMatrix, Report, Result, Warning, WarningKind};
use ironlearn_linalg::Control;
use ndarray::Array2;

/// The mean value of the leaves of each row over the trees that did not draw it, n × the length of a node's value.
///
/// # Errors
/// [`ironlearn_linalg::Error::Interrupted`].
pub(super) fn out_of_bag(
    trees: &[Tree],
    seeds: &[u64],
    draws: &Draws,
    x: &AnyMatrix<'_>,
    report: &mut Report,
    ctl: &Control,
) -> Result<Array2<f64>> {
    let (n, stride) = (x.nrows(), trees[0].value.ncols());
    let mut sums = Array2::<f64>::zeros((n, stride));
    let mut times = vec![0_u32; n];
    let mut leaves = vec![0_u32; n];
    for (tree, &seed) in trees.iter().zip(seeds) {
        let mut drawn = vec![false; n];
        draws.rows(seed).for_each(|row| drawn[row as usize] = true);
        fill_by(std::slice::from_ref(tree), x, &mut leaves, 1, ctl, |_, some, out| out.copy_from_slice(some))?;
        for row in (0..n).filter(|&row| !drawn[row]) {
            times[row] += 1;
            sums.row_mut(row).zip_mut_with(&tree.value.row(leaves[row] as usize), |sum, value| *sum += value);
        }
    }
    if times.contains(&0) {
        let message = "Some inputs do not have OOB scores. This probably means too few trees were used to compute any \
                       reliable OOB estimates.";
        report.warnings.push(Warning { kind: WarningKind::User, message: message.to_owned() });
    }
    for (mut row, &times) in sums.rows_mut().into_iter().zip(&times) {
        row /= f64::from(times.max(1));
    }
    Ok(sums)
}
