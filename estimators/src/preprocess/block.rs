//! What a transformer takes and gives: rows of numbers, dense or sparse, or the columns of a table.
//!
//! Numbers from Python arrive as a borrowed matrix, a table from the shell or from pandas as columns; both mean the same
//! wherever all columns hold numbers, and give the same bits.

use crate::{AnyMatrix, Matrix, Result, bad_input};
use ironlearn_datasets::{Column, MISSING, MISSING_TIME, Table, Values};
use ironlearn_linalg::{Compressed, Indices, Layout, with_matrix};
use ndarray::{Array2, ArrayView2};
use std::borrow::Cow;

/// The code of Python's `None` in a text column, beside [`MISSING`] for NaN and for a table's empty entries.
pub const NONE: u32 = u32::MAX - 1;

/// A compressed sparse matrix that owns its arrays.
#[derive(Debug, Clone, PartialEq)]
pub struct Sparse {
    /// By row or by column.
    pub layout: Layout,
    /// Rows and columns.
    pub shape: (usize, usize),
    /// Where each row (column) starts, and the end.
    pub indptr: Vec<i64>,
    /// The column (row) of each entry.
    pub indices: Vec<i32>,
    /// The entries.
    pub data: Vec<f64>,
}

impl Sparse {
    /// A borrowed view; its structure is checked.
    ///
    /// # Errors
    /// [`ironlearn_linalg::Error::Shape`] where the arrays do not fit together.
    pub fn view(&self) -> Result<AnyMatrix<'_>> {
        let (indptr, indices) = (Indices::I64(&self.indptr), Indices::I32(&self.indices));
        Ok(AnyMatrix::F64(Matrix::Sparse(Compressed::new(self.layout, self.shape, indptr, indices, &self.data)?)))
    }
}

/// Rows of data.
#[derive(Debug, Clone)]
pub enum Block<'a> {
    /// Someone else's numbers.
    Matrix(AnyMatrix<'a>),
    /// Numbers.
    Dense(Array2<f64>),
    /// Numbers, as exact as their source.
    Dense32(Array2<f32>),
    /// Mostly zeros.
    Sparse(Sparse),
    /// Columns, each of its own type.
    Columns(Vec<Cow<'a, Column>>),
}

impl<'a> From<ArrayView2<'a, f64>> for Block<'a> {
    fn from(x: ArrayView2<'a, f64>) -> Self {
        Block::Matrix(x.into())
    }
}

impl<'a> From<&'a Table> for Block<'a> {
    fn from(table: &'a Table) -> Self {
        Block::Columns(table.columns().iter().map(Cow::Borrowed).collect())
    }
}

