//! Conjugate gradients, a step at a time: the recurrence is here, products and the rule to stop by are the caller's.

use crate::host::dot::Dot;

/// Solves `A·x = b`, that is, minimises `½·xᵀAx − bᵀx`, for a symmetric A without negative eigenvalues of which only products
/// with vectors are known; from x = 0 on, preconditioned by a diagonal (Hestenes and Stiefel 1952,
/// doi:10.6028/jres.049.044).
///
/// Each step takes one product with A and a few passes over vectors. In exact arithmetic the solution is reached after as
/// many steps as A has different eigenvalues.
///
/// ```
/// use ironlearn_linalg::Conjugate;
///
/// // A = [[4, 1], [1, 3]], with its own diagonal.
/// let mut system = Conjugate::new(vec![1.0, 2.0], vec![0.25, 1.0 / 3.0]);
/// while system.left() > 1e-12 && system.steps() < 10 {
///     let d = system.direction();
///     let image = [4.0 * d[0] + d[1], d[0] + 3.0 * d[1]];
///     if !system.step(&image) {
///         break;
///     }
/// }
/// assert_eq!(system.steps(), 2);
/// let x = system.into_solution();
/// assert!((x[0] - 1.0 / 11.0).abs() < 1e-15 && (x[1] - 7.0 / 11.0).abs() < 1e-15);
/// ```
#[derive(Debug, Clone)]
pub struct Conjugate {
    x: Vec<f64>,
    /// `b − A·x`.
    residual: Vec<f64>,
    /// What the residual is multiplied by, entry by entry.
    inverse: Vec<f64>,
    direction: Vec<f64>,
    /// The residual times the preconditioned residual.
    weighed: f64,
    steps: usize,
    dot: Dot,
}

impl Conjugate {
    /// The system for `b`, and the reciprocals of A's diagonal or what stands for them: all > 0, as many as in `b`.
    pub fn new(b: Vec<f64>, inverse: Vec<f64>) -> Self {
        assert_eq!(b.len(), inverse.len(), "a number of the preconditioner for each entry");
        let dot = Dot::detect();
        let direction: Vec<f64> = b.iter().zip(&inverse).map(|(r, i)| r * i).collect();
        let weighed = dot.one(&b, &direction);
        Conjugate { x: vec![0.0; b.len()], residual: b, inverse, direction, weighed, steps: 0, dot }
    }

    /// The direction whose product with A is the next step's.
    pub fn direction(&self) -> &[f64] {
        &self.direction
    }

    /// Goes along the direction, whose product with A is `image`, to the least value there, and chooses the next one. Does
    /// nothing and says `false` where the direction has no curvature: at the solution, or where rounding ends it.
    pub fn step(&mut self, image: &[f64]) -> bool {
        let curvature = self.dot.one(&self.direction, image);
        if !(curvature > 0.0) {
            return false;
        }
        let length = self.weighed / curvature;
        self.x.iter_mut().zip(&self.direction).for_each(|(x, d)| *x += length * d);
        let Conjugate { residual, inverse, direction, .. } = self;
        residual.iter_mut().zip(image).for_each(|(r, i)| *r -= length * i);
        let eased: Vec<f64> = residual.iter().zip(inverse.iter()).map(|(r, i)| r * i).collect();
        let next = self.dot.one(residual, &eased);
        let keep = next / self.weighed;
        direction.iter_mut().zip(&eased).for_each(|(d, e)| *d = keep * *d + e);
        self.weighed = next;
        self.steps += 1;
        true
    }

    /// The number of steps so far.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The length of `b − A·x`; one below 10⁻¹⁶⁰ is not 0 because its square is.
    pub fn left(&self) -> f64 {
        let largest = self.residual.iter().fold(0.0, |a: f64, r| a.max(r.abs()));
        self.dot.one(&self.residual, &self.residual).sqrt().max(largest)
    }

    /// The square of that length in the preconditioner's measure; it costs nothing.
    pub fn left_weighed(&self) -> f64 {
        self.weighed
    }

    /// x.
    pub fn into_solution(self) -> Vec<f64> {
        self.x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The matrix `1/(1 + |i − j|)` plus a diagonal of very unlike numbers.
    fn entry(i: usize, j: usize) -> f64 {
        1.0 / (1.0 + i.abs_diff(j) as f64) + if i == j { 10.0_f64.powi(i as i32 % 7) } else { 0.0 }
    }

    fn product(n: usize, v: &[f64]) -> Vec<f64> {
        (0..n).map(|i| (0..n).map(|j| entry(i, j) * v[j]).sum()).collect()
    }

    fn solve(n: usize, b: &[f64], inverse: Vec<f64>) -> Conjugate {
        let mut system = Conjugate::new(b.to_vec(), inverse);
        while system.left() > 1e-10 && system.steps() < 10 * n {
            let image = product(n, system.direction());
            if !system.step(&image) {
                break;
            }
        }
        system
    }

    #[test]
    fn the_solution_solves_and_the_diagonal_saves_steps() {
        let n = 40;
        let truth: Vec<f64> = (0..n).map(|i| (i as f64 * 0.7).sin()).collect();
        let b = product(n, &truth);
        let plain = solve(n, &b, vec![1.0; n]);
        let eased = solve(n, &b, (0..n).map(|i| 1.0 / entry(i, i)).collect());
        assert!(eased.steps() < 20 && eased.steps() < plain.steps(), "{} {}", eased.steps(), plain.steps());
        assert!(eased.left() <= 1e-10);
        assert!(eased.into_solution().iter().zip(&truth).all(|(x, t)| (x - t).abs() < 1e-9));
    }

    #[test]
    fn nothing_to_do_is_done() {
        let mut system = Conjugate::new(vec![0.0; 3], vec![1.0; 3]);
        assert!(system.left() == 0.0 && !system.step(&[0.0; 3]));
        assert_eq!((system.steps(), system.into_solution()), (0, vec![0.0; 3]));
        let mut flat = Conjugate::new(vec![1.0], vec![1.0]);
        assert!(!flat.step(&[0.0]) && !flat.step(&[f64::NAN]) && flat.left() == 1.0);
    }
}
