//! Whether y rises or falls with x: the sign of Spearman's rank correlation.

/// What a look at x and y says of their direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Direction {
    /// Whether Spearman's correlation is ≥ 0; false where there is none (a constant x or y).
    pub increasing: bool,
    /// Whether its 95 % confidence interval, by Fisher's transform, holds 0, or there is no correlation.
    pub doubtful: bool,
}

/// The direction of y along x (Spearman 1904, doi:10.2307/1412159), in O(n log n).
pub fn direction(x: &[f64], y: &[f64]) -> Direction {
    let rho = correlation(&ranks(x), &ranks(y));
    let n = x.len();
    let mut doubtful = false;
    if rho.abs() != 1.0 && n > 3 {
        let (z, width) = (0.5 * ((1.0 + rho) / (1.0 - rho)).ln(), 1.96 / ((n - 3) as f64).sqrt());
        let (low, high) = ((z - width).tanh(), (z + width).tanh());
        doubtful = !(low > 0.0 && high > 0.0 || low < 0.0 && high < 0.0);
    }
    Direction { increasing: rho >= 0.0, doubtful }
}

/// Ranks from 1; equal values share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let same = order[start..].iter().take_while(|&&i| values[i] == values[order[start]]).count().max(1);
        let rank = start as f64 + (same as f64 + 1.0) / 2.0;
        order[start..start + same].iter().for_each(|&i| ranks[i] = rank);
        start += same;
    }
    ranks
}

/// Pearson's correlation, NaN where one side is constant.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = (a.len() as f64 + 1.0) / 2.0;
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        ab += (a - mean) * (b - mean);
        aa += (a - mean) * (a - mean);
        bb += (b - mean) * (b - mean);
    }
    if aa == 0.0 || bb == 0.0 { f64::NAN } else { (ab / (aa * bb).sqrt()).clamp(-1.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_rank_and_doubt_is_told() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        let x = [0.0, 1.0, 2.0, 3.0, 4.0];
        assert_eq!(direction(&x, &[0.0, 1.5, 2.77, 8.99, 8.99]), Direction { increasing: true, doubtful: false });
        assert_eq!(direction(&x, &[0.0, -1.5, -2.77, -8.99, -8.99]), Direction { increasing: false, doubtful: false });
        assert_eq!(direction(&x, &[0.0, -1.0, 2.0, -3.0, 4.0]), Direction { increasing: true, doubtful: true });
        assert!(!direction(&x, &[1.0; 5]).increasing);
    }
}
