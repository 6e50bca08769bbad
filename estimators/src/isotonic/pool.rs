//! Pool adjacent violators: the nearest rising (or falling) sequence in O(n).

/// Minimises `Σ w·(y − z)²` over rising z (falling, where `increasing` is false); weights have to be positive.
///
/// Neighbours in the wrong order are pooled into one block with their weighted mean, until no two blocks are (Ayer et
/// al. 1955, doi:10.1214/aoms/1177728423).
pub fn isotonic_regression(y: &[f64], weights: &[f64], increasing: bool) -> Vec<f64> {
    // Falling z is rising −z.
    let sign = if increasing { 1.0 } else { -1.0 };
    // Blocks: mean, weight, number of members.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for (&y, &w) in y.iter().zip(weights) {
        let mut last = (sign * y, w, 1);
        while let Some(&(mean, weight, members)) = blocks.last() {
            if mean < last.0 {
                break;
            }
            let total = weight + last.1;
            // The mean stays between the two whatever the rounding.
            let pooled = (mean + (last.0 - mean) * (last.1 / total)).clamp(last.0, mean);
            last = (pooled, total, members + last.2);
            blocks.pop();
        }
        blocks.push(last);
    }
    blocks.into_iter().flat_map(|(mean, _, members)| std::iter::repeat_n(sign * mean, members)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The minimax formula (Robertson, Wright and Dykstra 1988): zᵢ = max over a ≤ i of min over b ≥ i of mean(y[a..=b]).
    fn by_definition(y: &[f64], w: &[f64]) -> Vec<f64> {
        let mean = |a: usize, b: usize| {
            let (sum, total) = (a..=b).fold((0.0, 0.0), |(s, t), i| (s + w[i] * y[i], t + w[i]));
            sum / total
        };
        let least = |a: usize, i: usize| (i..y.len()).map(|b| mean(a, b)).fold(f64::INFINITY, f64::min);
        (0..y.len()).map(|i| (0..=i).map(|a| least(a, i)).fold(f64::NEG_INFINITY, f64::max)).collect()
    }

    #[test]
    fn it_is_the_minimax_of_means_in_both_directions() {
        let y: Vec<f64> = (0..40).map(|i| ((i * 37 % 23) as f64).sin() * 3.0 + i as f64 * 0.1).collect();
        let w: Vec<f64> = (0..40).map(|i| 0.5 + (i * 7 % 5) as f64).collect();
        let rising = isotonic_regression(&y, &w, true);
        assert!(rising.iter().zip(by_definition(&y, &w)).all(|(a, b)| (a - b).abs() < 1e-12));
        let minus: Vec<f64> = y.iter().map(|v| -v).collect();
        let falling = isotonic_regression(&minus, &w, false);
        assert!(falling.iter().zip(&rising).all(|(a, b)| a == &-b));
    }
}
