//! Gradients and hessians in fixed point.
//!
//! A tree is grown on integers: each gradient is a multiple of one power of two, chosen so small that no sum of all
//! rows overflows 64 bits. For a million rows that keeps 42 bits below the largest gradient, more than the 24 bits that
//! an `f32` has of its own. What follows is exact: sums by bin do not depend on their order, hence not on the number of
//! threads, and a sibling's histogram is a difference without rounding.
//!
//! | form | a row's channels | where |
//! | --- | --- | --- |
//! | [`Constant`] | gradient, 1 (not kept) | losses whose second derivative is 1, without weights |
//! | [`Packed`] | gradient, hessian and count in one | the others, where the hessian keeps enough bits beside the count |
//! | [`Wide`] | gradient, hessian, 1 | elsewhere: very many rows, hessians of very different sizes, negative weights |

use crate::binning::{Channels, Row};
use crate::{Control, Result, bad_input};
use ironlearn_linalg::threads;

/// The sums of some rows.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sums {
    /// Of the gradients.
    pub gradient: f64,
    /// Of the hessians.
    pub hessian: f64,
    /// Of the rows.
    pub count: u32,
}

/// How channels are read.
pub trait Form<const C: usize>: Copy + Send + Sync {
    /// What is kept of a row.
    type Row: Row<C>;
    /// What is kept of a row with this gradient and hessian.
    fn keep(&self, pair: [f32; 2]) -> Self::Row;
    /// What the sums of channels mean.
    fn sums(&self, channels: &Channels<C>) -> Sums;
    /// How many rows they are of.
    fn count(&self, channels: &Channels<C>) -> u32;

    /// What is kept of each row.
    ///
    /// # Errors
    /// [`ironlearn_linalg::Error::Interrupted`].
    fn encode(&self, ctl: &Control, pairs: &[[f32; 2]], out: &mut Vec<Self::Row>) -> Result<()> {
        out.resize(pairs.len(), Row::NONE);
        let form = *self;
        threads::fill_rows(ctl, out, 1, TILE, |first, out| {
            for (&pair, out) in pairs[first..].iter().zip(out) {
                *out = form.keep(pair);
            }
        })?;
        Ok(())
    }
}

/// Channels: gradient, count; the hessian is 1. The gradient alone is kept.
#[derive(Debug, Clone, Copy)]
pub struct Constant {
    unit: f64,
}

/// Channels: gradient, hessian above some bits of count.
#[derive(Debug, Clone, Copy)]
pub struct Packed {
    unit: f64,
    hessian_unit: f64,
    bits: u32,
}

/// Channels: gradient, hessian, count.
#[derive(Debug, Clone, Copy)]
pub struct Wide {
    unit: f64,
    hessian_unit: f64,
}

impl Form<2> for Constant {
    type Row = i64;

    #[inline(always)]
    fn keep(&self, pair: [f32; 2]) -> i64 {
        fixed(pair[0], 1.0 / self.unit)
    }

    #[inline(always)]
    fn sums(&self, channels: &Channels<2>) -> Sums {
        let count = channels[1] as f64;
        Sums { gradient: channels[0] as f64 * self.unit, hessian: count, count: self.count(channels) }
    }

    #[inline(always)]
    fn count(&self, channels: &Channels<2>) -> u32 {
        channels[1] as u32
    }
}

impl Form<2> for Packed {
    type Row = Channels<2>;

    #[inline(always)]
    fn keep(&self, pair: [f32; 2]) -> Channels<2> {
        [fixed(pair[0], 1.0 / self.unit), (fixed(pair[1], 1.0 / self.hessian_unit) << self.bits) + 1]
    }

    #[inline(always)]
    fn sums(&self, channels: &Channels<2>) -> Sums {
        Sums {
            gradient: channels[0] as f64 * self.unit,
            hessian: (channels[1] >> self.bits) as f64 * self.hessian_unit,
            count: self.count(channels),
        }
    }

    #[inline(always)]
    fn count(&self, channels: &Channels<2>) -> u32 {
        (channels[1] & ((1 << self.bits) - 1)) as u32
    }
}

