//! What a tree learns: a target and a criterion, brought together with X and weights as often as trees are grown.

use super::columns::Columns;
use super::criterion::{
    AbsoluteError, Classes, Entropy, Gini, GiniOne, Moments, Poisson, SquaredError, SquaredErrorOne,
};
use super::ground::Ground;
use super::grow::{Plan, grow};
use super::params::Growth;
use super::{ClassCriterion, Criterion, NumberCriterion, Tree, rows_that_count};
use crate::{Result, bad_input};
use ironlearn_linalg::Control;
use ndarray::ArrayView2;
use std::borrow::Cow;

/// X for one tree, or for many.
pub(crate) trait Soil {
    /// Rows and columns.
    fn shape(&self) -> (usize, usize);

    /// Grows a tree (see [`super::grow::grow`]).
    ///
    /// # Errors
    /// [`ironlearn_linalg::Error::Interrupted`].
    fn grow<C: Criterion>(
        &self,
        plan: &Plan,
        criterion: &C,
        rows: Vec<u32>,
        weight: f64,
        n_classes: &[usize],
        ctl: &Control,
    ) -> Result<Tree>;
}

impl Soil for Columns<'_> {
    fn shape(&self) -> (usize, usize) {
        Columns::shape(self)
    }
    fn grow<C: Criterion>(
        &self,
        plan: &Plan,
        criterion: &C,
        rows: Vec<u32>,
        weight: f64,
        n_classes: &[usize],
        ctl: &Control,
    ) -> Result<Tree> {
        grow(plan, criterion, self, rows, weight, n_classes, ctl)
    }
}

impl Soil for Ground<'_> {
    fn shape(&self) -> (usize, usize) {
        Ground::shape(self)
    }
    fn grow<C: Criterion>(
        &self,
        plan: &Plan,
        criterion: &C,
        rows: Vec<u32>,
        weight: f64,
        n_classes: &[usize],
        ctl: &Control,
    ) -> Result<Tree> {
        Ground::grow(self, plan, criterion, rows, weight, n_classes, ctl)
    }
}

/// Whether no weight is negative and none is limited, so that every split with a row on either side is allowed.
fn is_plain(weights: Option<&[f64]>, plan: &Plan) -> bool {
    weights.is_none_or(|w| plan.limits.min_weight <= 0.0 && w.iter().all(|&w| w >= 0.0))
}

fn pruned(tree: Tree, alpha: f64) -> Tree {
    if alpha > 0.0 { tree.pruned(alpha) } else { tree }
}

/// Row-major values, borrowed where they lie so.
fn packed<'a, T: Copy>(values: &ArrayView2<'a, T>) -> Cow<'a, [T]> {
    match values.to_slice() {
        Some(values) => Cow::Borrowed(values),
        None => values.iter().copied().collect(),
    }
}

/// Classes to predict.
#[derive(Debug)]
pub(crate) struct ClassTarget<'a> {
    criterion: ClassCriterion,
    codes: Cow<'a, [u32]>,
    /// The number of classes of each output.
    pub(crate) n_classes: &'a [usize],
}

impl<'a> ClassTarget<'a> {
    /// `codes` is n × outputs.
    pub(crate) fn new(criterion: ClassCriterion, codes: ArrayView2<'a, u32>, n_classes: &'a [usize]) -> Self {
        ClassTarget { criterion, codes: packed(&codes), n_classes }
    }

    /// Checks that monotonic constraints, where there are some, mean something here.
    ///
    /// # Errors
    /// [`crate::Error::Input`].
    pub(crate) fn check_constraints(&self, constrained: bool) -> Result<()> {
        if constrained && self.n_classes.len() > 1 {
            bad_input!("Monotonicity constraints are not supported with multiple outputs.");
        }
        if constrained && self.n_classes[0] > 2 {
            bad_input!("Monotonicity constraints are not supported with multiclass classification");
        }
        Ok(())
    }

