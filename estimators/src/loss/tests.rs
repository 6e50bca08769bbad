//! Each loss against finite differences of itself.

use super::*;

/// Derivatives agree with central differences where the loss has no kink nearby.
fn agrees<L: Loss>(loss: L, ys: &[f64], zs: &[f64]) {
    for &y in ys {
        for &z in zs {
            let h = 1e-6 * z.abs().max(1.0);
            let slope = (loss.value(y, z + h) - loss.value(y, z - h)) / (2.0 * h);
            let (value, gradient) = loss.value_gradient(y, z);
            assert_eq!(value, loss.value(y, z));
            assert_eq!(gradient, loss.gradient(y, z));
            assert!((slope - gradient).abs() <= 1e-6 * (1.0 + gradient.abs()), "y {y} z {z}: {slope} {gradient}");
        }
    }
}

fn curves<L: Smooth>(loss: L, ys: &[f64], zs: &[f64]) {
    agrees(loss, ys, zs);
    for &y in ys {
        for &z in zs {
            let h = 1e-6 * z.abs().max(1.0);
            let slope = (loss.gradient(y, z + h) - loss.gradient(y, z - h)) / (2.0 * h);
            let (value, gradient, curvature) = loss.all(y, z);
            assert_eq!((value, gradient), loss.value_gradient(y, z));
            assert!((slope - curvature).abs() <= 1e-6 * (1.0 + curvature.abs()), "y {y} z {z}: {slope} {curvature}");
            assert!(loss.majorant(y, z) >= 0.0);
        }
    }
}

const Z: [f64; 7] = [-3.3, -1.7, -0.4, 0.1, 0.6, 1.9, 4.2];
const CODES: [f64; 2] = [0.0, 1.0];

#[test]
fn losses_of_two_classes() {
    curves(LogLoss, &[0.0, 0.3, 1.0], &Z);
    agrees(Hinge { threshold: 1.0 }, &CODES, &Z);
    agrees(Hinge { threshold: 0.0 }, &CODES, &Z);
    curves(SquaredHinge { threshold: 1.0 }, &CODES, &Z);
    curves(ModifiedHuber, &CODES, &Z);
    for z in [-800.0, 800.0] {
        let (value, gradient, curvature) = LogLoss.all(1.0, z);
        assert!(value.is_finite() && gradient.is_finite() && curvature >= 0.0);
    }
    assert!((LogLoss.value(1.0, 40.0) - (-40.0_f64).exp()).abs() < 1e-30);
    assert!((softplus(-40.0) - (-40.0_f64).exp()).abs() < 1e-30);
}

#[test]
fn losses_of_numbers() {
    let ys = [-2.0, 0.0, 1.25, 7.0];
    curves(HalfSquared, &ys, &Z);
    curves(Huber { delta: 1.35 }, &ys, &Z);
    agrees(EpsilonInsensitive { epsilon: 0.5 }, &ys, &Z);
    agrees(Absolute, &ys, &Z);
    agrees(Pinball { quantile: 0.2 }, &ys, &Z);
    curves(SquaredEpsilonInsensitive { epsilon: 0.5 }, &ys, &Z);
}

#[test]
fn deviances() {
    curves(HalfPoisson, &[0.0, 1.0, 3.5], &Z);
    curves(HalfGamma, &[0.1, 1.0, 3.5], &Z);
    for power in [-0.5, 0.0, 1.0, 1.5, 2.0, 3.0] {
        curves(HalfTweedie { power }, &[0.4, 1.0, 3.5], &Z);
        curves(HalfTweedieIdentity { power }, &[0.4, 1.0, 3.5], &[0.3, 1.1, 4.0]);
    }
    assert_eq!(HalfTweedieIdentity { power: 1.5 }.value(1.0, -0.5), f64::INFINITY);
    assert!(HalfPoisson.allows(0.0) && !HalfGamma.allows(0.0) && !HalfPoisson.allows(-1.0));
}

#[test]
fn several_classes() {
    let z = [0.3, -1.0, 2.0, 0.0];
    let value = |z: &[f64]| Multinomial.value(2, z);
    let mut gradient = z;
    assert!((Multinomial.value_gradient(2, &mut gradient) - value(&z)).abs() < 1e-15);
    for k in 0..4 {
        let (mut up, mut down) = (z, z);
        (up[k], down[k]) = (z[k] + 1e-6, z[k] - 1e-6);
        assert!(((value(&up) - value(&down)) / 2e-6 - gradient[k]).abs() < 1e-9);
    }
    // Two classes are the log loss of the difference.
    assert!((Multinomial.value(1, &[0.0, 0.7]) - LogLoss.value(1.0, 0.7)).abs() < 1e-15);
}

#[test]
fn links_go_back() {
    for link in [Link::Identity, Link::Log, Link::Logit] {
        assert!((link.inverse(link.of(0.3)) - 0.3).abs() < 1e-15);
    }
}
