//! Preprocessing and an estimator as one model: from a table to predictions.
//!
//! [`Pipeline`] is steps of your choice and an estimator; [`TablePipeline`] chooses the steps by the types of a table's
//! columns. Both make a [`Saved`], the one thing that a model file holds, which predicts from tables and from numbers.
//!
//! ```
//! use ironlearn::datasets::{Column, Table};
//! use ironlearn::pipeline::TablePipeline;
//! use ironlearn::{AnyEstimator, Control, Cpu};
//!
//! let table = Table::new(vec![
//!     Column::number("size", vec![1.0, 2.0, f64::NAN, 4.0]),
//!     Column::text("colour", [Some("red"), Some("blue"), Some("red"), None]),
//!     Column::number("price", vec![10.0, 19.0, 31.0, 40.0]),
//! ])?;
//! let ridge = AnyEstimator::by_name("Ridge").unwrap();
//! let model = TablePipeline::new(ridge).fit(&table, Some("price"), None, &Cpu, &Control::new())?;
//! let prices = model.predict_table(&table.without("price"), &Control::new())?;
//! assert_eq!(prices.dim(), (4, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod rows;
mod table;
mod target;
#[cfg(test)]
mod tests;

pub use rows::InputColumn;
pub use table::TablePipeline;
pub use target::{TargetColumn, rows_with_target};

use crate::preprocess::{AnyTransformer, AnyTransformerModel, Block};
use crate::saved::SavedStep;
use crate::{AnyEstimator, Backend, Control, Data, Error, Result, Saved, Target};
use ndarray::ArrayView1;

/// Named transformers, one after the other, and an estimator that is fitted to what the last one gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipeline {
    /// The transformers.
    pub steps: Vec<(String, AnyTransformer)>,
    /// The estimator's name as a step, and the estimator.
    pub estimator: (String, AnyEstimator),
}

impl Pipeline {
    /// Fits each step to what the step before gives. Weights go to the estimator.
    ///
    /// # Errors
    /// Those of the steps.
    pub fn fit<B: Backend>(
        &self,
        x: &Block<'_>,
        target: &Target<'_>,
        weights: Option<ArrayView1<'_, f64>>,
        on: &B,
        ctl: &Control,
    ) -> Result<Saved> {
        let names = self.steps.iter().map(|(name, _)| name).chain([&self.estimator.0]);
        crate::preprocess::steps::check_names(names)?;
        let mut steps = Vec::new();
        let mut mapped: Option<Block<'static>> = None;
        for (name, step) in &self.steps {
            let (model, out) = match &mapped {
                Some(rows) => step.fit_transform(rows, target, None, ctl)?,
                None => step.fit_transform(x, target, None, ctl)?,
            };
            steps.push(SavedStep { name: name.clone(), model });
            mapped = Some(out);
        }
        let rows;
        let x = match (mapped, x) {
            (Some(mapped), _) => {
                rows = mapped.into_numbers()?;
                rows.matrix()?
            }
            (None, Block::Columns(_)) => {
                rows = x.clone().into_numbers()?.into_owned()?;
                rows.matrix()?
            }
            (None, x) => x.matrix()?,
        };
        let x = x.ok_or_else(|| Error::Input("the estimator was given no numbers".into()))?;
        let data = Data { x, target: target.reborrow(), weights: weights.as_ref().map(|w| w.reborrow()) };
        let model = self.estimator.1.fit(&data, None, on, ctl)?;
        let mut saved = Saved::new(model);
        saved.steps = steps;
        saved.estimator = Some(self.estimator.0.clone());
        saved.params = self.estimator.1.params();
        Ok(saved)
    }
}

/// What `steps` make of `x`, as numbers.
pub(crate) fn run_steps<'a, 's>(
    steps: impl Iterator<Item = &'s AnyTransformerModel>,
    x: Block<'a>,
    ctl: &Control,
    warnings: &mut Vec<crate::Warning>,
) -> Result<Block<'a>> {
    let mut mapped: Option<Block<'static>> = None;
    for step in steps {
        mapped = Some(match &mapped {
            Some(rows) => step.transform(rows, ctl, warnings)?,
            None => step.transform(&x, ctl, warnings)?,
        });
    }
    match mapped {
        Some(rows) => rows.into_numbers()?.into_owned(),
        None => x.into_numbers(),
    }
}
