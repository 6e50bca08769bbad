//! Which rows are held out.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// The rows of both parts, each in the order of the file.
#[derive(Debug, PartialEq)]
pub struct Parts {
    /// The rows to fit to.
    pub train: Vec<usize>,
    /// The rows to score on.
    pub test: Vec<usize>,
}

/// Holds out `part` of `n` rows, rounded up. With `classes` (a code for each row), each class is held out in
/// proportion, and keeps at least one row to fit to.
pub fn split(n: usize, classes: Option<&[u32]>, part: f64, seed: u64) -> Parts {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let wanted = if part > 0.0 { (part * n as f64).ceil() as usize } else { 0 };
    let mut groups: Vec<Vec<usize>> = match classes {
        None => vec![(0..n).collect()],
        Some(codes) => {
            let k = codes.iter().max().map_or(0, |&max| max as usize + 1);
            let mut groups = vec![Vec::new(); k];
            codes.iter().enumerate().for_each(|(row, &code)| groups[code as usize].push(row));
            groups.retain(|rows| !rows.is_empty());
            groups
        }
    };
    // The whole part of each class's share first, then one more where most is left over.
    let share = |rows: &Vec<usize>| wanted as f64 * rows.len() as f64 / n as f64;
    let limit = |rows: &Vec<usize>| if classes.is_some() { rows.len() - 1 } else { rows.len() };
    let mut held: Vec<usize> = groups.iter().map(|rows| (share(rows) as usize).min(limit(rows))).collect();
    let mut order: Vec<usize> = (0..groups.len()).collect();
    let left_over = |&g: &usize| share(&groups[g]).fract();
    order.sort_by(|a, b| left_over(b).total_cmp(&left_over(a)).then(a.cmp(b)));
    let mut missing = wanted.saturating_sub(held.iter().sum());
    while missing > 0 {
        let before = missing;
        for &g in &order {
            if missing > 0 && held[g] < limit(&groups[g]) {
                held[g] += 1;
                missing -= 1;
            }
        }
        if missing == before {
            break;
        }
    }
    let mut parts = Parts { train: Vec::with_capacity(n), test: Vec::with_capacity(wanted) };
    for (rows, held) in groups.iter_mut().zip(held) {
        rows.shuffle(&mut random);
        parts.test.extend(&rows[..held]);
        parts.train.extend(&rows[held..]);
    }
    parts.train.sort_unstable();
    parts.test.sort_unstable();
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_part() {
        for (n, part, held) in [(10, 0.25, 3), (336_776, 0.25, 84_194), (1, 0.25, 1), (7, 0.0, 0)] {
            let parts = split(n, None, part, 3);
            assert_eq!(parts.test.len(), held);
            let mut all = [parts.train, parts.test].concat();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..n));
        }
    }

    #[test]
    fn the_seed_decides() {
        assert_eq!(split(100, None, 0.5, 1), split(100, None, 0.5, 1));
        assert_ne!(split(100, None, 0.5, 1), split(100, None, 0.5, 2));
    }

    #[test]
    fn classes_are_held_out_in_proportion_and_none_goes() {
        let codes: Vec<u32> = (0..1000).map(|i| if i == 0 { 2 } else { u32::from(i % 10 == 0) }).collect();
        let parts = split(1000, Some(&codes), 0.25, 0);
        let count = |rows: &[usize], class: u32| rows.iter().filter(|&&row| codes[row] == class).count();
        assert_eq!([0, 1, 2].map(|class| count(&parts.test, class)), [225, 25, 0]);
        assert_eq!(parts.test.len(), 250);
        assert_eq!(count(&parts.train, 2), 1);
    }

    /// As many single rows as classes: nothing can be held out.
    #[test]
    fn single_rows_stay() {
        assert_eq!(split(3, Some(&[0, 1, 2]), 0.5, 0).test, Vec::<usize>::new());
    }
}
