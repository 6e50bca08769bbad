//! The life of a transformer: parameters are checked, a fit makes a model, the model maps rows. It stands beside
//! [`crate::FitOn`] because rows here may be text, and because a transformer's output may be sparse.

use super::Block;
use crate::{Checked, Control, Params, Report, Result, Target, Warning};
use ironlearn_datasets::ColumnType;
use ndarray::ArrayView1;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Fitting a transformer.
pub trait FitTransformer: Params {
    /// What a fit makes.
    type Model: Transformer<Params = Self>;

    /// Fits checked parameters to the rows of `x`. Transformers that need no target ignore it, and say so; weights count
    /// where the transformer documents them and are an error elsewhere.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for data that do not fit.
    fn fit_checked(
        params: &Checked<Self>,
        x: &Block<'_>,
        target: &Target<'_>,
        weights: Option<ArrayView1<'_, f64>>,
        ctl: &Control,
    ) -> Result<Self::Model>;

    /// Fits and maps the same rows. Differs from a fit and a later transform only for a transformer that learns from
    /// the target and must not see a row's own target when it maps that row.
    ///
    /// # Errors
    /// As [`FitTransformer::fit_checked`] and [`Transformer::transform`].
    fn fit_transform_checked(
        params: &Checked<Self>,
        x: &Block<'_>,
        target: &Target<'_>,
        weights: Option<ArrayView1<'_, f64>>,
        ctl: &Control,
    ) -> Result<(Self::Model, Block<'static>)> {
        let model = Self::fit_checked(params, x, target, weights, ctl)?;
        // What a transform warns of is heard when it is asked for by itself.
        let out = model.transform(x, ctl, &mut Vec::new())?;
        Ok((model, out))
    }

    /// Checks the parameters and fits without target and weights, on all allowed threads.
    ///
    /// # Errors
    /// As [`FitTransformer::fit_checked`], and [`crate::Error::Parameter`].
    fn fit_block(&self, x: &Block<'_>) -> Result<Self::Model> {
        Self::fit_checked(Checked::new_ref(self)?, x, &Target::None, None, &Control::new())
    }
}

/// A fitted transformer.
pub trait Transformer: Clone + Serialize + DeserializeOwned + Send + Sync {
    /// Its parameters' type.
    type Params: Params;

    /// The parameters of the fit.
    fn params(&self) -> &Self::Params;

    /// The number of columns that it has to be given.
    fn n_features_in(&self) -> usize;

    /// Checks that the parts fit together: a model may come from a file that nobody vouches for. After it, no method
    /// may panic, whatever the model holds.
    ///
    /// # Errors
    /// [`crate::Error::File`].
    fn check(&self) -> Result<()>;

    /// Maps rows; each by itself, so that a row's result does not depend on the others. What the user should hear is
    /// added to `warnings`.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for other columns than those of the fit, and for values that the parameters refuse.
    fn transform(&self, x: &Block<'_>, ctl: &Control, warnings: &mut Vec<Warning>) -> Result<Block<'static>>;

    /// The names of the columns that it gives, for the names of those that it is given.
    fn feature_names_out(&self, names: &[String]) -> Vec<String>;

    /// The types of the columns that it takes; `None` where it takes any.
    fn input_types(&self) -> Vec<Option<ColumnType>>;

    /// What the fit had to say.
    fn report(&self) -> Report {
        Report::direct("")
    }

    /// [`Transformer::transform`] with all allowed threads, without the warnings.
    ///
    /// # Errors
    /// As [`Transformer::transform`].
    fn transform_block(&self, x: &Block<'_>) -> Result<Block<'static>> {
        self.transform(x, &Control::new(), &mut Vec::new())
    }
}

/// Fails where `x` has another number of columns than the fit had.
///
/// # Errors
/// [`crate::Error::Input`].
pub fn check_columns<T: Transformer>(model: &T, x: &Block<'_>) -> Result<()> {
    let (found, wanted, name) = (x.shape().1, model.n_features_in(), <T::Params as Params>::NAME);
    if found != wanted {
        crate::bad_input!("X has {found} features, but {name} is expecting {wanted} features as input.");
    }
    Ok(())
}
