//! The Python module `ironlearn._core`: one `fit`, one `Model`, and what the classes in `python/ironlearn` need beside
//! them. Estimators appear here by name only, out of the registry.

mod array;
mod boosting;
mod cluster;
mod discriminant;
mod enet_path;
mod error;
mod gradient_boosting;
mod isotonic;
mod kernel;
mod kernel_approximation;
mod linear;
mod linear_svm;
mod members;
mod model;
mod path;
mod ransac;
mod rows;
mod run;
mod saved;
mod sgd;
mod svm;
mod theil_sen;
mod transformer;
mod tree;
mod value;

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<model::Model>()?;
    module.add_function(wrap_pyfunction!(model::fit, module)?)?;
    module.add_function(wrap_pyfunction!(model::estimators, module)?)?;
    module.add_function(wrap_pyfunction!(model::parameters, module)?)?;
    module.add_function(wrap_pyfunction!(linear::linear_predict, module)?)?;
    module.add_function(wrap_pyfunction!(sgd::sgd_start, module)?)?;
    module.add_function(wrap_pyfunction!(linear::with_ridge_choice, module)?)?;
    module.add_function(wrap_pyfunction!(path::fit_given, module)?)?;
    module.add_function(wrap_pyfunction!(path::lars_path, module)?)?;
    module.add_function(wrap_pyfunction!(path::orthogonal_mp, module)?)?;
    module.add_function(wrap_pyfunction!(enet_path::enet_path, module)?)?;
    module.add_function(wrap_pyfunction!(theil_sen::theil_sen_plan, module)?)?;
    module.add_function(wrap_pyfunction!(ransac::ransac_search, module)?)?;
    module.add_function(wrap_pyfunction!(ransac::ransac_model, module)?)?;
    module.add_function(wrap_pyfunction!(ransac::ransac_linear, module)?)?;
    module.add_function(wrap_pyfunction!(discriminant::fit_covariances, module)?)?;
    module.add_function(wrap_pyfunction!(isotonic::isotonic_regression, module)?)?;
    module.add_function(wrap_pyfunction!(isotonic::check_increasing, module)?)?;
    module.add_function(wrap_pyfunction!(kernel::kernel_predict, module)?)?;
    module.add_function(wrap_pyfunction!(kernel::kernel_rows, module)?)?;
    module.add_function(wrap_pyfunction!(kernel::kernel_with_dual, module)?)?;
    module.add_function(wrap_pyfunction!(kernel_approximation::random_waves, module)?)?;
    module.add_function(wrap_pyfunction!(kernel_approximation::random_waves_with, module)?)?;
    module.add_function(wrap_pyfunction!(kernel_approximation::kernel_features, module)?)?;
    module.add_function(wrap_pyfunction!(kernel_approximation::kernel_features_with, module)?)?;
    module.add_function(wrap_pyfunction!(kernel_approximation::kernel_landmarks, module)?)?;
    module.add_function(wrap_pyfunction!(kernel_approximation::kernel_root, module)?)?;
    module.add_function(wrap_pyfunction!(linear_svm::l1_min_c, module)?)?;
    module.add_function(wrap_pyfunction!(svm::svm_answer, module)?)?;
    module.add_function(wrap_pyfunction!(svm::svm_rows, module)?)?;
    module.add_function(wrap_pyfunction!(svm::svm_shape, module)?)?;
    module.add_function(wrap_pyfunction!(svm::svm_with, module)?)?;
    module.add_function(wrap_pyfunction!(cluster::nearest_center, module)?)?;
    module.add_function(wrap_pyfunction!(cluster::center_distances, module)?)?;
    module.add_function(wrap_pyfunction!(cluster::center_inertia, module)?)?;
    module.add_function(wrap_pyfunction!(cluster::kmeans_plusplus, module)?)?;
    module.add_function(wrap_pyfunction!(gradient_boosting::boost, module)?)?;
    module.add_function(wrap_pyfunction!(gradient_boosting::boosted_raw, module)?)?;
    module.add_function(wrap_pyfunction!(gradient_boosting::boosted_stages, module)?)?;
    module.add_function(wrap_pyfunction!(gradient_boosting::boosted_probabilities, module)?)?;
    module.add_function(wrap_pyfunction!(gradient_boosting::boosted_parts, module)?)?;
    module.add_function(wrap_pyfunction!(gradient_boosting::boosted_tree, module)?)?;
    module.add_function(wrap_pyfunction!(members::adaboost, module)?)?;
    module.add_function(wrap_pyfunction!(members::members, module)?)?;
    module.add_function(wrap_pyfunction!(members::member_seeds, module)?)?;
    module.add_function(wrap_pyfunction!(members::bag_parts, module)?)?;
    module.add_function(wrap_pyfunction!(members::boosted, module)?)?;
    module.add_function(wrap_pyfunction!(members::bagged, module)?)?;
    module.add_class::<boosting::Boosting>()?;
    module.add_function(wrap_pyfunction!(boosting::boosting_begin, module)?)?;
    module.add_function(wrap_pyfunction!(boosting::boosting_raw, module)?)?;
    module.add_function(wrap_pyfunction!(boosting::boosting_probabilities, module)?)?;
    module.add_function(wrap_pyfunction!(boosting::boosting_parts, module)?)?;
    module.add_class::<transformer::Transformer>()?;
    module.add_class::<saved::Pipeline>()?;
    module.add_function(wrap_pyfunction!(transformer::fit_transformer, module)?)?;
    module.add_function(wrap_pyfunction!(tree::forest_rows, module)?)?;
    module.add_function(wrap_pyfunction!(tree::isolation_rows, module)?)?;
    module.add_function(wrap_pyfunction!(rows::factorize, module)?)?;
    module.add_function(wrap_pyfunction!(rows::parse_times, module)?)?;
    module.add_function(wrap_pyfunction!(run::allowed_threads, module)?)?;
    Ok(())
}
