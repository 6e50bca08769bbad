//! linfa's `Transformer`, and `Fit` for transformers: rows, or whole datasets, to new coordinates.
//!
//! linfa's `transform` cannot fail: it panics where X does not fit the model, as linfa's own transformers do;
//! [`TransformOn::transform_on`] and [`crate::preprocess::Transformer::transform`] return an error instead.

use super::{FitTargets, TargetValue};
use crate::preprocess::{self, Block, FitTransformer};
use crate::{Checked, Control, Error, Result, Target, TransformOn};
use ironlearn_linalg::{AnyMatrix, Matrix, Real, with_matrix};
use linfa::ParamGuard;
use linfa::dataset::{AsTargets, DatasetBase};
use linfa::traits::Transformer;
use ndarray::{Array2, ArrayBase, ArrayView1, ArrayView2, Data as Storage, Ix2};

/// Rows of numbers out of a block.
fn dense(block: &Block<'_>) -> Result<Array2<f64>> {
    let (n, p) = block.shape();
    let mut values = vec![0.0; n * p];
    if let Some(x) = block.matrix()? {
        with_matrix!(&x, x => x.pack(0..n, 0..p, p, &mut values));
    }
    Array2::from_shape_vec((n, p), values).map_err(|error| Error::Input(error.to_string()))
}

/// What a model of either kind makes of rows.
trait Rows {
    fn new_coordinates(&self, x: AnyMatrix<'_>) -> Result<Array2<f64>>;
}

macro_rules! linfa_transform {
    ($($model:ty),*) => {$(
        impl<F: Real, D: Storage<Elem = F>> Transformer<ArrayBase<D, Ix2>, Array2<f64>> for $model {
            fn transform(&self, x: ArrayBase<D, Ix2>) -> Array2<f64> {
                match self.new_coordinates(F::any(Matrix::Dense(x.view()))) {
                    Ok(rows) => rows,
                    Err(error) => panic!("{error}"),
                }
            }
        }

        impl<F, D, T> Transformer<DatasetBase<ArrayBase<D, Ix2>, T>, DatasetBase<Array2<f64>, T>> for $model
        where
            F: Real,
            D: Storage<Elem = F>,
            T: AsTargets,
        {
            fn transform(&self, dataset: DatasetBase<ArrayBase<D, Ix2>, T>) -> DatasetBase<Array2<f64>, T> {
                let rows = Transformer::<_, Array2<f64>>::transform(self, dataset.records.view());
                DatasetBase::new(rows, dataset.targets).with_weights(dataset.weights)
            }
        }
    )*};
}

macro_rules! rows_of_estimators {
    ($($model:ty),*) => {$(
        impl Rows for $model {
            fn new_coordinates(&self, x: AnyMatrix<'_>) -> Result<Array2<f64>> {
                self.transform_on(&x, &Control::new())
            }
        }
        linfa_transform!($model);
    )*};
}

macro_rules! linfa_fit_transformer {
    ($($params:ty => $model:ty),*) => {$(
        impl Rows for $model {
            fn new_coordinates(&self, x: AnyMatrix<'_>) -> Result<Array2<f64>> {
                dense(&preprocess::Transformer::transform(self, &Block::Matrix(x), &Control::new(), &mut Vec::new())?)
            }
        }
        linfa_transform!($model);
        super::linfa_params!($params);

        impl<Y: TargetValue> FitTargets<Y> for $params {
            type Fitted = $model;
            fn fit_targets<F: Real>(
                params: &Checked<Self>,
                x: ArrayView2<'_, F>,
                y: ArrayView1<'_, Y>,
                weights: Option<ArrayView1<'_, f64>>,
            ) -> Result<$model> {
                let y = Y::numbers(y);
                let target = y.as_ref().map_or(Target::None, |y| Target::Values(y.view()));
                let x = Block::Matrix(F::any(Matrix::Dense(x.view())));
                Self::fit_checked(params, &x, &target, weights, &Control::new())
            }
        }
    )*};
}

rows_of_estimators!(
    crate::cluster::KMeansModel,
    crate::discriminant::LdaModel,
    crate::forest::EmbeddingModel,
    crate::isotonic::IsotonicModel
);
linfa_fit_transformer!(
    preprocess::SimpleImputer => preprocess::Imputer,
    preprocess::StandardScaler => preprocess::Scaler,
    preprocess::OneHotEncoder => preprocess::OneHot,
    preprocess::OrdinalEncoder => preprocess::Ordinal,
    preprocess::TargetEncoder => preprocess::TargetEncoding,
    preprocess::FrequencyEncoder => preprocess::Frequencies
);

#[cfg(test)]
mod tests {
    use crate::cluster::KMeans;
    use crate::linear::Ridge;
    use crate::preprocess::{OneHotEncoder, SimpleImputer, StandardScaler};
    use linfa::prelude::*;
    use ndarray::{Array1, Array2, Axis, array};

    #[test]
    fn a_dataset_goes_through_transformers_into_an_estimator() {
        let diabetes = crate::datasets::diabetes();
        let mut x = diabetes.data;
        x[[3, 4]] = f64::NAN;
        let dataset = linfa::Dataset::new(x, diabetes.target);
        let imputer = SimpleImputer::default().fit(&dataset).unwrap();
        let full: linfa::Dataset<f64, f64, ndarray::Ix1> = imputer.transform(dataset);
        let scaler = StandardScaler::default().fit(&full).unwrap();
        let scaled: linfa::Dataset<f64, f64, ndarray::Ix1> = scaler.transform(full);
        let spread: Array1<f64> = scaled.records().std_axis(Axis(0), 0.0);
        assert!(spread.iter().all(|s| (s - 1.0).abs() < 1e-12));
        let model = Ridge::default().fit(&scaled).unwrap();
        assert!(model.predict(&scaled).r2(&scaled).unwrap() > 0.5);
    }

    #[test]
    fn encoders_and_clusters_give_dense_coordinates() {
        let x = array![[1.0_f32, 0.0], [2.0, 0.0], [1.0, 5.0], [2.0, 5.0]];
        let encoder = OneHotEncoder::default().fit(&DatasetBase::from(x.clone())).unwrap();
        let encoded: Array2<f64> = encoder.transform(x.view());
        assert_eq!(encoded.row(2), array![1.0, 0.0, 0.0, 1.0]);
        let params = KMeans { n_clusters: 2, ..KMeans::default() };
        let clusters = params.fit(&DatasetBase::from(x.clone())).unwrap();
        let distances: Array2<f64> = clusters.transform(x);
        assert!(distances.rows().into_iter().all(|row| (row[0].min(row[1]) - 0.5).abs() < 1e-6));
    }

    #[test]
    fn the_leaves_of_random_trees_are_coordinates() {
        let iris = crate::datasets::iris();
        let params = crate::forest::RandomTreesEmbedding { n_estimators: 3, ..Default::default() };
        let model = params.fit(&DatasetBase::from(iris.data.clone())).unwrap();
        let leaves: Array2<f64> = model.transform(iris.data);
        assert!(leaves.rows().into_iter().all(|row| row.sum() == 3.0));
    }
}
