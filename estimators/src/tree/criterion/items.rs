//! A row's class and weight in one small number, an item: what sorting a node's rows moves.

use super::classes::Classes;
use super::taken;

/// The bits of an item, at most.
const ITEM_BITS: u32 = 31;

/// The items of all rows.
#[derive(Debug)]
pub(super) struct Items {
    /// For each row its class and, above that, its weight, where all weights are small whole numbers: half the memory,
    /// which is what costs when rows lie scattered. Empty where all weigh 1.
    items: Vec<u32>,
    /// The bits of an item that hold the class.
    pub class_bits: u32,
    /// The bits of an item; 0: rows are not given by items.
    pub bits: u32,
}

impl Items {
    /// The items of one output.
    pub fn new(classes: &Classes<'_>) -> Self {
        let class_bits = u32::BITS - (classes.widest.max(1) as u32 - 1).leading_zeros();
        let heaviest = classes.weights.as_deref().map_or(1.0, |w| w.iter().fold(0.0_f64, |most, &w| most.max(w)));
        let whole = classes.weights.as_deref().is_none_or(|w| w.iter().all(|w| w.fract() == 0.0));
        let fits = whole && heaviest < f64::from(1_u32 << (ITEM_BITS - class_bits.min(ITEM_BITS)));
        if !fits {
            return Items { items: Vec::new(), class_bits, bits: 0 };
        }
        let item = |(row, &code): (usize, &u32)| code | (classes.weight_of(row) as u32) << class_bits;
        let items = match classes.weights {
            Some(_) => classes.codes.iter().enumerate().map(item).collect(),
            None => Vec::new(),
        };
        let bits = class_bits + u32::BITS - (heaviest as u32).leading_zeros();
        Items { items, class_bits, bits }
    }

    /// Those of the rows of `entries` alone.
    pub fn of(&self, entries: &[u32]) -> Self {
        let items = if self.items.is_empty() { Vec::new() } else { taken(&self.items, 1, entries) };
        Items { items, ..*self }
    }

    /// The class and the weight of a row.
    #[inline(always)]
    pub fn class(&self, row: usize, classes: &Classes<'_>) -> (usize, f64) {
        match self.items.get(row) {
            Some(&item) => ((item & self.class_mask()) as usize, f64::from(item >> self.class_bits)),
            None => (classes.codes[row] as usize, classes.weight_of(row)),
        }
    }

    /// The item of a row, where rows are given by items.
    #[inline(always)]
    pub fn get(&self, row: usize, classes: &Classes<'_>) -> u32 {
        self.items.get(row).copied().unwrap_or_else(|| classes.codes[row] | 1 << self.class_bits)
    }

    /// The bits that hold the class.
    #[inline(always)]
    pub fn class_mask(&self) -> u32 {
        (1 << self.class_bits) - 1
    }
}
