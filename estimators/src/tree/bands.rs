//! The best split of two classes without a sort: counts over bands of ranks, and bounds of what lies inside them.
//!
//! The counts before each band give the gain of every split between bands exactly. The gain is convex in the counts on the
//! left, so no split inside a band is better than that where all of one class stand first, or all of the other. Only the rows of
//! bands whose bound reaches the best gain known are sorted. The split is that of a sort of all rows, bit by bit: the same
//! counts, the same arithmetic, and of equally good splits the first.

use super::criterion::{gini_gain_of_two, gini_gains_of_two};
use super::keys::sort_keys;

/// Rows of a node for which this pays, at least.
pub const LEAST: usize = 128;

/// Bands, at most: 2 to this power.
const BITS: u32 = 10;

/// What rounding may make of a gain, for each unit of weight: more than it ever is.
const ROUNDING: f64 = 1e-12;

/// Room for a search.
#[derive(Debug, Default)]
pub struct Room {
    /// The weight in each band, and below it that of ones; then the same of all bands before it.
    sums: Vec<u64>,
    /// The weights on the left: between bands, with the zeros of the next, with its ones.
    left: Vec<f64>,
    /// The weights of the ones on the left, then the gains.
    gains: Vec<f64>,
    /// Whether a band is looked into.
    open: Vec<u8>,
    keys: Vec<u32>,
    other: Vec<u32>,
}

/// A node's rows, as the search reads them.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The ranks.
    pub ranks: &'a [u32],
    /// The least and the largest of them, which differ.
    pub extent: (u32, u32),
    /// For each row its class, 0 or 1, and above that its weight.
    pub items: &'a [u32],
    /// The bits of an item. A rank above the least and an item fit into a number.
    pub item_bits: u32,
    /// The weights of both classes; together below 2³².
    pub totals: (f64, f64),
}

/// A split between two ranks of a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// The gain.
    pub gain: f64,
    /// The number of rows on the left.
    pub n_left: usize,
    /// The last rank on the left.
    pub below: u32,
    /// The first rank on the right.
    pub above: u32,
}

/// The best split between two ranks where its gain is at least `least`: the first of equally good ones.
pub fn best(rows: Rows<'_>, least: f64, room: &mut Room) -> Option<Cut> {
    let (low, high) = rows.extent;
    let wanted = (rows.ranks.len().ilog2() - 1).clamp(6, BITS);
    let shift = (u32::BITS - (high - low).leading_zeros()).saturating_sub(wanted);
    let bands = ((high - low) >> shift) as usize + 1;
    add_up(rows, shift, bands, room);
    let (zeros, ones) = rows.totals;
    bounds(bands, zeros, ones, room);
    let Room { sums, gains, open, keys, other, .. } = room;
    // The first of the best splits between bands, as its gain and the band after it.
    let (mut top, mut band) = (f64::NEG_INFINITY, 0);
    for (at, &gain) in gains[..bands].iter().enumerate().skip(1) {
        if gain > top {
            (top, band) = (gain, at);
        }
    }
    let mut found = None;
    if shift > 0 {
        let reach = top.max(least) - ROUNDING * (zeros + ones);
        open.clear();
        open.extend(
            gains[bands..2 * bands]
                .iter()
                .zip(&gains[2 * bands..])
                .map(|(a, b)| u8::from((*a >= reach) | (*b >= reach))),
        );
        if open.contains(&1) {
            take(rows, shift, open, keys);
            sort_keys(keys, other, rows.item_bits, u32::BITS - (high - low).leading_zeros());
            let inside = best_inside(rows, shift, keys, sums);
            found =
                inside.filter(|(gain, below, _)| *gain > top || *gain == top && ((below - low) >> shift) < band as u32);
        }
    }
    if let Some((gain, below, above)) = found {
        let n_left = rows.ranks.iter().filter(|rank| **rank <= below).count();
        return (gain >= least).then_some(Cut { gain, n_left, below, above });
    }
    if top < least || band == 0 {
        return None;
    }
    let (n_left, below, above) = around(rows.ranks, low + ((band as u32) << shift));
    Some(Cut { gain: top, n_left, below, above })
}

/// Adds up weights by bands.
fn add_up(rows: Rows<'_>, shift: u32, bands: usize, room: &mut Room) {
    room.sums.resize(1 << BITS, 0);
    room.sums[..bands].fill(0);
    let Ok(sums) = <&mut [u64; 1 << BITS]>::try_from(&mut room.sums[..]) else { return };
    for (&rank, &item) in rows.ranks.iter().zip(rows.items) {
        let weight = item >> 1;
        let both = u64::from(weight) << 32 | u64::from((item & 1).wrapping_neg() & weight);
        sums[((rank - rows.extent.0) >> shift) as usize % (1 << BITS)] += both;
    }
}

