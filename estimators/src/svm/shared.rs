//! Numbers of the kernel matrix that several problems of one fit need: found once, by whoever needs them first.
//!
//! A table holds rows of one class with the columns of another (or of its own), in tiles that are found when a row of
//! them is first asked for. A class's rows with its own columns serve all pairs that it is in; a pair's rows serve the
//! pair and the parts of it that probabilities are fitted by.
//!
//! The last bits that BLAS gives a row depend on the rows beside it. So a tile is always found whole, whoever is first:
//! then threads leave no trace.

use super::gram::{DEAR, Gram};
use super::settings::{SIDE_BY_SIDE, WHOLE};
use crate::Control;
use crate::kernel::exp::Entry;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// So many pairs at most have rows in tables at a time: those being solved, and one that waits for a thread.
const ALIVE: usize = SIDE_BY_SIDE + 1;

/// Rows of one class with columns of another, in tiles: as many of the first as have room.
pub(super) struct Table<F> {
    first: usize,
    /// The end of the class.
    end: usize,
    columns: Range<usize>,
    /// The rows of a tile.
    height: usize,
    tiles: Vec<OnceLock<Box<[F]>>>,
}

impl<F: Entry> Table<F> {
    /// The numbers of a row of `whole`; `None` where it has no room. They mean nothing where the run was cancelled.
    fn row(&self, whole: &Gram<'_, F>, row: usize, ctl: &Control) -> Option<&[F]> {
        let (at, width) = (row - self.first, self.columns.len());
        let (tile, place) = (at / self.height, at % self.height);
        let numbers = self.tiles.get(tile)?.get_or_init(|| self.find(whole, tile, ctl));
        Some(&numbers[place * width..(place + 1) * width])
    }

    fn find(&self, whole: &Gram<'_, F>, tile: usize, ctl: &Control) -> Box<[F]> {
        let width = self.columns.len();
        let first = self.first + tile * self.height;
        let rows: Vec<usize> = (first..self.end.min(first + self.height)).collect();
        let mut numbers = vec![F::zero(); rows.len() * width];
        whole.found(whole, &rows, self.columns.clone(), ctl, |r, start, piece| {
            let begin = r * width + start - self.columns.start;
            numbers[begin..begin + piece.len()].copy_from_slice(piece);
        });
        numbers.into_boxed_slice()
    }

    /// Bytes of the tiles that were found.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        self.tiles.iter().filter_map(OnceLock::get).map(|tile| size_of_val::<[F]>(tile)).sum()
    }
}

/// The rows of a problem over two classes, and the tables of their numbers.
#[derive(Clone)]
pub(super) struct Share<'a, F> {
    whole: Arc<Gram<'a, F>>,
    tables: [[Option<Arc<Table<F>>>; 2]; 2],
    /// Which rows of the fit the problem's are; those of the first class come first.
    names: Vec<usize>,
    /// How many of them are of the first class.
    first: usize,
}

impl<'a, F: Entry> Share<'a, F> {
    /// The rows `names` of `whole`, of which those below `middle` are of the first class. `tables` are those of the rows
    /// of either class with the columns of either.
    pub fn new(
        whole: &Arc<Gram<'a, F>>,
        tables: [[Option<Arc<Table<F>>>; 2]; 2],
        names: &[usize],
        middle: usize,
    ) -> Self {
        let first = names.partition_point(|&name| name < middle);
        Share { whole: Arc::clone(whole), tables, names: names.to_vec(), first }
    }

    /// The rows `picked` alone, in their order, which is a rising one.
    pub fn subset(&self, picked: &[usize]) -> Self {
        let names = picked.iter().map(|&i| self.names[i]).collect();
        let first = picked.partition_point(|&i| i < self.first);
        Share { whole: Arc::clone(&self.whole), tables: self.tables.clone(), names, first }
    }

    /// Where a row begins that need not be found in whole, because the matrix is symmetric: with its own class.
    pub fn begin(&self, row: usize) -> usize {
        if row < self.first { 0 } else { self.first }
    }

