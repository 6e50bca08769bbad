//! A classification problem in which some columns tell the classes apart and the others are noise.

use ndarray::Array2;

use super::blobs::around;
use super::random::Purpose;
use super::{Common, MadeClasses, common_setters};

/// Starts a classification problem: normal classes of unit variance whose means differ in some of the columns.
///
/// ```
/// let made = ironlearn_datasets::classification().rows(500).cols(20).classes(3).flip(0.05).seed(7).build();
/// assert!(made.target.iter().all(|&class| [0.0, 1.0, 2.0].contains(&class)));
/// ```
pub fn classification() -> Classification {
    Classification { common: Common::new(20), classes: 2, informative: None, separation: 2.0, flip: 0.0 }
}

/// Builds a classification problem; see [`classification`].
#[derive(Clone, Debug, PartialEq)]
pub struct Classification {
    common: Common,
    classes: usize,
    informative: Option<usize>,
    separation: f64,
    flip: f64,
}

impl Classification {
    common_setters!("20");

    /// The number of classes (default 2).
    pub fn classes(mut self, classes: usize) -> Self {
        self.classes = classes;
        self
    }

    /// How many columns differ between the classes, chosen at random (default: all).
    pub fn informative(mut self, columns: usize) -> Self {
        self.informative = Some(columns);
        self
    }

    /// The root mean square distance between the means of two classes, in units of a class's standard deviation along
    /// one column (default 2).
    pub fn separation(mut self, separation: f64) -> Self {
        self.separation = separation;
        self
    }

    /// The probability with which a row's label is drawn anew from all classes (default 0). Range [0, 1].
    pub fn flip(mut self, fraction: f64) -> Self {
        self.flip = fraction;
        self
    }

    /// Makes the data; each row belongs to a class drawn at random.
    ///
    /// # Panics
    /// If there are no classes, more columns are to be informative than there are, or an option lies outside its range.
    pub fn build(self) -> MadeClasses {
        let Classification { common, classes, informative, separation, flip } = self;
        let informative = informative.unwrap_or(common.cols);
        assert!(classes > 0, "no classes");
        assert!(informative <= common.cols, "{informative} informative columns of {}", common.cols);
        assert!((0.0..=1.0).contains(&flip), "flip is a probability, not {flip}");
        let mut truth = common.stream(Purpose::Truth);
        let mut centers = Array2::zeros((classes, common.cols));
        // Two independent normal means of variance s² in d columns lie √(2d)·s apart in root mean square.
        let scale = separation / (2.0 * informative.max(1) as f64).sqrt();
        for column in truth.choose(common.cols, informative) {
            centers.column_mut(column).map_inplace(|mean| *mean = scale * truth.normal());
        }
        around(&common, centers, 1.0, flip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_differ_in_the_informative_columns_only() {
        let made = classification().rows(2000).cols(10).classes(3).informative(4).separation(8.0).seed(1).build();
        let differing =
            made.centers.columns().into_iter().filter(|means| means.iter().any(|&mean| mean != 0.0)).count();
        assert_eq!(differing, 4);
        for class in 0..3 {
            let rows: Vec<usize> = (0..2000).filter(|&row| made.target[row] == class as f64).collect();
            let mean = made.data.select(ndarray::Axis(0), &rows).mean_axis(ndarray::Axis(0)).unwrap();
            // Five standard errors of a mean of unit variance.
            let off = &mean - &made.centers.row(class);
            assert!(off.iter().all(|off| off.abs() < 5.0 / (rows.len() as f64).sqrt()), "{off}");
        }
    }

    #[test]
    fn flipping_changes_labels_only() {
        let (plain, flipped) = (classification().rows(1000).build(), classification().rows(1000).flip(0.2).build());
        assert_eq!(plain.data, flipped.data);
        let changed = plain.target.iter().zip(&flipped.target).filter(|(a, b)| a != b).count();
        // A tenth: half of the labels drawn anew stay the same. Five standard deviations of the binomial.
        assert!((changed as f64 - 100.0).abs() < 5.0 * 90f64.sqrt(), "{changed}");
    }
}
