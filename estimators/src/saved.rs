//! The model file: what Rust, Python (pickle too) and the shell all read and write.
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | the magic `ironlrn\n` |
//! | 4 | the format's version, little-endian |
//! | 4 | the CRC-32 of all that follows, little-endian |
//! | rest | MessagePack with field names; large arrays as shape and little-endian numbers |
//!
//! A file is untrusted input. Nothing is allocated that its length does not justify, its structure is validated by
//! [`crate::Model::check`] before anything is computed, and every failure is an [`Error::File`].

use crate::pipeline::InputColumn;
use crate::preprocess::AnyTransformerModel;
use crate::{AnyModel, Error, Labels, Result};
use rmpv::Value;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// What a model file starts with.
pub const MAGIC: &[u8; 8] = b"ironlrn\n";
/// The version that this crate writes; it reads every version up to it.
pub const VERSION: u32 = 1;
const HEADER: usize = 16;
/// How deep the parts of a file may lie in one another: some twenty pipelines within pipelines. Reading takes less than half
/// of the two megabytes of stack that a thread has.
const DEPTH: usize = 192;

/// A fitted pipeline and what is needed to use it anywhere: the columns it takes, steps, an estimator. A plain estimator
/// is one without steps; a transformer alone is one step without an estimator.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Saved {
    /// The version of ironlearn that wrote it.
    pub ironlearn: String,
    /// The columns of the table that it was fitted to, in their order; empty where it was fitted to numbers alone.
    #[serde(default)]
    pub columns: Vec<InputColumn>,
    /// What maps the rows before the estimator sees them, in this order.
    #[serde(default)]
    pub steps: Vec<SavedStep>,
    /// The estimator's name as a step, where it is one of a pipeline.
    #[serde(default)]
    pub estimator: Option<String>,
    /// The estimator's parameters, as the user gave them.
    #[serde(default)]
    pub params: Vec<(String, Value)>,
    /// The fitted estimator, where there is one: it may be in use elsewhere too.
    #[serde(default)]
    pub model: Option<Arc<AnyModel>>,
    /// The names of the columns of X, where they were named.
    #[serde(default)]
    pub feature_names: Option<Vec<String>>,
    /// The classes of each output.
    #[serde(default)]
    pub classes: Vec<Labels>,
    /// The name of the target, where it had one.
    #[serde(default)]
    pub target: Option<String>,
    /// How the file that it was trained on spells a missing entry, where not as usual
    /// ([`ironlearn_datasets::CsvOptions::missing`]): files to predict are taken to spell it so too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Vec<String>>,
}

/// A transformer of a pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedStep {
    /// The step's name.
    pub name: String,
    /// The fitted transformer.
    pub model: AnyTransformerModel,
}

impl Saved {
    /// A file's content for `model`.
    pub fn new(model: impl Into<Arc<AnyModel>>) -> Self {
        Saved { model: Some(model.into()), ..Saved::of_steps(Vec::new()) }
    }

