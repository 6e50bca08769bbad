//! Thresholds between the values of a feature: all midpoints where there are few values, else quantiles.

/// No threshold is larger, so that infinity lies above every one.
const ALMOST_INFINITE: f64 = 1e300;

/// The quantile `q` of [0, 1] of sorted values: the mean of two neighbours where it falls between them, else the value
/// whose cumulative share first reaches `q` (Hyndman and Fan's second type).
fn averaged_quantile(sorted: &[f64], q: f64) -> f64 {
    let at = sorted.len() as f64 * q - 1.0;
    let before = at.floor();
    let last = sorted.len() - 1;
    let index = |i: f64| (i.max(0.0) as usize).min(last);
    let (low, high) = (sorted[index(before)], sorted[index(before + 1.0)]);
    if at == before { middle(low, high) } else { high }
}

/// Midway between two numbers, without overflow.
fn middle(low: f64, high: f64) -> f64 {
    let middle = if low.is_finite() && high.is_finite() { low / 2.0 + high / 2.0 } else { (low + high) / 2.0 };
    // Between the two infinities.
    if middle.is_nan() { 0.0 } else { middle }
}

/// The percentile `rank` of [0, 100] of values with weights (sorted by value): the first value at which the cumulative
/// weight reaches that share; with `average` the mean with the next one of positive weight where it is met exactly.
pub fn weighted_percentile(sorted: &[(f64, f64)], rank: f64, average: bool) -> f64 {
    weighted_percentiles(sorted, std::iter::once(rank), average).next().unwrap_or(f64::NAN)
}

/// [`weighted_percentile`] of some ranks, which rise, in one pass.
fn weighted_percentiles(
    sorted: &[(f64, f64)],
    ranks: impl Iterator<Item = f64>,
    average: bool,
) -> impl Iterator<Item = f64> {
    let total: f64 = sorted.iter().map(|pair| pair.1).sum();
    // How many lie before the one that is looked at, and their weight.
    let (mut before, mut sum) = (0, 0.0);
    ranks.map(move |rank| {
        if total == 0.0 {
            return f64::NAN;
        }
        let target = (rank / 100.0 * total).max(f64::MIN_POSITIVE);
        while let Some(&(value, weight)) = sorted.get(before) {
            let share = sum + weight;
            // The share is met exactly where rounding alone tells the two apart.
            let met = (share - target).abs() <= 1e-12 * total;
            if share >= target || met {
                let next = sorted[before + 1..].iter().find(|pair| pair.1 > 0.0);
                return match next {
                    Some(next) if average && met => middle(value, next.0),
                    _ => value,
                };
            }
            (before, sum) = (before + 1, share);
        }
        sorted.iter().rev().find(|pair| pair.1 > 0.0).map_or(f64::NAN, |pair| pair.0)
    })
}

/// Thresholds that cut `values` (not NaN; put in order here) into at most `max_bins` bins. `weights` go with the values
/// and are positive.
pub(crate) fn find(values: &mut Vec<f64>, weights: Option<&[f64]>, max_bins: usize) -> Vec<f64> {
    let mut pairs: Vec<(f64, f64)> = Vec::new();
    match weights {
        None => values.sort_unstable_by(f64::total_cmp),
        Some(weights) => {
            pairs.extend(values.iter().copied().zip(weights.iter().copied()));
            pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
            values.clear();
            values.extend(pairs.iter().map(|pair| pair.0));
        }
    }
    let mut distinct: Vec<f64> = Vec::with_capacity(max_bins + 1);
    for &v in values.iter() {
        // 0 and −0 are one value.
        if distinct.last().is_none_or(|&last| last != v) {
            distinct.push(v);
            if distinct.len() > max_bins {
                break;
            }
        }
    }
    let mut thresholds: Vec<f64> = if distinct.len() <= max_bins {
        distinct.windows(2).map(|pair| middle(pair[0], pair[1])).collect()
    } else {
        let ranks = (1..max_bins).map(|i| i as f64 * (100.0 / max_bins as f64));
        match weights {
            None => ranks.map(|rank| averaged_quantile(values, rank / 100.0)).collect(),
            Some(_) => weighted_percentiles(&pairs, ranks, true).collect(),
        }
    };
    thresholds.iter_mut().for_each(|t| *t = t.min(ALMOST_INFINITE));
    thresholds.dedup_by(|later, first| later <= first);
    thresholds
}
