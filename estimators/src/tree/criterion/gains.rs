//! Gains of splits by the Gini impurity, one or many at once.

/// `−weight·gini` of both sides, from their weights and sums of squared counts.
#[inline(always)]
pub fn gini_gain(left: f64, right: f64, squares_left: f64, squares_right: f64) -> f64 {
    -right * (1.0 - squares_right / (right * right)) - left * (1.0 - squares_left / (left * left))
}

/// [`gini_gain`] of two classes, from the weights on the left.
#[inline(always)]
pub fn gini_gain_of_two(left: f64, ones_left: f64, zeros: f64, ones: f64) -> f64 {
    let (zeros_left, right) = (left - ones_left, zeros + ones - left);
    let (zeros_right, ones_right) = (zeros - zeros_left, ones - ones_left);
    let squares_left = zeros_left * zeros_left + ones_left * ones_left;
    let squares_right = zeros_right * zeros_right + ones_right * ones_right;
    gini_gain(left, right, squares_left, squares_right)
}

/// [`gini_gain_of_two`] of many splits: `gains` holds the weights of the ones on the left, `left` all weights there. The
/// same bits whatever instructions the machine has: products and sums are not fused.
pub fn gini_gains_of_two(gains: &mut [f64], left: &[f64], zeros: f64, ones: f64) {
    #[inline(always)]
    fn all(gains: &mut [f64], left: &[f64], zeros: f64, ones: f64) {
        for (gain, &left) in gains.iter_mut().zip(left) {
            *gain = gini_gain_of_two(left, *gain, zeros, ones);
        }
    }
    #[cfg(target_arch = "x86_64")]
    if gains.len() >= 16 {
        #[target_feature(enable = "avx512f,avx512dq,avx512vl")]
        fn wide(gains: &mut [f64], left: &[f64], zeros: f64, ones: f64) {
            all(gains, left, zeros, ones);
        }
        #[target_feature(enable = "avx2")]
        fn middle(gains: &mut [f64], left: &[f64], zeros: f64, ones: f64) {
            all(gains, left, zeros, ones);
        }
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
        {
            // SAFETY: these instructions are there.
            return unsafe { wide(gains, left, zeros, ones) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: these instructions are there.
            return unsafe { middle(gains, left, zeros, ones) };
        }
    }
    all(gains, left, zeros, ones);
}
