//! When passes no longer help.

/// Watches one number a pass: the objective (to fall) or a score (to rise).
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    tol: Option<f64>,
    patience: usize,
    /// Passes in a row without an improvement.
    idle: usize,
    best: f64,
    rising: bool,
}

impl Watch {
    /// `tol`: the least improvement that counts, `None`: never stops. `patience`: the passes without one. `rising`:
    /// larger is better.
    pub fn new(tol: Option<f64>, patience: usize, rising: bool) -> Self {
        let best = if rising { f64::NEG_INFINITY } else { f64::INFINITY };
        Watch { tol, patience, idle: 0, best, rising }
    }

    /// Takes the number of one more pass; whether it is time to stop.
    pub fn is_over(&mut self, value: f64) -> bool {
        let idle = match self.tol {
            None => false,
            Some(tol) if self.rising => value < self.best + tol,
            Some(tol) => value > self.best - tol,
        };
        self.idle = if idle { self.idle + 1 } else { 0 };
        if if self.rising { value > self.best } else { value < self.best } {
            self.best = value;
        }
        self.idle >= self.patience
    }

    /// Starts to count anew.
    pub fn forget(&mut self) {
        self.idle = 0;
    }
}
