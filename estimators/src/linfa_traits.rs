//! linfa's traits for every estimator, by one adapter.
//!
//! `ParamGuard` checks the parameters and one blanket `Fit` over [`Checked`] serves every estimator; one macro line
//! each connects it. Fits run on the CPU with all allowed threads. linfa's `predict` cannot fail: it panics where X
//! has another number of columns, as linfa's own models do; [`crate::PredictOn::predict_on`] returns an error instead.

use crate::{Checked, Control, Cpu, Data, Error, FitOn, PredictOn};
use ironlearn_linalg::{Matrix, Real};
use linfa::ParamGuard;
use linfa::dataset::DatasetBase;
use linfa::traits::{Fit, PredictInplace};
use ndarray::{Array1, Array2, ArrayBase, ArrayView1, Axis, Data as Storage, Ix1, Ix2};

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

impl<P, F, D, Y, T> Fit<ArrayBase<D, Ix2>, ArrayBase<T, Ix1>, Error> for Checked<P>
where
    P: FitOn<Cpu>,
    F: Real,
    D: Storage<Elem = F>,
    Y: TargetValue,
    T: Storage<Elem = Y>,
{
    type Object = P::Model;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, ArrayBase<T, Ix1>>) -> Result<Self::Object, Error> {
        let y = Y::numbers(dataset.targets.view());
        let weights = dataset.weights().map(|w| w.iter().map(|&w| f64::from(w)).collect::<Array1<f64>>());
        let mut data =
            Data::new(F::any(Matrix::Dense(dataset.records.view()))).with_weights(weights.as_ref().map(|w| w.view()));
        if let Some(y) = &y {
            data = data.with_values(y.view());
        }
        P::fit_checked(self, &data, None, &Cpu, &Control::new())
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

linfa_params!(crate::cluster::KMeans, crate::linear::LinearRegression, crate::linear::Ridge);
linfa_predict!(crate::linear::LinearModel);

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
