//! The one list of estimators. The Python module, the shell and the model file learn of an estimator here.

use crate::{
    AnyMatrix, ApplyOn, Attribute, Backend, Checked, Control, Data, Error, FitOn, Model, Params, PredictOn, ProbaOn,
    Report, Result, TransformOn,
};
use ndarray::Array2;
use rmpv::Value;
use serde::{Deserialize, Serialize};

/// What an estimator learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Numbers.
    Regression,
    /// Classes.
    Classification,
    /// Groups, without a target.
    Clustering,
}

/// Calls a method where the model's list of capabilities names it; elsewhere it is an error.
macro_rules! call {
    ([predict $($rest:ident)*] predict $model:ident $x:ident $ctl:ident) => { $model.predict_on($x, $ctl) };
    ([proba $($rest:ident)*] proba $model:ident $x:ident $ctl:ident) => { $model.proba_on($x, $ctl) };
    ([transform $($rest:ident)*] transform $model:ident $x:ident $ctl:ident) => { $model.transform_on($x, $ctl) };
    ([apply $($rest:ident)*] apply $model:ident $x:ident $ctl:ident) => { $model.apply_on($x, $ctl) };
    ([apply $($rest:ident)*] decision_path $model:ident $x:ident $ctl:ident) => { $model.decision_path_on($x, $ctl) };
    ([$skip:ident $($rest:ident)*] $want:ident $model:ident $x:ident $ctl:ident) => {
        call!([$($rest)*] $want $model $x $ctl)
    };
    ([] $want:ident $model:ident $x:ident $ctl:ident) => {{
        let _ = ($model, $x, $ctl);
        Err(Error::Unsupported(concat!("this model has no method ", stringify!($want)).into()))
    }};
}

/// The trees of a model that has some.
macro_rules! trees {
    ([apply $($rest:ident)*] $model:ident) => { $model.trees() };
    ([$skip:ident $($rest:ident)*] $model:ident) => { trees!([$($rest)*] $model) };
    ([] $model:ident) => {{
        let _ = $model;
        Vec::new()
    }};
}

