//! The dual problem of kernel ridge regression.

use crate::{Control, Report, Result, Warning, WarningKind, bad_input};
use ironlearn_linalg::Error::NotPositiveDefinite;
use ironlearn_linalg::lapack::{self, Cholesky};
use ndarray::{Array2, ArrayView1, ArrayView2, Axis};

/// Solves `(K + alpha·1)·d = y` for each target, `K` of n × n, of which the upper triangle is read, and `y` of n × t;
/// with weights `√w·K·√w` and `√w·y` stand for them, and the solution is multiplied by √w.
///
/// # Errors
/// [`crate::Error::Input`] for a kernel that is not finite, [`crate::Error::Linalg`].
pub(super) fn solve(
    mut k: Array2<f64>,
    y: ArrayView2<'_, f64>,
    alphas: &[f64],
    weights: Option<ArrayView1<'_, f64>>,
    ctl: &Control,
) -> Result<(Array2<f64>, Report)> {
    if !k.iter().all(|v| v.is_finite()) {
        bad_input!("array must not contain infs or NaNs: the kernel of some rows is not a finite number");
    }
    let root = weights.map(|w| w.mapv(f64::sqrt).insert_axis(Axis(1)));
    let mut y = y.to_owned();
    if let Some(root) = &root {
        y *= root;
        for (mut row, s) in k.rows_mut().into_iter().zip(root) {
            row.iter_mut().zip(root).for_each(|(v, t)| *v *= s * t);
        }
    }
    let (diagonal, mut dual) = (k.diag().to_owned(), Array2::zeros(y.dim()));
    let mut report = Report::direct("cholesky");
    for (first, &alpha) in alphas.iter().enumerate() {
        if alphas[..first].contains(&alpha) {
            continue;
        }
        ctl.check()?;
        let targets: Vec<usize> = (first..alphas.len()).filter(|&t| alphas[t] == alpha).collect();
        let b = y.select(Axis(1), &targets);
        k.diag_mut().assign(&diagonal.mapv(|v| v + alpha));
        let solution = match Cholesky::blocked(k.clone(), ctl) {
            Ok(factor) if factor.rcond() > f64::EPSILON => factor.solve(b.view())?,
            Ok(_) | Err(NotPositiveDefinite(_)) => {
                if report.solver != "lstsq" {
                    report.solver = "lstsq".into();
                    let message = "Singular matrix in solving dual problem. Using least-squares solution instead.";
                    report.warnings.push(Warning { kind: WarningKind::User, message: message.into() });
                }
                ctl.check()?;
                least_squares(&k, &b, ctl)?
            }
            Err(error) => return Err(error.into()),
        };
        targets.iter().zip(solution.columns()).for_each(|(&t, column)| dual.column_mut(t).assign(&column));
    }
    if let Some(root) = &root {
        dual *= root;
    }
    Ok((dual, report))
}

/// The shortest least-squares solution with a symmetric matrix, of which the upper triangle is read.
fn least_squares(k: &Array2<f64>, b: &Array2<f64>, ctl: &Control) -> Result<Array2<f64>> {
    let (values, vectors) = lapack::eigh(k, ctl)?;
    let cut = values.fold(0.0, |a: f64, v| a.max(v.abs())) * f64::EPSILON * k.nrows() as f64;
    let inverse = values.mapv(|v| if v.abs() > cut { 1.0 / v } else { 0.0 });
    Ok(vectors.dot(&(vectors.t().dot(b) * inverse.insert_axis(Axis(1)))))
}
