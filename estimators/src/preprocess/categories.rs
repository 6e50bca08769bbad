//! The categories of a column: found in the data or given, and the code of each entry among them.

use super::block::NONE;
use super::number_index::{NumberIndex, count_integers};
use crate::{Error, Result, bad_input};
use ironlearn_datasets::{Column, ColumnType, MISSING, Values};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// The code of an entry that is none of the categories.
pub const UNKNOWN: u32 = u32::MAX;

/// What a category may be besides a number and a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// Python's `None`.
    None,
    /// NaN, and an empty entry of a table.
    Nan,
}

/// How numbers are written in the names of columns, and shown in Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NumberKind {
    /// As floating-point numbers: `1.0`.
    #[default]
    Float,
    /// As integers: `1`.
    Int,
    /// As `False` and `True`.
    Bool,
}

/// One category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A missing value.
    Missing(Missing),
}

/// The categories of one column, in the order of their codes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Categories {
    /// Numbers in rising order, NaN at the end.
    Number {
        /// The numbers.
        #[serde(with = "crate::saved::vector")]
        values: Vec<f64>,
        /// How they are written.
        #[serde(default)]
        kind: NumberKind,
    },
    /// Texts, sorted unless they were given, then what stands for a missing entry.
    Text {
        /// The texts.
        levels: Vec<String>,
        /// Missing entries that are categories of their own: after the texts, `None` before NaN.
        #[serde(default)]
        missing: Vec<Missing>,
        /// The code of each of them, texts first, where the user gave missing entries another place; else empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        places: Vec<u32>,
    },
}

impl Categories {
    /// The number of categories.
    pub fn len(&self) -> usize {
        match self {
            Categories::Number { values, .. } => values.len(),
            Categories::Text { levels, missing, .. } => levels.len() + missing.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The type of a column of such categories.
    pub fn column_type(&self) -> ColumnType {
        match self {
            Categories::Number { .. } => ColumnType::Number,
            Categories::Text { .. } => ColumnType::Text,
        }
    }

    /// Whether the last category is NaN.
    pub fn ends_in_nan(&self) -> bool {
        match self {
            Categories::Number { values, .. } => values.last().is_some_and(|v| v.is_nan()),
            Categories::Text { .. } => {
                self.len().checked_sub(1).and_then(|last| self.get(last)) == Some(Category::Missing(Missing::Nan))
            }
        }
    }

    /// Category `code`.
    pub fn get(&self, code: usize) -> Option<Category> {
        match self {
            Categories::Number { values, .. } => values.get(code).map(|&v| Category::Number(v)),
            Categories::Text { levels, missing, places } => {
                let at = if places.is_empty() { code } else { places.iter().position(|&p| p as usize == code)? };
                match levels.get(at) {
                    Some(level) => Some(Category::Text(level.clone())),
                    None => missing.get(at - levels.len()).map(|&m| Category::Missing(m)),
                }
            }
        }
    }

    /// The code of a category.
    pub fn position(&self, wanted: &Category) -> Option<usize> {
        (0..self.len()).find(|&code| match (self.get(code), wanted) {
            (Some(Category::Number(a)), Category::Number(b)) => a == *b || (a.is_nan() && b.is_nan()),
            (Some(Category::Number(a)), Category::Missing(Missing::Nan)) => a.is_nan(),
            (Some(Category::Missing(Missing::Nan)), Category::Number(b)) => b.is_nan(),
            (Some(own), other) => own == *other,
            (None, _) => false,
        })
    }

    /// Category `code` as Python's `str` writes it.
    pub fn name(&self, code: usize) -> String {
        match (self, self.get(code)) {
            (Categories::Number { kind, .. }, Some(Category::Number(v))) => number_name(v, *kind),
            (_, Some(Category::Text(text))) => text,
            (_, Some(Category::Missing(Missing::None))) => "None".into(),
            _ => "nan".into(),
        }
    }

    /// Finds the categories of a column, and how often each occurs.
    ///
    /// # Errors
    /// [`Error::Input`] for times.
    pub fn learn(column: &Column) -> Result<(Categories, Vec<u64>)> {
        match &column.values {
            Values::Number(values) => {
                if let Some((found, counts)) = count_integers(values) {
                    return Ok((Categories::Number { values: found, kind: NumberKind::Int }, counts));
                }
                let mut counts: HashMap<u64, u64, BuildHasherDefault<Mix>> = HashMap::default();
                let mut nan = 0;
                let (mut last, mut run) = (f64::NAN, 0);
                for &v in values {
                    if v.is_nan() {
                        nan += 1;
                    } else if v == last {
                        run += 1;
                    } else {
                        if run > 0 {
                            *counts.entry((last + 0.0).to_bits()).or_default() += run;
                        }
                        (last, run) = (v, 1);
                    }
                }
                if run > 0 {
                    *counts.entry((last + 0.0).to_bits()).or_default() += run;
                }
                let mut found: Vec<(f64, u64)> = counts.into_iter().map(|(b, n)| (f64::from_bits(b), n)).collect();
                found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
                if nan > 0 {
                    found.push((f64::NAN, nan));
                }
                let whole = found.iter().all(|(v, _)| v.is_nan() || v.fract() == 0.0);
                let kind = if whole { NumberKind::Int } else { NumberKind::Float };
                let (values, counts) = found.into_iter().unzip();
                Ok((Categories::Number { values, kind }, counts))
            }
            Values::Text { codes, levels } => {
                let mut counts = vec![0_u64; levels.len()];
                let (mut none, mut nan) = (0, 0);
                for &code in codes {
                    match code {
                        MISSING => nan += 1,
                        NONE => none += 1,
                        code => counts[code as usize] += 1,
                    }
                }
                let mut used: Vec<usize> = (0..levels.len()).filter(|&l| counts[l] > 0).collect();
                used.sort_unstable_by(|&a, &b| levels[a].cmp(&levels[b]));
                let mut of: Vec<u64> = used.iter().map(|&l| counts[l]).collect();
                let mut missing = Vec::new();
                for (kind, count) in [(Missing::None, none), (Missing::Nan, nan)] {
                    if count > 0 {
                        missing.push(kind);
                        of.push(count);
                    }
                }
                let levels = used.into_iter().map(|l| levels[l].clone()).collect();
                Ok((Categories::Text { levels, missing, places: Vec::new() }, of))
            }
            Values::Time(_) => {
                bad_input!("column '{}' holds times: expand them into numbers before they are encoded", column.name)
            }
        }
    }

    /// Prepares the codes of a column's entries.
    ///
    /// # Errors
    /// [`Error::Input`] where one side holds text and the other numbers.
    pub fn resolve<'a>(&self, column: &'a Column) -> Result<Resolved<'a>> {
        match (self, &column.values) {
            (Categories::Number { values, .. }, Values::Number(entries)) => {
                let index = NumberIndex::new(values);
                Ok(Resolved::Own(entries.iter().map(|&v| index.code(v)).collect()))
            }
            (Categories::Text { levels, missing, places }, Values::Text { codes, levels: theirs }) => {
                let placed = |at: u32| places.get(at as usize).copied().unwrap_or(at);
                let to_own: HashMap<&str, u32, BuildHasherDefault<Mix>>;
                let find: &dyn Fn(&str) -> u32 = if levels.is_sorted() {
                    &|text| levels.binary_search_by(|l| l.as_str().cmp(text)).map_or(UNKNOWN, |i| i as u32)
                } else {
                    to_own = levels.iter().enumerate().map(|(i, l)| (l.as_str(), i as u32)).collect();
                    &|text| to_own.get(text).copied().unwrap_or(UNKNOWN)
                };
                let map = theirs.iter().map(|level| placed(find(level))).collect();
                let of = |kind| missing.iter().position(|&m| m == kind).map(|i| placed((levels.len() + i) as u32));
                let (none, nan) = (of(Missing::None), of(Missing::Nan));
                Ok(Resolved::Mapped { codes, map, none: none.unwrap_or(UNKNOWN), nan: nan.or(none).unwrap_or(UNKNOWN) })
            }
            // A column without any entry has no type of its own.
            (_, values) if (0..values.len()).all(|row| super::block::is_missing(values, row)) => {
                let code = if self.ends_in_nan() { self.len() as u32 - 1 } else { UNKNOWN };
                Ok(Resolved::Own(vec![code; values.len()]))
            }
            (own, values) => {
                let own = if matches!(own, Categories::Number { .. }) { "numbers" } else { "text" };
                bad_input!("column '{}' holds {}, its categories are {own}", column.name, values.column_type())
            }
        }
    }

