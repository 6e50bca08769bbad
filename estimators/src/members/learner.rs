//! One estimator on the same rows again and again, with other seeds and weights.

use super::with_seed;
use crate::class_weight::ClassWeight;
use crate::tree::{
    ClassTarget, ClassTree, Columns, DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier,
    ExtraTreeRegressor, Ground, Growth, NumberTarget, NumberTree, Splitter, Tree, growth,
};
use crate::{AnyEstimator, AnyModel, Backend, Control, Data, Report, Result, Target};
use ndarray::{ArrayView1, ArrayView2};

/// An estimator and what it is fitted to. Where it is a tree, X is sorted once for all fits: they make the very trees
/// that fits one by one would make.
pub(crate) struct Learner<'a, 'x, B> {
    base: &'a AnyEstimator,
    data: &'a Data<'x>,
    on: &'a B,
    trees: Option<Trees<'a, 'x>>,
}

struct Trees<'a, 'x> {
    growth: Growth<'a>,
    target: TreeTarget<'a>,
    ground: Ground<'x>,
}

enum TreeTarget<'a> {
    Classes(ClassTarget<'a>, ArrayView2<'a, u32>, Option<&'a ClassWeight>),
    Numbers(NumberTarget<'a>),
}

/// The growth of a tree by its own parameters.
pub(super) trait Grows {
    fn growth(&self) -> Growth<'_>;
}

macro_rules! grows {
    ($($tree:ty),*) => {$(
        impl Grows for $tree {
            fn growth(&self) -> Growth<'_> {
                growth!(self)
            }
        }
    )*};
}

grows!(DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor);

impl<'a, 'x> Trees<'a, 'x> {
    /// X made ready, where `base` is a tree that splits by thresholds.
    fn new(base: &'a AnyEstimator, data: &'a Data<'x>, ctl: &Control) -> Result<Option<Self>> {
        let classes = |criterion, class_weight| -> Result<TreeTarget<'a>> {
            let (codes, n_classes) = data.classes(base.name())?;
            Ok(TreeTarget::Classes(ClassTarget::new(criterion, codes, n_classes), codes, class_weight))
        };
        let numbers = |criterion| -> Result<TreeTarget<'a>> {
            Ok(TreeTarget::Numbers(NumberTarget::new(criterion, data.values(base.name())?)?))
        };
        let (growth, target) = match base {
            AnyEstimator::DecisionTreeClassifier(p) => (p.growth(), classes(p.criterion, p.class_weight.as_ref())?),
            AnyEstimator::ExtraTreeClassifier(p) => (p.growth(), classes(p.criterion, p.class_weight.as_ref())?),
            AnyEstimator::DecisionTreeRegressor(p) => (p.growth(), numbers(p.criterion)?),
            AnyEstimator::ExtraTreeRegressor(p) => (p.growth(), numbers(p.criterion)?),
            _ => return Ok(None),
        };
        if growth.categorical_features.is_some() {
            return Ok(None);
        }
        match &target {
            TreeTarget::Classes(target, ..) => target.check_constraints(growth.monotonic_cst.is_some())?,
            TreeTarget::Numbers(target) => target.check_constraints(growth.monotonic_cst.is_some())?,
        }
        let random = growth.splitter == Splitter::Random;
        let max_features = growth.max_features.of(data.x.ncols());
        let ground = Ground::new(Columns::new(&data.x)?, max_features, random, None, ctl)?;
        Ok(Some(Trees { growth, target, ground }))
    }

    fn grow(&self, seed: u64, weights: Option<&[f64]>, ctl: &Control) -> Result<Tree> {
        let growth = Growth { random_state: seed, ..self.growth.clone() };
        match &self.target {
            TreeTarget::Classes(target, codes, Some(rule)) => {
                let weights = rule.of_rows(codes.view(), target.n_classes, weights)?;
                target.grow(&growth, &self.ground, Some(&weights), ctl)
            }
            TreeTarget::Classes(target, ..) => target.grow(&growth, &self.ground, weights, ctl),
            TreeTarget::Numbers(target) => target.grow(&growth, &self.ground, weights, ctl),
        }
    }
}

impl<'a, 'x, B: Backend> Learner<'a, 'x, B> {
    /// Makes the data ready for `base`, whose parameters have been checked.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for data that the estimator does not take; [`crate::Error::Linalg`] where the run was
    /// interrupted.
    pub(crate) fn new(base: &'a AnyEstimator, data: &'a Data<'x>, on: &'a B, ctl: &Control) -> Result<Self> {
        Ok(Learner { base, data, on, trees: Trees::new(base, data, ctl)? })
    }

    /// Fits with this seed and these weights.
    ///
    /// # Errors
    /// Those of the estimator.
    pub(crate) fn fit(&self, seed: u64, weights: Option<&[f64]>, ctl: &Control) -> Result<AnyModel> {
        let Some(trees) = &self.trees else {
            let weights = weights.map(ArrayView1::from);
            return fit_part(self.base, seed, &self.data.x, &self.data.target, weights, self.on, ctl);
        };
        let tree = ctl.timed("grow_tree", &self.on.host_name(), || trees.grow(seed, weights, ctl))?;
        let max_features = trees.growth.max_features.of(self.data.x.ncols());
        Ok(as_model(self.base, tree, max_features))
    }
}

/// A grown tree as the model of `base`, which is a tree.
fn as_model(base: &AnyEstimator, tree: Tree, max_features: usize) -> AnyModel {
    let report = Report::direct("exact");
    match base {
        AnyEstimator::DecisionTreeClassifier(_) => {
            AnyModel::DecisionTreeClassifier(ClassTree { tree, max_features, categories: None, report })
        }
        AnyEstimator::ExtraTreeClassifier(_) => {
            AnyModel::ExtraTreeClassifier(ClassTree { tree, max_features, categories: None, report })
        }
        AnyEstimator::ExtraTreeRegressor(_) => {
            AnyModel::ExtraTreeRegressor(NumberTree { tree, max_features, categories: None, report })
        }
        _ => AnyModel::DecisionTreeRegressor(NumberTree { tree, max_features, categories: None, report }),
    }
}

/// Fits `base` with this seed to a part of the data.
///
/// # Errors
/// Those of the estimator.
pub(crate) fn fit_part<B: Backend>(
    base: &AnyEstimator,
    seed: u64,
    x: &crate::AnyMatrix<'_>,
    target: &Target<'_>,
    weights: Option<ArrayView1<'_, f64>>,
    on: &B,
    ctl: &Control,
) -> Result<AnyModel> {
    let weights = weights.as_ref().map(|w| w.reborrow());
    let data = Data { x: x.reborrow(), target: target.reborrow(), weights };
    with_seed(base, seed)?.fit(&data, None, on, ctl)
}
