//! The life of an estimator: parameters are checked, a fit on a backend makes a model, a model answers.

use crate::{AnyMatrix, Backend, Control, Data, Error, Report, Result};
use ndarray::{Array1, Array2, ArrayD};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The parameters of an estimator: a struct of public, plain fields.
pub trait Params: Clone + Default + Serialize + DeserializeOwned + Send + Sync {
    /// The estimator's name: scikit-learn's class name.
    const NAME: &'static str;

    /// Whether a fit takes weights of the rows; where it takes none, it refuses them.
    const TAKES_WEIGHTS: bool = true;

    /// Checks each field against its documented range.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    fn validate(&self) -> Result<()>;
}

/// Parameters that have been checked. Only [`Params::validate`] makes one, so no algorithm sees others.
#[derive(Debug, Clone)]
#[repr(transparent)]
pub struct Checked<P>(P);

impl<P: Params> Checked<P> {
    /// Checks `params`.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn new(params: P) -> Result<Self> {
        params.validate()?;
        Ok(Checked(params))
    }

    /// Checks `params` where they are.
    ///
    /// # Errors
    /// [`Error::Parameter`].
    pub fn new_ref(params: &P) -> Result<&Self> {
        params.validate()?;
        // SAFETY: `Checked` is a transparent wrapper, so both references have one layout and one lifetime.
        Ok(unsafe { &*std::ptr::from_ref(params).cast::<Self>() })
    }
}

impl<P> std::ops::Deref for Checked<P> {
    type Target = P;
    fn deref(&self) -> &P {
        &self.0
    }
}

/// Fitting on a backend.
pub trait FitOn<B: Backend>: Params {
    /// What a fit makes.
    type Model: Model;

    /// Fits checked parameters. `start` is a model to go on from (warm start); an estimator that cannot go on from
    /// one ignores none silently: it documents what it takes over.
    ///
    /// # Errors
    /// [`Error::Input`] for data that do not fit, [`Error::Linalg`] for an interrupted run or a failed device.
    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&Self::Model>,
        on: &B,
        ctl: &Control,
    ) -> Result<Self::Model>;

    /// Checks the parameters and fits on `on` with all allowed threads.
    ///
    /// # Errors
    /// As [`FitOn::fit_checked`], and [`Error::Parameter`].
    fn fit_on(&self, data: &Data<'_>, on: &B) -> Result<Self::Model> {
        Self::fit_checked(Checked::new_ref(self)?, data, None, on, &Control::new())
    }
}

/// A fitted model: host data, whatever device made it.
pub trait Model: Clone + Serialize + DeserializeOwned + Send + Sync {
    /// The number of columns that X has to have.
    fn n_features_in(&self) -> usize;

    /// Checks that the parts fit together: a model may come from a file that nobody vouches for. After it, no method
    /// may panic, whatever the model holds.
    ///
    /// # Errors
    /// [`Error::File`].
    fn check(&self) -> Result<()>;

    /// What the fit had to say.
    fn report(&self) -> &Report;

    /// The fitted attributes under scikit-learn's names.
    fn attributes(&self) -> Vec<(&'static str, Attribute)>;

    /// The coefficients, where the model is linear: a user may assign others.
    fn coefficients(&mut self) -> Option<Coefficients<'_>> {
        None
    }

    /// Checks the number of columns of `x`.
    ///
    /// # Errors
    /// [`Error::Input`].
    fn check_columns(&self, x: &AnyMatrix<'_>, estimator: &str) -> Result<()> {
        let (found, wanted) = (x.ncols(), self.n_features_in());
        if found == wanted {
            Ok(())
        } else {
            Err(Error::Input(format!(
                "X has {found} features, but {estimator} is expecting {wanted} features as input."
            )))
        }
    }
}

/// Predicting one number, class code or cluster label per row and output.
pub trait PredictOn: Model {
    /// n × outputs. Rows do not depend on each other.
    ///
    /// # Errors
    /// [`Error::Input`] for another number of columns.
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>>;

