//! What bags answer together: the means of probabilities, votes and predictions.

use super::Bags;
use crate::forest::mean_values;
use crate::members::one_column;
use crate::{
    AnyMatrix, AnyModel, Attribute, Control, DecisionOn, Dtype, Error, Model, PredictOn, ProbaOn, Report, Result,
};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

/// Bagged classifiers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BaggedClasses {
    /// The classifiers.
    pub bags: Bags,
    /// The codes of the classes, 0 to their number less 1: one entry a class, so that a file bears out their number.
    pub codes: Vec<u32>,
    /// The codes of the classes that each classifier knows, in its own order; empty: all.
    pub classes: Vec<Vec<u32>>,
    /// The mean votes for each row of the fit of the estimators that have not seen it; empty where not asked for.
    #[serde(with = "crate::saved::array2")]
    pub oob: Array2<f64>,
}

/// Bagged regressors.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BaggedNumbers {
    /// The regressors.
    pub bags: Bags,
    /// The mean prediction for each row of the fit of the estimators that have not seen it; empty where not asked for.
    #[serde(with = "crate::saved::array1")]
    pub oob: Array1<f64>,
}

impl Model for BaggedClasses {
    fn n_features_in(&self) -> usize {
        self.bags.n_features
    }
    fn check(&self) -> Result<()> {
        let bad = |what: &str| Err(Error::File(format!("its bags {what}")));
        let k = self.codes.len();
        if k == 0 || self.codes.iter().enumerate().any(|(k, &code)| code as usize != k) {
            return bad("have classes whose codes are not 0, 1, 2, …");
        }
        self.bags.check()?;
        if self.classes.len() != self.bags.members.len() || self.classes.iter().flatten().any(|&c| c as usize >= k) {
            return bad("know classes that are not there");
        }
        if !self.oob.is_empty() && self.oob.ncols() != k {
            return bad("have out-of-bag votes for other classes");
        }
        Ok(())
    }
    fn report(&self) -> &Report {
        &self.bags.report
    }
    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let mut all = vec![("n_classes_", Attribute::Int(self.codes.len() as i64))];
        if let Some(score) = self.bags.oob_score {
            all.push(("oob_score_", Attribute::Float(score)));
            all.push(("oob_decision_function_", Attribute::Floats(self.oob.clone().into_dyn(), Dtype::F64)));
        }
        all
    }
}

impl Model for BaggedNumbers {
    fn n_features_in(&self) -> usize {
        self.bags.n_features
    }
    fn check(&self) -> Result<()> {
        self.bags.check()
    }
    fn report(&self) -> &Report {
        &self.bags.report
    }
    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let score = self.bags.oob_score.map(|score| ("oob_score_", Attribute::Float(score)));
        let oob = || ("oob_prediction_", Attribute::Floats(self.oob.clone().into_dyn(), Dtype::F64));
        score.into_iter().flat_map(|score| [score, oob()]).collect()
    }
}

/// Adds a classifier's probabilities, or its votes where it has none, to `votes` (rows × all classes). `classes` are
/// the codes of its own; empty: all.
pub(super) fn add_votes(
    member: &AnyModel,
    classes: &[u32],
    x: &AnyMatrix<'_>,
    votes: &mut Array2<f64>,
    ctl: &Control,
) -> Result<()> {
    let (n, all) = votes.dim();
    let known = if classes.is_empty() { all } else { classes.len() };
    let code = |own: usize| if classes.is_empty() { Some(own) } else { classes.get(own).map(|&c| c as usize) };
    match member.predict_proba(x, ctl) {
        Ok(proba) => {
            let [proba] = proba.as_slice() else {
                return Err(Error::Input("a classifier inside has several outputs, and bagging has one".to_owned()));
            };
            if proba.dim() != (n, known) {
                return Err(Error::Input(format!("a classifier inside tells {:?}, not {:?}", proba.dim(), (n, known))));
            }
            if classes.is_empty() {
                *votes += proba;
            } else {
                for (column, &class) in proba.columns().into_iter().zip(classes) {
                    let mut votes = votes.column_mut(class as usize);
                    votes += &column;
                }
            }
        }
        Err(Error::Unsupported(_)) => {
            let predicted = one_column(member.predict(x, ctl)?, n)?;
            for (i, &own) in predicted.iter().enumerate() {
                if let Some(vote) = code(own as usize).and_then(|code| votes.get_mut((i, code))) {
                    *vote += 1.0;
                }
            }
        }
        Err(other) => return Err(other),
    }
    Ok(())
}

impl ProbaOn for BaggedClasses {
    fn proba_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Vec<Array2<f64>>> {
        self.check_columns(x, "BaggingClassifier")?;
        if self.classes.iter().all(Vec::is_empty)
            && let Some(trees) = self.bags.trees_of_all_columns(self.codes.len())
        {
            return Ok(vec![mean_values(&trees, x, ctl)?]);
        }
        let mut votes = Array2::zeros((x.nrows(), self.codes.len()));
        self.bags.each(x, ctl, |k, member, x| add_votes(member, &self.classes[k], x, &mut votes, ctl))?;
        votes /= self.bags.members.len() as f64;
        Ok(vec![votes])
    }
}

impl PredictOn for BaggedClasses {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        let votes = self.proba_on(x, ctl)?.swap_remove(0);
        let code = |row: ndarray::ArrayView1<'_, f64>| crate::tree::argmax(row.iter().copied()) as f64;
        Ok(votes.rows().into_iter().map(code).collect::<Array1<f64>>().insert_axis(ndarray::Axis(1)))
    }
}

impl DecisionOn for BaggedClasses {
    /// The mean of the classifiers' scores, where they have some.
    fn decision_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.check_columns(x, "BaggingClassifier")?;
        mean(&self.bags, x, ctl, |member, x| member.decision_function(x, ctl))
    }
}

impl PredictOn for BaggedNumbers {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.check_columns(x, "BaggingRegressor")?;
        if let Some(trees) = self.bags.trees_of_all_columns(1) {
            return mean_values(&trees, x, ctl);
        }
        mean(&self.bags, x, ctl, |member, x| member.predict(x, ctl))
    }
}

/// The mean of the members' answers, added up in their order.
fn mean(
    bags: &Bags,
    x: &AnyMatrix<'_>,
    ctl: &Control,
    answer: impl Fn(&AnyModel, &AnyMatrix<'_>) -> Result<Array2<f64>>,
) -> Result<Array2<f64>> {
    let mut sum: Option<Array2<f64>> = None;
    bags.each(x, ctl, |_, member, x| {
        let answer = answer(member, x)?;
        match &mut sum {
            None => sum = Some(answer),
            Some(sum) if sum.dim() == answer.dim() => *sum += &answer,
            Some(_) => return Err(Error::Input("the estimators inside answer in different shapes".to_owned())),
        }
        Ok(())
    })?;
    let sum = sum.ok_or_else(|| Error::Input("there are no bags".to_owned()))?;
    Ok(sum / bags.members.len() as f64)
}
