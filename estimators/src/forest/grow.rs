//! Growing the trees of a forest, side by side.

use super::draws::{Draws, tree_seed};
use super::params::Sampling;
use crate::many::{check_more, side_by_side};
use crate::tree::{Columns, Ground, Growth, Splitter, Tree};
use crate::{AnyMatrix, Control, Report, Result, Warning, WarningKind, bad_input};

/// What a fit makes, whatever is predicted.
#[derive(Debug)]
pub(super) struct Grown {
    pub trees: Vec<Tree>,
    pub seeds: Vec<u64>,
    /// How rows were drawn, where they were.
    pub draws: Option<Draws>,
    pub report: Report,
}

/// The weights of rows from how often they were drawn.
pub(super) type Balance<'a> = dyn Fn(&[f64]) -> Result<Vec<f64>> + Sync + 'a;

/// Grows the trees that are not in `start` yet. `tree(growth, x, weights, ctl)` grows one; `class_weights(rows drawn)`
/// multiplies the counts of the rows where classes are balanced tree by tree.
///
/// # Errors
/// [`crate::Error::Input`] for data that do not fit; [`ironlearn_linalg::Error::Interrupted`].
#[allow(clippy::too_many_arguments, reason = "one fit's data, parameters and surroundings")]
pub(super) fn grow_trees(
    x: &AnyMatrix<'_>,
    growth: &Growth<'_>,
    sampling: &Sampling,
    weights: Option<&[f64]>,
    start: Option<(&[Tree], &[u64])>,
    balance: Option<&Balance<'_>>,
    tree: impl Fn(&Growth<'_>, &Ground<'_>, Option<&[f64]>, &Control) -> Result<Tree> + Sync,
    ctl: &Control,
) -> Result<Grown> {
    let (n, p) = x.shape();
    let (size, warning) = sampling.size(n, weights)?;
    if weights.is_some_and(|w| size.is_some() && !(w.iter().all(|&w| w >= 0.0) && w.iter().any(|&w| w > 0.0))) {
        bad_input!("rows are drawn in proportion to their weights: none may be negative, and one has to be positive");
    }
    let mut report = Report::direct("exact");
    report.warnings.extend(warning.map(|message| Warning { kind: WarningKind::User, message }));
    let (mut trees, mut seeds) =
        start.map_or((Vec::new(), Vec::new()), |(trees, seeds)| (trees.to_vec(), seeds.to_vec()));
    let (first, total) = (trees.len(), sampling.n_estimators);
    check_more(first, total, &mut report)?;
    let draws = size.map(|size| Draws::new(n, size, weights));
    let random = growth.splitter == Splitter::Random;
    let bins = sampling.max_bins.map(|bins| bins as usize);
    let ground = Ground::new(Columns::new(x)?, growth.max_features.of(p), random, bins, ctl)?;
    seeds.extend((first..total).map(|k| tree_seed(growth.random_state, k)));
    let grown = side_by_side(ctl, total - first, |k, ctl| {
        let seed = seeds[first + k];
        let growth = Growth { random_state: seed, ..growth.clone() };
        let drawn = draws.as_ref().map(|draws| {
            let counts = draws.counts(seed);
            match balance {
                Some(balance) => balance(&counts),
                None => Ok(counts),
            }
        });
        let drawn = drawn.transpose()?;
        tree(&growth, &ground, drawn.as_deref().or(weights), ctl)
    })?;
    trees.extend(grown);
    Ok(Grown { trees, seeds, draws, report })
}
