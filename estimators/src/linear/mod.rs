//! Linear models: a loss, a penalty and a solver each.

pub mod ard;
pub mod bayes;
pub mod bayes_model;
pub mod classifier;
pub mod deviance;
mod evidence;
pub mod glm;
mod held_out;
pub mod huber;
pub mod lars;
pub mod lasso;
mod liblinear;
pub mod logistic;
pub mod logistic_cv;
pub mod logistic_path;
pub mod model;
pub mod ols;
pub mod omp;
pub mod problem;
pub mod quantile;
pub mod ransac;
pub mod ridge;
pub mod ridge_choice;
pub mod ridge_classifier;
pub mod ridge_cv;
mod ridge_path;
mod ridge_solve;
pub mod robust;
pub mod sgd;
mod shares;
pub mod solver;
pub mod subsets;
pub mod theil_sen;
pub mod theil_sen_model;

pub use ard::ARDRegression;
pub use bayes::BayesianRidge;
pub use bayes_model::BayesianModel;
pub use classifier::{LinearClassifier, Probabilities};
pub use deviance::{DevianceSolver, GammaRegressor, PoissonRegressor, TweedieLink, TweedieRegressor};
pub use huber::HuberRegressor;
pub use lars::{Lars, LarsCV, LassoLars, LassoLarsCV, LassoLarsIC};
pub use lasso::{
    ElasticNet, ElasticNetCV, Lasso, LassoCV, LassoModel, MultiTaskElasticNet, MultiTaskElasticNetCV, MultiTaskLasso,
    MultiTaskLassoCV,
};
pub use logistic::{LogisticRegression, LogisticSolver};
pub use logistic_cv::LogisticRegressionCV;
pub use logistic_path::LogisticPath;
pub use model::LinearModel;
pub use ols::LinearRegression;
pub use omp::{OrthogonalMatchingPursuit, OrthogonalMatchingPursuitCV};
pub use quantile::{QuantileRegressor, QuantileSolver};
pub use ransac::RANSACRegressor;
pub use ridge::{PerOutput, Ridge, RidgeSolver};
pub use ridge_classifier::{RidgeClassifier, RidgeClassifierCV};
pub use ridge_cv::RidgeCV;
pub use robust::{HuberModel, RobustModel};
pub use sgd::{
    PassiveAggressiveClassifier, PassiveAggressiveRegressor, Perceptron, SGDClassifier, SGDOneClassSVM, SGDRegressor,
};
pub use theil_sen::TheilSenRegressor;
pub use theil_sen_model::TheilSenModel;
