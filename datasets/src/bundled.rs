//! Five well-known sets, compiled into the crate (sources: `data/README.md`), with scikit-learn's numbers.

use ndarray::{Array1, Array2, Axis};

use crate::{Column, CsvOptions, Table, Values, read_csv_from};

/// A bundled set.
#[derive(Clone, Debug, PartialEq)]
pub struct Bunch {
    /// One row a sample, one column a feature.
    pub data: Array2<f64>,
    /// What is to be predicted: a number, or the index of a class in `target_names`.
    pub target: Array1<f64>,
    /// The features' names, one a column of `data`.
    pub feature_names: Vec<String>,
    /// The classes' names; empty for a regression target.
    pub target_names: Vec<String>,
    /// What the set is about.
    pub description: &'static str,
}

impl Bunch {
    /// The set as a table of number columns; the target, last, is a text column of class names or a number column
    /// `target`.
    pub fn to_table(&self) -> Table {
        let features = self.feature_names.iter().zip(self.data.columns());
        let mut columns: Vec<Column> = features.map(|(name, values)| Column::number(name, values.to_vec())).collect();
        columns.push(match self.target_names.as_slice() {
            [] => Column::number("target", self.target.to_vec()),
            names => Column::text("target", self.target.iter().map(|&class| Some(names[class as usize].as_str()))),
        });
        Table::trusted(self.data.nrows(), columns)
    }

    fn load(gzipped: &[u8], target_names: &[&str], description: &'static str) -> Bunch {
        let reading = read_csv_from(gzipped, "a bundled set", &CsvOptions::default()).expect("bundled sets are sound");
        let mut columns = reading.table.into_columns();
        let numbers = |values| match values {
            Values::Number(values) => values,
            _ => unreachable!("bundled sets hold numbers only"),
        };
        let target = columns.pop().map(|column| numbers(column.values)).unwrap_or_default();
        let mut data = Array2::zeros((target.len(), columns.len()));
        let mut feature_names = Vec::new();
        for (column, mut values) in columns.into_iter().zip(data.columns_mut()) {
            feature_names.push(column.name);
            values.assign(&Array1::from(numbers(column.values)));
        }
        let target_names = target_names.iter().map(|&name| name.to_owned()).collect();
        Bunch { data, target: Array1::from(target), feature_names, target_names, description }
    }
}

/// Iris flowers: 150 × 4 measurements in centimetres, 3 species of 50 each.
pub fn iris() -> Bunch {
    let description =
        "Iris flowers: length and width of sepals and petals in centimetres, and the species (Fisher 1936).";
    Bunch::load(include_bytes!("../data/iris.csv.gz"), &["setosa", "versicolor", "virginica"], description)
}

/// Wines of one region: 178 × 13 chemical measurements, 3 cultivars.
pub fn wine() -> Bunch {
    let description = "Wines of one Italian region: 13 chemical measurements, and which of 3 cultivars (Forina 1988).";
    Bunch::load(include_bytes!("../data/wine.csv.gz"), &["class_0", "class_1", "class_2"], description)
}

/// Breast tumours: 569 × 30 measurements of cell nuclei, malignant (0) or benign (1).
pub fn breast_cancer() -> Bunch {
    let description = "Breast tumours: mean, error and worst of 10 measurements of the cell nuclei in an image, and \
                       whether the tumour is malignant or benign (Wolberg, Street and Mangasarian 1995).";
    Bunch::load(include_bytes!("../data/breast_cancer.csv.gz"), &["malignant", "benign"], description)
}

/// Diabetes patients: 442 × 10 measurements, each centred and scaled to a sum of squares of 1 (as scikit-learn's
/// `load_diabetes`), and how far the disease went in a year.
pub fn diabetes() -> Bunch {
    let description = "Diabetes patients: age, sex, body mass index, blood pressure and 6 blood serum measurements, \
                       each centred and scaled to a sum of squares of 1, and a measure of the disease's progress \
                       after a year (Efron, Hastie, Johnstone and Tibshirani 2004).";
    let mut bunch = Bunch::load(include_bytes!("../data/diabetes.csv.gz"), &[], description);
    for mut column in bunch.data.axis_iter_mut(Axis(1)) {
        let mean = column.sum() / column.len() as f64;
        column -= mean;
        let norm = column.dot(&column).sqrt();
        column /= norm;
    }
    bunch
}

/// Handwritten digits: 1797 images of 8 × 8 pixels with values 0 to 16, row by row, and the digit.
pub fn digits() -> Bunch {
    let names = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let description =
        "Handwritten digits as images of 8 by 8 pixels, each a count from 0 to 16 (Alpaydin and Kaynak 1998).";
    Bunch::load(include_bytes!("../data/digits.csv.gz"), &names, description)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shapes, class counts and sums, as scikit-learn 1.9.1 gives them.
    #[test]
    fn the_sets_are_whole() {
        for (bunch, shape, classes, data_sum, target_sum) in [
            (iris(), (150, 4), 3, 2078.7, 150.0),
            (wine(), (178, 13), 3, 159975.295999, 167.0),
            (breast_cancer(), (569, 30), 2, 1056474.4596356, 357.0),
            (digits(), (1797, 64), 10, 561718.0, 8070.0),
        ] {
            assert_eq!((bunch.data.dim(), bunch.target.len()), (shape, shape.0));
            assert_eq!((bunch.target_names.len(), bunch.feature_names.len()), (classes, shape.1));
            // Sums of up to 115,008 positive numbers, in another order than numpy's: relative error below n·eps.
            assert!(
                (bunch.data.sum() - data_sum).abs() <= 1e-11 * data_sum,
                "{} {}",
                bunch.description,
                bunch.data.sum()
            );
            assert_eq!(bunch.target.sum(), target_sum);
            assert!(bunch.target.iter().all(|&class| class.fract() == 0.0 && (class as usize) < classes));
        }
    }

    #[test]
    fn diabetes_is_scaled() {
        let bunch = diabetes();
        assert_eq!((bunch.data.dim(), bunch.target.sum(), bunch.target_names.len()), ((442, 10), 67243.0, 0));
        for column in bunch.data.columns() {
            assert!(column.sum().abs() < 1e-13 && (column.dot(&column) - 1.0).abs() < 1e-13);
        }
        // scikit-learn's first row.
        let expected = [0.0380759064334241, 0.0506801187398187, 0.0616962065186885, 0.0218723855140367];
        for (found, expected) in bunch.data.row(0).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-14);
        }
        assert_eq!(bunch.feature_names[2], "bmi");
    }

    #[test]
    fn a_set_becomes_a_table() {
        let table = iris().to_table();
        assert_eq!((table.n_rows(), table.columns().len()), (150, 5));
        let Values::Text { codes, levels } = &table.column("target").unwrap().values else { panic!() };
        assert_eq!((levels.join(" ").as_str(), codes[149]), ("setosa versicolor virginica", 2));
        assert!(matches!(diabetes().to_table().column("target").unwrap().values, Values::Number(_)));
        assert!(Table::new(breast_cancer().to_table().into_columns()).is_ok());
    }
}
