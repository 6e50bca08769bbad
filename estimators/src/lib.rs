//! Classical machine learning for Rust: scikit-learn's estimators, in Rust, on a CPU or a CUDA device.
//!
//! Parameters are plain structs with public fields; fitting checks them first, so an algorithm never sees values
//! outside their range. Every estimator works through linfa's traits, and through [`FitOn::fit_on`] on a device of
//! your choice.
//!
//! ```
//! use linfa::prelude::*;
//! use ironlearn::linear::Ridge;
//!
//! let dataset = linfa::Dataset::new(ndarray::array![[0.0], [1.0], [2.0]], ndarray::array![0.0, 1.0, 2.0]);
//! let model = Ridge { alpha: 0.5.into(), ..Ridge::default() }.fit(&dataset)?;
//! let y = model.predict(&dataset);
//! assert!((y[1] - 1.0).abs() < 1e-12);
//! # Ok::<(), ironlearn::Error>(())
//! ```

pub mod cluster;
pub mod data;
pub mod error;
pub mod linear;
pub mod linfa_traits;
pub mod metrics;
pub mod pipeline;
pub mod preprocess;
pub mod registry;
pub mod report;
pub mod saved;
pub mod traits;
pub mod tree;

pub use data::{Data, Labels, Target};
pub use error::{Error, Result};
pub use ironlearn_datasets as datasets;
pub use ironlearn_linalg as linalg;
pub use ironlearn_linalg::{AnyMatrix, Backend, Control, Cpu, Dtype, Matrix};
pub use registry::{AnyEstimator, AnyModel};
pub use report::{Report, Warning, WarningKind};
pub use saved::Saved;
pub use traits::{ApplyOn, Attribute, Checked, FitOn, Model, Params, PredictOn, ProbaOn, TransformOn};