    /// Grows a tree on the rows whose weight is not 0.
    ///
    /// # Errors
    /// [`crate::Error::Input`] where no row counts; [`ironlearn_linalg::Error::Interrupted`].
    pub(crate) fn grow(
        &self,
        growth: &Growth<'_>,
        x: &impl Soil,
        weights: Option<&[f64]>,
        ctl: &Control,
    ) -> Result<Tree> {
        let ((n, p), n_classes) = (x.shape(), self.n_classes);
        let (rows, weight) = rows_that_count(n, weights)?;
        // Constraints are kept on class 0, whose probability moves the other way.
        let plan = growth.plan(n, p, weight, true)?;
        // Sums of squares that are moved along are exact where weights are whole; two classes need none.
        let exact = |w: &[f64]| n_classes[0] <= 2 || w.iter().all(|w| w.fract() == 0.0);
        let one = n_classes.len() == 1 && is_plain(weights, &plan) && weights.is_none_or(exact);
        let classes = Classes::new(Cow::Borrowed(&self.codes), n_classes, weights);
        let tree = match self.criterion {
            ClassCriterion::Gini if one => x.grow(&plan, &GiniOne::new(classes), rows, weight, n_classes, ctl),
            ClassCriterion::Gini => x.grow(&plan, &Gini(classes), rows, weight, n_classes, ctl),
            ClassCriterion::Entropy | ClassCriterion::LogLoss => {
                x.grow(&plan, &Entropy(classes), rows, weight, n_classes, ctl)
            }
        }?;
        Ok(pruned(tree, growth.ccp_alpha))
    }
}

/// Numbers to predict.
#[derive(Debug)]
pub(crate) struct NumberTarget<'a> {
    criterion: NumberCriterion,
    y: Cow<'a, [f64]>,
    outputs: usize,
}

impl<'a> NumberTarget<'a> {
    /// `y` is n × outputs.
    ///
    /// # Errors
    /// [`crate::Error::Input`] where the criterion does not allow such y.
    pub(crate) fn new(criterion: NumberCriterion, y: ArrayView2<'a, f64>) -> Result<Self> {
        if criterion == NumberCriterion::Poisson {
            if y.iter().any(|&v| v < 0.0) {
                bad_input!("Some value(s) of y are negative which is not allowed for Poisson regression.");
            }
            if y.sum() <= 0.0 {
                bad_input!("Sum of y is not positive which is necessary for Poisson regression.");
            }
        }
        let most = y.iter().fold(0.0_f64, |most, y| most.max(y.abs()));
        if criterion == NumberCriterion::SquaredError && !(most * most * y.len() as f64).is_finite() {
            bad_input!("the squares of y overflow: its largest value is {most:e}; scale it down");
        }
        Ok(NumberTarget { criterion, y: packed(&y), outputs: y.ncols() })
    }

    /// Checks that monotonic constraints, where there are some, mean something here.
    ///
    /// # Errors
    /// [`crate::Error::Input`].
    pub(crate) fn check_constraints(&self, constrained: bool) -> Result<()> {
        if constrained && self.outputs > 1 {
            bad_input!("Monotonicity constraints are not supported with multiple outputs.");
        }
        Ok(())
    }

    /// Grows a tree on the rows whose weight is not 0.
    ///
    /// # Errors
    /// [`crate::Error::Input`] where no row counts; [`ironlearn_linalg::Error::Interrupted`].
    pub(crate) fn grow(
        &self,
        growth: &Growth<'_>,
        x: &impl Soil,
        weights: Option<&[f64]>,
        ctl: &Control,
    ) -> Result<Tree> {
        let (n, p) = x.shape();
        let (rows, weight) = rows_that_count(n, weights)?;
        let plan = growth.plan(n, p, weight, false)?;
        let (y, outputs, ones) = (Cow::Borrowed(&*self.y), self.outputs, vec![1; self.outputs]);
        let tree = match self.criterion {
            NumberCriterion::SquaredError if outputs == 1 && is_plain(weights, &plan) => {
                let criterion = SquaredErrorOne::new(Moments::new(y, outputs, weights));
                x.grow(&plan, &criterion, rows, weight, &ones, ctl)
            }
            NumberCriterion::SquaredError => {
                let criterion = SquaredError(Moments::new(y, outputs, weights));
                x.grow(&plan, &criterion, rows, weight, &ones, ctl)
            }
            NumberCriterion::Poisson => {
                let criterion = Poisson(Moments::new(y, outputs, weights));
                x.grow(&plan, &criterion, rows, weight, &ones, ctl)
            }
            NumberCriterion::AbsoluteError => {
                let criterion = AbsoluteError::new(y, outputs, weights);
                x.grow(&plan, &criterion, rows, weight, &ones, ctl)
            }
        }?;
        Ok(pruned(tree, growth.ccp_alpha))
    }
}
