//! A column that grows row by row and finds its type as it goes.
//!
//! It takes the type of its first entry that is not missing. If a later entry does not fit, the column is text, and has
//! to be read again from the start: numbers that were parsed have lost their spelling (`007`).

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

use super::value;
use crate::{ColumnType, MISSING, MISSING_TIME, Values};

/// The spellings of a missing entry.
pub struct Missing {
    markers: Vec<Vec<u8>>,
    /// Whether a marker may start with this byte: nearly every field is told by one look.
    starts: [bool; 256],
    /// Whether a marker is also a number (-999), so that numbers must be asked too.
    numeric: bool,
}

impl Missing {
    /// These spellings; the empty field only if it is among them.
    pub fn new(markers: &[String]) -> Missing {
        let mut starts = [false; 256];
        for first in markers.iter().filter_map(|marker| marker.bytes().next()) {
            starts[first as usize] = true;
        }
        let numeric =
            markers.iter().any(|marker| value::number(marker.as_bytes()).is_some_and(|number| !number.is_nan()));
        Missing { markers: markers.iter().map(|marker| marker.clone().into_bytes()).collect(), starts, numeric }
    }

    #[inline]
    fn holds(&self, field: &[u8]) -> bool {
        field.first().is_none_or(|&first| self.starts[first as usize]) && self.markers.iter().any(|m| m == field)
    }
}

/// Distinct texts, numbered in order of first appearance.
#[derive(Default)]
struct Levels {
    levels: Vec<String>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
    last: u32,
}

impl Levels {
    fn code(&mut self, text: &str) -> u32 {
        // Files are often sorted by a column.
        if self.levels.get(self.last as usize).is_some_and(|level| level == text) {
            return self.last;
        }
        let Levels { levels, table, hasher, last } = self;
        let hash = hasher.hash_one(text);
        *last = match table.find(hash, |&code| levels[code as usize] == text) {
            Some(&code) => code,
            None => {
                let code = levels.len() as u32;
                assert!(code < MISSING, "more distinct texts than a code can tell apart");
                levels.push(text.to_owned());
                table.insert_unique(hash, code, |&code| hasher.hash_one(levels[code as usize].as_str()));
                code
            }
        };
        *last
    }
}

enum Growing {
    /// Nothing but missing entries so far, this many.
    Undecided(usize),
    Number(Vec<f64>),
    Time(Vec<i64>),
    Text(Vec<u32>, Box<Levels>),
    /// Taken for numbers or times until a text came: read the column again as text.
    Again,
}

/// A column under construction.
pub struct Builder {
    growing: Growing,
    given: Option<ColumnType>,
}

impl Builder {
    /// A column of a given type, or of one to be found.
    pub fn new(given: Option<ColumnType>) -> Builder {
        let growing = match given {
            None => Growing::Undecided(0),
            Some(ColumnType::Number) => Growing::Number(Vec::new()),
            Some(ColumnType::Time) => Growing::Time(Vec::new()),
            Some(ColumnType::Text) => Growing::Text(Vec::new(), Box::default()),
        };
        Builder { growing, given }
    }

    /// The type that some fields do not parse as: where it is given and not text.
    pub fn demands(&self) -> Option<ColumnType> {
        self.given.filter(|&kind| kind != ColumnType::Text)
    }

    /// Whether the column has to be read again, as text.
    pub fn is_again(&self) -> bool {
        matches!(self.growing, Growing::Again)
    }

    /// Adds an entry. False where it does not parse as the type given; nothing is added then.
    #[inline]
    pub fn push(&mut self, field: &str, missing: &Missing) -> bool {
        let bytes = field.as_bytes();
        let fits = match &mut self.growing {
            Growing::Again => true,
            Growing::Number(values) => {
                let parsed = match value::number(bytes) {
                    Some(_) if missing.numeric && missing.holds(bytes) => Some(f64::NAN),
                    None if missing.holds(bytes) => Some(f64::NAN),
                    parsed => parsed,
                };
                parsed.map(|number| values.push(number)).is_some()
            }
            Growing::Time(values) => {
                let parsed = if missing.holds(bytes) { Some(MISSING_TIME) } else { value::time(bytes) };
                parsed.map(|time| values.push(time)).is_some()
            }
            Growing::Text(codes, levels) => {
                codes.push(if missing.holds(bytes) { MISSING } else { levels.code(field) });
                true
            }
            Growing::Undecided(count) if missing.holds(bytes) => {
                *count += 1;
                true
            }
            &mut Growing::Undecided(count) => {
                self.growing = if let Some(number) = value::number(bytes) {
                    let mut values = vec![f64::NAN; count];
                    values.push(number);
                    Growing::Number(values)
                } else if let Some(time) = value::time(bytes) {
                    let mut values = vec![MISSING_TIME; count];
                    values.push(time);
                    Growing::Time(values)
                } else {
                    let mut levels = Box::<Levels>::default();
                    let mut codes = vec![MISSING; count];
                    codes.push(levels.code(field));
                    Growing::Text(codes, levels)
                };
                true
            }
        };
        if !fits && self.given.is_none() {
            self.growing = Growing::Again;
        }
        fits || self.given.is_none()
    }

    /// Takes back the last entry of a column whose type demands one.
    pub fn pop(&mut self) {
        match &mut self.growing {
            Growing::Number(values) => drop(values.pop()),
            Growing::Time(values) => drop(values.pop()),
            _ => {}
        }
    }

    /// The finished column; `None` where it has to be read again. A column of missing entries only is one of numbers.
    pub fn finish(self) -> Option<Values> {
        Some(match self.growing {
            Growing::Undecided(count) => Values::Number(vec![f64::NAN; count]),
            Growing::Number(mut values) => {
                values.shrink_to_fit();
                Values::Number(values)
            }
            Growing::Time(mut values) => {
                values.shrink_to_fit();
                Values::Time(values)
            }
            Growing::Text(mut codes, levels) => {
                codes.shrink_to_fit();
                Values::Text { codes, levels: levels.levels }
            }
            Growing::Again => return None,
        })
    }
}
