//! Streams of random numbers that are the same on every machine: ChaCha8 counters, and libm in Rust for the logarithm
//! and the cosine, which differ in the last bit between C libraries.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a stream is for. Each has its own, so that no draw moves another.
#[derive(Clone, Copy)]
pub enum Purpose {
    /// Coefficients and class centres.
    Truth = 0,
    /// The entries of X.
    Data = 1,
    /// What is added to the target.
    Noise = 2,
    /// The class of each row.
    Labels = 3,
    /// Which entries are missing.
    Missing = 4,
    /// Sample weights.
    Weights = 5,
    /// What rows have in common across their columns.
    Shared = 6,
}

/// A stream of random numbers.
pub struct Stream {
    bits: ChaCha8Rng,
    spare: Option<f64>,
}

impl Stream {
    /// The stream of a seed for a purpose.
    pub fn new(seed: u64, purpose: Purpose) -> Stream {
        let mut bits = ChaCha8Rng::seed_from_u64(seed);
        bits.set_stream(purpose as u64);
        Stream { bits, spare: None }
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        (self.bits.next_u64() >> 11) as f64 * (-53f64).exp2()
    }

    /// Uniform among 0 … count − 1. (The bias, below count·2⁻⁵³, is of no matter here.)
    pub fn below(&mut self, count: usize) -> usize {
        ((self.uniform() * count as f64) as usize).min(count - 1)
    }

    /// Standard normal (Box and Muller 1958, doi:10.1214/aoms/1177706645).
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * libm::log(1.0 - self.uniform())).sqrt();
        let (sin, cos) = libm::sincos(std::f64::consts::TAU * self.uniform());
        self.spare = Some(radius * sin);
        radius * cos
    }

    /// `chosen` different numbers of 0 … count − 1, in increasing order.
    pub fn choose(&mut self, count: usize, chosen: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for at in 0..chosen {
            let other = at + self.below(count - at);
            order.swap(at, other);
        }
        order.truncate(chosen);
        order.sort_unstable();
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normals_have_the_moments_of_the_normal() {
        let mut stream = Stream::new(5, Purpose::Data);
        let n = 100_000;
        let draws: Vec<f64> = (0..n).map(|_| stream.normal()).collect();
        let moment = |power| draws.iter().map(|x: &f64| x.powi(power)).sum::<f64>() / f64::from(n);
        // Five standard errors: the variances of x, x², x³, x⁴ are 1, 2, 15, 96.
        for (power, mean, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96f64)] {
            let error = (moment(power) - mean).abs();
            assert!(error < 5.0 * (variance / f64::from(n)).sqrt(), "moment {power} is off by {error}");
        }
    }

    #[test]
    fn chooses_different_numbers() {
        let mut stream = Stream::new(1, Purpose::Truth);
        let chosen = stream.choose(50, 20);
        assert!(chosen.len() == 20 && chosen.windows(2).all(|pair| pair[0] < pair[1]) && chosen[19] < 50);
        assert_eq!(stream.choose(3, 3), [0, 1, 2]);
    }
}
