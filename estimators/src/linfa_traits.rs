//! linfa's traits for every estimator, by one adapter.
//!
//! `ParamGuard` checks the parameters and one blanket `Fit` over [`Checked`] serves every estimator; the registry
//! connects each of its own, as learning numbers or classes. Fits run on the CPU with all allowed threads. linfa's
//! `predict` cannot fail: it panics where X has another number of columns, as linfa's own models do;
//! [`crate::PredictOn::predict_on`] returns an error instead.

mod transform;

use crate::{Checked, Control, Cpu, Data, Error, FitOn, Params, PredictOn};
use ironlearn_linalg::{Matrix, Real};
use linfa::dataset::DatasetBase;
use linfa::traits::{Fit, PredictInplace};
use ndarray::{Array1, Array2, ArrayBase, ArrayView1, ArrayView2, Axis, Data as Storage, Ix1, Ix2};

/// What linfa's datasets hold as targets: numbers, or `()` where there is nothing to predict.
pub trait TargetValue: Copy {
    /// The targets as one column of numbers; `None` where there are none.
    fn numbers(targets: ArrayView1<'_, Self>) -> Option<Array2<f64>>;
}

impl TargetValue for () {
    fn numbers(_: ArrayView1<'_, ()>) -> Option<Array2<f64>> {
        None
    }
}

macro_rules! target_values {
    ($($number:ty: $number_to_f64:expr),*) => {$(
        impl TargetValue for $number {
            fn numbers(targets: ArrayView1<'_, Self>) -> Option<Array2<f64>> {
                Some(targets.mapv($number_to_f64).insert_axis(Axis(1)))
            }
        }
    )*};
}

target_values!(f64: |v| v, f32: f64::from, i32: f64::from, u32: f64::from, usize: |v| v as f64, i64: |v| v as f64,
    bool: |v| f64::from(u8::from(v)));

/// Fitting to a linfa dataset's targets of type `Y`: numbers for regressors, any ordered labels for classifiers.
pub trait FitTargets<Y>: Params {
    /// What the fit makes.
    type Fitted;

    /// Fits to rows, targets and weights on the CPU.
    ///
    /// # Errors
    /// As [`FitOn::fit_checked`].
    fn fit_targets<F: Real>(
        params: &Checked<Self>,
        x: ArrayView2<'_, F>,
        y: ArrayView1<'_, Y>,
        weights: Option<ArrayView1<'_, f64>>,
    ) -> Result<Self::Fitted, Error>;
}

impl<P, F, D, Y, T> Fit<ArrayBase<D, Ix2>, ArrayBase<T, Ix1>, Error> for Checked<P>
where
    P: FitTargets<Y>,
    F: Real,
    D: Storage<Elem = F>,
    T: Storage<Elem = Y>,
{
    type Object = P::Fitted;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, ArrayBase<T, Ix1>>) -> Result<Self::Object, Error> {
        let weights = dataset.weights().map(|w| w.iter().map(|&w| f64::from(w)).collect::<Array1<f64>>());
        let weights = weights.as_ref().map(|w| w.view());
        P::fit_targets(self, dataset.records.view(), dataset.targets.view(), weights)
    }
}

/// A classifier's model together with the names of its classes, in the order of their codes.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelled<M, L> {
    /// The model, which knows codes only.
    pub model: M,
    /// The classes, rising.
    pub classes: Vec<L>,
}

/// Fits a classifier to labels: their codes are their places in order.
pub(crate) fn fit_labels<P: FitOn<Cpu>, F: Real, L: Ord + Clone>(
    params: &Checked<P>,
    x: ArrayView2<'_, F>,
    y: ArrayView1<'_, L>,
    weights: Option<ArrayView1<'_, f64>>,
) -> Result<Labelled<P::Model, L>, Error> {
    let classes: Vec<L> = y.iter().cloned().collect::<std::collections::BTreeSet<L>>().into_iter().collect();
    let codes: Array1<u32> = y.iter().map(|label| classes.partition_point(|class| class < label) as u32).collect();
    let codes = codes.insert_axis(Axis(1));
    let weights = weights.as_ref().map(|w| w.view());
    let data = Data::new(F::any(Matrix::Dense(x.view()))).with_weights(weights);
    let data = data.with_classes(codes.view(), vec![classes.len()]);
    Ok(Labelled { model: P::fit_checked(params, &data, None, &Cpu, &Control::new())?, classes })
}

