//! The log loss of several classes: its raw prediction is one number a class, so it has methods of its own.

/// `ln Σⱼ exp(zⱼ) − z_y` for the class code y, whose probabilities are the softmax of z.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Multinomial;

impl Multinomial {
    /// Replaces z by the probabilities; the loss of class `y`.
    pub fn value_probabilities(&self, y: usize, z: &mut [f64]) -> f64 {
        let largest = z.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        let of_y = z[y];
        let mut sum = 0.0;
        for z in &mut *z {
            *z = (*z - largest).exp();
            sum += *z;
        }
        let scale = 1.0 / sum;
        z.iter_mut().for_each(|z| *z *= scale);
        sum.ln() + largest - of_y
    }

    /// The loss alone.
    pub fn value(&self, y: usize, z: &[f64]) -> f64 {
        let largest = z.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
        z.iter().map(|z| (z - largest).exp()).sum::<f64>().ln() + largest - z[y]
    }

    /// Replaces z by the gradient, probabilities less the indicator of class `y`; the loss.
    pub fn value_gradient(&self, y: usize, z: &mut [f64]) -> f64 {
        let value = self.value_probabilities(y, z);
        z[y] -= 1.0;
        value
    }
}
