//! Fitting bags, side by side.

use super::draw::{Drawing, Drawn};
use super::out_of_bag::{means_of_unseen, votes_of_unseen};
use super::{BaggedClasses, BaggedNumbers, Bags};
use crate::forest::tree_seed;
use crate::many::{check_more, side_by_side};
use crate::members::{Learner, Slicer, fit_part};
use crate::{AnyEstimator, AnyModel, Backend, Control, Data, Report, Result, Target, Warning, WarningKind, bad_input};
use ironlearn_linalg::Layout;
use ndarray::{Array1, Array2, ArrayView1, Axis};

/// A fitted bag: the estimator, its columns and the classes that it knows.
struct Bag {
    member: AnyModel,
    features: Vec<u32>,
    classes: Vec<u32>,
}

/// What the bags of one fit have in common.
struct Bagging<'a, 'x, B> {
    base: &'a AnyEstimator,
    data: &'a Data<'x>,
    drawn: &'a Drawn,
    on: &'a B,
    /// Where the estimator takes weights and all columns.
    learner: Option<Learner<'a, 'x, B>>,
    rows: Option<Slicer<'x>>,
    columns: Option<Slicer<'x>>,
}

impl<'a, 'x, B: Backend> Bagging<'a, 'x, B> {
    fn new(base: &'a AnyEstimator, data: &'a Data<'x>, drawn: &'a Drawn, on: &'a B, ctl: &Control) -> Result<Self> {
        let (weighs, all) = (base.takes_weights(), drawn.features(0).is_empty());
        let learner = if weighs && all { Some(Learner::new(base, data, on, ctl)?) } else { None };
        let rows = (!weighs).then(|| Slicer::new(&data.x, Layout::Row));
        let columns = (weighs && !all).then(|| Slicer::new(&data.x, Layout::Column));
        Ok(Bagging { base, data, drawn, on, learner, rows, columns })
    }

    fn fit(&self, seed: u64, ctl: &Control) -> Result<Bag> {
        let (rows, features) = (self.drawn.rows(seed), self.drawn.features(seed));
        if let Some(slicer) = &self.rows {
            return self.fit_rows(seed, slicer, &rows, features, ctl);
        }
        let mut counts = vec![0.0; self.data.x.nrows()];
        rows.iter().for_each(|&row| counts[row as usize] += 1.0);
        let member = match (&self.learner, &self.columns) {
            (Some(learner), _) => learner.fit(seed, Some(&counts), ctl)?,
            (None, Some(columns)) => {
                let (part, counts) = (columns.take(&features), Some(ArrayView1::from(&counts)));
                fit_part(self.base, seed, &part.matrix()?, &self.data.target, counts, self.on, ctl)?
            }
            (None, None) => {
                let counts = Some(ArrayView1::from(&counts));
                fit_part(self.base, seed, &self.data.x, &self.data.target, counts, self.on, ctl)?
            }
        };
        Ok(Bag { member, features, classes: Vec::new() })
    }

    /// Fits to the drawn rows themselves, and to the classes that these have.
    fn fit_rows(&self, seed: u64, slicer: &Slicer<'_>, rows: &[u32], features: Vec<u32>, ctl: &Control) -> Result<Bag> {
        let part = slicer.take(rows);
        let mut x = part.matrix()?;
        let of_columns;
        if !features.is_empty() {
            of_columns = Slicer::new(&x, Layout::Column).take(&features);
            x = of_columns.matrix()?;
        }
        let places: Vec<usize> = rows.iter().map(|&row| row as usize).collect();
        let mut classes = Vec::new();
        let member = match &self.data.target {
            Target::Classes(codes, n_classes) => {
                let drawn = codes.select(Axis(0), &places);
                let mut counts = vec![0_u32; n_classes[0]];
                drawn.iter().for_each(|&code| counts[code as usize] += 1);
                classes.extend((0..n_classes[0] as u32).filter(|&code| counts[code as usize] > 0));
                let own = drawn.mapv(|code| classes.partition_point(|&class| class < code) as u32);
                let target = Target::Classes(own.view(), vec![classes.len()]);
                fit_part(self.base, seed, &x, &target, None, self.on, ctl)?
            }
            Target::Values(y) => {
                let drawn = y.select(Axis(0), &places);
                fit_part(self.base, seed, &x, &Target::Values(drawn.view()), None, self.on, ctl)?
            }
            Target::None => bad_input!("{} requires y to be passed, but the target y is None", self.base.name()),
        };
        if let Target::Classes(_, n_classes) = &self.data.target
            && classes.len() == n_classes[0]
        {
            classes.clear();
        }
        Ok(Bag { member, features, classes })
    }
}

