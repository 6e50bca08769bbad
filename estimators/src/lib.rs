//! Classical machine learning for Rust: scikit-learn's estimators, in Rust, on a CPU or a CUDA device.
//!
//! Parameters are plain structs with public fields; fitting checks them first, so an algorithm never sees values
//! outside their range. Every estimator works through linfa's traits (on the CPU with all allowed threads), and through
//! [`FitOn::fit_on`] on a device of your choice. What a program needs to build and run: `docs/rust.md`.
//!
//! | | numbers to predict | classes to predict | no target |
//! | --- | --- | --- | --- |
//! | [`linear`] | [`LinearRegression`](linear::LinearRegression), [`Ridge`](linear::Ridge) | | |
//! | [`tree`] | [`DecisionTreeRegressor`](tree::DecisionTreeRegressor) | [`DecisionTreeClassifier`](tree::DecisionTreeClassifier) | |
//! | [`gradient_boosting`] | [`GradientBoostingRegressor`](gradient_boosting::GradientBoostingRegressor) | [`GradientBoostingClassifier`](gradient_boosting::GradientBoostingClassifier) | |
//! | [`cluster`] | | | [`KMeans`](cluster::KMeans) |
//!
//! # Regression
//!
//! ```
//! use ironlearn::linear::{LinearRegression, Ridge};
//! use ironlearn::tree::DecisionTreeRegressor;
//! use linfa::prelude::*;
//!
//! let diabetes = ironlearn::datasets::diabetes();
//! let (train, test) = linfa::Dataset::new(diabetes.data, diabetes.target).split_with_ratio(0.75);
//!
//! let plain = LinearRegression::default().fit(&train)?;
//! let ridge = Ridge { alpha: 0.1.into(), ..Ridge::default() }.fit(&train)?;
//! let tree = DecisionTreeRegressor { max_depth: Some(3), ..DecisionTreeRegressor::default() }.fit(&train)?;
//!
//! // linfa's metrics.
//! assert!(plain.predict(&test).r2(&test)? > 0.4);
//! assert!(ridge.predict(&test).r2(&test)? > 0.4);
//! assert!(tree.predict(&test).r2(&test)? > 0.2);
//! assert_eq!(ridge.coef.dim(), (1, 10));
//! # Ok::<(), ironlearn::Error>(())
//! ```
//!
//! # Classification
//!
//! Labels may be integers, `bool`, `String` or anything else that is ordered.
//!
//! ```
//! use ironlearn::tree::DecisionTreeClassifier;
//! use linfa::prelude::*;
//!
//! let iris = ironlearn::datasets::iris();
//! let species = iris.target.mapv(|class| iris.target_names[class as usize].clone());
//! let dataset = linfa::Dataset::new(iris.data, species);
//! let model = DecisionTreeClassifier { max_depth: Some(3), ..DecisionTreeClassifier::default() }.fit(&dataset)?;
//! let confusion = model.predict(&dataset).confusion_matrix(&dataset)?;
//! assert!(confusion.accuracy() > 0.95);
//! assert_eq!(model.classes, ["setosa", "versicolor", "virginica"]);
//! # Ok::<(), ironlearn::Error>(())
//! ```
//!
//! # Clustering
//!
//! ```
//! use ironlearn::TransformOn;
//! use ironlearn::cluster::KMeans;
//! use linfa::prelude::*;
//!
//! let x = ironlearn::datasets::iris().data;
//! let model = KMeans { n_clusters: 3, random_state: 1, ..KMeans::default() }.fit(&linfa::DatasetBase::from(x.clone()))?;
//! let labels: ndarray::Array1<usize> = model.predict(&x);
//! assert_eq!((labels.len(), model.cluster_centers.dim()), (150, (3, 4)));
//! // The distances to the centres.
//! let distances = model.transform_on(&x.view().into(), &ironlearn::Control::new())?;
//! assert_eq!(distances.dim(), (150, 3));
//! # Ok::<(), ironlearn::Error>(())
//! ```
//!
//! # A whole pipeline, and its file
//!
//! [`pipeline::TablePipeline`] chooses the steps by the columns of a table, [`pipeline::Pipeline`] takes steps of your
//! choice. Both make a [`Saved`]: what Rust, Python and the shell all read and write.
//!
//! ```
//! use ironlearn::pipeline::Pipeline;
//! use ironlearn::preprocess::{SimpleImputer, StandardScaler};
//! use ironlearn::{AnyEstimator, Control, Cpu, Saved, Target};
//!
//! let wine = ironlearn::datasets::wine();
//! let y = wine.target.insert_axis(ndarray::Axis(1));
//! let pipeline = Pipeline {
//!     steps: vec![
//!         ("impute".into(), SimpleImputer::default().into()),
//!         ("scale".into(), StandardScaler::default().into()),
//!     ],
//!     estimator: ("model".into(), AnyEstimator::with_params("Ridge", &[("alpha".into(), 2.0.into())])?),
//! };
//! let target = Target::Values(y.view());
//! let model = pipeline.fit(&wine.data.view().into(), &target, None, &Cpu, &Control::new())?;
//!
//! let bytes = model.to_bytes()?; // or `model.write(path)`, `Saved::read(path)`
//! let again = Saved::from_bytes(&bytes)?;
//! let predicted = again.predict(wine.data.view().into(), &Control::new())?;
//! assert_eq!(predicted, model.predict(wine.data.view().into(), &Control::new())?);
//! # Ok::<(), ironlearn::Error>(())
//! ```
//!
//! # Devices, weights, threads, cancelling
//!
//! [`FitOn::fit_on`] takes a backend: [`Cpu`], or `ironlearn_gpu::Cuda`, which is opened at run time. [`Control`] carries
//! the number of threads, the flag that stops a run and the listener to its progress; afterwards it tells what ran where.
//!
//! ```
//! use ironlearn::linear::Ridge;
//! use ironlearn::{Checked, Control, Cpu, Data, FitOn, PredictOn};
//!
//! let x = ndarray::array![[0.0_f32], [1.0], [2.0], [3.0]];
//! let y = ndarray::array![[0.0], [1.0], [2.0], [9.0]];
//! let weights = ndarray::array![1.0, 1.0, 1.0, 0.0];
//! let data = Data::new(x.view()).with_values(y.view()).with_weights(Some(weights.view()));
//!
//! let model = Ridge { alpha: 1e-6.into(), ..Ridge::default() }.fit_on(&data, &Cpu)?;
//! assert!((model.predict_cpu(x.view())?[[3, 0]] - 3.0).abs() < 1e-4);
//!
//! let ctl = Control::new().with_threads(Some(1));
//! Ridge::fit_checked(&Checked::new(Ridge::default())?, &data, None, &Cpu, &ctl)?;
//! assert!(ctl.trace().iter().all(|entry| entry.place == "cpu"));
//! # Ok::<(), ironlearn::Error>(())
//! ```

