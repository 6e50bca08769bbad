//! X sorted once for trees on rows that are drawn again and again, with repetition.

use super::learner::Grows;
use crate::tree::columns::Columns;
use crate::tree::criterion::{Criterion, row};
use crate::tree::grow::{Plan, from_lists, is_presorted};
use crate::tree::nodes::join;
use crate::tree::order::{self, MISSING, NEAR, NEW};
use crate::tree::{Growth, NumberCriterion, NumberTarget, NumberTree, Soil, Splitter, Tree};
use crate::{AnyEstimator, AnyModel, Control, Data, Report, Result};

/// Regression trees by the squared error over presorted X. A tree on drawn rows is the one that a fit to copies of those
/// rows would make, up to the order in which equal values are added up.
pub(crate) struct Sorted<'a, 'x> {
    growth: Growth<'a>,
    target: NumberTarget<'a>,
    columns: Columns<'x>,
    lists: Vec<u32>,
}

impl<'a, 'x> Sorted<'a, 'x> {
    /// Sorts X, where `base` is a tree for which that pays.
    ///
    /// # Errors
    /// [`crate::Error::Input`] for data that a tree does not take; [`crate::Error::Linalg`] where the run was
    /// interrupted.
    pub(crate) fn of(base: &'a AnyEstimator, data: &'a Data<'x>, ctl: &Control) -> Result<Option<Self>> {
        let AnyEstimator::DecisionTreeRegressor(params) = base else { return Ok(None) };
        let growth = params.growth();
        if growth.categorical_features.is_some() {
            return Ok(None);
        }
        let columns = Columns::new(&data.x)?;
        let (n, p) = columns.shape();
        let presorted = is_presorted(&columns, growth.max_features.of(p), growth.splitter == Splitter::Random);
        if params.criterion != NumberCriterion::SquaredError || !presorted {
            return Ok(None);
        }
        let target = NumberTarget::new(params.criterion, data.values(base.name())?)?;
        target.check_constraints(growth.monotonic_cst.is_some())?;
        let lists = order::presort(&columns, &(0..n as u32).collect::<Vec<_>>(), ctl)?;
        Ok(Some(Sorted { growth, target, columns, lists }))
    }

    /// Grows a tree on drawn rows, as many as there are.
    ///
    /// # Errors
    /// [`crate::Error::Linalg`] where the run was interrupted.
    pub(crate) fn fit(&self, seed: u64, rows: &[u32], ctl: &Control) -> Result<AnyModel> {
        let mut counts = vec![0; self.columns.shape().0];
        rows.iter().for_each(|&row| counts[row as usize] += 1);
        let growth = Growth { random_state: seed, ..self.growth.clone() };
        let tree = self.target.grow(&growth, &Drawn { of: self, counts }, None, ctl)?;
        let max_features = growth.max_features.of(self.columns.shape().1);
        let report = Report::direct("exact");
        Ok(AnyModel::DecisionTreeRegressor(NumberTree { tree, max_features, categories: None, report }))
    }
}

/// How often each row was drawn.
struct Drawn<'s, 'a, 'x> {
    of: &'s Sorted<'a, 'x>,
    counts: Vec<u32>,
}

impl Soil for Drawn<'_, '_, '_> {
    fn shape(&self) -> (usize, usize) {
        self.of.columns.shape()
    }

    /// Grows on the drawn rows, whatever `rows` are: all of them.
    fn grow<C: Criterion>(
        &self,
        plan: &Plan,
        criterion: &C,
        rows: Vec<u32>,
        weight: f64,
        n_classes: &[usize],
        ctl: &Control,
    ) -> Result<Tree> {
        let (n, p) = self.shape();
        let mut lists = Vec::with_capacity(rows.len() * p);
        for list in self.of.lists.chunks(n) {
            let mut flags = 0;
            for &entry in list {
                flags |= entry & (NEW | NEAR);
                let times = self.counts[row(entry)];
                if times > 0 {
                    let plain = row(entry) as u32 | entry & MISSING;
                    lists.push(plain | flags);
                    // Copies are no larger than the one before.
                    lists.extend((1..times).map(|_| plain));
                    flags = 0;
                }
            }
        }
        let pieces = from_lists(plan, criterion, &self.of.columns, &mut lists, rows.len(), weight, ctl)?;
        Ok(join(pieces, p, n_classes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::members::Slicer;
    use crate::members::fit_part;
    use crate::{Cpu, Target};
    use ironlearn_linalg::Layout;
    use ndarray::Axis;

    #[test]
    fn trees_on_drawn_rows_are_those_of_their_copies() {
        let diabetes = ironlearn_datasets::diabetes();
        let (x, y) = (diabetes.data, diabetes.target.insert_axis(Axis(1)));
        let data = Data::new(x.view()).with_values(y.view());
        let rows: Vec<u32> = (0..442_u32).map(|i| i * i % 331 + i % 7).collect();
        let given = |list: &[(&str, u64)]| -> Vec<(String, rmpv::Value)> {
            list.iter().map(|&(name, value)| (name.to_owned(), value.into())).collect()
        };
        for params in [given(&[("max_depth", 3)]), given(&[("min_samples_leaf", 20)]), given(&[("max_leaf_nodes", 5)])]
        {
            let base = AnyEstimator::with_params("DecisionTreeRegressor", &params).unwrap();
            let ctl = Control::new();
            let sorted = Sorted::of(&base, &data, &ctl).unwrap().unwrap();
            let drawn = sorted.fit(7, &rows, &ctl).unwrap();
            let part = Slicer::new(&data.x, Layout::Row).take(&rows);
            let own = y.select(Axis(0), &rows.iter().map(|&row| row as usize).collect::<Vec<_>>());
            let target = Target::Values(own.view());
            let copies = fit_part(&base, 7, &part.matrix().unwrap(), &target, None, &Cpu, &ctl).unwrap();
            let (a, b) = (drawn.trees()[0], copies.trees()[0]);
            assert_eq!((&a.feature, &a.threshold, &a.n_node_samples), (&b.feature, &b.threshold, &b.n_node_samples));
            assert!(a.value.iter().zip(&b.value).all(|(a, b)| (a - b).abs() <= 1e-10 * b.abs()), "{params:?}");
        }
        let other = AnyEstimator::by_name("Ridge").unwrap();
        assert!(Sorted::of(&other, &data, &Control::new()).unwrap().is_none());
    }
}