macro_rules! registry {
    ($($variant:ident: $params:ty => $model:ty, $task:ident, $short:literal, [$($method:ident),*];)*) => {
        /// The parameters of any estimator.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub enum AnyEstimator {
            $(#[doc = concat!("See [`", stringify!($params), "`].")] $variant($params),)*
        }

        /// The model of any estimator, under the estimator's name.
        #[derive(Debug, Clone, Serialize, Deserialize)]
        pub enum AnyModel {
            $(#[doc = concat!("A model of [`", stringify!($params), "`].")] $variant($model),)*
        }

        /// The name, the short name for the shell and the task of every estimator.
        pub const ESTIMATORS: &[(&str, &str, Task)] = &[$((stringify!($variant), $short, Task::$task)),*];

        impl AnyEstimator {
            /// The estimator with this name and default parameters, where there is one.
            pub fn by_name(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($variant) => Some(AnyEstimator::$variant(<$params>::default())),)*
                    _ => None,
                }
            }

            /// The estimator `name` with the given parameters; the others keep their defaults.
            ///
            /// # Errors
            /// [`Error::Parameters`] for an unknown estimator, an unknown parameter or a value of a wrong type.
            pub fn with_params(name: &str, given: &[(String, Value)]) -> Result<Self> {
                match name {
                    $(stringify!($variant) => read_params::<$params>(given).map(AnyEstimator::$variant),)*
                    _ => Err(Error::Parameters(format!("there is no estimator {name}"))),
                }
            }

            /// The parameters with their values.
            pub fn params(&self) -> Vec<(String, Value)> {
                match self { $(AnyEstimator::$variant(p) => write_params(p),)* }
            }

            /// The estimator's name.
            pub fn name(&self) -> &'static str {
                match self { $(AnyEstimator::$variant(_) => stringify!($variant),)* }
            }

            /// What the estimator learns.
            pub fn task(&self) -> Task {
                match self { $(AnyEstimator::$variant(_) => Task::$task,)* }
            }

            /// Checks the parameters.
            ///
            /// # Errors
            /// [`Error::Parameter`].
            pub fn validate(&self) -> Result<()> {
                match self { $(AnyEstimator::$variant(p) => p.validate(),)* }
            }

            /// Checks the parameters and fits.
            ///
            /// # Errors
            /// As [`FitOn::fit_checked`], and [`Error::Parameter`]; [`Error::Parameters`] where `start` is another
            /// estimator's model.
            pub fn fit<B: Backend>(
                &self,
                data: &Data<'_>,
                start: Option<&AnyModel>,
                on: &B,
                ctl: &Control,
            ) -> Result<AnyModel> {
                match self {
                    $(AnyEstimator::$variant(p) => {
                        let start = match start {
                            None => None,
                            Some(AnyModel::$variant(model)) => Some(model),
                            Some(_) => return Err(Error::Parameters("start is another estimator's model".into())),
                        };
                        FitOn::fit_checked(Checked::new_ref(p)?, data, start, on, ctl).map(AnyModel::$variant)
                    })*
                }
            }
        }

        impl AnyModel {
            /// The estimator's name.
            pub fn name(&self) -> &'static str {
                match self { $(AnyModel::$variant(_) => stringify!($variant),)* }
            }

            /// What the estimator learns.
            pub fn task(&self) -> Task {
                match self { $(AnyModel::$variant(_) => Task::$task,)* }
            }

            /// See [`Model::n_features_in`].
            pub fn n_features_in(&self) -> usize {
                match self { $(AnyModel::$variant(m) => m.n_features_in(),)* }
            }

            /// See [`Model::check`].
            ///
            /// # Errors
            /// [`Error::File`].
            pub fn check(&self) -> Result<()> {
                match self { $(AnyModel::$variant(m) => m.check(),)* }
            }

            /// See [`Model::report`].
            pub fn report(&self) -> &Report {
                match self { $(AnyModel::$variant(m) => m.report(),)* }
            }

            /// See [`Model::attributes`].
            pub fn attributes(&self) -> Vec<(&'static str, Attribute)> {
                match self { $(AnyModel::$variant(m) => m.attributes(),)* }
            }

            /// See [`PredictOn::predict_on`].
            ///
            /// # Errors
            /// [`Error::Unsupported`] where the model does not predict; see there.
            pub fn predict(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
                match self { $(AnyModel::$variant(m) => call!([$($method)*] predict m x ctl),)* }
            }

            /// See [`ProbaOn::proba_on`].
            ///
            /// # Errors
            /// [`Error::Unsupported`] where the model has no probabilities; see there.
            pub fn predict_proba(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Vec<Array2<f64>>> {
                match self { $(AnyModel::$variant(m) => call!([$($method)*] proba m x ctl),)* }
            }

            /// See [`ApplyOn::apply_on`].
            ///
            /// # Errors
            /// [`Error::Unsupported`] where the model has no trees; see there.
            pub fn apply(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<i64>> {
                match self { $(AnyModel::$variant(m) => call!([$($method)*] apply m x ctl),)* }
            }

            /// See [`ApplyOn::decision_path_on`].
            ///
            /// # Errors
            /// [`Error::Unsupported`] where the model has no trees; see there.
            pub fn decision_path(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<(Vec<i64>, Vec<i64>)> {
                match self { $(AnyModel::$variant(m) => call!([$($method)*] decision_path m x ctl),)* }
            }

            /// The trees of the model; none where it is no tree.
            pub fn trees(&self) -> Vec<&crate::tree::Tree> {
                match self { $(AnyModel::$variant(m) => trees!([$($method)*] m),)* }
            }

            /// See [`TransformOn::transform_on`].
            ///
            /// # Errors
            /// [`Error::Unsupported`] where the model does not transform; see there.
            pub fn transform(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
                match self { $(AnyModel::$variant(m) => call!([$($method)*] transform m x ctl),)* }
            }
        }
    };
}