/// Makes sums of bands those of all bands before, and finds the gains between bands and the bounds inside them.
fn bounds(bands: usize, zeros: f64, ones: f64, room: &mut Room) {
    let Room { sums, left, gains, .. } = room;
    left.resize(3 * bands, 0.0);
    gains.resize(3 * bands, 0.0);
    let (left, ones_left) = (&mut left[..], &mut gains[..]);
    let (left_between, rest) = left.split_at_mut(bands);
    let (left_zeros, left_ones) = rest.split_at_mut(bands);
    let (between, rest) = ones_left.split_at_mut(bands);
    let (with_zeros, with_ones) = rest.split_at_mut(bands);
    let mut before = 0_u64;
    for (band, sums) in sums[..bands].iter_mut().enumerate() {
        let (weight, of_ones) = ((before >> 32) as u32, before as u32);
        let (w, o) = ((*sums >> 32) as u32, *sums as u32);
        left_between[band] = f64::from(weight);
        between[band] = f64::from(of_ones);
        left_zeros[band] = f64::from(weight + (w - o));
        with_zeros[band] = f64::from(of_ones);
        left_ones[band] = f64::from(weight + o);
        with_ones[band] = f64::from(of_ones + o);
        before += std::mem::replace(sums, before);
    }
    gini_gains_of_two(ones_left, left, zeros, ones);
}

/// Writes the keys of the rows in open bands.
fn take(rows: Rows<'_>, shift: u32, open: &[u8], keys: &mut Vec<u32>) {
    keys.clear();
    keys.resize(rows.ranks.len(), 0);
    let mut n = 0;
    for (&rank, &item) in rows.ranks.iter().zip(rows.items) {
        let rank = rank - rows.extent.0;
        // Written always and kept where the band is open: which ones are cannot be guessed.
        keys[n] = rank << rows.item_bits | item;
        n += usize::from(open[(rank >> shift) as usize]);
    }
    keys.truncate(n);
}

/// The first of the best splits between neighbours of one band, as its gain and their ranks. `before` are the sums of all
/// bands before each.
fn best_inside(rows: Rows<'_>, shift: u32, keys: &[u32], before: &[u64]) -> Option<(f64, u32, u32)> {
    let ((zeros, ones), low) = (rows.totals, rows.extent.0);
    let mut best: Option<(f64, u32, u32)> = None;
    let (mut sums, mut last) = (0_u64, None);
    for &key in keys {
        let rank = key >> rows.item_bits;
        match last {
            Some(last) if last >> shift == rank >> shift => {
                if last < rank {
                    let gain = gini_gain_of_two(f64::from((sums >> 32) as u32), f64::from(sums as u32), zeros, ones);
                    if gain > best.map_or(f64::NEG_INFINITY, |best| best.0) {
                        best = Some((gain, low + last, low + rank));
                    }
                }
            }
            _ => sums = before[(rank >> shift) as usize],
        }
        let item = key & ((1 << rows.item_bits) - 1);
        sums += u64::from(item >> 1) << 32 | u64::from((item & 1).wrapping_neg() & item >> 1);
        last = Some(rank);
    }
    best
}

/// The number of ranks below `cut`, the largest of them, and the least of the others.
fn around(ranks: &[u32], cut: u32) -> (usize, u32, u32) {
    let (mut n, mut below, mut above) = (0_u32, 0, u32::MAX);
    for &rank in ranks {
        let left = u32::from(rank < cut);
        n += left;
        below = below.max(rank & left.wrapping_neg());
        above = above.min(rank | left.wrapping_neg());
    }
    (n as usize, below, above)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By a sort of all rows.
    fn expected(rows: Rows<'_>) -> Option<Cut> {
        let mut order: Vec<usize> = (0..rows.ranks.len()).collect();
        order.sort_by_key(|&i| rows.ranks[i]);
        let (mut best, mut left, mut ones): (Option<Cut>, u32, u32) = (None, 0, 0);
        for (n_left, pair) in (1..).zip(order.windows(2)) {
            let (below, above, item) = (rows.ranks[pair[0]], rows.ranks[pair[1]], rows.items[pair[0]]);
            left += item >> 1;
            ones += (item & 1) * (item >> 1);
            let gain = gini_gain_of_two(f64::from(left), f64::from(ones), rows.totals.0, rows.totals.1);
            if below < above && best.is_none_or(|best| gain > best.gain) {
                best = Some(Cut { gain, n_left, below, above });
            }
        }
        best
    }

    #[test]
    fn bands_find_the_split_of_a_sort() {
        let mut state = 1_u64;
        let mut next = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let mut room = Room::default();
        for round in 0..600 {
            let n = 2 + next(if round % 10 == 0 { 9000 } else { 700 }) as usize;
            let kinds = [3, 60, 1000, 100_000][round % 4];
            let ranks: Vec<u32> = (0..n).map(|_| 7 + next(kinds) as u32).collect();
            // From no connection to one that is all but certain.
            let noise = [1, 2, 1000][round % 3];
            let mut item = |rank: u32| {
                let by_rank = next(noise) > 0 && u64::from(rank) > kinds / 3;
                u32::from(by_rank || next(5) == 0) | (1 + next(4) as u32) << 1
            };
            let items: Vec<u32> = ranks.iter().map(|&rank| item(rank)).collect();
            let weight =
                |class: u32| items.iter().filter(|&&item| item & 1 == class).map(|item| f64::from(item >> 1)).sum();
            let extent = (*ranks.iter().min().unwrap(), *ranks.iter().max().unwrap());
            if extent.0 == extent.1 {
                continue;
            }
            let rows = Rows { ranks: &ranks, extent, items: &items, item_bits: 4, totals: (weight(0), weight(1)) };
            let Some(expected) = expected(rows) else { continue };
            assert_eq!(best(rows, f64::NEG_INFINITY, &mut room), Some(expected), "{round}");
            assert_eq!(best(rows, expected.gain, &mut room), Some(expected));
            assert_eq!(best(rows, expected.gain.next_up(), &mut room), None);
        }
    }
}
