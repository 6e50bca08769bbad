//! A fitted k-means: its centres, and what they say of new rows.

use crate::{AnyMatrix, Attribute, Control, Dtype, Error, Model, PredictOn, Report, Result, TransformOn};
use ironlearn_linalg::{host::nearest, with_matrix};
use ndarray::{Array1, Array2, ArrayView1, Axis};
use serde::{Deserialize, Serialize};

/// The centres, and the labels of the rows that they were fitted to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KMeansModel {
    /// k × p, in the units of X.
    #[serde(with = "crate::saved::array2")]
    pub cluster_centers: Array2<f64>,
    /// For each row of X at the fit the index of its nearest centre.
    #[serde(with = "crate::saved::array1_i32")]
    pub labels: Array1<i32>,
    /// `Σ w·‖x − c‖²` over the rows at the fit.
    pub inertia: f64,
    /// The type of X at the fit: centres are rounded to it.
    pub dtype: Dtype,
    /// What the fit had to say.
    #[serde(default)]
    pub report: Report,
}

impl KMeansModel {
    /// `Σ w·‖x − c‖²` over the rows of `x`, each with its nearest centre.
    ///
    /// # Errors
    /// [`Error::Input`] for another number of columns.
    pub fn inertia_of(&self, x: &AnyMatrix<'_>, weights: Option<ArrayView1<'_, f64>>, ctl: &Control) -> Result<f64> {
        self.check_columns(x, "KMeans")?;
        let (_, squares) = with_matrix!(x, x => nearest::nearest(x, self.cluster_centers.view(), ctl))?;
        Ok(match weights {
            Some(weights) => weights.dot(&squares),
            None => squares.sum(),
        })
    }
}

impl Model for KMeansModel {
    fn n_features_in(&self) -> usize {
        self.cluster_centers.ncols()
    }

    fn check(&self) -> Result<()> {
        let (k, p) = self.cluster_centers.dim();
        if k == 0 || p == 0 || k > i32::MAX as usize {
            return Err(Error::File(format!("cluster centers of {k} × {p}")));
        }
        if self.labels.iter().any(|&label| label < 0 || label as usize >= k) {
            return Err(Error::File(format!("a label outside 0..{k}")));
        }
        Ok(())
    }

    fn report(&self) -> &Report {
        &self.report
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let n_iter = self.report.iterations.first().map_or(0, |&n| n as i64);
        vec![
            ("cluster_centers_", Attribute::Floats(self.cluster_centers.clone().into_dyn(), self.dtype)),
            ("labels_", Attribute::Int32s(self.labels.clone().into_dyn())),
            ("inertia_", Attribute::Float(self.inertia)),
            ("n_iter_", Attribute::Int(n_iter)),
        ]
    }
}

impl PredictOn for KMeansModel {
    /// The index of the nearest centre, n × 1.
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.check_columns(x, "KMeans")?;
        let (labels, _) = with_matrix!(x, x => nearest::nearest(x, self.cluster_centers.view(), ctl))?;
        Ok(labels.mapv(f64::from).insert_axis(Axis(1)))
    }
}

impl TransformOn for KMeansModel {
    /// The distance to each centre, n × k.
    fn transform_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.check_columns(x, "KMeans")?;
        Ok(with_matrix!(x, x => nearest::distances(x, self.cluster_centers.view(), ctl))?)
    }
}
