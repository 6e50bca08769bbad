//! Probabilities from scores: a sigmoid fitted to scores of held-out rows (Platt 1999; Lin, Lin and Weng 2007), and the
//! probabilities of many classes from those of their pairs (Wu, Lin and Weng 2004, the second method).

/// The probability of the first of two classes at score `value`.
pub fn sigmoid(value: f64, a: f64, b: f64) -> f64 {
    let z = value * a + b;
    let p = if z >= 0.0 { (-z).exp() / (1.0 + (-z).exp()) } else { 1.0 / (1.0 + z.exp()) };
    p.clamp(1e-7, 1.0 - 1e-7)
}

/// A and B of the sigmoid that fits `scores` of rows of the first class (`true`) and of the second best.
pub fn fit_sigmoid(scores: &[f64], first: &[bool]) -> (f64, f64) {
    let ones = first.iter().filter(|f| **f).count() as f64;
    let others = first.len() as f64 - ones;
    let (high, low) = ((ones + 1.0) / (ones + 2.0), 1.0 / (others + 2.0));
    let target = |i: usize| if first[i] { high } else { low };
    let cost = |a: f64, b: f64| -> f64 {
        let one = |i: usize| {
            let (z, t) = (scores[i] * a + b, target(i));
            if z >= 0.0 { t * z + (-z).exp().ln_1p() } else { (t - 1.0) * z + z.exp().ln_1p() }
        };
        (0..scores.len()).map(one).sum()
    };
    let (mut a, mut b) = (0.0, ((others + 1.0) / (ones + 1.0)).ln());
    let mut value = cost(a, b);
    for _ in 0..100 {
        // Newton's method; a little on the diagonal keeps the matrix positive.
        let (mut haa, mut hbb, mut hab, mut ga, mut gb) = (1e-12, 1e-12, 0.0, 0.0, 0.0);
        for (i, &s) in scores.iter().enumerate() {
            let z = s * a + b;
            let e = (-z.abs()).exp();
            let p = if z >= 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) };
            let (second, first) = (p * (1.0 - p), target(i) - p);
            haa += s * s * second;
            hbb += second;
            hab += s * second;
            ga += s * first;
            gb += first;
        }
        if ga.abs() < 1e-5 && gb.abs() < 1e-5 {
            break;
        }
        let determinant = haa * hbb - hab * hab;
        let (da, db) = (-(hbb * ga - hab * gb) / determinant, -(haa * gb - hab * ga) / determinant);
        let slope = ga * da + gb * db;
        let mut step = 1.0;
        loop {
            let next = cost(a + step * da, b + step * db);
            if next < value + 1e-4 * step * slope {
                (a, b, value) = (a + step * da, b + step * db, next);
                break;
            }
            step /= 2.0;
            if !(step >= 1e-10) {
                return (a, b);
            }
        }
    }
    (a, b)
}

/// The probabilities of `classes` from those of the first of each pair.
pub fn couple(pairs: &[f64], classes: usize) -> Vec<f64> {
    let k = classes;
    let mut r = vec![0.0; k * k];
    let mut pair = 0;
    for i in 0..k {
        for j in i + 1..k {
            r[i * k + j] = pairs[pair];
            r[j * k + i] = 1.0 - pairs[pair];
            pair += 1;
        }
    }
    let mut q = vec![0.0; k * k];
    for t in 0..k {
        for j in (0..k).filter(|&j| j != t) {
            q[t * k + t] += r[j * k + t] * r[j * k + t];
            q[t * k + j] = -r[j * k + t] * r[t * k + j];
        }
    }
    let mut p = vec![1.0 / k as f64; k];
    for _ in 0..k.max(100) {
        let mut qp: Vec<f64> = (0..k).map(|t| (0..k).map(|j| q[t * k + j] * p[j]).sum()).collect();
        let mut pqp: f64 = p.iter().zip(&qp).map(|(p, q)| p * q).sum();
        if qp.iter().all(|v| (v - pqp).abs() < 0.005 / k as f64) {
            break;
        }
        for t in 0..k {
            let d = (pqp - qp[t]) / q[t * k + t];
            p[t] += d;
            pqp = (pqp + d * (d * q[t * k + t] + 2.0 * qp[t])) / (1.0 + d) / (1.0 + d);
            for j in 0..k {
                qp[j] = (qp[j] + d * q[t * k + j]) / (1.0 + d);
                p[j] /= 1.0 + d;
            }
        }
    }
    p
}