pub mod adaboost;
pub mod bagging;
pub mod binning;
pub mod boosting;
pub mod class_weight;
pub mod cluster;
pub mod data;
pub mod discriminant;
pub mod error;
pub mod folds;
pub mod forest;
pub mod gradient_boosting;
mod growth;
pub mod isotonic;
pub mod kernel;
pub mod kernel_approximation;
pub mod kernel_ridge;
pub mod linear;
pub mod linfa_traits;
pub mod loss;
mod many;
pub mod members;
pub mod metrics;
pub mod penalty;
pub mod pipeline;
pub mod preprocess;
mod quantiles;
pub mod registry;
pub mod report;
pub mod saved;
pub mod svm;
pub mod traits;
pub mod tree;
mod walk;

pub use data::{Data, Labels, Target};
pub use error::{Error, Result};
pub use folds::{Folds, Split};
pub use ironlearn_datasets as datasets;
pub use ironlearn_linalg as linalg;
pub use ironlearn_linalg::{AnyMatrix, Backend, Control, Cpu, Dtype, Matrix};
pub use registry::{AnyEstimator, AnyModel};
pub use report::{Report, Warning, WarningKind};
pub use saved::Saved;
pub use traits::{
    ApplyOn, Attribute, Checked, Coefficients, DecisionOn, DeviationOn, FitOn, Model, Params, PredictOn, ProbaOn,
    TransformOn,
};