impl Form<3> for Wide {
    type Row = Channels<3>;

    #[inline(always)]
    fn keep(&self, pair: [f32; 2]) -> Channels<3> {
        [fixed(pair[0], 1.0 / self.unit), fixed(pair[1], 1.0 / self.hessian_unit), 1]
    }

    #[inline(always)]
    fn sums(&self, channels: &Channels<3>) -> Sums {
        Sums {
            gradient: channels[0] as f64 * self.unit,
            hessian: channels[1] as f64 * self.hessian_unit,
            count: self.count(channels),
        }
    }

    #[inline(always)]
    fn count(&self, channels: &Channels<3>) -> u32 {
        channels[2] as u32
    }
}

/// Which form fits some gradients.
#[derive(Debug, Clone, Copy)]
pub enum Choice {
    /// See [`Constant`].
    Constant(Constant),
    /// See [`Packed`].
    Packed(Packed),
    /// See [`Wide`].
    Wide(Wide),
}

/// Rows of a tile.
const TILE: usize = 16_384;
/// Bits of a gradient or hessian, at most: what [`fixed`] can take.
const MOST_BITS: i32 = 50;
/// Bits that a middling hessian keeps in the packed form, at least.
const BITS_OF_MIDDLING: i32 = 6;

/// The largest sizes of gradients and hessians, the mean exponent of the hessians, whether one of those is negative.
#[derive(Clone, Copy, Default)]
struct Extent {
    gradient: f32,
    hessian: f32,
    exponents: i64,
    sum: f64,
    negative: bool,
}

impl Extent {
    /// With one more.
    #[inline(always)]
    fn take(&mut self, pair: [f32; 2]) {
        let [gradient, hessian] = [pair[0].abs(), pair[1].abs()];
        self.gradient = if gradient > self.gradient { gradient } else { self.gradient };
        self.hessian = if hessian > self.hessian { hessian } else { self.hessian };
        self.exponents += i64::from(hessian.to_bits() >> 23);
        // Not finite where one of them is not.
        self.sum += f64::from(gradient) + f64::from(hessian);
        self.negative |= pair[1] < 0.0;
    }

    fn merge(self, other: Extent) -> Extent {
        Extent {
            gradient: self.gradient.max(other.gradient),
            hessian: self.hessian.max(other.hessian),
            exponents: self.exponents + other.exponents,
            sum: self.sum + other.sum,
            negative: self.negative || other.negative,
        }
    }
}

fn extent(ctl: &Control, pairs: &[[f32; 2]]) -> Result<Extent> {
    let tiles = threads::map_tiles(ctl, pairs.len(), TILE, |rows| {
        // Lanes, so that the loop runs on vectors.
        let mut lanes = [Extent::default(); 8];
        let (eights, rest) = pairs[rows].as_chunks::<8>();
        for eight in eights {
            lanes.iter_mut().zip(eight).for_each(|(lane, pair)| lane.take(*pair));
        }
        lanes.iter_mut().zip(rest).for_each(|(lane, pair)| lane.take(*pair));
        lanes.into_iter().fold(Extent::default(), Extent::merge)
    })?;
    let all = tiles.into_iter().fold(Extent::default(), Extent::merge);
    if !all.sum.is_finite() {
        bad_input!("The gradients of the loss are not finite: y or the sample weights are too large.");
    }
    Ok(all)
}

/// The least e with `v < 2^e`; the smallest of an `f32` for 0.
fn exponent(v: f32) -> i32 {
    if v == 0.0 { f32::MIN_EXP } else { f64::from(v).log2().floor() as i32 + 1 }
}

fn power(e: i32) -> f64 {
    f64::from(e).exp2()
}