impl Block<'_> {
    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        match self {
            Block::Matrix(x) => x.shape(),
            Block::Dense(x) => x.dim(),
            Block::Dense32(x) => x.dim(),
            Block::Sparse(x) => x.shape,
            Block::Columns(columns) => (columns.first().map_or(0, |c| c.values.len()), columns.len()),
        }
    }

    /// The numbers as a matrix, without a copy; `None` for columns.
    ///
    /// # Errors
    /// Where a sparse matrix does not fit together.
    pub fn matrix(&self) -> Result<Option<AnyMatrix<'_>>> {
        Ok(match self {
            Block::Matrix(x) => Some(x.reborrow()),
            Block::Dense(x) => Some(x.view().into()),
            Block::Dense32(x) => Some(x.view().into()),
            Block::Sparse(x) => Some(x.view()?),
            Block::Columns(_) => None,
        })
    }

    /// The same rows as numbers: columns of numbers become a dense matrix.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for a column of text or times, by name.
    pub fn into_numbers(self) -> Result<Self> {
        let Block::Columns(columns) = &self else { return Ok(self) };
        let mut out = Array2::zeros(self.shape());
        for (column, mut to) in columns.iter().zip(out.columns_mut()) {
            let values = numbers(column)?;
            to.iter_mut().zip(values).for_each(|(to, &v)| *to = v);
        }
        Ok(Block::Dense(out))
    }

    /// Column `j`; of a matrix, a copy of its numbers.
    ///
    /// # Errors
    /// Where a sparse matrix does not fit together.
    pub fn column(&self, j: usize) -> Result<Cow<'_, Column>> {
        if let Block::Columns(columns) = self {
            return Ok(Cow::Borrowed(columns[j].as_ref()));
        }
        let n = self.shape().0;
        let values = match self.matrix()? {
            Some(AnyMatrix::F64(Matrix::Dense(x))) => x.column(j).to_vec(),
            Some(AnyMatrix::F32(Matrix::Dense(x))) => x.column(j).iter().map(|&v| f64::from(v)).collect(),
            Some(sparse) => {
                let mut values = vec![0.0; n];
                with_matrix!(sparse, x => x.pack(0..n, j..j + 1, 1, &mut values));
                values
            }
            None => vec![0.0; n],
        };
        Ok(Cow::Owned(Column::number(format!("x{j}"), values)))
    }

    /// The block of the columns `chosen`, in that order.
    ///
    /// # Errors
    /// Where a sparse matrix does not fit together.
    pub fn select(&self, chosen: &[usize]) -> Result<Block<'_>> {
        if let Block::Columns(columns) = self {
            return Ok(Block::Columns(chosen.iter().map(|&j| Cow::Borrowed(columns[j].as_ref())).collect()));
        }
        let n = self.shape().0;
        let contiguous = chosen.windows(2).all(|pair| pair[1] == pair[0] + 1);
        match self.matrix()? {
            Some(AnyMatrix::F64(Matrix::Dense(x))) if contiguous && !chosen.is_empty() => {
                let x = x.slice_move(ndarray::s![.., chosen[0]..chosen[0] + chosen.len()]);
                Ok(Block::Matrix(x.into()))
            }
            Some(AnyMatrix::F32(Matrix::Dense(x))) => Ok(Block::Dense32(x.select(ndarray::Axis(1), chosen))),
            Some(AnyMatrix::F64(Matrix::Dense(x))) => Ok(Block::Dense(x.select(ndarray::Axis(1), chosen))),
            Some(sparse) => {
                let mut to = vec![Vec::new(); sparse.ncols()];
                chosen.iter().enumerate().for_each(|(new, &old)| to[old].push(new as i32));
                let mut out = Sparse {
                    layout: Layout::Row,
                    shape: (n, chosen.len()),
                    indptr: vec![0],
                    indices: Vec::new(),
                    data: Vec::new(),
                };
                with_matrix!(sparse, x => for_rows(&x, |entry| match entry {
                    Some((j, v)) => for &new in &to[j] {
                        out.indices.push(new);
                        out.data.push(v);
                    },
                    None => out.indptr.push(out.data.len() as i64),
                }));
                Ok(Block::Sparse(out))
            }
            None => bad_input!("a block without columns"),
        }
    }

    /// The block without borrowed parts; what is owned is not copied.
    ///
    /// # Errors
    /// Where a sparse matrix does not fit together.
    pub fn into_owned<'b>(self) -> Result<Block<'b>> {
        Ok(match self {
            Block::Matrix(x) if !x.is_sparse() => match x {
                AnyMatrix::F32(Matrix::Dense(x)) => Block::Dense32(x.to_owned()),
                _ => Block::Dense(x.to_dense()),
            },
            Block::Matrix(x) => {
                let all: Vec<usize> = (0..x.ncols()).collect();
                match Block::Matrix(x).select(&all)? {
                    Block::Sparse(sparse) => Block::Sparse(sparse),
                    _ => bad_input!("a sparse matrix without entries by row"),
                }
            }
            Block::Dense(x) => Block::Dense(x),
            Block::Dense32(x) => Block::Dense32(x),
            Block::Sparse(x) => Block::Sparse(x),
            Block::Columns(columns) => {
                Block::Columns(columns.into_iter().map(|c| Cow::Owned(c.into_owned())).collect())
            }
        })
    }
}

/// Calls `f(Some((column, value)))` for each stored entry of a row and `f(None)` after each row, in order. A CSC matrix
/// is turned first.
pub(crate) fn for_rows<F: ironlearn_linalg::Real>(x: &Matrix<'_, F>, mut f: impl FnMut(Option<(usize, f64)>)) {
    let n = x.nrows();
    match x {
        Matrix::Sparse(sparse) if sparse.layout() == Layout::Row => {
            for i in 0..n {
                sparse.for_slice(i, |j, v| f(Some((j, v.widen()))));
                f(None);
            }
        }
        Matrix::Sparse(sparse) => {
            let mut rows = vec![Vec::new(); n];
            for j in 0..x.ncols() {
                sparse.for_slice(j, |i, v| rows[i].push((j, v.widen())));
            }
            for row in rows {
                row.into_iter().for_each(|entry| f(Some(entry)));
                f(None);
            }
        }
        Matrix::Dense(x) => {
            for row in x.rows() {
                row.iter().enumerate().filter(|(_, v)| **v != F::zero()).for_each(|(j, v)| f(Some((j, v.widen()))));
                f(None);
            }
        }
    }
}

/// The numbers of a column.
///
/// # Errors
/// [`crate::Error::Input`] for text or times. A column without any entry counts as numbers only where it is empty.
pub fn numbers(column: &Column) -> Result<&[f64]> {
    match &column.values {
        Values::Number(values) => Ok(values),
        other => {
            bad_input!("column '{}' holds {}, where numbers are needed", column.name, plural(other))
        }
    }
}

fn plural(values: &Values) -> &'static str {
    match values {
        Values::Number(_) => "numbers",
        Values::Text { .. } => "text",
        Values::Time(_) => "times",
    }
}

/// Whether entry `row` is missing, `None` included.
pub fn is_missing(values: &Values, row: usize) -> bool {
    match values {
        Values::Number(values) => values[row].is_nan(),
        Values::Text { codes, .. } => codes[row] == MISSING || codes[row] == NONE,
        Values::Time(values) => values[row] == MISSING_TIME,
    }
}
