//! Out-of-bag estimates (Breiman 1996): every row is judged by the estimators that have not seen it.

use super::draw::Drawn;
use super::model::add_votes;
use super::{BaggedClasses, BaggedNumbers};
use crate::members::{Slicer, one_column};
use crate::{AnyMatrix, Control, Report, Result, Warning, WarningKind, metrics};
use ironlearn_linalg::Layout;
use ndarray::{Array1, Array2, ArrayView1};

/// The rows that the bag of this seed did not draw.
fn unseen(drawn: &Drawn, seed: u64, n: usize) -> Vec<u32> {
    let mut seen = vec![false; n];
    drawn.rows(seed).iter().for_each(|&row| seen[row as usize] = true);
    (0..n as u32).filter(|&row| !seen[row as usize]).collect()
}

fn warn_of_rows_always_seen(report: &mut Report) {
    let message = "Some inputs do not have OOB scores. This probably means too few estimators were used to compute any \
                   reliable oob estimates.";
    report.warnings.push(Warning { kind: WarningKind::User, message: message.to_owned() });
}

/// Sets the mean votes of the classifiers that have not seen a row (NaN where all have), and their accuracy.
pub(super) fn votes_of_unseen(
    model: &mut BaggedClasses,
    x: &AnyMatrix<'_>,
    codes: ArrayView1<'_, u32>,
    drawn: &Drawn,
    ctl: &Control,
) -> Result<()> {
    let (n, k) = (x.nrows(), model.codes.len());
    let mut sums = Array2::<f64>::zeros((n, k));
    model.bags.each(x, ctl, |at, member, x| {
        let rows = unseen(drawn, model.bags.seeds[at], n);
        if rows.is_empty() {
            return Ok(());
        }
        let part = Slicer::new(x, Layout::Row).take(&rows);
        let mut votes = Array2::zeros((rows.len(), k));
        add_votes(member, &model.classes[at], &part.matrix()?, &mut votes, ctl)?;
        for (&row, votes) in rows.iter().zip(votes.rows()) {
            let mut sum = sums.row_mut(row as usize);
            sum += &votes;
        }
        Ok(())
    })?;
    let best = |row: ArrayView1<'_, f64>| crate::tree::argmax(row.iter().copied()) as u32;
    let predicted: Array1<u32> = sums.rows().into_iter().map(best).collect();
    model.bags.oob_score = Some(metrics::accuracy(codes, predicted.view(), None)?);
    let totals: Vec<f64> = sums.rows().into_iter().map(|row| row.sum()).collect();
    if totals.contains(&0.0) {
        warn_of_rows_always_seen(&mut model.bags.report);
    }
    sums.rows_mut().into_iter().zip(totals).for_each(|(mut row, total)| row /= total);
    model.oob = sums;
    Ok(())
}

/// Sets the mean predictions of the regressors that have not seen a row (0 where all have), and their R².
pub(super) fn means_of_unseen(
    model: &mut BaggedNumbers,
    x: &AnyMatrix<'_>,
    y: ArrayView1<'_, f64>,
    drawn: &Drawn,
    ctl: &Control,
) -> Result<()> {
    let n = x.nrows();
    let (mut sums, mut times) = (Array1::<f64>::zeros(n), vec![0_u32; n]);
    model.bags.each(x, ctl, |at, member, x| {
        let rows = unseen(drawn, model.bags.seeds[at], n);
        if rows.is_empty() {
            return Ok(());
        }
        let part = Slicer::new(x, Layout::Row).take(&rows);
        let predicted = one_column(member.predict(&part.matrix()?, ctl)?, rows.len())?;
        for (&row, v) in rows.iter().zip(predicted) {
            sums[row as usize] += v;
            times[row as usize] += 1;
        }
        Ok(())
    })?;
    if times.contains(&0) {
        warn_of_rows_always_seen(&mut model.bags.report);
    }
    sums.iter_mut().zip(&times).for_each(|(sum, &times)| *sum /= f64::from(times.max(1)));
    model.bags.oob_score = Some(metrics::r2(y, sums.view(), None)?);
    model.oob = sums;
    Ok(())
}