    /// See [`Gram::fill`]: pieces of the rows `picked` of `from`, found for `own` where no table has them.
    pub fn pieces(
        &self,
        own: &Gram<'a, F>,
        (from, others): (&Gram<'a, F>, &Self),
        picked: &[usize],
        columns: Range<usize>,
        ctl: &Control,
        each: &mut impl FnMut(usize, usize, &[F]),
    ) {
        let middle = self.first.clamp(columns.start, columns.end);
        let mut gathered = Vec::new();
        for (side, columns) in [columns.start..middle, middle..columns.end].into_iter().enumerate() {
            if columns.is_empty() {
                continue;
            }
            let names = &self.names[columns.clone()];
            let whole = names[names.len() - 1] - names[0] + 1 == names.len();
            let mut rest = Vec::new();
            for (class, tables) in self.tables.iter().enumerate() {
                let rows = (0..picked.len()).filter(|&r| usize::from(picked[r] >= others.first) == class);
                let Some(table) = &tables[side] else {
                    rest.extend(rows);
                    continue;
                };
                for r in rows {
                    let Some(row) = table.row(&self.whole, others.names[picked[r]], ctl) else {
                        rest.push(r);
                        continue;
                    };
                    let start = table.columns.start;
                    if whole {
                        each(r, columns.start, &row[names[0] - start..][..names.len()]);
                    } else {
                        gathered.clear();
                        gathered.extend(names.iter().map(|name| row[name - start]));
                        each(r, columns.start, &gathered);
                    }
                }
            }
            if !rest.is_empty() {
                let rows: Vec<usize> = rest.iter().map(|&r| picked[r]).collect();
                own.found(from, &rows, columns, ctl, |k, start, piece| each(rest[k], start, piece));
            }
        }
    }
}

/// The tables of a fit's classes.
pub(super) struct Tables<F> {
    begins: Vec<usize>,
    own: Vec<Option<Arc<Table<F>>>>,
    /// The share of each class's rows that are kept.
    share: f64,
    /// The rows of a tile.
    height: usize,
    /// Whether the parts for probabilities need pairs' rows too.
    parts: bool,
    /// Bytes that all tables together take at most.
    pub bytes: usize,
}

impl<F: Entry> Tables<F> {
    /// Tables for pairs of the classes that begin at `begins`, and for `parts` of them, of no more than `room` bytes;
    /// none where numbers are found as fast as they are moved, or where nobody needs them twice (measured: decision 20).
    pub fn new(gram: &Gram<'_, F>, begins: &[usize], parts: bool, room: usize) -> Self {
        let sizes: Vec<usize> = begins.windows(2).map(|w| w[1] - w[0]).filter(|size| *size > 0).collect();
        let pairs = sizes.len() * sizes.len().saturating_sub(1) / 2;
        let dear = gram.cost() >= DEAR;
        let (asked, parts) = (parts, parts && dear);
        let mut largest = sizes.clone();
        largest.sort_unstable_by(|a, b| b.cmp(a));
        // From five classes on tables pay for any rows, where pairs are solved by rounds and once.
        let often = pairs >= 10 && !asked && gram.cost() > 0 && largest[0] + largest[1] > WHOLE;
        let used = parts || (pairs > 1 && dear) || often;
        let across = if parts && pairs > 0 { 2 * largest[0] * largest[1] * pairs.min(ALIVE) } else { 0 };
        let needed = size_of::<F>() as f64 * (sizes.iter().map(|m| m * m).sum::<usize>() + across) as f64;
        let share = if used { (room as f64 / needed).min(1.0) } else { 0.0 };
        let mut tables = Tables {
            begins: begins.to_vec(),
            own: Vec::new(),
            share,
            height: gram.height(),
            parts,
            bytes: (share * needed) as usize,
        };
        tables.own = (0..begins.len() - 1).map(|c| tables.table(c, c)).collect();
        tables
    }

    /// The tables of a pair: of the rows of either with the columns of either.
    pub fn pair(&self, i: usize, j: usize) -> [[Option<Arc<Table<F>>>; 2]; 2] {
        let across = |i, j| if self.parts { self.table(i, j) } else { None };
        [[self.own[i].clone(), across(i, j)], [across(j, i), self.own[j].clone()]]
    }