impl<F, D, M, L> PredictInplace<ArrayBase<D, Ix2>, Array1<L>> for Labelled<M, L>
where
    F: Real,
    D: Storage<Elem = F>,
    M: PredictOn,
    L: Clone + Default,
{
    fn predict_inplace(&self, x: &ArrayBase<D, Ix2>, y: &mut Array1<L>) {
        let x = F::any(Matrix::Dense(x.view()));
        match self.model.predict_on(&x, &Control::new()) {
            Ok(codes) => y.zip_mut_with(&codes.column(0), |y, &code| *y = self.classes[code as usize].clone()),
            Err(error) => panic!("{error}"),
        }
    }
    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<L> {
        Array1::from_elem(x.nrows(), L::default())
    }
}

macro_rules! linfa_params {
    ($($params:ty),*) => {$(
        impl ParamGuard for $params {
            type Checked = Checked<Self>;
            type Error = Error;
            fn check_ref(&self) -> Result<&Checked<Self>, Error> {
                Checked::new_ref(self)
            }
            fn check(self) -> Result<Checked<Self>, Error> {
                Checked::new(self)
            }
        }
    )*};
}

/// Estimators that learn numbers, or nothing.
macro_rules! linfa_numbers {
    ($($params:ty),*) => {$(
        linfa_params!($params);
        impl<Y: TargetValue> FitTargets<Y> for $params {
            type Fitted = <Self as FitOn<Cpu>>::Model;
            fn fit_targets<F: Real>(
                params: &Checked<Self>,
                x: ArrayView2<'_, F>,
                y: ArrayView1<'_, Y>,
                weights: Option<ArrayView1<'_, f64>>,
            ) -> Result<Self::Fitted, Error> {
                let (y, weights) = (Y::numbers(y), weights.as_ref().map(|w| w.view()));
                let data = Data::new(F::any(Matrix::Dense(x.view()))).with_weights(weights);
                let data = match &y {
                    Some(y) => data.with_values(y.view()),
                    None => data,
                };
                Self::fit_checked(params, &data, None, &Cpu, &Control::new())
            }
        }
    )*};
}

/// Estimators that learn classes: labels may be integers, `bool`, `String` or anything ordered.
macro_rules! linfa_classes {
    ($($params:ty),*) => {$(
        linfa_params!($params);
        impl<L: Ord + Clone> FitTargets<L> for $params {
            type Fitted = Labelled<<Self as FitOn<Cpu>>::Model, L>;
            fn fit_targets<F: Real>(
                params: &Checked<Self>,
                x: ArrayView2<'_, F>,
                y: ArrayView1<'_, L>,
                weights: Option<ArrayView1<'_, f64>>,
            ) -> Result<Self::Fitted, Error> {
                fit_labels(params, x, y, weights)
            }
        }
    )*};
}

macro_rules! linfa_predict {
    ($($model:ty),*) => {$(
        impl<F: Real, D: Storage<Elem = F>> PredictInplace<ArrayBase<D, Ix2>, Array1<f64>> for $model {
            fn predict_inplace(&self, x: &ArrayBase<D, Ix2>, y: &mut Array1<f64>) {
                let x = F::any(Matrix::Dense(x.view()));
                match self.predict_on(&x, &Control::new()) {
                    Ok(predicted) => y.assign(&predicted.column(0)),
                    Err(error) => panic!("{error}"),
                }
            }
            fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<f64> {
                Array1::zeros(x.nrows())
            }
        }
    )*};
}

/// Connects an estimator of the registry by what it learns.
macro_rules! connect {
    (Classification $params:ty) => { $crate::linfa_traits::connect!(by linfa_classes $params); };
    ($task:ident $params:ty) => { $crate::linfa_traits::connect!(by linfa_numbers $params); };
    (by $kind:ident $params:ty) => {
        const _: () = {
            #[allow(unused_imports, reason = "each kind needs some of them")]
            use $crate::linfa_traits::names::*;
            $kind!($params);
        };
    };
}

/// What the macros name.
pub(crate) mod names {
    pub(crate) use super::{FitTargets, Labelled, TargetValue, fit_labels, linfa_classes, linfa_numbers, linfa_params};
    pub(crate) use crate::{Checked, Control, Cpu, Data, Error, FitOn};
    pub(crate) use ironlearn_linalg::{Matrix, Real};
    pub(crate) use linfa::ParamGuard;
    pub(crate) use ndarray::{ArrayView1, ArrayView2};
}
pub(crate) use {connect, linfa_classes, linfa_numbers, linfa_params};

