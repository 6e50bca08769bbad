//! Monotonic constraints: a node's value stays between those of its neighbours.

/// What a node's value has to lie in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The smallest value allowed.
    pub lower: f64,
    /// The largest value allowed.
    pub upper: f64,
}

impl Bounds {
    /// No bounds.
    pub const NONE: Bounds = Bounds { lower: f64::NEG_INFINITY, upper: f64::INFINITY };

    /// The nearest value inside; NaN stays.
    #[inline(always)]
    pub fn hold(&self, value: f64) -> f64 {
        if value < self.lower {
            self.lower
        } else if value > self.upper {
            self.upper
        } else {
            value
        }
    }

    /// Whether children of these values are allowed where the feature's constraint is `sign`: -1 (predictions may only
    /// fall), 0 or 1 (only rise).
    pub fn allow(&self, sign: i8, left: f64, right: f64) -> bool {
        let inside = |v: f64| v >= self.lower && v <= self.upper;
        inside(left) && inside(right) && (left - right) * f64::from(sign) <= 0.0
    }

    /// The bounds of two children of these values: their middle separates all below them where the feature's constraint
    /// says so.
    pub fn of_children(self, sign: i8, left: f64, right: f64) -> [Bounds; 2] {
        let middle = left / 2.0 + right / 2.0;
        let (below, above) = (Bounds { upper: middle, ..self }, Bounds { lower: middle, ..self });
        match sign {
            0 => [self, self],
            1.. => [below, above],
            _ => [above, below],
        }
    }
}