    /// Checks what a file holds: the order on which the search for codes relies.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn check(&self) -> Result<()> {
        let bad = |what: &str| Err(Error::File(format!("categories {what}")));
        if self.len() > (1 << 31) {
            return bad("without number");
        }
        match self {
            Categories::Number { values, .. } => {
                let rising = values.windows(2).all(|pair| pair[0] < pair[1] || (pair[1].is_nan() && !pair[0].is_nan()));
                if !rising {
                    return bad("out of order");
                }
            }
            Categories::Text { missing, .. } if !missing.is_sorted() || missing.len() > 2 => {
                return bad("out of order");
            }
            Categories::Text { places, .. } if !places.is_empty() => {
                let mut sorted = places.clone();
                sorted.sort_unstable();
                if sorted.len() != self.len() || sorted.iter().enumerate().any(|(i, &p)| i != p as usize) {
                    return bad("without a place each");
                }
            }
            Categories::Text { .. } => {}
        }
        Ok(())
    }
}

/// A number as Python writes it.
fn number_name(v: f64, kind: NumberKind) -> String {
    match kind {
        _ if v.is_nan() => "nan".into(),
        NumberKind::Bool => if v != 0.0 { "True" } else { "False" }.into(),
        NumberKind::Int if v.fract() == 0.0 && v.abs() < 1e18 => format!("{}", v as i64),
        _ => format!("{v:?}"),
    }
}

/// The codes of a column's entries among some categories.
#[derive(Debug)]
pub enum Resolved<'a> {
    /// One by one.
    Own(Vec<u32>),
    /// Through a table of the column's own levels.
    Mapped {
        /// The entries' own codes.
        codes: &'a [u32],
        /// The code of each level.
        map: Vec<u32>,
        /// The code of `None`.
        none: u32,
        /// The code of a missing entry.
        nan: u32,
    },
}

impl Resolved<'_> {
    /// The code of entry `row`, [`UNKNOWN`] where it is none of the categories.
    #[inline]
    pub fn code(&self, row: usize) -> u32 {
        match self {
            Resolved::Own(codes) => codes[row],
            Resolved::Mapped { codes, map, none, nan } => match codes[row] {
                MISSING => *nan,
                NONE => *none,
                code => map[code as usize],
            },
        }
    }
}

/// A quick hash for the bits of numbers and for short texts: categories are no one's attack surface beyond their own
/// data, and the order of iteration is never used.
#[derive(Default)]
pub(crate) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 ^= self.0 >> 29;
    }
}