/// Chooses the form for `pairs` of gradient and hessian.
///
/// # Errors
/// [`crate::Error::Input`] where one is not finite.
pub fn choose(ctl: &Control, pairs: &[[f32; 2]], constant: bool) -> Result<Choice> {
    let extent = extent(ctl, pairs)?;
    let bits = usize::BITS - pairs.len().leading_zeros();
    let room = (62 - bits as i32).min(MOST_BITS);
    let unit = power(exponent(extent.gradient) - room);
    if constant {
        return Ok(Choice::Constant(Constant { unit }));
    }
    let beside = (63 - 2 * bits as i32).min(MOST_BITS);
    // One exponent counts from 2^-127, the other is the next above the number.
    let middling = (extent.exponents / pairs.len() as i64) as i32 - 126;
    let lost = exponent(extent.hessian) - middling;
    if !extent.negative && beside - lost >= BITS_OF_MIDDLING {
        let hessian_unit = power(exponent(extent.hessian) - beside);
        return Ok(Choice::Packed(Packed { unit, hessian_unit, bits }));
    }
    Ok(Choice::Wide(Wide { unit, hessian_unit: power(exponent(extent.hessian) - room) }))
}

/// `v` in units of `1 / scale`, to the nearest; below 2^51 in size.
#[inline(always)]
fn fixed(v: f32, scale: f64) -> i64 {
    // Adding 1.5·2^52 rounds, and the lowest bits then hold the whole number: this works on vectors.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    (f64::from(v) * scale + ROUND).to_bits() as i64 - ROUND.to_bits() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add<R: Row<C>, const C: usize>(rows: &[R]) -> Channels<C> {
        rows.iter().fold([0; C], |mut sum, row| {
            sum.iter_mut().zip(row.channels()).for_each(|(s, v)| *s += v);
            sum
        })
    }

    #[test]
    fn sums_are_those_of_the_numbers() {
        let ctl = Control::new();
        let pairs: Vec<[f32; 2]> = (0..5000_u32)
            .map(|i| [(f64::from(i * 7919 % 5003) - 2500.0) as f32 * 1e-3, 0.25 + i as f32 * 1e-5])
            .collect();
        let sum = |c: usize| pairs.iter().map(|pair| f64::from(pair[c])).sum::<f64>();
        let close = |found: Sums, hessian: f64| {
            // Each row is off by half a unit at most.
            assert!((found.gradient - sum(0)).abs() <= 5000.0 * 4.0 * 2_f64.powi(-49));
            assert!((found.hessian - hessian).abs() <= 5000.0 * 0.5 * 2_f64.powi(-37));
            assert_eq!(found.count, 5000);
        };
        let Choice::Packed(packed) = choose(&ctl, &pairs, false).unwrap() else { panic!("packed") };
        let mut rows = Vec::new();
        packed.encode(&ctl, &pairs, &mut rows).unwrap();
        close(packed.sums(&add(&rows)), sum(1));
        let Choice::Constant(constant) = choose(&ctl, &pairs, true).unwrap() else { panic!("constant") };
        let mut gradients = Vec::new();
        constant.encode(&ctl, &pairs, &mut gradients).unwrap();
        close(constant.sums(&add(&gradients)), 5000.0);
        // A negative hessian, and one that dwarfs the others.
        for odd in [-0.25, 1e12] {
            let mut pairs = pairs.clone();
            pairs[17][1] = odd;
            let Choice::Wide(wide) = choose(&ctl, &pairs, false).unwrap() else { panic!("wide") };
            let mut rows = Vec::new();
            wide.encode(&ctl, &pairs, &mut rows).unwrap();
            let total: f64 = pairs.iter().map(|pair| f64::from(pair[1])).sum();
            assert!((wide.sums(&add(&rows)).hessian - total).abs() <= 1e-12 * total.abs());
        }
    }

    #[test]
    fn numbers_beyond_f32_are_an_error_and_zeros_are_none() {
        assert!(choose(&Control::new(), &[[f32::INFINITY, 1.0]], true).is_err());
        assert!(choose(&Control::new(), &[[f32::NAN, 1.0], [0.0, 1.0]], true).is_err());
        let Choice::Constant(form) = choose(&Control::new(), &[[0.0, 1.0]; 4], true).unwrap() else { panic!() };
        assert_eq!(form.sums(&[0, 4]), Sums { gradient: 0.0, hessian: 4.0, count: 4 });
    }
}
