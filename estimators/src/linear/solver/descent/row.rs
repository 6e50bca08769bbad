//! What a row pays for its prediction, where that is known from two numbers.

/// A row of a fit, as far as its prediction matters.
pub trait Row: Copy + Send + Sync {
    /// The first and second derivatives of what it pays by its prediction.
    fn derivatives(self) -> (f64, f64);

    /// A bound of the second derivative, wherever the prediction may go.
    fn bound(self) -> f64;

    /// Moves its prediction.
    fn shift(&mut self, by: f64);

    /// What it pays changes by this where its prediction moves.
    fn change(self, by: f64) -> f64;
}

/// A squared hinge: `|cost|·(y − z)²` where the residual y − z has the sign of the cost, y·C; else nothing.
#[derive(Debug, Clone, Copy)]
pub struct Short {
    /// y − z, for y of 1 or −1.
    pub residual: f64,
    /// y times what the row counts.
    pub cost: f64,
}

impl Row for Short {
    #[inline]
    fn derivatives(self) -> (f64, f64) {
        if self.residual * self.cost > 0.0 {
            let c = 2.0 * self.cost.abs();
            (-c * self.residual, c)
        } else {
            (0.0, 0.0)
        }
    }

    fn bound(self) -> f64 {
        2.0 * self.cost.abs()
    }

    #[inline]
    fn shift(&mut self, by: f64) {
        self.residual -= by;
    }

    #[inline]
    fn change(self, by: f64) -> f64 {
        let of = |residual: f64| if residual * self.cost > 0.0 { residual * residual } else { 0.0 };
        self.cost.abs() * (of(self.residual - by) - of(self.residual))
    }
}

/// A parabola: the model of any loss near a prediction.
#[derive(Debug, Clone, Copy)]
pub struct Bend {
    /// The first derivative, at where the prediction is now.
    pub slope: f64,
    /// The second one, ≥ 0, everywhere.
    pub curvature: f64,
}

impl Row for Bend {
    #[inline]
    fn derivatives(self) -> (f64, f64) {
        (self.slope, self.curvature)
    }

    fn bound(self) -> f64 {
        self.curvature
    }

    #[inline]
    fn shift(&mut self, by: f64) {
        self.slope += by * self.curvature;
    }

    #[inline]
    fn change(self, by: f64) -> f64 {
        by * (self.slope + 0.5 * self.curvature * by)
    }
}
