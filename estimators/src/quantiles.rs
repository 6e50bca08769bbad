//! Quantiles of some values: between two of them as numpy takes it, or the inverse of the distribution function.

/// The least value with at least the share `q` of the weight at or below it (the inverse of the distribution
/// function). Values without weight do not count; NaN without any. The values are used up.
pub fn weighted(mut values: Vec<(f64, f64)>, q: f64) -> f64 {
    values.retain(|(_, weight)| *weight != 0.0);
    values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut sum = 0.0;
    let sums: Vec<f64> = values
        .iter()
        .map(|(_, weight)| {
            sum += weight;
            sum
        })
        .collect();
    let wanted = 100.0 * q / 100.0 * sum;
    let at = sums.partition_point(|&sum| sum < wanted);
    values.get(at.min(values.len().saturating_sub(1))).map_or(f64::NAN, |(value, _)| *value)
}

/// [`weighted`] where all weights are 1.
pub fn plain(mut values: Vec<f64>, q: f64) -> f64 {
    let n = values.len();
    if n == 0 {
        return f64::NAN;
    }
    let wanted = (100.0 * q / 100.0 * n as f64).ceil() as usize;
    *values.select_nth_unstable_by(wanted.clamp(1, n) - 1, f64::total_cmp).1
}

/// The quantile between the two values next to it, as numpy's `percentile`; NaN of none. The values are put in another
/// order.
pub fn between(values: &mut [f64], q: f64) -> f64 {
    let Some(last) = values.len().checked_sub(1) else { return f64::NAN };
    let place = q * last as f64;
    let below = (place.floor() as usize).min(last);
    let (_, &mut low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let share = place - below as f64;
    let Some(high) = above.iter().copied().reduce(f64::min).filter(|_| share > 0.0) else { return low };
    if share >= 0.5 { high - (high - low) * (1.0 - share) } else { low + (high - low) * share }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_unit_weights_agree() {
        let values: Vec<f64> = (0..25).map(|i| f64::from(i * 7 % 25)).collect();
        for q in [0.1, 0.2, 0.5, 0.9] {
            let pairs = values.iter().map(|&v| (v, 1.0)).collect();
            assert_eq!(weighted(pairs, q), plain(values.clone(), q));
        }
        assert_eq!(plain(values.clone(), 0.2), 4.0);
        assert_eq!(plain(values.clone(), 0.5), 12.0);
        assert_eq!(between(&mut values.clone(), 0.5), 12.0);
        assert!((between(&mut values.clone(), 0.9) - 21.6).abs() < 1e-12);
        assert_eq!(between(&mut [4.0, 1.0, 3.0, 2.0], 0.5), 2.5);
        assert!(between(&mut [], 0.5).is_nan() && between(&mut [7.0], 1.0) == 7.0);
        assert_eq!(weighted(vec![(3.0, 2.0), (1.0, 1.0), (0.0, 0.0)], 0.3), 1.0);
    }
}