registry! {
    LinearRegression: crate::linear::LinearRegression => crate::linear::LinearModel, Regression, "linear-regression",
        [predict];
    Ridge: crate::linear::Ridge => crate::linear::LinearModel, Regression, "ridge", [predict];
    KMeans: crate::cluster::KMeans => crate::cluster::KMeansModel, Clustering, "kmeans", [predict, transform];
    DecisionTreeClassifier: crate::tree::DecisionTreeClassifier => crate::tree::ClassTree, Classification,
        "decision-tree-classifier", [predict, proba, apply];
    DecisionTreeRegressor: crate::tree::DecisionTreeRegressor => crate::tree::NumberTree, Regression,
        "decision-tree-regressor", [predict, apply];
}

/// The parameters that `params` consists of, with their values.
pub fn write_params<P: Params>(params: &P) -> Vec<(String, Value)> {
    // By way of bytes: `rmpv::ext::to_value` would drop the names of the fields.
    let bytes = rmp_serde::to_vec_named(params).unwrap_or_default();
    match rmpv::decode::read_value(&mut bytes.as_slice()) {
        Ok(Value::Map(entries)) => {
            let named = |(k, v): (Value, Value)| (k.as_str().unwrap_or_default().to_owned(), v);
            entries.into_iter().map(named).collect()
        }
        _ => Vec::new(),
    }
}

/// Parameters from names and values; those not given keep their defaults.
///
/// # Errors
/// [`Error::Parameters`] for an unknown name or a value of a wrong type, by name.
pub fn read_params<P: Params>(given: &[(String, Value)]) -> Result<P> {
    let mut all = write_params(&P::default());
    let mut params = P::default();
    for (name, value) in given {
        let Some(entry) = all.iter_mut().find(|(known, _)| known == name) else {
            let known: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
            let known = known.join(", ");
            return Err(Error::Parameters(format!("{} has no parameter '{name}'. It has: {known}", P::NAME)));
        };
        // Python's True is the number 1 wherever a number is wanted.
        entry.1 = match (value, &entry.1) {
            (Value::Boolean(truth), default) if !default.is_bool() => Value::from(u8::from(*truth)),
            _ => value.clone(),
        };
        let read = from_map(&all).or_else(|error| match value.as_f64() {
            // A whole number beyond 64 bits, for a parameter that counts: as good as the largest count.
            Some(huge) if huge >= 2_f64.powi(63) && huge.is_finite() => {
                set(&mut all, name, Value::from(i64::MAX));
                from_map(&all).map_err(|_| error)
            }
            _ => Err(error),
        });
        params = read.map_err(|error| {
            Error::Parameters(format!("The '{name}' parameter of {} cannot be {value}: {error}", P::NAME))
        })?;
    }
    Ok(params)
}

fn set(fields: &mut [(String, Value)], name: &str, value: Value) {
    fields.iter_mut().filter(|(known, _)| known == name).for_each(|entry| entry.1 = value.clone());
}

/// A struct from its fields. By way of bytes: `rmpv::ext::from_value` does not read enums from their names.
fn from_map<P: Params>(fields: &[(String, Value)]) -> std::result::Result<P, String> {
    let map = fields.iter().map(|(k, v)| (Value::from(k.as_str()), v.clone())).collect();
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &Value::Map(map)).map_err(|error| error.to_string())?;
    rmp_serde::from_slice(&bytes).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_by_name_and_refused_by_name() {
        let given = |name: &str, value: Value| AnyEstimator::with_params("Ridge", &[(name.into(), value)]);
        let ridge = given("alpha", Value::from(2)).unwrap();
        assert!(ridge.params().contains(&("alpha".into(), Value::F64(2.0))));
        let unknown = given("alhpa", Value::from(2)).unwrap_err().to_string();
        assert!(unknown.contains("'alhpa'") && unknown.contains("alpha"), "{unknown}");
        let wrong = given("fit_intercept", Value::from("maybe")).unwrap_err().to_string();
        assert!(wrong.contains("'fit_intercept'") && wrong.contains("maybe"), "{wrong}");
        assert!(AnyEstimator::with_params("Rigde", &[]).is_err());
    }
}
