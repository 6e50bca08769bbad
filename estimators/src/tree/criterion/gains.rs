//! Gains of splits, one or many at once: the same bits whatever instructions the machine has, since products and sums are
//! not fused.

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

/// `Σ sum²/weight` over both sides, from the weight and the sum on the left and in all: the variance, but for what does not
/// depend on the split.
#[inline(always)]
pub fn squared_gain_of_one(left: f64, sum_left: f64, weight: f64, sum: f64) -> f64 {
    let right = sum - sum_left;
    sum_left * sum_left / left + right * right / (weight - left)
}

/// Compiles a loop over many gains for AVX-512 and AVX2, and calls the best that this machine has where it pays.
macro_rules! side_by_side {
    ($(#[$doc:meta])* $name:ident, $one:expr) => {
        $(#[$doc])*
        pub fn $name(gains: &mut [f64], left: &[f64], a: f64, b: f64) {
            #[inline(always)]
            fn all(gains: &mut [f64], left: &[f64], a: f64, b: f64) {
                for (gain, &left) in gains.iter_mut().zip(left) {
                    *gain = $one(left, *gain, a, b);
                }
            }
            #[cfg(target_arch = "x86_64")]
            if gains.len() >= 16 {
                #[target_feature(enable = "avx512f,avx512dq,avx512vl")]
                fn wide(gains: &mut [f64], left: &[f64], a: f64, b: f64) {
                    all(gains, left, a, b);
                }
                #[target_feature(enable = "avx2")]
                fn middle(gains: &mut [f64], left: &[f64], a: f64, b: f64) {
                    all(gains, left, a, b);
                }
                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                {
                    // SAFETY: these instructions are there.
                    return unsafe { wide(gains, left, a, b) };
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: these instructions are there.
                    return unsafe { middle(gains, left, a, b) };
                }
            }
            all(gains, left, a, b);
        }
    };
}

side_by_side!(
    /// [`gini_gain_of_two`] of many splits: `gains` holds the weights of the ones on the left, `left` all weights there;
    /// `a` and `b` are the weights of the zeros and of the ones.
    gini_gains_of_two, gini_gain_of_two);
side_by_side!(
    /// [`squared_gain_of_one`] of many splits: `gains` holds the sums on the left, `left` the weights there; `a` and `b` are the
    /// weight and the sum of both sides.
    squared_gains, squared_gain_of_one);
