//! Columns of whole numbers, each in as few bytes as its largest one needs: what is looked up by row comes from the cache
//! more often.

/// A column.
#[derive(Debug)]
pub enum Narrow {
    /// Numbers below 2⁸.
    Bytes(Vec<u8>),
    /// Numbers below 2¹⁶.
    Shorts(Vec<u16>),
    /// Others.
    Words(Vec<u32>),
}

/// Does the same with the numbers of a column, whatever they are; `u32::from` widens them.
macro_rules! with_narrow {
    ($column:expr, $numbers:ident => $body:expr) => {
        match $column {
            crate::tree::narrow::Narrow::Bytes($numbers) => $body,
            crate::tree::narrow::Narrow::Shorts($numbers) => $body,
            #[allow(clippy::useless_conversion, reason = "the others are widened by it")]
            crate::tree::narrow::Narrow::Words($numbers) => $body,
        }
    };
}
pub(super) use with_narrow;

impl Narrow {
    /// Numbers of which none is larger than `largest`.
    pub fn new(numbers: Vec<u32>, largest: u32) -> Self {
        if largest <= u32::from(u8::MAX) {
            Narrow::Bytes(numbers.into_iter().map(|v| v as u8).collect())
        } else if largest <= u32::from(u16::MAX) {
            Narrow::Shorts(numbers.into_iter().map(|v| v as u16).collect())
        } else {
            Narrow::Words(numbers)
        }
    }

    /// The number of a row.
    #[inline(always)]
    pub fn get(&self, row: usize) -> u32 {
        with_narrow!(self, numbers => u32::from(numbers[row]))
    }

    /// Writes the numbers of `rows` into `out`; the least and the largest.
    pub fn look_up(&self, rows: &[u32], out: &mut Vec<u32>) -> (u32, u32) {
        #[inline(always)]
        fn all<T: Copy>(numbers: &[T], rows: &[u32], out: &mut Vec<u32>) -> (u32, u32)
        where
            u32: From<T>,
        {
            out.resize(rows.len(), 0);
            let (mut low, mut high) = (u32::MAX, 0);
            for (out, &row) in out.iter_mut().zip(rows) {
                let number = u32::from(numbers[row as usize]);
                *out = number;
                (low, high) = (low.min(number), high.max(number));
            }
            (low, high)
        }
        with_narrow!(self, numbers => all(numbers, rows, out))
    }

    /// The numbers of `rows` alone, in the room of other ones.
    pub fn of(&self, rows: &[u32], room: Option<Narrow>) -> Self {
        fn take<T: Copy>(numbers: &[T], rows: &[u32], mut room: Vec<T>) -> Vec<T> {
            room.clear();
            room.extend(rows.iter().map(|&row| numbers[row as usize]));
            room
        }
        match (self, room) {
            (Narrow::Bytes(numbers), Some(Narrow::Bytes(room))) => Narrow::Bytes(take(numbers, rows, room)),
            (Narrow::Shorts(numbers), Some(Narrow::Shorts(room))) => Narrow::Shorts(take(numbers, rows, room)),
            (Narrow::Words(numbers), Some(Narrow::Words(room))) => Narrow::Words(take(numbers, rows, room)),
            (Narrow::Bytes(numbers), _) => Narrow::Bytes(take(numbers, rows, Vec::new())),
            (Narrow::Shorts(numbers), _) => Narrow::Shorts(take(numbers, rows, Vec::new())),
            (Narrow::Words(numbers), _) => Narrow::Words(take(numbers, rows, Vec::new())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_they_were() {
        for largest in [3, 255, 256, 65_535, 65_536, 1 << 20] {
            let numbers: Vec<u32> = (0..60).map(|i| i * 7919 % 61 * largest / 60).collect();
            let column = Narrow::new(numbers.clone(), largest);
            assert!((0..60).all(|row| column.get(row) == numbers[row]));
            let rows = [5, 9, 44];
            let mut out = vec![1; 9];
            let picked = rows.map(|row| numbers[row as usize]);
            let ends = (picked.into_iter().min().unwrap(), picked.into_iter().max().unwrap());
            assert_eq!((column.look_up(&rows, &mut out), &out[..]), (ends, &picked[..]));
            let some = column.of(&rows, Some(Narrow::new(vec![0; 100], 0)));
            assert_eq!((some.get(0), some.get(1), some.get(2)), (picked[0], picked[1], picked[2]));
        }
    }
}
