//! A fitted quadratic discriminant.

use crate::linear::classifier::{Probabilities, class_of};
use crate::{AnyMatrix, Attribute, Control, DecisionOn, Dtype, Error, Model, PredictOn, ProbaOn, Report, Result};
use ironlearn_linalg::host::dot::Dot;
use ironlearn_linalg::{Matrix, Real, threads, with_matrix};
use ndarray::{Array1, Array2, Array3, Axis};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

/// A normal distribution for each class, by its principal axes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QdaModel {
    /// Classes × features.
    #[serde(with = "crate::saved::array2")]
    pub means: Array2<f64>,
    /// The classes' probabilities beforehand.
    #[serde(with = "crate::saved::array1")]
    pub priors: Array1<f64>,
    /// For each class the principal axes in columns: classes × features × features.
    #[serde(with = "crate::saved::array3")]
    pub rotations: Array3<f64>,
    /// The variances along them, falling: classes × features.
    #[serde(with = "crate::saved::array2")]
    pub scalings: Array2<f64>,
    /// The covariances, where they are kept; else empty.
    #[serde(with = "crate::saved::array3")]
    pub covariance: Array3<f64>,
    /// The type of X at the fit.
    pub dtype: Dtype,
    /// What the fit had to say.
    #[serde(default)]
    pub report: Report,
    /// What scores are computed from.
    #[serde(skip)]
    pub(super) whitened: Whitened,
}

/// The axes in the form that scores need, made when the first row is asked about. It says nothing that the model's
/// arrays do not, so two models are the same with and without it.
#[derive(Debug, Clone, Default)]
pub struct Whitened(OnceLock<Whitening>);

impl PartialEq for Whitened {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[derive(Debug, Clone)]
struct Whitening {
    /// For each class the axes one after the other, each divided by its deviation.
    axes: Vec<Vec<f64>>,
    /// For each class `log prior − ½·log det C`.
    constants: Array1<f64>,
    /// Row by row.
    means: Vec<f64>,
}

impl Whitening {
    fn of(model: &QdaModel) -> Self {
        let class = |class: usize| -> Vec<f64> {
            let axes = model.rotations.index_axis(Axis(0), class);
            let columns = axes.columns().into_iter().zip(model.scalings.row(class));
            columns.flat_map(|(axis, v)| axis.mapv(|a| a / v.sqrt())).collect()
        };
        let logs = model.scalings.map_axis(Axis(1), |v| v.iter().map(|v| v.ln()).sum::<f64>());
        Whitening {
            axes: (0..model.means.nrows()).map(class).collect(),
            constants: model.priors.mapv(f64::ln) - &(logs * 0.5),
            means: model.means.iter().copied().collect(),
        }
    }
}

/// Rows that one task answers.
const TILE: usize = 128;

impl QdaModel {
    fn check_shape(&self) -> bool {
        let (k, p) = self.means.dim();
        k > 1
            && p > 0
            && self.priors.len() == k
            && self.rotations.dim() == (k, p, p)
            && self.scalings.dim() == (k, p)
            && (self.covariance.is_empty() || self.covariance.dim() == (k, p, p))
    }

    /// n × classes: `log prior_k − ½·log det C_k − ½·(x − m_k)ᵀC_k⁻¹(x − m_k)`.
    fn scores(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        self.check_columns(x, "QuadraticDiscriminantAnalysis")?;
        with_matrix!(x, x => self.scores_of(x, ctl))
    }

    fn scores_of<F: Real>(&self, x: &Matrix<'_, F>, ctl: &Control) -> Result<Array2<f64>> {
        let (k, p) = self.means.dim();
        let Whitening { axes, constants, means } = self.whitened.0.get_or_init(|| Whitening::of(self));
        let mut out = Array2::zeros((x.nrows(), k));
        let dot = Dot::detect();
        threads::fill_rows(ctl, out.as_slice_mut().unwrap_or_default(), k, TILE, |first, out| {
            let rows = out.len() / k;
            let (mut packed, mut moved) = (vec![0.0; rows * p], vec![0.0; rows * p]);
            let mut places = vec![0.0; rows * p];
            x.pack(first..first + rows, 0..p, p, &mut packed);
            for (class, (mean, axes)) in means.chunks_exact(p).zip(axes).enumerate() {
                for (moved, row) in moved.chunks_exact_mut(p).zip(packed.chunks_exact(p)) {
                    moved.iter_mut().zip(row).zip(mean).for_each(|((to, v), m)| *to = v - m);
                }
                places.fill(0.0);
                dot.rows(&moved, axes, p, &mut places);
                for (out, places) in out.chunks_exact_mut(k).zip(places.chunks_exact(p)) {
                    out[class] = constants[class] - 0.5 * places.iter().map(|v| v * v).sum::<f64>();
                }
            }
        })?;
        Ok(out)
    }
}

impl Model for QdaModel {
    fn n_features_in(&self) -> usize {
        self.means.ncols()
    }

    fn check(&self) -> Result<()> {
        if self.check_shape() {
            return Ok(());
        }
        let (k, p) = self.means.dim();
        Err(Error::File(format!("a quadratic discriminant of {k} classes and {p} features")))
    }

    fn report(&self) -> &Report {
        &self.report
    }

    fn attributes(&self) -> Vec<(&'static str, Attribute)> {
        let floats = |a: ndarray::ArrayD<f64>| Attribute::Floats(a, self.dtype);
        let each = |all: &Array3<f64>| {
            Attribute::List(all.outer_iter().map(|one| floats(one.to_owned().into_dyn())).collect())
        };
        let scalings = self.scalings.outer_iter().map(|one| floats(one.to_owned().into_dyn())).collect();
        let mut attributes = vec![
            ("means_", floats(self.means.clone().into_dyn())),
            ("priors_", Attribute::Floats(self.priors.clone().into_dyn(), Dtype::F64)),
            ("rotations_", each(&self.rotations)),
            ("scalings_", Attribute::List(scalings)),
        ];
        if !self.covariance.is_empty() {
            attributes.push(("covariance_", each(&self.covariance)));
        }
        attributes
    }
}

impl DecisionOn for QdaModel {
    /// Log posterior probabilities but for a constant; of two classes their difference.
    fn decision_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        let scores = self.scores(x, ctl)?;
        if scores.ncols() != 2 {
            return Ok(scores);
        }
        Ok((&scores.column(1) - &scores.column(0)).insert_axis(Axis(1)))
    }
}

impl PredictOn for QdaModel {
    fn predict_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Array2<f64>> {
        let scores = self.scores(x, ctl)?;
        Ok(scores.map_axis(Axis(1), |row| class_of(row) as f64).insert_axis(Axis(1)))
    }
}

impl ProbaOn for QdaModel {
    fn proba_on(&self, x: &AnyMatrix<'_>, ctl: &Control) -> Result<Vec<Array2<f64>>> {
        Ok(vec![Probabilities::Softmax.of(self.scores(x, ctl)?)?])
    }
}
