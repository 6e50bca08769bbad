//! Where a node is best split: sums by bin, looks at them, and the choice among what they found.

use super::{Grower, Leaf};
use crate::Result;
use crate::gradient_boosting::shallow::search::{Look, Room, Search, Split};
use crate::gradient_boosting::shallow::sums::{self, Record};
use crate::growth::{Deck, below};
use ironlearn_linalg::threads;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::sync::{Mutex, PoisonError};

/// Sums over bins are made on one thread where fewer numbers than this are added or looked through.
const SMALL: usize = 1 << 15;

impl<const S: usize> Grower<'_, S> {
    /// Sums over all bins of all features, all zero.
    pub(super) fn room(&mut self) -> Vec<Record<S>> {
        let length = self.binned.shape().1 * self.binned.width();
        match self.free.pop() {
            Some(mut room) => {
                room.fill([0.0; S]);
                room
            }
            None => vec![[0.0; S]; length],
        }
    }

    /// Features that one task works on.
    fn block(&self, rows: usize) -> usize {
        let p = self.binned.shape().1;
        let small = p * (rows + self.binned.width()) < SMALL;
        if small { p } else { p.div_ceil(2 * self.ctl.threads()) }
    }

    fn own_rows(&self, leaf: &Leaf<S>) -> Option<&[u32]> {
        (leaf.range.len() < self.gradient.len()).then(|| &self.rows[leaf.range.clone()])
    }

    /// Sums a node's rows by bin, and looks for its split.
    pub(super) fn fill(&self, leaf: &Leaf<S>, sums: &mut [Record<S>]) -> Result<Vec<Look>> {
        let (width, block) = (self.binned.width(), self.block(leaf.range.len()));
        let (rows, search) = (self.own_rows(leaf), self.search(&leaf.totals));
        let jobs: Vec<_> = sums.chunks_mut(block * width).map(Mutex::new).collect();
        let looks = threads::map(self.ctl, jobs.len(), |i| {
            let mut sums = jobs[i].lock().unwrap_or_else(PoisonError::into_inner);
            let mut looker = Looker::new(&search);
            for (j, sums) in sums.chunks_mut(width).enumerate() {
                let feature = i * block + j;
                sums::add(self.binned, feature, rows, &self.records.rows, sums);
                looker.look(feature, sums);
            }
            looker.looks
        })?;
        Ok(looks.into_iter().flatten().collect())
    }

    /// Sums the smaller child's rows by bin, takes them away from the parent's sums, which become the larger's, and
    /// looks for the splits of both where they are wanted.
    pub(super) fn part(
        &self,
        small: &Leaf<S>,
        large: &Leaf<S>,
        wanted: [bool; 2],
        of_small: &mut [Record<S>],
        of_large: &mut [Record<S>],
    ) -> Result<[Vec<Look>; 2]> {
        let (width, block) = (self.binned.width(), self.block(small.range.len()));
        let rows = self.own_rows(small);
        let searches = [self.search(&small.totals), self.search(&large.totals)];
        let pairs = of_small.chunks_mut(block * width).zip(of_large.chunks_mut(block * width));
        let jobs: Vec<_> = pairs.map(Mutex::new).collect();
        let looks = threads::map(self.ctl, jobs.len(), |i| {
            let mut pair = jobs[i].lock().unwrap_or_else(PoisonError::into_inner);
            let (of_small, of_large) = &mut *pair;
            let mut lookers = [Looker::new(&searches[0]), Looker::new(&searches[1])];
            for (j, (small, large)) in of_small.chunks_mut(width).zip(of_large.chunks_mut(width)).enumerate() {
                let feature = i * block + j;
                sums::add(self.binned, feature, rows, &self.records.rows, small);
                if wanted[0] {
                    lookers[0].look(feature, small);
                }
                if wanted[1] {
                    sums::take_away(large, small);
                    lookers[1].look(feature, large);
                }
            }
            lookers.map(|looker| looker.looks)
        })?;
        let mut both = [Vec::new(), Vec::new()];
        for [small, large] in looks {
            both[0].extend(small);
            both[1].extend(large);
        }
        Ok(both)
    }

    /// The best split of all that were seen; of equally good ones on different features one is drawn.
    pub(super) fn choose(&self, leaf: &Leaf<S>, looks: Vec<Look>) -> Option<Split> {
        let mut rng = ChaCha8Rng::seed_from_u64(leaf.key);
        self.choose_by(leaf, looks, &mut || rng.next_u64())
    }

    fn choose_by(&self, leaf: &Leaf<S>, looks: Vec<Look>, draw: &mut impl FnMut() -> u64) -> Option<Split> {
        let search = self.search(&leaf.totals);
        let mut best: Vec<Split> = Vec::new();
        let mut keep = |split: Split| -> f64 {
            let top = best.first().map_or(f64::NEG_INFINITY, |best| best.gain);
            if split.gain > top {
                best.clear();
            }
            if split.gain >= top {
                best.push(split);
            }
            top.max(split.gain)
        };
        let mut top = f64::NEG_INFINITY;
        let mut inside = Vec::new();
        for look in looks {
            if let Some(split) = look.best {
                top = keep(split);
            }
            inside.extend(look.inside);
        }
        // The most promising first: what it finds makes the others not worth a look.
        inside.sort_unstable_by(|a, b| b.bound.total_cmp(&a.bound));
        let is_here = |row: usize| self.marks[row] == leaf.mark;
        for inside in inside {
            if inside.bound < top {
                break;
            }
            if let Some(split) = search.look_inside(&inside, &self.records.rows, is_here) {
                top = keep(split);
            }
        }
        // On one feature the first of equals wins: inside a bin comes before its border.
        best.sort_by_key(|split| (split.feature, split.bin, split.inside.is_none()));
        best.dedup_by_key(|split| split.feature);
        match best.len() {
            0 => None,
            1 => Some(best[0]),
            n => Some(best[below(n, draw())]),
        }
    }

    /// The best split over features drawn without replacement until enough were seen, and one is not constant.
    pub(super) fn draw(&mut self, leaf: &Leaf<S>) -> Result<Option<Split>> {
        let mut rng = ChaCha8Rng::seed_from_u64(leaf.key);
        let mut sums = self.free.pop().unwrap_or_else(|| vec![[0.0; S]; self.binned.width()]);
        let (p, rows, search) = (self.binned.shape().1, self.own_rows(leaf), self.search(&leaf.totals));
        let is_here = |row: usize| self.marks[row] == leaf.mark;
        let mut deck = Deck::new(0..p as u32);
        let mut looker = Looker::new(&search);
        let mut varied = false;
        while (deck.drawn() < self.plan.max_features || !varied)
            && let Some(feature) = deck.draw(|| rng.next_u64())
        {
            self.ctl.check()?;
            let feature = feature as usize;
            sums.fill([0.0; S]);
            sums::add(self.binned, feature, rows, &self.records.rows, &mut sums);
            looker.look(feature, &sums);
            varied = varied
                || match looker.looks.last().and_then(|look| look.only) {
                    Some(bin) => search.varies(feature, bin, is_here),
                    None => true,
                };
        }
        let chosen = self.choose_by(leaf, looker.looks, &mut || rng.next_u64());
        self.free.push(sums);
        Ok(chosen)
    }
}

/// Looks at features one after the other; what was found on one spares looks at others.
struct Looker<'a> {
    search: &'a Search<'a>,
    room: Box<Room>,
    floor: f64,
    looks: Vec<Look>,
}

impl<'a> Looker<'a> {
    fn new(search: &'a Search<'a>) -> Self {
        Looker { search, room: Box::default(), floor: f64::NEG_INFINITY, looks: Vec::new() }
    }

    fn look<const S: usize>(&mut self, feature: usize, sums: &[Record<S>]) {
        let look = self.search.look(feature, sums, self.floor, &mut self.room);
        if let Some(best) = look.best {
            self.floor = self.floor.max(best.gain);
        }
        self.looks.push(look);
    }
}
