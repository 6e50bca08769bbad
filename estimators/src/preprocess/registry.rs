//! The one list of transformers, beside the list of estimators.

use super::{
    Block, ColumnTransformer, ColumnsModel, DateTimeEncoder, DateTimes, FitTransformer, Frequencies, FrequencyEncoder,
    Imputer, OneHot, OneHotEncoder, Ordinal, OrdinalEncoder, Scaler, SimpleImputer, StandardScaler, Steps, StepsModel,
    TargetEncoder, TargetEncoding, Transformer,
};
use crate::kernel_approximation::{KernelFeatures, Nystroem, RBFSampler, RandomWaves};
use crate::registry::{read_params, write_params};
use crate::{Checked, Control, Error, Report, Result, Target, Warning};
use ironlearn_datasets::ColumnType;
use ndarray::ArrayView1;
use rmpv::Value;
use serde::{Deserialize, Serialize};

macro_rules! transformers {
    ($($variant:ident: $params:ty => $model:ty;)*) => {
        /// The parameters of any transformer.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub enum AnyTransformer {
            $(#[doc = concat!("See [`", stringify!($params), "`].")] $variant($params),)*
        }

        /// The model of any transformer, under the transformer's name.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub enum AnyTransformerModel {
            $(#[doc = concat!("A model of [`", stringify!($params), "`].")] $variant($model),)*
        }

        /// The name of every transformer.
        pub const TRANSFORMERS: &[&str] = &[$(stringify!($variant)),*];

        $(impl From<$params> for AnyTransformer {
            fn from(params: $params) -> Self {
                AnyTransformer::$variant(params)
            }
        }
        impl From<$model> for AnyTransformerModel {
            fn from(model: $model) -> Self {
                AnyTransformerModel::$variant(model)
            }
        })*

        impl AnyTransformer {
            /// The transformer `name` with the given parameters; the others keep their defaults.
            ///
            /// # Errors
            /// [`Error::Parameters`] for an unknown transformer, an unknown parameter or a value of a wrong type.
            pub fn with_params(name: &str, given: &[(String, Value)]) -> Result<Self> {
                match name {
                    $(stringify!($variant) => read_params::<$params>(given).map(AnyTransformer::$variant),)*
                    _ => Err(Error::Parameters(format!("there is no transformer {name}"))),
                }
            }

            /// The parameters with their values.
            pub fn params(&self) -> Vec<(String, Value)> {
                match self { $(AnyTransformer::$variant(p) => write_params(p),)* }
            }

            /// The transformer's name.
            pub fn name(&self) -> &'static str {
                match self { $(AnyTransformer::$variant(_) => stringify!($variant),)* }
            }

            /// Checks the parameters and fits.
            ///
            /// # Errors
            /// As [`FitTransformer::fit_checked`], and [`Error::Parameter`].
            pub fn fit(
                &self,
                x: &Block<'_>,
                target: &Target<'_>,
                weights: Option<ArrayView1<'_, f64>>,
                ctl: &Control,
            ) -> Result<AnyTransformerModel> {
                match self {
                    $(AnyTransformer::$variant(p) => {
                        FitTransformer::fit_checked(Checked::new_ref(p)?, x, target, weights, ctl).map(Into::into)
                    })*
                }
            }

            /// Checks the parameters, fits and maps the same rows.
            ///
            /// # Errors
            /// As [`FitTransformer::fit_transform_checked`], and [`Error::Parameter`].
            pub fn fit_transform(
                &self,
                x: &Block<'_>,
                target: &Target<'_>,
                weights: Option<ArrayView1<'_, f64>>,
                ctl: &Control,
            ) -> Result<(AnyTransformerModel, Block<'static>)> {
                match self {
                    $(AnyTransformer::$variant(p) => {
                        FitTransformer::fit_transform_checked(Checked::new_ref(p)?, x, target, weights, ctl)
                            .map(|(model, out)| (model.into(), out))
                    })*
                }
            }
        }

        impl AnyTransformerModel {
            /// The transformer's name.
            pub fn name(&self) -> &'static str {
                match self { $(AnyTransformerModel::$variant(_) => stringify!($variant),)* }
            }

            /// The parameters of the fit.
            pub fn params(&self) -> AnyTransformer {
                match self { $(AnyTransformerModel::$variant(m) => m.params().clone().into(),)* }
            }

            /// See [`Transformer::n_features_in`].
            pub fn n_features_in(&self) -> usize {
                match self { $(AnyTransformerModel::$variant(m) => m.n_features_in(),)* }
            }

            /// See [`Transformer::check`].
            ///
            /// # Errors
            /// [`Error::File`].
            pub fn check(&self) -> Result<()> {
                match self { $(AnyTransformerModel::$variant(m) => m.check(),)* }
            }

            /// See [`Transformer::transform`].
            ///
            /// # Errors
            /// [`Error::Input`].
            pub fn transform(
                &self,
                x: &Block<'_>,
                ctl: &Control,
                warnings: &mut Vec<Warning>,
            ) -> Result<Block<'static>> {
                match self { $(AnyTransformerModel::$variant(m) => m.transform(x, ctl, warnings),)* }
            }

            /// See [`Transformer::feature_names_out`].
            pub fn feature_names_out(&self, names: &[String]) -> Vec<String> {
                match self { $(AnyTransformerModel::$variant(m) => m.feature_names_out(names),)* }
            }

            /// What was learnt, as plain values under the names of the file.
            ///
            /// # Errors
            /// [`Error::File`] where a part cannot be written.
            pub fn to_value(&self) -> Result<Value> {
                let bytes = match self { $(AnyTransformerModel::$variant(m) => rmp_serde::to_vec_named(m),)* };
                let bytes = bytes.map_err(|error| Error::File(error.to_string()))?;
                rmpv::decode::read_value(&mut bytes.as_slice()).map_err(|error| Error::File(error.to_string()))
            }

            /// The model `name` of such values, checked as one from a file.
            ///
            /// # Errors
            /// [`Error::File`].
            pub fn from_value(name: &str, value: Value) -> Result<Self> {
                let mut bytes = Vec::new();
                rmpv::encode::write_value(&mut bytes, &value).map_err(|error| Error::File(error.to_string()))?;
                let model = match name {
                    $(stringify!($variant) => rmp_serde::from_slice(&bytes).map(AnyTransformerModel::$variant),)*
                    _ => return Err(Error::File(format!("there is no transformer {name}"))),
                };
                let model = model.map_err(|error| Error::File(error.to_string()))?;
                model.check()?;
                Ok(model)
            }

            /// See [`Transformer::input_types`].
            pub fn input_types(&self) -> Vec<Option<ColumnType>> {
                match self { $(AnyTransformerModel::$variant(m) => m.input_types(),)* }
            }

            /// See [`Transformer::report`].
            pub fn report(&self) -> Report {
                match self { $(AnyTransformerModel::$variant(m) => m.report(),)* }
            }
        }
    };
}

transformers! {
    SimpleImputer: SimpleImputer => Imputer;
    OneHotEncoder: OneHotEncoder => OneHot;
    OrdinalEncoder: OrdinalEncoder => Ordinal;
    StandardScaler: StandardScaler => Scaler;
    TargetEncoder: TargetEncoder => TargetEncoding;
    FrequencyEncoder: FrequencyEncoder => Frequencies;
    DateTimeEncoder: DateTimeEncoder => DateTimes;
    RBFSampler: RBFSampler => RandomWaves;
    Nystroem: Nystroem => KernelFeatures;
    ColumnTransformer: ColumnTransformer => ColumnsModel;
    Pipeline: Steps => StepsModel;
}
