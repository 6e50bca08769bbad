//! One tree of an iteration: gradients in the form that they allow, nodes, values of the leaves, raw predictions.

use super::fixed::{Choice, Form, choose};
use super::grow::{Grown, Pool, Room, grow};
use super::leaves::{add, add_unseen, finish};
use super::objective::Objective;
use super::plan::Plan;
use crate::binning::{Binned, Channels};
use crate::{Control, Result};

/// What the trees of an iteration have in common.
#[derive(Debug, Clone, Copy)]
pub struct Iteration<'a> {
    /// How they are grown.
    pub plan: &'a Plan,
    /// What is reduced.
    pub objective: Objective,
    /// The share of a leaf's value that is taken.
    pub rate: f64,
    /// The rows trained on, their targets and weights.
    pub binned: &'a Binned,
    /// Their targets.
    pub y: &'a [f64],
    /// Their weights.
    pub weights: Option<&'a [f64]>,
    /// The rows held out.
    pub held: Option<&'a Binned>,
}

/// A tree that is to be grown.
#[derive(Debug)]
pub struct Job<'a> {
    /// Its number among all.
    pub stream: u64,
    /// Gradient and hessian of each row for its output.
    pub pairs: &'a [[f32; 2]],
    /// The raw predictions of its output.
    pub raw: &'a mut [f64],
    /// Those of the rows held out.
    pub held: Option<&'a mut [f64]>,
    /// Where it is grown.
    pub desk: &'a mut Desk,
    /// What became of it.
    pub grown: Result<Vec<Grown>>,
}

/// What growing a tree needs room for; it goes on to the next tree.
#[derive(Debug, Default)]
pub struct Desk {
    room: Room,
    constant: Kept<i64, 2>,
    packed: Kept<Channels<2>, 2>,
    wide: Kept<Channels<3>, 3>,
}

/// What is kept of all rows, and room to grow trees on it.
type Kept<R, const C: usize> = (Vec<R>, Pool<R, C>);

impl Job<'_> {
    /// Grows the tree and adds it to the raw predictions.
    pub fn run(&mut self, of: &Iteration<'_>, ctl: &Control) {
        self.grown = self.nodes(of, ctl);
    }

    fn nodes(&mut self, of: &Iteration<'_>, ctl: &Control) -> Result<Vec<Grown>> {
        let Desk { room, constant, packed, wide } = &mut *self.desk;
        let (pairs, stream) = (self.pairs, self.stream);
        let mut nodes = match choose(ctl, pairs, of.objective.constant_hessian() && of.weights.is_none())? {
            Choice::Constant(form) => nodes_by(form, of, pairs, stream, room, constant, ctl)?,
            Choice::Packed(form) => nodes_by(form, of, pairs, stream, room, packed, ctl)?,
            Choice::Wide(form) => nodes_by(form, of, pairs, stream, room, wide, ctl)?,
        };
        finish(&mut nodes, of.objective, of.rate, &room.rows, of.y, of.weights, self.raw, ctl)?;
        add(&nodes, &room.rows, self.raw, ctl)?;
        if let (Some(held), Some(raw)) = (of.held, &mut self.held) {
            add_unseen(&nodes, held, raw, ctl)?;
        }
        Ok(nodes)
    }
}

fn nodes_by<const C: usize, F: Form<C>>(
    form: F,
    of: &Iteration<'_>,
    pairs: &[[f32; 2]],
    stream: u64,
    room: &mut Room,
    (kept, pool): &mut Kept<F::Row, C>,
    ctl: &Control,
) -> Result<Vec<Grown>> {
    form.encode(ctl, pairs, kept)?;
    grow(of.binned, kept, form, of.plan, stream, room, pool, ctl)
}