    /// [`PredictOn::predict_on`] with all allowed threads.
    ///
    /// # Errors
    /// As [`PredictOn::predict_on`].
    fn predict_cpu<'a>(&self, x: impl Into<AnyMatrix<'a>>) -> Result<Array2<f64>> {
        self.predict_on(&x.into(), &Control::new())
    }
}

/// The coefficients of a linear model.
#[derive(Debug)]
pub struct Coefficients<'a> {
    /// Outputs (or classes) × features.
    pub coef: &'a mut Array2<f64>,
    /// One for each row of `coef`.
    pub intercept: &'a mut Array1<f64>,
}

impl Coefficients<'_> {
    /// Puts others in their place; one intercept serves all rows.
    ///
    /// # Errors
    /// [`Error::Input`] for another number of columns or of intercepts.
    pub fn set(self, coef: Array2<f64>, intercept: Array1<f64>) -> Result<()> {
        if coef.ncols() != self.coef.ncols() || coef.nrows() == 0 {
            let features = self.coef.ncols();
            return Err(Error::Input(format!(
                "coef_ has shape {:?}, but the model has {features} features",
                coef.dim()
            )));
        }
        let rows = coef.nrows();
        *self.intercept = match intercept.len() {
            1 => Array1::from_elem(rows, intercept[0]),
            k if k == rows => intercept,
            k => return Err(Error::Input(format!("{k} intercepts for {rows} rows of coef_"))),
        };
        *self.coef = coef;
        Ok(())
    }
}

/// Scoring each class: what a classifier's prediction is taken from.
pub trait DecisionOn: Model {
    /// n × 1 for two classes (positive: the second), else n × classes; or n × 1 scores of another kind, as documented.
    ///
    /// # Errors
    /// [`Error::Input`] for another number of columns.
    fn decision_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>>;
}

/// Telling how sure a prediction is.
pub trait DeviationOn: Model {
    /// The standard deviations of what [`PredictOn::predict_on`] gives, n × outputs.
    ///
    /// # Errors
    /// [`Error::Input`] for another number of columns.
    fn deviation_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>>;
}

/// Predicting the probability of each class.
pub trait ProbaOn: Model {
    /// For each output n × classes; rows add up to 1.
    ///
    /// # Errors
    /// [`Error::Input`] for another number of columns.
    fn proba_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Vec<Array2<f64>>>;
}

/// Telling which leaf of each tree a row ends in.
pub trait ApplyOn: Model {
    /// n × trees: the number of the leaf.
    ///
    /// # Errors
    /// [`Error::Input`] for another number of columns.
    fn apply_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<i64>>;

    /// For each row the nodes on its way through the trees, as CSR: offsets and node numbers.
    ///
    /// # Errors
    /// [`Error::Input`] for another number of columns.
    fn decision_path_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<(Vec<i64>, Vec<i64>)>;

    /// The trees.
    fn trees(&self) -> Vec<&crate::tree::Tree>;
}

/// Mapping rows to new coordinates, such as the distances to the centres of clusters.
pub trait TransformOn: Model {
    /// n × new columns.
    ///
    /// # Errors
    /// [`Error::Input`] for another number of columns.
    fn transform_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>>;
}

/// A fitted attribute, as Python will see it.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// An integer.
    Int(i64),
    /// A number.
    Float(f64),
    /// True or false.
    Flag(bool),
    /// True (1) or false (0), one each.
    Flags(Array1<u8>),
    /// Text.
    Text(String),
    /// Floating-point numbers of the given type.
    Floats(ArrayD<f64>, crate::Dtype),
    /// 32-bit integers, such as cluster labels.
    Int32s(ArrayD<i32>),
    /// Native integers.
    Int64s(ArrayD<i64>),
    /// One for each output, where they have different lengths.
    List(Vec<Attribute>),
}