    fn table(&self, i: usize, j: usize) -> Option<Arc<Table<F>>> {
        let (rows, columns) = (self.begins[i]..self.begins[i + 1], self.begins[j]..self.begins[j + 1]);
        let tiles = if self.share >= 1.0 {
            rows.len().div_ceil(self.height)
        } else {
            (self.share * rows.len() as f64) as usize / self.height
        };
        let tiles: Vec<OnceLock<Box<[F]>>> = (0..tiles).map(|_| OnceLock::new()).collect();
        let (first, end, height) = (rows.start, rows.end, self.height);
        (!tiles.is_empty()).then(|| Arc::new(Table { first, end, columns, height, tiles }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::KernelFunction;
    use crate::svm::SVC;
    use crate::svm::fit::Ground;
    use crate::svm::settings::Settings;
    use crate::{AnyMatrix, Checked, Cpu, Data, FitOn};
    use ndarray::{Array2, ArrayView2};

    fn rows(n: usize, p: usize) -> Array2<f64> {
        Array2::from_shape_fn((n, p), |(i, j)| (((i * 131 + j * 17 + i * j) % 211) as f64 / 211.0 - 0.5).max(-0.2))
    }

    fn grounded(x: AnyMatrix<'_>, kernel: KernelFunction, test: impl FnOnce(&Settings, &Ground<'_>)) {
        let settings = Settings::from(&SVC { kernel, ..SVC::default() });
        let data = Data::new(x);
        test(&settings, &Ground::of(&data, &settings).unwrap());
    }

    /// Whoever is first to ask for a tile, and however few have room.
    #[test]
    fn threads_that_share_leave_no_trace() {
        let (n, p) = (420, 70);
        let x = rows(n, p);
        let codes = Array2::from_shape_fn((n, 1), |(i, _)| ((i * i) % 7 % 4) as u32);
        let data = Data::new(x.view()).with_classes(codes.view(), vec![4]);
        for (cache_size, tol) in [(200.0, 1e-6), (1.0, 1e-6), (0.3, 1e-6)] {
            let params = SVC { probability: true, cache_size, tol, ..SVC::default() };
            let params = Checked::new(params).unwrap();
            let of = |threads| {
                let ctl = Control::new().with_threads(Some(threads));
                SVC::fit_checked(&params, &data, None, &Cpu, &ctl).unwrap()
            };
            let model = of(1);
            assert_eq!((&model, &model), (&of(2), &of(4)));
        }
    }

    #[test]
    fn tables_keep_to_their_room() {
        let x = rows(400, 70);
        let ctl = Control::new();
        grounded(ArrayView2::from(&x).into(), KernelFunction::Rbf, |settings, ground| {
            let gram = Gram::<f32>::new(settings.kernel(ground).unwrap(), ground, &[]);
            assert!(gram.cost() >= DEAR);
            for (begins, parts) in [(vec![0, 100, 180, 180, 400], false), (vec![0, 150, 400], true)] {
                for room in [0, 10_000, 300_000, 100_000_000] {
                    let tables = Tables::new(&gram, &begins, parts, room);
                    assert!(tables.bytes <= room);
                    let pairs: Vec<_> = (1..begins.len() - 1).map(|j| tables.pair(0, j)).collect();
                    let mut alive: Vec<Arc<Table<f32>>> = pairs.into_iter().flatten().flatten().flatten().collect();
                    alive.sort_by_key(Arc::as_ptr);
                    alive.dedup_by(|a, b| Arc::ptr_eq(a, b));
                    for table in &alive {
                        (table.first..table.end).for_each(|row| {
                            assert!(table.row(&gram, row, &ctl).is_none_or(|numbers| !numbers.is_empty()))
                        });
                    }
                    let held: usize = alive.iter().map(|table| table.bytes()).sum();
                    assert!(held <= tables.bytes && (held > 0) == (room > 10_000), "{held} of {}", tables.bytes);
                }
            }
            let none = Tables::new(&gram, &[0, 150, 400], false, 1 << 20);
            assert!(none.bytes == 0 && none.pair(0, 1).iter().flatten().all(Option::is_none));
        });
    }
}
