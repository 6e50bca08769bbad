//! Categories along a line: the first principal component of where they lie (Coppersmith, Hong and Hosking 1999,
//! doi:10.1023/A:1009869804967).

/// Steps of the power iteration, at most: where it converges slowly, two orders are about as good.
const STEPS: usize = 20;
/// From this cosine of two steps on they count as one direction.
const SAME: f64 = 1.0 - 1e-12;

/// Writes for each of some points (of `d` numbers each, of which the mean is taken away) its place along their first
/// principal component, weighted. Points without positive weight lie at the mean. Costs O(points · d) a step.
pub fn places(points: &mut [f64], d: usize, weights: &[f64], out: &mut Vec<f64>) {
    let counts = |w: f64| w > 0.0 && w.is_finite();
    let total: f64 = weights.iter().filter(|&&w| counts(w)).sum();
    let mut mean = vec![0.0; d];
    for (point, &w) in points.chunks(d).zip(weights).filter(|(_, w)| counts(**w)) {
        mean.iter_mut().zip(point).for_each(|(mean, v)| *mean += w / total * v);
    }
    let mut largest = 0.0_f64;
    for (point, &w) in points.chunks_mut(d).zip(weights) {
        for (v, mean) in point.iter_mut().zip(&mean) {
            *v = if counts(w) { *v - mean } else { 0.0 };
            largest = largest.max(v.abs());
        }
    }
    out.clear();
    out.resize(weights.len(), 0.0);
    if largest == 0.0 || !largest.is_finite() {
        return;
    }
    points.iter_mut().for_each(|v| *v /= largest);
    let mut direction = farthest(points, d, weights);
    let mut next = vec![0.0; d];
    for _ in 0..STEPS {
        next.fill(0.0);
        for (point, &w) in points.chunks(d).zip(weights).filter(|(_, w)| counts(**w)) {
            let along = w / total * dot(point, &direction);
            next.iter_mut().zip(point).for_each(|(next, v)| *next += along * v);
        }
        let norm = dot(&next, &next).sqrt();
        if norm == 0.0 {
            break;
        }
        next.iter_mut().for_each(|v| *v /= norm);
        std::mem::swap(&mut direction, &mut next);
        if dot(&direction, &next) >= SAME {
            break;
        }
    }
    out.iter_mut().zip(points.chunks(d)).for_each(|(out, point)| *out = dot(point, &direction));
}

/// The direction of the point that weighs and deviates most, of length 1; the first of equals.
fn farthest(points: &[f64], d: usize, weights: &[f64]) -> Vec<f64> {
    let mut best = (0.0, &points[..d]);
    for (point, &w) in points.chunks(d).zip(weights) {
        let far = w * dot(point, point);
        if far > best.0 {
            best = (far, point);
        }
    }
    let norm = dot(best.1, best.1).sqrt();
    best.1.iter().map(|v| if norm > 0.0 { v / norm } else { 0.0 }).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_on_a_line_keep_their_order() {
        let mut points: Vec<f64> = [3.0, -1.0, 2.0, 7.5, 0.0].iter().flat_map(|t| [1.0 + t, 4.0 - 2.0 * t]).collect();
        let mut out = Vec::new();
        places(&mut points, 2, &[1.0, 2.0, 0.5, 1.0, 3.0], &mut out);
        let mut order: Vec<usize> = (0..5).collect();
        order.sort_by(|&a, &b| out[a].total_cmp(&out[b]));
        assert!(order == [1, 4, 2, 0, 3] || order == [3, 0, 2, 4, 1], "{order:?}");
    }

    #[test]
    fn nothing_and_too_much_lie_at_the_mean() {
        let mut out = Vec::new();
        places(&mut [1.0, 2.0, 1.0, 2.0], 2, &[1.0, 1.0], &mut out);
        assert_eq!(out, [0.0, 0.0]);
        places(&mut [f64::NAN, 2.0, 1.0, 5.0], 2, &[0.0, 1.0], &mut out);
        assert_eq!(out, [0.0, 0.0]);
        places(&mut [f64::INFINITY, 2.0, 1.0, 5.0], 2, &[1.0, 1.0], &mut out);
        assert_eq!(out, [0.0, 0.0]);
    }
}