/// Fits the bags that are not in `start` yet; the classes that each knows, where there are classes.
fn bags<B: Backend>(
    base: &AnyEstimator,
    drawing: &Drawing,
    data: &Data<'_>,
    start: Option<(&Bags, &[Vec<u32>])>,
    on: &B,
    ctl: &Control,
) -> Result<(Bags, Vec<Vec<u32>>, Drawn)> {
    data.check()?;
    data.check_weights_not_negative()?;
    let (n, p) = data.x.shape();
    if drawing.oob_score && start.is_some() {
        bad_input!("Out of bag estimate only available if warm_start=False");
    }
    let weights = data.weights.as_ref().map(|w| w.to_vec());
    let mut drawn = drawing.resolve(n, p, weights.as_deref())?;
    let mut report = Report::direct("bagging");
    let warnings = std::mem::take(&mut drawn.warnings);
    report.warnings.extend(warnings.into_iter().map(|message| Warning { kind: WarningKind::User, message }));
    let (mut bags, mut classes) = match start {
        Some((start, classes)) => (start.clone(), classes.to_vec()),
        None => {
            let (members, seeds, features) = (Vec::new(), Vec::new(), Vec::new());
            let bags = Bags { members, seeds, features, n_features: p, oob_score: None, report: Report::default() };
            (bags, Vec::new())
        }
    };
    let (first, total) = (bags.members.len(), drawing.n_estimators);
    check_more(first, total, &mut report)?;
    if bags.n_features != p {
        bad_input!("the bags to go on from have {} features, not {p}", bags.n_features);
    }
    if first == total {
        bags.report = report;
        return Ok((bags, classes, drawn));
    }
    let plain = Data { x: data.x.reborrow(), target: data.target.reborrow(), weights: None };
    let quiet = ctl.quiet();
    let bagging = Bagging::new(base, &plain, &drawn, on, &quiet)?;
    let seeds: Vec<u64> = (first..total).map(|k| tree_seed(drawing.seed, k)).collect();
    let fitted = side_by_side(ctl, seeds.len(), |k, part| {
        // The only bag tells nobody of its own steps either.
        if seeds.len() == 1 {
            return bagging.fit(seeds[k], &quiet);
        }
        let bag = bagging.fit(seeds[k], part)?;
        ctl.absorb(part);
        Ok(bag)
    })?;
    for bag in fitted {
        bags.members.push(bag.member);
        bags.features.push(bag.features);
        classes.push(bag.classes);
    }
    ctl.absorb(&quiet);
    bags.seeds.extend(seeds);
    bags.oob_score = None;
    bags.report = report;
    Ok((bags, classes, drawn))
}

/// Bags of classifiers.
///
/// # Errors
/// [`crate::Error::Input`] for data that do not fit; those of the estimator.
pub(super) fn classes<B: Backend>(
    base: &AnyEstimator,
    drawing: &Drawing,
    data: &Data<'_>,
    start: Option<&BaggedClasses>,
    on: &B,
    ctl: &Control,
) -> Result<BaggedClasses> {
    let (codes, n_classes) = data.classes(drawing.estimator)?;
    let &[k] = n_classes else { bad_input!("{} predicts one output, not {}", drawing.estimator, n_classes.len()) };
    if let Some(start) = start
        && start.codes.len() != k
    {
        bad_input!("the bags to go on from know {} classes, not {k}", start.codes.len());
    }
    let start = start.map(|start| (&start.bags, &*start.classes));
    let (bags, classes, drawn) = bags(base, drawing, data, start, on, ctl)?;
    let codes_of_all = (0..k as u32).collect();
    let mut model = BaggedClasses { bags, codes: codes_of_all, classes, oob: Array2::zeros((0, 0)) };
    if drawing.oob_score {
        votes_of_unseen(&mut model, &data.x, codes.column(0), &drawn, ctl)?;
    }
    Ok(model)
}

/// Bags of regressors.
///
/// # Errors
/// As [`classes`].
pub(super) fn numbers<B: Backend>(
    base: &AnyEstimator,
    drawing: &Drawing,
    data: &Data<'_>,
    start: Option<&BaggedNumbers>,
    on: &B,
    ctl: &Control,
) -> Result<BaggedNumbers> {
    let y = data.values(drawing.estimator)?;
    if drawing.oob_score && y.ncols() > 1 {
        bad_input!("out-of-bag estimates are of one output, not of {}", y.ncols());
    }
    let (bags, _, drawn) = bags(base, drawing, data, start.map(|start| (&start.bags, &[][..])), on, ctl)?;
    let mut model = BaggedNumbers { bags, oob: Array1::zeros(0) };
    if drawing.oob_score {
        means_of_unseen(&mut model, &data.x, y.column(0), &drawn, ctl)?;
    }
    Ok(model)
}