linfa_predict!(
    crate::adaboost::AdaBoostNumbers,
    crate::bagging::BaggedNumbers,
    crate::boosting::BoostedNumbers,
    crate::forest::IsolationModel,
    crate::forest::NumberForest,
    crate::isotonic::IsotonicModel,
    crate::kernel_ridge::KernelRidgeModel,
    crate::linear::LinearModel,
    crate::linear::LassoModel,
    crate::linear::TheilSenModel,
    crate::linear::ransac::RansacModel,
    crate::tree::NumberTree,
    crate::gradient_boosting::BoostedNumbers,
    crate::linear::sgd::Stepped<crate::linear::LinearModel>,
    crate::linear::sgd::Stepped<crate::linear::sgd::OneClass>,
    crate::linear::ridge_cv::RidgeCvModel,
    crate::linear::BayesianModel,
    crate::linear::lars::LarsModel,
    crate::linear::omp::PursuitModel,
    crate::linear::HuberModel,
    crate::svm::SvmModel
);

impl<F: Real, D: Storage<Elem = F>> PredictInplace<ArrayBase<D, Ix2>, Array1<usize>> for crate::cluster::KMeansModel {
    fn predict_inplace(&self, x: &ArrayBase<D, Ix2>, y: &mut Array1<usize>) {
        let x = F::any(Matrix::Dense(x.view()));
        match self.predict_on(&x, &Control::new()) {
            Ok(labels) => y.zip_mut_with(&labels.column(0), |y, &label| *y = label as usize),
            Err(error) => panic!("{error}"),
        }
    }
    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<usize> {
        Array1::zeros(x.nrows())
    }
}

/// A linear model of several targets: linfa asks for one type of prediction a model, and this one predicts a matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct ManyTargets(pub crate::linear::LinearModel);

macro_rules! linfa_many {
    ($($params:ty),*) => {$(
        impl<F: Real, D, T, Y> Fit<ArrayBase<D, Ix2>, ArrayBase<T, Ix2>, Error> for Checked<$params>
        where
            D: Storage<Elem = F>,
            T: Storage<Elem = Y>,
            Y: Copy + Into<f64>,
        {
            type Object = ManyTargets;

            fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, ArrayBase<T, Ix2>>) -> Result<ManyTargets, Error> {
                let weights = dataset.weights().map(|w| w.iter().map(|&w| f64::from(w)).collect::<Array1<f64>>());
                let y = dataset.targets.mapv(Into::into);
                let data = Data::new(F::any(Matrix::Dense(dataset.records.view())))
                    .with_values(y.view())
                    .with_weights(weights.as_ref().map(|w| w.view()));
                <$params>::fit_checked(self, &data, None, &Cpu, &Control::new()).map(ManyTargets)
            }
        }
    )*};
}

linfa_many!(crate::linear::LinearRegression, crate::linear::Ridge);

impl<F: Real, D: Storage<Elem = F>> PredictInplace<ArrayBase<D, Ix2>, Array2<f64>> for ManyTargets {
    fn predict_inplace(&self, x: &ArrayBase<D, Ix2>, y: &mut Array2<f64>) {
        match self.0.predict_on(&F::any(Matrix::Dense(x.view())), &Control::new()) {
            Ok(predicted) => y.assign(&predicted),
            Err(error) => panic!("{error}"),
        }
    }
    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array2<f64> {
        Array2::zeros((x.nrows(), self.0.coef.nrows()))
    }
}

#[cfg(test)]
mod linear_tests {
    use linfa::prelude::*;
    use ndarray::{Array, Axis};

    #[test]
    fn one_target_or_several_through_linfa() {
        let x = Array::from_shape_fn((30, 3), |(i, j)| ((i * 7 + j * 5) as f64).sin());
        let y = Array::from_shape_fn((30, 2), |(i, k)| x[[i, k]] * 3.0 + 1.0);
        let many = crate::linear::LinearRegression::default().fit(&linfa::Dataset::new(x.clone(), y.clone())).unwrap();
        assert!((many.predict(&x) - &y).iter().all(|d| d.abs() < 1e-12));
        let one = linfa::Dataset::new(x.clone(), y.index_axis(Axis(1), 0).to_owned());
        let ridge = crate::linear::Ridge { alpha: 1e-12.into(), ..Default::default() }.fit(&one).unwrap();
        assert!(ridge.predict(&one).r2(&one).unwrap() > 1.0 - 1e-12);
    }
}
