//! Penalties on coefficients, a file each. A solver asks by a trait bound for what it needs of one.
//!
//! A penalty is a sum over the features: `Σⱼ g(wⱼ)`, where the block wⱼ holds a feature's coefficients, one for each
//! output. Blocks of one entry are the ordinary case.

mod block;
mod elastic_net;

pub use block::BlockElasticNet;
pub use elastic_net::ElasticNet;

/// A convex penalty on a feature's block.
pub trait Penalty: Sync {
    /// g(w).
    fn value(&self, block: &[f64]) -> f64;

    /// Replaces u by the v that minimises `½‖v − u‖² + step·g(v)`.
    fn prox(&self, block: &mut [f64], step: f64);

    /// The distance of `−gradient` from the subdifferential of g at w, where `gradient` is the loss's: 0 at an optimum.
    fn violation(&self, block: &[f64], gradient: &[f64]) -> f64;
}

/// A penalty `l1·Ω(w) + ½·l2·‖w‖²` with a gauge Ω, such as a norm: what duality gaps and safe screening are made for.
pub trait Gauged: Penalty {
    /// The factor of the gauge.
    fn l1(&self) -> f64;

    /// The factor of half the square.
    fn l2(&self) -> f64;

    /// The polar of the gauge, `max {⟨c, w⟩ : Ω(w) ≤ 1}`: for a norm its dual norm.
    fn polar(&self, c: &[f64]) -> f64;
}

/// `max(|u| − t, 0)` with u's sign.
#[inline]
pub fn soft_threshold(u: f64, t: f64) -> f64 {
    if u > t {
        u - t
    } else if u < -t {
        u + t
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// v = prox(u) minimises ½‖v − u‖² + s·g(v): the violation at v of the loss with gradient (v − u)/s is 0, and
    /// no nearby point is better.
    fn check(penalty: &impl Penalty, t: usize) {
        for k in 0..40 {
            let u: Vec<f64> = (0..t).map(|i| ((k * 7 + i * 3) as f64 * 0.9).sin() * 3.0).collect();
            for step in [0.1, 1.0, 4.0] {
                let mut v = u.clone();
                penalty.prox(&mut v, step);
                let gradient: Vec<f64> = v.iter().zip(&u).map(|(v, u)| (v - u) / step).collect();
                let violation = penalty.violation(&v, &gradient);
                assert!(violation < 1e-12, "violation {violation:e}");
                let objective = |v: &[f64]| {
                    let square: f64 = v.iter().zip(&u).map(|(v, u)| (v - u) * (v - u)).sum();
                    0.5 * square + step * penalty.value(v)
                };
                for i in 0..t {
                    for d in [-1e-3, 1e-3] {
                        let mut near = v.clone();
                        near[i] += d;
                        assert!(objective(&near) >= objective(&v));
                    }
                }
            }
        }
    }

    #[test]
    fn proximal_points_are_minima() {
        for positive in [false, true] {
            check(&ElasticNet { l1: 0.7, l2: 0.4, positive }, 1);
            check(&ElasticNet { l1: 0.7, l2: 0.4, positive }, 3);
        }
        check(&BlockElasticNet { l1: 0.7, l2: 0.4 }, 3);
        check(&BlockElasticNet { l1: 0.7, l2: 0.0 }, 1);
    }
}
