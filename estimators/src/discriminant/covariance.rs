//! Covariances that are drawn towards a simpler one.

use super::sample::{Sample, deviations};
use crate::{Backend, Error, Result};
use ironlearn_linalg::host::class_gram::Classes;
use ironlearn_linalg::{Real, threads};
use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

/// How far a covariance is drawn towards a multiple of the identity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Shrinkage {
    /// By a rule.
    Rule(ShrinkageRule),
    /// `(1 − s)·C + s·(tr C / p)·I`. Range [0, 1].
    By(f64),
}

/// A rule for the shrinkage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShrinkageRule {
    /// Ledoit and Wolf's (2004, doi:10.1016/S0047-259X(03)00096-4), on columns of variance 1.
    Auto,
}

/// Checks the range.
pub(super) fn check_shrinkage(estimator: &'static str, shrinkage: Option<Shrinkage>) -> Result<()> {
    match shrinkage {
        Some(Shrinkage::By(s)) if !(0.0..=1.0).contains(&s) => Err(Error::Parameter {
            estimator,
            name: "shrinkage",
            expected: "'auto', a float in the range [0.0, 1.0] or None".into(),
            found: s.to_string(),
        }),
        _ => Ok(()),
    }
}

/// `(1 − share)·C + share·(tr C / p)·I`.
pub(super) fn shrunk(mut covariance: Array2<f64>, share: f64) -> Array2<f64> {
    let mean = covariance.diag().sum() / covariance.nrows() as f64;
    covariance *= 1.0 - share;
    covariance.diag_mut().mapv_inplace(|v| v + share * mean);
    covariance
}

/// Ledoit and Wolf's estimate from the covariance `plain` of some rows about `center` (1 × p): those listed, or all.
/// One more pass: the rule asks for the fourth moments of the standardised rows.
pub(super) fn ledoit_wolf<B: Backend, F: Real>(
    sample: &Sample<'_, '_, B, F>,
    plain: &Array2<f64>,
    center: ArrayView2<'_, f64>,
    rows: Option<&[u32]>,
) -> Result<Array2<f64>> {
    let units = deviations(plain, center.view());
    let correlation = plain / &units / units.view().insert_axis(Axis(1));
    let all = vec![0; sample.labels.len()];
    let classes = Classes { labels: &all, centers: center.reborrow(), scales: &[1.0], rows };
    let (n, p, x, ctl) = (classes.len(), units.len(), sample.matrix(), sample.ctl);
    let tile = (65_536 / p).clamp(1, 512);
    let parts = threads::map_tiles(ctl, n, tile, |at| {
        let mut packed = vec![0.0; at.len() * p];
        classes.pack(x, at, 0..p, p, &mut packed);
        let square = |row: &[f64]| row.iter().zip(&units).map(|(v, u)| (v / u) * (v / u)).sum::<f64>();
        packed.chunks_exact(p).map(|row| square(row).powi(2)).sum::<f64>()
    })?;
    let (n, p) = (n as f64, p as f64);
    let fourth: f64 = parts.iter().sum();
    let (trace, squares) = (correlation.diag().sum(), correlation.iter().map(|v| v * v).sum::<f64>());
    let mean = trace / p;
    let apart = (squares - 2.0 * mean * trace + p * mean * mean) / p;
    let noise = ((fourth / n - squares) / (p * n)).min(apart);
    let share = if noise <= 0.0 || apart <= 0.0 { 0.0 } else { noise / apart };
    Ok(shrunk(correlation, share) * &units * units.view().insert_axis(Axis(1)))
}
