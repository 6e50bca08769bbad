//! Fitted forests: the mean of what their trees predict.

use super::quantiles::LeafSamples;
use super::together::{check_trees, mean_values};
use crate::tree::{Categories, Coded, Tree, apply, argmax, check_categories, paths};
use crate::{
    AnyMatrix, ApplyOn, Attribute, Control, Dtype, Error, Model, PredictOn, ProbaOn, Report, Result, bad_input,
};
use ndarray::{Array2, s};
use serde::{Deserialize, Serialize};

macro_rules! forest_model {
    ($name:ident, $doc:literal, $estimator:literal, { $($(#[$own_doc:meta])* $own:ident: $own_type:ty,)* }) => {
        #[doc = $doc]
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub struct $name {
            /// The trees.
            pub trees: Vec<Tree>,
            /// The seed of each tree.
            pub seeds: Vec<u64>,
            /// How many rows each tree drew; 0 where it was grown on all.
            pub rows_drawn: usize,
            /// The mean leaf value of each row of the fit over the trees that were grown without it; empty where it was
            /// not asked for.
            #[serde(with = "crate::saved::array2")]
            pub oob: Array2<f64>,
            /// The values of the features that hold categories, where there are such.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub categories: Option<Categories>,
            $($(#[$own_doc])* pub $own: $own_type,)*
            /// What the fit had to say.
            #[serde(default)]
            pub report: Report,
        }

        impl $name {
            /// The number of classes of each output; 1 for numbers.
            pub fn n_classes(&self) -> &[usize] {
                self.trees.first().map_or(&[], |tree| &tree.n_classes)
            }

            /// Checks that growing may go on with such data.
            ///
            /// # Errors
            /// [`Error::Input`].
            pub(super) fn check_start(
                &self,
                p: usize,
                n_classes: &[usize],
                categories: Option<&Categories>,
            ) -> Result<()> {
                if (self.n_features_in(), self.n_classes()) != (p, n_classes) {
                    bad_input!(
                        "warm_start goes on with the trees of the last fit, which had {} features and {:?} classes, \
                         not {p} and {n_classes:?}",
                        self.n_features_in(),
                        self.n_classes()
                    );
                }
                if self.categories.as_ref() != categories {
                    bad_input!("warm_start goes on with the trees of the last fit, which had other categories");
                }
                Ok(())
            }
        }

        impl Model for $name {
            fn n_features_in(&self) -> usize {
                self.trees.first().map_or(0, |tree| tree.n_features)
            }
            fn check(&self) -> Result<()> {
                check_trees(&self.trees)?;
                check_categories(self.categories.as_ref(), &self.trees)?;
                if self.seeds.len() != self.trees.len() {
                    return Err(Error::File("its forest has another number of seeds than of trees".to_owned()));
                }
                let stride = self.trees[0].value.ncols();
                $(self.$own.as_ref().map_or(Ok(()), |own| own.check(&self.trees))?;)*
                if !self.oob.is_empty() && self.oob.ncols() != stride {
                    return Err(Error::File("its forest has out-of-bag values of another shape".to_owned()));
                }
                Ok(())
            }
            fn report(&self) -> &Report {
                &self.report
            }
            fn attributes(&self) -> Vec<(&'static str, Attribute)> {
                let outputs = self.n_classes().len();
                let mut attributes = vec![("n_outputs_", Attribute::Int(outputs as i64))];
                attributes.extend(self.oob_attribute());
                attributes.extend(self.categories.as_ref().map(|c| c.attribute(self.n_features_in())));
                attributes
            }
        }

        impl ApplyOn for $name {
            fn apply_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<i64>> {
                self.check_columns(x, $estimator)?;
                apply(&self.trees, &Coded::new(self.categories.as_ref(), x, ctl)?.x(), ctl)
            }
            fn decision_path_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<(Vec<i64>, Vec<i64>)> {
                let leaves = self.apply_on(x, ctl)?;
                paths(&self.trees, leaves.as_slice().unwrap_or(&[]), ctl)
            }
            fn trees(&self) -> Vec<&Tree> {
                self.trees.iter().collect()
            }
        }
    };
}

forest_model!(ClassForest, "A forest that predicts classes.", "RandomForestClassifier", {});
forest_model!(NumberForest, "A forest that predicts numbers.", "RandomForestRegressor", {
    /// Where the rows of the fit ended, where that was to be kept.
    #[serde(default)]
    samples: Option<LeafSamples>,
});

impl NumberForest {
    fn oob_attribute(&self) -> Option<(&'static str, Attribute)> {
        let oob = match &self.oob {
            oob if oob.is_empty() => return None,
            oob if oob.ncols() == 1 => oob.column(0).to_owned().into_dyn(),
            oob => oob.clone().into_dyn(),
        };
        Some(("oob_prediction_", Attribute::Floats(oob, Dtype::F64)))
    }
}

impl PredictOn for NumberForest {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.check_columns(x, "RandomForestRegressor")?;
        mean_values(&self.trees, &Coded::new(self.categories.as_ref(), x, ctl)?.x(), ctl)
    }
}

impl ClassForest {
    fn oob_attribute(&self) -> Option<(&'static str, Attribute)> {
        let (oob, outputs) = (&self.oob, self.n_classes().len());
        if oob.is_empty() {
            return None;
        }
        let oob = if outputs == 1 {
            oob.clone().into_dyn()
        } else {
            // scikit-learn: rows × classes × outputs.
            let cube = oob.clone().into_shape_with_order((oob.nrows(), outputs, oob.ncols() / outputs)).ok()?;
            cube.permuted_axes([0, 2, 1]).as_standard_layout().into_owned().into_dyn()
        };
        Some(("oob_decision_function_", Attribute::Floats(oob, Dtype::F64)))
    }

    /// The mean class fractions, n × (outputs × the largest number of classes).
    fn shares(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.check_columns(x, "RandomForestClassifier")?;
        mean_values(&self.trees, &Coded::new(self.categories.as_ref(), x, ctl)?.x(), ctl)
    }
}

impl PredictOn for ClassForest {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        let shares = self.shares(x, ctl)?;
        let n_classes = self.n_classes();
        let widest = shares.ncols() / n_classes.len().max(1);
        Ok(Array2::from_shape_fn((x.nrows(), n_classes.len()), |(i, k)| {
            argmax((0..n_classes[k]).map(|c| shares[[i, k * widest + c]])) as f64
        }))
    }
}

impl ProbaOn for ClassForest {
    fn proba_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Vec<Array2<f64>>> {
        let shares = self.shares(x, ctl)?;
        let n_classes = self.n_classes();
        if let [_] = n_classes {
            return Ok(vec![shares]);
        }
        let widest = shares.ncols() / n_classes.len().max(1);
        let each = n_classes.iter().enumerate();
        Ok(each.map(|(k, &classes)| shares.slice(s![.., k * widest..k * widest + classes]).to_owned()).collect())
    }
}
