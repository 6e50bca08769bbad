//! Scores of groups.

use super::sums::Weights;
use crate::{AnyMatrix, Control, Result, bad_input};
use ironlearn_linalg::{threads, with_matrix};
use ndarray::{ArrayView1, ArrayView2};

/// `Σ w·‖x − centre of x's group‖²`, in units of X². `centers` is k × p, `labels` names the centre of each row.
///
/// # Errors
/// [`crate::Error::Input`]: other lengths or widths, no rows, bad weights, a label without a centre.
pub fn inertia(
    x: &AnyMatrix<'_>,
    centers: ArrayView2<'_, f64>,
    labels: ArrayView1<'_, u32>,
    weights: Option<ArrayView1<'_, f64>>,
    ctl: &Control,
) -> Result<f64> {
    let (n, p) = x.shape();
    let weights = Weights::new(n, labels.len(), weights)?;
    if centers.ncols() != p {
        bad_input!("X has {p} features, but the centres have {}", centers.ncols());
    }
    if let Some(label) = labels.iter().find(|&&label| label as usize >= centers.nrows()) {
        bad_input!("label {label} is outside 0..{}", centers.nrows());
    }
    let tiles = threads::map_tiles(ctl, n, 1024, |rows| {
        let mut tile = vec![0.0; rows.len() * p];
        with_matrix!(x, x => x.pack(rows.clone(), 0..p, p, &mut tile));
        let distance = |(i, row): (usize, &[f64])| {
            let center = centers.row(labels[i] as usize);
            weights.of(i) * row.iter().zip(center).map(|(x, c)| (x - c).powi(2)).sum::<f64>()
        };
        rows.zip(tile.chunks_exact(p.max(1))).map(distance).sum::<f64>()
    })?;
    Ok(tiles.into_iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn as_computed_by_hand() {
        let x = array![[0.0, 0.0], [2.0, 0.0], [10.0, 1.0]];
        let centers = array![[1.0, 0.0], [10.0, 3.0]];
        let of = |labels: &[u32], weights: Option<ArrayView1<'_, f64>>| {
            inertia(&x.view().into(), centers.view(), ArrayView1::from(labels), weights, &Control::new())
        };
        assert_eq!(of(&[0, 0, 1], None).unwrap(), 1.0 + 1.0 + 4.0);
        assert_eq!(of(&[0, 0, 1], Some(array![3.0, 0.0, 0.5].view())).unwrap(), 5.0);
        assert!(of(&[0, 0, 2], None).is_err());
        assert!(of(&[0, 0], None).is_err());
        let narrow = array![[1.0], [2.0], [3.0]];
        let labels = array![0, 0, 1];
        assert!(inertia(&narrow.view().into(), centers.view(), labels.view(), None, &Control::new()).is_err());
    }
}
