//! Boosted models: the vote of classifiers, the weighted median of regressors.

use super::Rounds;
use crate::members::{as_trees, one_column};
use crate::tree::{Tree, argmax, fill_by};
use crate::{AnyMatrix, Attribute, Control, DecisionOn, Error, Model, PredictOn, ProbaOn, Report, Result};
use ironlearn_linalg::threads;
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

/// Rows that are put together at a time.
const BLOCK: usize = 1024;

/// Boosted classifiers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AdaBoostClasses {
    /// The classifiers.
    pub rounds: Rounds,
    /// The codes of the classes, 0 to their number less 1: one entry a class, so that a file bears out their number.
    pub codes: Vec<u32>,
}

/// Boosted regressors.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AdaBoostNumbers {
    /// The regressors.
    pub rounds: Rounds,
}

impl Model for AdaBoostClasses {
    fn n_features_in(&self) -> usize {
        self.rounds.n_features()
    }
    fn check(&self) -> Result<()> {
        if self.codes.is_empty() || self.codes.iter().enumerate().any(|(k, &code)| code as usize != k) {
            return Err(Error::File("the codes of its classes are not 0, 1, 2, …".to_owned()));
        }
        self.rounds.check()
    }
    fn report(&self) -> &Report {
        &self.rounds.report
    }
    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let mut all = self.rounds.attributes();
        all.push(("n_classes_", Attribute::Int(self.codes.len() as i64)));
        all
    }
}

impl Model for AdaBoostNumbers {
    fn n_features_in(&self) -> usize {
        self.rounds.n_features()
    }
    fn check(&self) -> Result<()> {
        self.rounds.check()
    }
    fn report(&self) -> &Report {
        &self.rounds.report
    }
    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        self.rounds.attributes()
    }
}

impl AdaBoostClasses {
    /// For each row and class the sum of `weight` over the estimators that name the class, less `weight/(classes − 1)`
    /// over the others; over the sum of the weights.
    fn votes(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.check_columns(x, "AdaBoostClassifier")?;
        let (n, k) = (x.nrows(), self.codes.len());
        let mut votes = Array2::<f64>::zeros((n, k));
        if let Some(trees) = as_trees(&self.rounds.members, k) {
            self.add_votes_of(&trees, x, &mut votes, ctl)?;
            votes /= self.rounds.estimator_weights.iter().sum::<f64>();
            return Ok(votes);
        }
        for (member, weight) in self.rounds.weighted() {
            let predicted = one_column(member.predict(x, ctl)?, n)?;
            for (votes, named) in votes.as_slice_mut().unwrap_or_default().chunks_mut(k).zip(&predicted) {
                for (code, vote) in votes.iter_mut().enumerate() {
                    *vote += share(*named == code as f64, weight, k);
                }
            }
        }
        votes /= self.rounds.estimator_weights.iter().sum::<f64>();
        Ok(votes)
    }

    /// Adds the votes of estimators that are trees: those of a leaf are known beforehand.
    fn add_votes_of(&self, trees: &[&Tree], x: &AnyMatrix<'_>, votes: &mut Array2<f64>, ctl: &Control) -> Result<()> {
        let k = self.codes.len();
        let of_leaves = |(tree, &weight): (&&Tree, &f64)| -> Vec<f64> {
            let named = tree.value.rows().into_iter().map(|row| argmax(row.iter().copied()));
            named.flat_map(|named| (0..k).map(move |code| share(named == code, weight, k))).collect()
        };
        let shares: Vec<Vec<f64>> = trees.iter().zip(&self.rounds.estimator_weights).map(of_leaves).collect();
        fill_by(trees, x, votes.as_slice_mut().unwrap_or_default(), k, ctl, |tree, leaves, votes| {
            for (votes, &leaf) in votes.chunks_exact_mut(k).zip(leaves) {
                let shares = &shares[tree][leaf as usize * k..(leaf as usize + 1) * k];
                votes.iter_mut().zip(shares).for_each(|(vote, share)| *vote += share);
            }
        })
    }
}

/// What an estimator of this weight adds to the votes for one of `k` classes.
fn share(is_named: bool, weight: f64, k: usize) -> f64 {
    if is_named { weight } else { -weight / (k as f64 - 1.0) }
}

impl DecisionOn for AdaBoostClasses {
    fn decision_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        if self.codes.len() == 1 {
            self.check_columns(x, "AdaBoostClassifier")?;
            return Ok(Array2::zeros((x.nrows(), 1)));
        }
        let votes = self.votes(x, ctl)?;
        Ok(match self.codes.len() {
            2 => Array2::from_shape_fn((x.nrows(), 1), |(i, _)| votes[[i, 1]] - votes[[i, 0]]),
            _ => votes,
        })
    }
}

impl PredictOn for AdaBoostClasses {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        let scores = self.decision_on(x, ctl)?;
        let code = |row: ndarray::ArrayView1<'_, f64>| match self.codes.len() {
            2 => f64::from(u8::from(row[0] > 0.0)),
            _ => argmax(row.iter().copied()) as f64,
        };
        Ok(scores.rows().into_iter().map(code).collect::<Array1<f64>>().insert_axis(ndarray::Axis(1)))
    }
}