    /// A file's content for transformers alone.
    pub fn of_steps(steps: Vec<SavedStep>) -> Self {
        Saved {
            ironlearn: env!("CARGO_PKG_VERSION").to_owned(),
            columns: Vec::new(),
            steps,
            estimator: None,
            params: Vec::new(),
            model: None,
            feature_names: None,
            classes: Vec::new(),
            target: None,
            missing: None,
        }
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// [`Error::File`] where a part cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = vec![0; HEADER];
        rmp_serde::encode::write_named(&mut bytes, self).map_err(|error| Error::File(error.to_string()))?;
        let checksum = crc32fast::hash(&bytes[HEADER..]);
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..HEADER].copy_from_slice(&checksum.to_le_bytes());
        Ok(bytes)
    }

    /// Reads the bytes of a file and checks the model.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let bad = |what: &str| Err(Error::File(what.to_owned()));
        let Some((header, body)) = bytes.split_at_checked(HEADER) else {
            return bad("it is shorter than its header");
        };
        if &header[..8] != MAGIC {
            return bad("it does not start as one");
        }
        let number = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        if number(8) == 0 || number(8) > VERSION {
            return Err(Error::File(format!(
                "its format is version {}, this ironlearn reads up to {VERSION}",
                number(8)
            )));
        }
        if number(12) != crc32fast::hash(body) {
            return bad("its checksum does not match: it was damaged or cut short");
        }
        let mut reader = rmp_serde::Deserializer::from_read_ref(body);
        reader.set_max_depth(DEPTH);
        let saved = Saved::deserialize(&mut reader).map_err(|error| Error::File(error.to_string()))?;
        saved.check()?;
        Ok(saved)
    }

    fn check(&self) -> Result<()> {
        let bad = |what: String| Err(Error::File(what));
        self.steps.iter().try_for_each(|step| step.model.check())?;
        if let Some(model) = &self.model {
            model.check()?;
        }
        if self.steps.is_empty() && self.model.is_none() {
            return bad("it holds neither steps nor an estimator".into());
        }
        let wanted = match (self.steps.first(), &self.model) {
            (Some(step), _) => step.model.n_features_in(),
            (None, Some(model)) => model.n_features_in(),
            (None, None) => 0,
        };
        if !self.columns.is_empty() && self.columns.len() != wanted {
            return bad(format!("{} columns for {wanted} features", self.columns.len()));
        }
        match &self.feature_names {
            Some(names) if names.len() != wanted => bad(format!("{} column names for {wanted} columns", names.len())),
            _ => Ok(()),
        }
    }

    /// Writes the file.
    ///
    /// # Errors
    /// [`Error::Io`], and as [`Saved::to_bytes`].
    pub fn write(&self, path: &Path) -> Result<()> {
        Ok(std::fs::write(path, self.to_bytes()?)?)
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`Error::Io`], and as [`Saved::from_bytes`].
    pub fn read(path: &Path) -> Result<Self> {
        Self::from_bytes(&std::fs::read(path)?)
    }
}

/// The little-endian bytes of an array's numbers in their order.
macro_rules! bytes {
    ($array:expr, $number:ty) => {{
        let mut bytes = vec![0_u8; $array.len() * size_of::<$number>()];
        let (to, _) = bytes.as_chunks_mut::<{ size_of::<$number>() }>();
        to.iter_mut().zip($array.iter()).for_each(|(to, v)| *to = v.to_le_bytes());
        bytes
    }};
}
use bytes;

/// Arrays of plain numbers as they lie in the file: shape and little-endian bytes.
macro_rules! array_format {
    ($name:ident, $array:ident, $dim:literal, $number:ty) => {
        #[doc = concat!("`", stringify!($array), "<", stringify!($number), ">`, for `#[serde(with)]`.")]
        pub mod $name {
            use serde::de::Error;
            use serde::{Deserialize, Deserializer, Serialize, Serializer};

            #[derive(Serialize, Deserialize)]
            struct Raw<'a> {
                shape: [u64; $dim],
                #[serde(borrow, with = "serde_bytes")]
                data: std::borrow::Cow<'a, [u8]>,
            }

            /// Writes shape and bytes.
            ///
            /// # Errors
            /// The serialiser's.
            pub fn serialize<S: Serializer>(array: &ndarray::$array<$number>, s: S) -> Result<S::Ok, S::Error> {
                let mut shape = [0; $dim];
                shape.iter_mut().zip(array.shape()).for_each(|(to, &from)| *to = from as u64);
                Raw { shape, data: super::bytes!(array, $number).into() }.serialize(s)
            }

            /// Reads shape and bytes, which have to agree.
            ///
            /// # Errors
            /// The deserialiser's, and where the two do not agree.
            pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<ndarray::$array<$number>, D::Error> {
                const SIZE: usize = size_of::<$number>();
                let raw = Raw::deserialize(d)?;
                let numbers = raw.shape.iter().try_fold(1_u64, |n, &d| n.checked_mul(d));
                if numbers.and_then(|n| n.checked_mul(SIZE as u64)) != Some(raw.data.len() as u64) {
                    return Err(D::Error::custom("an array's shape does not match its length"));
                }
                let values = raw.data.as_chunks::<SIZE>().0.iter().map(|&b| <$number>::from_le_bytes(b)).collect();
                ndarray::$array::from_shape_vec(raw.shape.map(|d| d as usize), values).map_err(D::Error::custom)
            }
        }
    };
}

