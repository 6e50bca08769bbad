//! Conjugate gradients over the variables that are free: where a row shares its cost among several classes, it may move
//! between them. Coordinate descent finds which are free, but crawls among them; this goes to their optimum at once, up
//! to where some end at 0.

use super::descent::{State, onto_simplex};
use super::rows::Rows;
use crate::svm::linear::dot;
use crate::{Control, Result};
use ironlearn_linalg::Conjugate;

/// Steps at first and at most, and the share of the gradient's square at which they end.
const STEPS: usize = 10;
const MOST: usize = 160;
const LEFT: f64 = 1e-4;
/// Rows between two looks at the clock.
const CHECK: usize = 256;

/// How many steps are worth their time: more, where little of what they find ends at a border.
pub struct Steps(usize);

impl Default for Steps {
    fn default() -> Self {
        Steps(STEPS)
    }
}

/// The rows that share their cost, and among which classes.
pub struct Face {
    rows: Vec<u32>,
    starts: Vec<usize>,
    classes: Vec<u32>,
}

impl Face {
    /// The free variables.
    pub fn of<R: Rows>(state: &State<'_, R>) -> Self {
        let k = state.all.n_classes;
        let mut face = Face { rows: Vec::new(), starts: vec![0], classes: Vec::new() };
        for (i, beta) in state.beta.chunks_exact(k).enumerate() {
            let first = face.classes.len();
            face.classes.extend((0..k as u32).filter(|&c| beta[c as usize] > 0.0));
            if face.classes.len() < first + 2 || state.squares[i] <= 0.0 {
                face.classes.truncate(first);
                continue;
            }
            face.rows.push(i as u32);
            face.starts.push(face.classes.len());
        }
        face
    }

    /// The rows, and where their variables are.
    fn each(&self) -> impl Iterator<Item = (usize, std::ops::Range<usize>)> {
        self.rows.iter().zip(self.starts.windows(2)).map(|(&i, w)| (i as usize, w[0]..w[1]))
    }

    /// `Σ by·x` into the coefficients of the classes.
    fn sum<R: Rows>(
        &self,
        state: &State<'_, R>,
        by: &[f64],
        out: &mut (Vec<f64>, Vec<f64>),
        ctl: &Control,
    ) -> Result<()> {
        out.0.fill(0.0);
        out.1.fill(0.0);
        for (at, (i, range)) in self.each().enumerate() {
            if at % CHECK == 0 {
                ctl.check()?;
            }
            let classes = &self.classes[range.clone()];
            state.rows.add(i, classes, &by[range.clone()], &mut out.0);
            classes.iter().zip(&by[range]).for_each(|(&c, b)| out.1[c as usize] += state.scaling * b);
        }
        Ok(())
    }

    /// Moves the state; what it took, in rows times classes.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] when interrupted.
    pub fn go<R: Rows>(&self, state: &mut State<'_, R>, limit: &mut Steps, ctl: &Control) -> Result<usize> {
        let (k, count) = (state.all.n_classes, self.classes.len());
        if count == 0 {
            return Ok(0);
        }
        let mut gradient = vec![0.0; count];
        for (i, range) in self.each() {
            state.scores(i, &self.classes[range.clone()], &mut gradient[range]);
        }
        let plain = gradient.clone();
        self.centre(&mut gradient);
        let mut inverse = vec![0.0; count];
        self.each().for_each(|(i, range)| inverse[range].fill(1.0 / state.squares[i]));
        let mut system = Conjugate::new(gradient, inverse);
        let first = system.left_weighed();
        let mut moved = (vec![0.0; state.w.len()], vec![0.0; k]);
        let mut change = vec![0.0; count];
        while system.steps() < limit.0 && system.left_weighed() > LEFT * first {
            self.sum(state, system.direction(), &mut moved, ctl)?;
            for (at, (i, range)) in self.each().enumerate() {
                if at % CHECK == 0 {
                    ctl.check()?;
                }
                let classes = &self.classes[range.clone()];
                let change = &mut change[range];
                change.iter_mut().zip(classes).for_each(|(v, &c)| *v = state.scaling * moved.1[c as usize]);
                state.rows.products(i, classes, &moved.0, change);
            }
            self.centre(&mut change);
            if !system.step(&change) {
                break;
            }
        }
        let (steps, total) = (system.steps(), system.into_solution());
        let mut length = 1.0;
        let mut tried = 0;
        let mut sorted = Vec::new();
        for _ in 0..4 {
            tried += 1;
            // From here to the nearest allowed point everything is allowed.
            let mut to = vec![0.0; count];
            for (i, range) in self.each() {
                let to = &mut to[range.clone()];
                for ((to, &c), t) in to.iter_mut().zip(&self.classes[range.clone()]).zip(&total[range]) {
                    *to = state.beta[i * k + c as usize] + length * t;
                }
                onto_simplex(state.all.cost[i], to, &mut sorted);
            }
            let mut step = to.clone();
            for (i, range) in self.each() {
                for (s, &c) in step[range.clone()].iter_mut().zip(&self.classes[range]) {
                    *s -= state.beta[i * k + c as usize];
                }
            }
            let gain = dot(&step, &plain);
            if gain <= 0.0 {
                length *= 0.25;
                continue;
            }
            self.sum(state, &step, &mut moved, ctl)?;
            let curvature = dot(&moved.0, &moved.0) + dot(&moved.1, &moved.1);
            let share = if gain < curvature { gain / curvature } else { 1.0 };
            limit.0 = if share < 0.1 {
                (limit.0 / 2).max(5)
            } else if share > 0.5 {
                (limit.0 * 2).min(MOST)
            } else {
                limit.0
            };
            for (i, range) in self.each() {
                for (e, &c) in range.clone().zip(&self.classes[range]) {
                    let beta = &mut state.beta[i * k + c as usize];
                    *beta = if share == 1.0 { to[e] } else { *beta + share * step[e] };
                }
            }
            state.w.iter_mut().zip(&moved.0).for_each(|(w, m)| *w -= share * m);
            state.last.iter_mut().zip(&moved.1).for_each(|(w, m)| *w -= share * m);
            break;
        }
        Ok((steps + tried + 1) * (count + state.w.len() / 32))
    }

    /// Takes off each row's mean.
    fn centre(&self, values: &mut [f64]) {
        for (_, range) in self.each() {
            let values = &mut values[range];
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            values.iter_mut().for_each(|v| *v -= mean);
        }
    }
}