impl ProbaOn for AdaBoostClasses {
    fn proba_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Vec<Array2<f64>>> {
        let (scores, k) = (self.decision_on(x, ctl)?, self.codes.len());
        let mut proba = Array2::zeros((x.nrows(), k));
        for (mut row, scores) in proba.rows_mut().into_iter().zip(scores.rows()) {
            match k {
                1 => row[0] = 0.0,
                2 => (row[0], row[1]) = (-scores[0] / 2.0, scores[0] / 2.0),
                _ => row.assign(&(&scores / (k as f64 - 1.0))),
            }
            // The softmax, whose largest exponent is 0.
            let most = row.fold(f64::NEG_INFINITY, |most, &v| most.max(v));
            row.mapv_inplace(|v| (v - most).exp());
            row /= row.sum();
        }
        Ok(vec![proba])
    }
}

impl PredictOn for AdaBoostNumbers {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.check_columns(x, "AdaBoostRegressor")?;
        let n = x.nrows();
        if let Some(trees) = as_trees(&self.rounds.members, 1) {
            return medians_of(&trees, &self.rounds.estimator_weights, x, ctl);
        }
        let each = |member: &crate::AnyModel| one_column(member.predict(x, ctl)?, n);
        let predicted: Vec<Array1<f64>> = self.rounds.members.iter().map(each).collect::<Result<_>>()?;
        let weights = &self.rounds.estimator_weights;
        let mut medians = vec![0.0; n];
        threads::fill_rows(ctl, &mut medians, 1, BLOCK, |first, medians| {
            let mut order = Vec::with_capacity(predicted.len());
            for (i, median) in medians.iter_mut().enumerate() {
                order.clear();
                order.extend(predicted.iter().zip(weights).map(|(p, &weight)| (p[first + i], weight)));
                *median = weighted_median(&mut order);
            }
        })?;
        Ok(Array1::from(medians).insert_axis(ndarray::Axis(1)))
    }
}

/// The weighted medians of trees. All their leaves are ranked once by value: a row then sorts whole numbers.
fn medians_of(trees: &[&Tree], weights: &[f64], x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
    let (n, m) = (x.nrows(), trees.len());
    let mut leaves: Vec<(f64, f64, usize, usize)> = Vec::new();
    for (k, (tree, &weight)) in trees.iter().zip(weights).enumerate() {
        leaves.extend(tree.value.iter().enumerate().map(|(leaf, &value)| (value, weight, k, leaf)));
    }
    if u32::try_from(leaves.len()).is_err() {
        return Err(Error::Input("the boosted trees have too many leaves to be ranked".to_owned()));
    }
    leaves.sort_by(|a, b| rising(a.0, b.0));
    let mut ranks: Vec<Vec<u32>> = trees.iter().map(|tree| vec![0; tree.node_count()]).collect();
    (0..).zip(&leaves).for_each(|(rank, &(.., k, leaf))| ranks[k][leaf] = rank);
    let mut of_rows = vec![0_u32; n * m];
    fill_by(trees, x, &mut of_rows, m, ctl, |tree, leaves, of_rows| {
        for (row, &leaf) in of_rows.chunks_exact_mut(m).zip(leaves) {
            row[tree] = ranks[tree][leaf as usize];
        }
    })?;
    threads::fill_rows(ctl, &mut of_rows, m, BLOCK, |_, rows| {
        for row in rows.chunks_exact_mut(m) {
            row.sort_unstable();
            let sorted = row.iter().map(|&rank| leaves[rank as usize].1);
            row[0] = row[half_of_the_weight(sorted)];
        }
    })?;
    let medians = of_rows.chunks_exact(m).map(|row| leaves[row[0] as usize].0);
    Ok(medians.collect::<Array1<f64>>().insert_axis(ndarray::Axis(1)))
}

/// NaN comes last, whatever its sign.
fn rising(a: f64, b: f64) -> std::cmp::Ordering {
    a.is_nan().cmp(&b.is_nan()).then(a.total_cmp(&b))
}

/// The first place up to which lies half of the weight; the first of all where none is.
fn half_of_the_weight(weights: impl Iterator<Item = f64> + Clone) -> usize {
    let half = 0.5 * weights.clone().sum::<f64>();
    let mut below = 0.0;
    let mut sums = weights.map(|weight| {
        below += weight;
        below
    });
    sums.position(|below| below >= half).unwrap_or(0)
}

/// The first of the values, as they rise, up to which lies half of the weight.
fn weighted_median(values: &mut [(f64, f64)]) -> f64 {
    values.sort_by(|a, b| rising(a.0, b.0));
    let place = half_of_the_weight(values.iter().map(|(_, weight)| *weight));
    values.get(place).map_or(0.0, |(value, _)| *value)
}
