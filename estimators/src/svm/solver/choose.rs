//! The working set of a round: the variables that violate the optimality conditions most, beside some of the last round.

use std::cmp::Ordering;
use std::ops::Range;

/// What a choice looks at.
pub struct State<'a> {
    /// Gradients where variables rise; +∞ where they cannot.
    pub rising: &'a [f64],
    /// Gradients where variables fall; −∞ where they cannot.
    pub falling: &'a [f64],
    /// The groups.
    pub groups: &'a [Range<usize>],
}

/// At most `most` variables, the new ones first: for each group as many of those that want to rise most as of those that
/// want to fall most, and of `kept` the first half of `most`.
///
/// `kept` are variables of the last set in its order, and so those that came in last stay: each is solved beside two
/// generations of others, and none sits in the set for ever (Wen et al. 2018, ThunderSVM).
pub fn working_set(state: &State<'_>, kept: &[usize], most: usize) -> Vec<usize> {
    let mut chosen = vec![false; state.rising.len()];
    let mut set: Vec<usize> = kept.iter().copied().take(most / 2).collect();
    set.iter().for_each(|&v| chosen[v] = true);
    let old = set.len();
    let mut room = most - old;
    let mut parts = state.groups.len();
    for group in state.groups {
        let share = room / parts;
        let high = group.clone().map(|v| state.falling[v]).fold(f64::NEG_INFINITY, f64::max);
        let low = group.clone().map(|v| state.rising[v]).fold(f64::INFINITY, f64::min);
        let rise: Vec<(f64, usize)> =
            group.clone().filter(|&v| state.rising[v] < high && !chosen[v]).map(|v| (state.rising[v], v)).collect();
        let rise = smallest(rise, share / 2);
        rise.iter().for_each(|&(_, v)| chosen[v] = true);
        let fall: Vec<(f64, usize)> =
            group.clone().filter(|&v| state.falling[v] > low && !chosen[v]).map(|v| (-state.falling[v], v)).collect();
        let fall = smallest(fall, share - rise.len());
        fall.iter().for_each(|&(_, v)| chosen[v] = true);
        room -= rise.len() + fall.len();
        parts -= 1;
        set.extend(rise.into_iter().chain(fall).map(|(_, v)| v));
    }
    set.rotate_left(old);
    set
}

fn smallest(mut all: Vec<(f64, usize)>, most: usize) -> Vec<(f64, usize)> {
    let order =
        |a: &(f64, usize), b: &(f64, usize)| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal).then(a.1.cmp(&b.1));
    if most < all.len() && most > 0 {
        all.select_nth_unstable_by(most - 1, order);
    }
    all.truncate(most);
    all
}
