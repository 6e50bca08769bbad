//! The one list of estimators. The Python module, the shell and the model file learn of an estimator here.

mod given;
mod inside;
mod params;
#[cfg(test)]
mod tests;

pub use params::{read_params, write_params};

use crate::{
    AnyMatrix, ApplyOn, Attribute, Backend, Checked, Control, Data, Error, FitOn, Model, Params, PredictOn, ProbaOn,
    Report, Result, TransformOn,
};
use ndarray::{Array1, Array2};
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
    /// Which rows are unlike the others (-1, else 1), without a target.
    Outliers,
}

impl Task {
    /// Whether there is something to predict.
    pub fn has_target(self) -> bool {
        matches!(self, Task::Regression | Task::Classification)
    }
}

/// Calls a method where the model's list of capabilities names it; elsewhere it is an error.
macro_rules! call {
    ([predict $($rest:ident)*] predict $model:ident $x:ident $ctl:ident) => { $model.predict_on($x, $ctl) };
    ([decision $($rest:ident)*] decision $model:ident $x:ident $ctl:ident) => { crate::DecisionOn::decision_on($model, $x, $ctl) };
    ([deviation $($rest:ident)*] deviation $model:ident $x:ident $ctl:ident) => { crate::DeviationOn::deviation_on($model, $x, $ctl) };
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

        $(crate::linfa_traits::connect!($task $params);)*

        impl AnyEstimator {
            /// The estimator with this name and default parameters, where there is one.
            pub fn by_name(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($variant) => Some(AnyEstimator::$variant(<$params>::default())),)*
                    _ => None,
                }
            }

            /// The estimator `name` with the given parameters; the others keep their defaults. Where one of them is an
            /// estimator, `estimator` names it and `estimator__NAME` is a parameter of its own.
            ///
            /// # Errors
            /// [`Error::Parameters`] for an unknown estimator, an unknown parameter or a value of a wrong type.
            pub fn with_params(name: &str, given: &[(String, Value)]) -> Result<Self> {
                Self::read(name, &inside::put_together(name, given, 0)?)
            }

            /// [`AnyEstimator::with_params`] where an estimator inside is one value.
            fn read(name: &str, given: &[(String, Value)]) -> Result<Self> {
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

            /// See [`Params::TAKES_WEIGHTS`].
            pub fn takes_weights(&self) -> bool {
                fn of<P: Params>(_: &P) -> bool {
                    P::TAKES_WEIGHTS
                }
                match self { $(AnyEstimator::$variant(p) => of(p),)* }
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

            /// See [`crate::DeviationOn::deviation_on`].
            ///
            /// # Errors
            /// [`Error::Unsupported`] where the model knows no deviations; see there.
            pub fn predict_deviation(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
                match self { $(AnyModel::$variant(m) => call!([$($method)*] deviation m x ctl),)* }
            }

            /// See [`ProbaOn::proba_on`].
            ///
            /// # Errors
            /// [`Error::Unsupported`] where the model has no probabilities; see there.
            pub fn predict_proba(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Vec<Array2<f64>>> {
                match self { $(AnyModel::$variant(m) => call!([$($method)*] proba m x ctl),)* }
            }

            /// See [`DecisionOn::decision_on`].
            ///
            /// # Errors
            /// [`Error::Unsupported`] where the model has no scores; see there.
            pub fn decision_function(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
                match self { $(AnyModel::$variant(m) => call!([$($method)*] decision m x ctl),)* }
            }

            /// The same linear model with other coefficients: a user may assign them.
            ///
            /// # Errors
            /// [`Error::Unsupported`] for a model that has none, [`Error::Input`] for shapes that do not fit.
            pub fn with_coefficients(&self, coef: Array2<f64>, intercept: Array1<f64>) -> Result<Self> {
                let mut changed = self.clone();
                let name = self.name();
                let parts = match &mut changed { $(AnyModel::$variant(m) => m.coefficients(),)* };
                let Some(parts) = parts else {
                    return Err(Error::Unsupported(format!("a model of {name} has no coefficients")));
                };
                parts.set(coef, intercept)?;
                Ok(changed)
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
    // Linear models: least squares.
    LinearRegression: crate::linear::LinearRegression => crate::linear::LinearModel, Regression, "linear-regression",
        [predict];
    Ridge: crate::linear::Ridge => crate::linear::LinearModel, Regression, "ridge", [predict];
    // Linear models: ridge with cross-validation, Bayesian.
    RidgeCV: crate::linear::RidgeCV => crate::linear::ridge_cv::RidgeCvModel, Regression, "ridge-cv", [predict];
    RidgeClassifier: crate::linear::RidgeClassifier => crate::linear::ridge_classifier::RidgeClassifierModel,
        Classification, "ridge-classifier", [predict, decision];
    RidgeClassifierCV: crate::linear::RidgeClassifierCV => crate::linear::ridge_classifier::RidgeClassifierModel,
        Classification, "ridge-classifier-cv", [predict, decision];
    BayesianRidge: crate::linear::BayesianRidge => crate::linear::BayesianModel, Regression, "bayesian-ridge",
        [predict, deviation];
    ARDRegression: crate::linear::ARDRegression => crate::linear::BayesianModel, Regression, "ard-regression",
        [predict, deviation];
    // Linear models: coordinate descent.
    Lasso: crate::linear::Lasso => crate::linear::LassoModel, Regression, "lasso", [predict];
    ElasticNet: crate::linear::ElasticNet => crate::linear::LassoModel, Regression, "elastic-net", [predict];
    LassoCV: crate::linear::LassoCV => crate::linear::LassoModel, Regression, "lasso-cv", [predict];
    ElasticNetCV: crate::linear::ElasticNetCV => crate::linear::LassoModel, Regression, "elastic-net-cv", [predict];
    MultiTaskLasso: crate::linear::MultiTaskLasso => crate::linear::LassoModel, Regression, "multi-task-lasso", [predict];
    MultiTaskElasticNet: crate::linear::MultiTaskElasticNet => crate::linear::LassoModel, Regression, "multi-task-elastic-net", [predict];
    MultiTaskLassoCV: crate::linear::MultiTaskLassoCV => crate::linear::LassoModel, Regression, "multi-task-lasso-cv", [predict];
    MultiTaskElasticNetCV: crate::linear::MultiTaskElasticNetCV => crate::linear::LassoModel, Regression, "multi-task-elastic-net-cv", [predict];
    // Linear models: least angles, orthogonal matching pursuit.
    Lars: crate::linear::lars::Lars => crate::linear::lars::LarsModel, Regression, "lars", [predict];
    LassoLars: crate::linear::lars::LassoLars => crate::linear::lars::LarsModel, Regression, "lasso-lars", [predict];
    LarsCV: crate::linear::lars::LarsCV => crate::linear::lars::LarsModel, Regression, "lars-cv", [predict];
    LassoLarsCV: crate::linear::lars::LassoLarsCV => crate::linear::lars::LarsModel, Regression, "lasso-lars-cv",
        [predict];
    LassoLarsIC: crate::linear::lars::LassoLarsIC => crate::linear::lars::LarsModel, Regression, "lasso-lars-ic",
        [predict];
    OrthogonalMatchingPursuit: crate::linear::omp::OrthogonalMatchingPursuit => crate::linear::omp::PursuitModel,
        Regression, "orthogonal-matching-pursuit", [predict];
    OrthogonalMatchingPursuitCV: crate::linear::omp::OrthogonalMatchingPursuitCV => crate::linear::omp::PursuitModel,
        Regression, "orthogonal-matching-pursuit-cv", [predict];
    // Linear models: logistic regression.
    LogisticRegression: crate::linear::LogisticRegression => crate::linear::LinearClassifier, Classification,
        "logistic-regression", [predict, decision, proba];
    LogisticRegressionCV: crate::linear::LogisticRegressionCV => crate::linear::LogisticPath, Classification,
        "logistic-regression-cv", [predict, decision, proba];
    // Linear models: generalised.
    PoissonRegressor: crate::linear::PoissonRegressor => crate::linear::LinearModel, Regression, "poisson-regressor",
        [predict];
    GammaRegressor: crate::linear::GammaRegressor => crate::linear::LinearModel, Regression, "gamma-regressor",
        [predict];
    TweedieRegressor: crate::linear::TweedieRegressor => crate::linear::LinearModel, Regression, "tweedie-regressor",
        [predict];
    // Linear models: stochastic gradients.
    SGDClassifier: crate::linear::SGDClassifier => crate::linear::sgd::Stepped<crate::linear::LinearClassifier>,
        Classification, "sgd-classifier", [predict, decision, proba];
    SGDRegressor: crate::linear::SGDRegressor => crate::linear::sgd::Stepped<crate::linear::LinearModel>, Regression,
        "sgd-regressor", [predict];
    SGDOneClassSVM: crate::linear::SGDOneClassSVM => crate::linear::sgd::Stepped<crate::linear::sgd::OneClass>,
        Outliers, "sgd-one-class-svm", [predict, decision];
    Perceptron: crate::linear::Perceptron => crate::linear::sgd::Stepped<crate::linear::LinearClassifier>,
        Classification, "perceptron", [predict, decision];
    PassiveAggressiveClassifier: crate::linear::PassiveAggressiveClassifier
        => crate::linear::sgd::Stepped<crate::linear::LinearClassifier>, Classification,
        "passive-aggressive-classifier", [predict, decision];
    PassiveAggressiveRegressor: crate::linear::PassiveAggressiveRegressor
        => crate::linear::sgd::Stepped<crate::linear::LinearModel>, Regression, "passive-aggressive-regressor", [predict];
    // Linear models: robust.
    HuberRegressor: crate::linear::HuberRegressor => crate::linear::HuberModel, Regression, "huber-regressor", [predict];
    QuantileRegressor: crate::linear::QuantileRegressor => crate::linear::LinearModel, Regression, "quantile-regressor",
        [predict];
    TheilSenRegressor: crate::linear::TheilSenRegressor => crate::linear::TheilSenModel, Regression, "theil-sen",
        [predict];
    RANSACRegressor: crate::linear::RANSACRegressor => crate::linear::ransac::RansacModel, Regression, "ransac",
        [predict];
    // Support vector machines: linear.
    LinearSVC: crate::svm::LinearSVC => crate::linear::LinearClassifier, Classification, "linear-svc",
        [predict, decision];
    LinearSVR: crate::svm::LinearSVR => crate::linear::LinearModel, Regression, "linear-svr", [predict];
    // Beside the linear models: discriminants, kernels, isotonic.
    LinearDiscriminantAnalysis: crate::discriminant::LinearDiscriminantAnalysis => crate::discriminant::LdaModel,
        Classification, "linear-discriminant-analysis", [predict, decision, proba, transform];
    QuadraticDiscriminantAnalysis: crate::discriminant::QuadraticDiscriminantAnalysis
        => crate::discriminant::QdaModel, Classification, "quadratic-discriminant-analysis", [predict, decision, proba];
    IsotonicRegression: crate::isotonic::IsotonicRegression => crate::isotonic::IsotonicModel, Regression, "isotonic",
        [predict, transform];
    KernelRidge: crate::kernel_ridge::KernelRidge => crate::kernel_ridge::KernelRidgeModel, Regression, "kernel-ridge",
        [predict];
    // Support vector machines: kernels.
    SVC: crate::svm::SVC => crate::svm::SvmModel, Classification, "svc", [predict, decision, proba];
    NuSVC: crate::svm::NuSVC => crate::svm::SvmModel, Classification, "nu-svc", [predict, decision, proba];
    SVR: crate::svm::SVR => crate::svm::SvmModel, Regression, "svr", [predict];
    NuSVR: crate::svm::NuSVR => crate::svm::SvmModel, Regression, "nu-svr", [predict];
    OneClassSVM: crate::svm::OneClassSVM => crate::svm::SvmModel, Outliers, "one-class-svm", [predict, decision];
    // Clustering.
    KMeans: crate::cluster::KMeans => crate::cluster::KMeansModel, Clustering, "kmeans", [predict, transform];
    // Trees.
    DecisionTreeClassifier: crate::tree::DecisionTreeClassifier => crate::tree::ClassTree, Classification,
        "decision-tree-classifier", [predict, proba, apply];
    DecisionTreeRegressor: crate::tree::DecisionTreeRegressor => crate::tree::NumberTree, Regression,
        "decision-tree-regressor", [predict, apply];
    ExtraTreeClassifier: crate::tree::ExtraTreeClassifier => crate::tree::ClassTree, Classification,
        "extra-tree-classifier", [predict, proba, apply];
    ExtraTreeRegressor: crate::tree::ExtraTreeRegressor => crate::tree::NumberTree, Regression,
        "extra-tree-regressor", [predict, apply];
    // Forests.
    RandomForestClassifier: crate::forest::RandomForestClassifier => crate::forest::ClassForest, Classification,
        "random-forest-classifier", [predict, proba, apply];
    RandomForestRegressor: crate::forest::RandomForestRegressor => crate::forest::NumberForest, Regression,
        "random-forest-regressor", [predict, apply];
    ExtraTreesClassifier: crate::forest::ExtraTreesClassifier => crate::forest::ClassForest, Classification,
        "extra-trees-classifier", [predict, proba, apply];
    ExtraTreesRegressor: crate::forest::ExtraTreesRegressor => crate::forest::NumberForest, Regression,
        "extra-trees-regressor", [predict, apply];
    IsolationForest: crate::forest::IsolationForest => crate::forest::IsolationModel, Outliers, "isolation-forest",
        [predict, decision, apply];
    RandomTreesEmbedding: crate::forest::RandomTreesEmbedding => crate::forest::EmbeddingModel, Clustering,
        "random-trees-embedding", [predict, transform, apply];
    // Estimators of estimators.
    AdaBoostClassifier: crate::adaboost::AdaBoostClassifier => crate::adaboost::AdaBoostClasses, Classification,
        "adaboost-classifier", [predict, decision, proba];
    AdaBoostRegressor: crate::adaboost::AdaBoostRegressor => crate::adaboost::AdaBoostNumbers, Regression,
        "adaboost-regressor", [predict];
    BaggingClassifier: crate::bagging::BaggingClassifier => crate::bagging::BaggedClasses, Classification,
        "bagging-classifier", [predict, decision, proba];
    BaggingRegressor: crate::bagging::BaggingRegressor => crate::bagging::BaggedNumbers, Regression,
        "bagging-regressor", [predict];
    // Boosting with exact splits.
    GradientBoostingClassifier: crate::gradient_boosting::GradientBoostingClassifier
        => crate::gradient_boosting::BoostedClasses, Classification, "gradient-boosting-classifier",
        [predict, decision, proba, apply];
    GradientBoostingRegressor: crate::gradient_boosting::GradientBoostingRegressor
        => crate::gradient_boosting::BoostedNumbers, Regression, "gradient-boosting-regressor", [predict, apply];
    // Boosting.
    HistGradientBoostingClassifier: crate::boosting::HistGradientBoostingClassifier
        => crate::boosting::BoostedClasses, Classification, "hist-gradient-boosting-classifier",
        [predict, decision, proba];
    HistGradientBoostingRegressor: crate::boosting::HistGradientBoostingRegressor
        => crate::boosting::BoostedNumbers, Regression, "hist-gradient-boosting-regressor", [predict];
}