array_format!(array1, Array1, 1, f64);
array_format!(array1_i32, Array1, 1, i32);
array_format!(array2, Array2, 2, f64);
array_format!(array2_i32, Array2, 2, i32);
array_format!(array3, Array3, 3, f64);
array_format!(array5, Array5, 5, f64);
array_format!(array1_i64, Array1, 1, i64);
array_format!(array1_u8, Array1, 1, u8);

/// `Array1<u32>` as [`array1_i64`] has it, for `#[serde(with)]`: half the memory, the same file.
pub mod counts {
    use super::array1_i64;
    use ndarray::Array1;
    use serde::de::Error;
    use serde::{Deserializer, Serializer};

    /// Writes shape and bytes.
    ///
    /// # Errors
    /// The serialiser's.
    pub fn serialize<S: Serializer>(counts: &Array1<u32>, s: S) -> Result<S::Ok, S::Error> {
        array1_i64::serialize(&counts.mapv(i64::from), s)
    }

    /// Reads shape and bytes.
    ///
    /// # Errors
    /// As [`array1_i64::deserialize`], and where a number is no count.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Array1<u32>, D::Error> {
        let counts = array1_i64::deserialize(d)?.into_iter().map(u32::try_from).collect::<Result<Vec<_>, _>>();
        counts.map(Array1::from).map_err(|_| D::Error::custom("a count is negative or too large"))
    }
}

/// `Vec<f64>` as little-endian bytes, for `#[serde(with)]`. Reads a list of numbers too.
pub mod vector {
    use serde::{Deserializer, Serializer};

    /// Writes the bytes.
    ///
    /// # Errors
    /// The serialiser's.
    pub fn serialize<S: Serializer>(values: &[f64], s: S) -> Result<S::Ok, S::Error> {
        serde_bytes::serialize(&super::bytes!(values, f64), s)
    }

    struct Read;

    impl<'de> serde::de::Visitor<'de> for Read {
        type Value = Vec<f64>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("numbers as bytes or as a list")
        }

        fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Vec<f64>, E> {
            let (numbers, rest) = bytes.as_chunks::<8>();
            if !rest.is_empty() {
                return Err(E::custom("numbers that end in the middle of one"));
            }
            Ok(numbers.iter().map(|&b| f64::from_le_bytes(b)).collect())
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Vec<f64>, A::Error> {
            let mut values = Vec::new();
            while let Some(v) = list.next_element()? {
                values.push(v);
            }
            Ok(values)
        }
    }

    /// Reads the bytes, or a list.
    ///
    /// # Errors
    /// The deserialiser's.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<f64>, D::Error> {
        d.deserialize_any(Read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, array};

    #[derive(Serialize, Deserialize)]
    struct Wide(#[serde(with = "array1_i64")] Array1<i64>);

    #[derive(Serialize, Deserialize)]
    struct Counts(#[serde(with = "counts")] Array1<u32>);

    #[test]
    fn counts_are_numbers_of_64_bits_in_the_file() {
        let bytes = rmp_serde::to_vec_named(&Wide(array![0, 7, (1 << 32) - 1])).unwrap();
        let counts: Counts = rmp_serde::from_slice(&bytes).unwrap();
        assert_eq!(counts.0, array![0, 7, u32::MAX]);
        assert_eq!(rmp_serde::to_vec_named(&counts).unwrap(), bytes);
        for bad in [-1, 1 << 32] {
            let bytes = rmp_serde::to_vec_named(&Wide(array![3, bad])).unwrap();
            assert!(rmp_serde::from_slice::<Counts>(&bytes).is_err());
        }
    }
}
