//! Fitted trees: what classification and regression share, and what they answer.

use super::Tree;
use super::categories::{Categories, Coded, check_categories};
use crate::{AnyMatrix, ApplyOn, Attribute, Control, Error, Model, PredictOn, ProbaOn, Report, Result};
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

macro_rules! tree_model {
    ($name:ident, $doc:literal, $estimator:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub struct $name {
            /// The nodes.
            pub tree: Tree,
            /// The number of features that were drawn for each split.
            pub max_features: usize,
            /// The values of the features that hold categories, where there are such.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub categories: Option<Categories>,
            /// What the fit had to say.
            #[serde(default)]
            pub report: Report,
        }

        impl Model for $name {
            fn n_features_in(&self) -> usize {
                self.tree.n_features
            }
            fn check(&self) -> Result<()> {
                self.tree.check()?;
                check_categories(self.categories.as_ref(), std::slice::from_ref(&self.tree))
            }
            fn report(&self) -> &Report {
                &self.report
            }
            fn attributes(&self) -> Vec<(&'static str, Attribute)> {
                let mut all = attributes(&self.tree, self.max_features);
                all.extend(self.categories.as_ref().map(|categories| categories.attribute(self.tree.n_features)));
                all
            }
        }

        impl ApplyOn for $name {
            fn apply_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<i64>> {
                self.check_columns(x, $estimator)?;
                let leaves = self.tree.apply(&Coded::new(self.categories.as_ref(), x, ctl)?.x(), ctl)?;
                Ok(Array1::from(leaves).insert_axis(ndarray::Axis(1)))
            }
            fn decision_path_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<(Vec<i64>, Vec<i64>)> {
                self.check_columns(x, $estimator)?;
                self.tree.decision_path(&Coded::new(self.categories.as_ref(), x, ctl)?.x(), ctl)
            }
            fn trees(&self) -> Vec<&Tree> {
                vec![&self.tree]
            }
        }
    };
}

tree_model!(ClassTree, "A tree that predicts classes.", "DecisionTreeClassifier");
tree_model!(NumberTree, "A tree that predicts numbers.", "DecisionTreeRegressor");

fn attributes(tree: &Tree, max_features: usize) -> Vec<(&'static str, Attribute)> {
    vec![
        ("max_features_", Attribute::Int(max_features as i64)),
        ("n_outputs_", Attribute::Int(tree.n_outputs() as i64)),
    ]
}

impl PredictOn for NumberTree {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.check_columns(x, "DecisionTreeRegressor")?;
        let outputs = self.tree.n_outputs();
        let mut out = vec![0.0; x.nrows() * outputs];
        let value = &self.tree.value;
        let coded = Coded::new(self.categories.as_ref(), x, ctl)?;
        self.tree.fill(&coded.x(), &mut out, outputs, ctl, |leaf, out| {
            out.iter_mut().zip(value.row(leaf)).for_each(|(out, v)| *out = *v);
        })?;
        matrix(x.nrows(), outputs, out)
    }
}

fn matrix(rows: usize, columns: usize, values: Vec<f64>) -> Result<Array2<f64>> {
    Array2::from_shape_vec((rows, columns), values).map_err(|error| Error::Input(error.to_string()))
}

/// The first of the largest.
pub(crate) fn argmax(values: impl Iterator<Item = f64>) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (code, value) in values.enumerate() {
        if value > best.1 {
            best = (code, value);
        }
    }
    best.0
}

impl PredictOn for ClassTree {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.check_columns(x, "DecisionTreeClassifier")?;
        let (outputs, widest) = (self.tree.n_outputs(), self.tree.max_n_classes());
        let mut out = vec![0.0; x.nrows() * outputs];
        let (value, n_classes) = (&self.tree.value, &self.tree.n_classes);
        let coded = Coded::new(self.categories.as_ref(), x, ctl)?;
        self.tree.fill(&coded.x(), &mut out, outputs, ctl, |leaf, out| {
            let value = value.row(leaf);
            for (k, (out, &classes)) in out.iter_mut().zip(n_classes).enumerate() {
                *out = argmax((0..classes).map(|c| value[k * widest + c])) as f64;
            }
        })?;
        matrix(x.nrows(), outputs, out)
    }
}

impl ProbaOn for ClassTree {
    fn proba_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Vec<Array2<f64>>> {
        self.check_columns(x, "DecisionTreeClassifier")?;
        let widest = self.tree.max_n_classes();
        let value = &self.tree.value;
        let coded = Coded::new(self.categories.as_ref(), x, ctl)?;
        let x = &coded.x();
        let each = |(k, &classes): (usize, &usize)| {
            let mut out = vec![0.0; x.nrows() * classes];
            self.tree.fill(x, &mut out, classes, ctl, |leaf, out| {
                let value = value.row(leaf);
                out.iter_mut().enumerate().for_each(|(c, out)| *out = value[k * widest + c]);
            })?;
            matrix(x.nrows(), classes, out)
        };
        self.tree.n_classes.iter().enumerate().map(each).collect()
    }
}
