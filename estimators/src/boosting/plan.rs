//! What limits a tree's growth, and what a node passes on to those below it.

use super::split::{Rule, Split};
use crate::growth::{Bounds, Deck};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use std::rc::Rc;

/// What limits a tree's growth.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Leaves, at most.
    pub max_leaves: Option<usize>,
    /// Levels below the root, at most.
    pub max_depth: Option<usize>,
    /// What a split has to respect.
    pub rule: Rule,
    /// The share of the features that is drawn for each node.
    pub max_features: f64,
    /// Sets of features that may meet on one path; every feature is in one.
    pub interactions: Option<Vec<Vec<u32>>>,
    /// The seed of the draws; each tree has a stream of its own.
    pub seed: u64,
}

/// What a node's children have to respect.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Between which values.
    pub bounds: Bounds,
    interactions: Option<Interactions>,
}

/// The sets that may still be used on a path, and the features in them.
#[derive(Debug, Clone)]
struct Interactions {
    sets: Rc<Vec<usize>>,
    features: Rc<Vec<u32>>,
}

impl Plan {
    /// What the root has to respect.
    pub fn surroundings_of_root(&self) -> Surroundings {
        let interactions = self.interactions.as_ref().map(|sets| self.union((0..sets.len()).collect()));
        Surroundings { bounds: Bounds::NONE, interactions }
    }

    /// What the children of each child have to respect.
    pub fn surroundings(&self, split: &Split, of_parent: &Surroundings) -> [Surroundings; 2] {
        let sign = self.rule.monotonic.get(split.feature as usize).copied().unwrap_or(0);
        let [left, right] = split.values;
        let interactions = of_parent.interactions.as_ref().map(|known| self.narrow(known, split.feature));
        let bounds = of_parent.bounds.of_children(sign, left, right);
        bounds.map(|bounds| Surroundings { bounds, interactions: interactions.clone() })
    }

    /// The features of some sets.
    fn union(&self, sets: Vec<usize>) -> Interactions {
        let all = self.interactions.as_deref().unwrap_or(&[]);
        let mut features: Vec<u32> = sets.iter().flat_map(|&set| all[set].iter().copied()).collect();
        features.sort_unstable();
        features.dedup();
        Interactions { sets: Rc::new(sets), features: Rc::new(features) }
    }

    /// The sets that hold the feature.
    fn narrow(&self, known: &Interactions, feature: u32) -> Interactions {
        let all = self.interactions.as_deref().unwrap_or(&[]);
        self.union(known.sets.iter().copied().filter(|&set| all[set].contains(&feature)).collect())
    }

    /// The features that a node of a tree on `p` features may be split on; `None`: all.
    pub fn draw(&self, surroundings: &Surroundings, p: usize, rng: &mut ChaCha8Rng) -> Option<Vec<bool>> {
        let interactions = surroundings.interactions.as_ref();
        if interactions.is_none() && self.max_features >= 1.0 {
            return None;
        }
        let features: Vec<u32> = match interactions {
            Some(known) => known.features.to_vec(),
            None => (0..p as u32).collect(),
        };
        let n = features.len();
        let wanted = ((self.max_features * n as f64).ceil() as usize).clamp(1, n.max(1));
        let mut deck = Deck::new(features);
        let mut mask = vec![false; p];
        while deck.drawn() < wanted
            && let Some(feature) = deck.draw(|| rng.next_u64())
        {
            mask[feature as usize] = true;
        }
        Some(mask)
    }
}
