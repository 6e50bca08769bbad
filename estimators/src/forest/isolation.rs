//! IsolationForest: rows that few random splits separate from the others are outliers.

use super::draws::tree_seed;
use super::isolation_model::IsolationModel;
use super::sample::Sample;
use crate::many::{check_more, side_by_side};
use crate::quantiles::between;
use crate::tree::{Columns, Count, Growth, MaxFeatures, NumberCriterion, NumberTarget, Splitter, Tree};
use crate::{Backend, Checked, Control, Data, Error, FitOn, Params, Report, Result, Warning, WarningKind, bad_input};
use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

/// How many rows a tree is grown on.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MaxSamples {
    /// A number, or all where there are fewer.
    Rows(u64),
    /// A share of the rows (rounded down).
    Share(f64),
    /// 256, or all where there are fewer.
    #[default]
    #[serde(with = "auto")]
    Auto,
}

/// The share of outliers among the rows of the fit.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Contamination {
    /// A share. Range (0, 0.5].
    Share(f64),
    /// Not known: a row is an outlier where its score is below -0.5.
    #[default]
    #[serde(with = "auto")]
    Auto,
}

/// The word `auto` for a unit variant.
mod auto {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str("auto")
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<(), D::Error> {
        match String::deserialize(d)?.as_str() {
            "auto" => Ok(()),
            other => Err(D::Error::custom(format!("expected a number or 'auto', not {other:?}"))),
        }
    }
}

/// Isolation forest (Liu, Ting and Zhou 2008, doi:10.1109/ICDM.2008.17): trees of random splits on small samples. The
/// score of a row is `−2^(−d/c)` with d its mean depth in the trees and c that of an average row of a sample; outliers
/// have low scores.
///
/// X may be sparse; where it is dense, NaN is a missing value. A fit costs O(trees · sample · log sample), a prediction
/// O(rows · trees · log sample).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IsolationForest {
    /// The number of trees. Range [1, ∞).
    pub n_estimators: usize,
    /// How many rows a tree is grown on.
    pub max_samples: MaxSamples,
    /// The share of outliers.
    pub contamination: Contamination,
    /// How many features a tree may use: a number in [1, features], or a share in (0, 1].
    pub max_features: MaxFeatures,
    /// Whether rows are drawn with replacement.
    pub bootstrap: bool,
    /// The seed of all random choices.
    pub random_state: u64,
}

impl Default for IsolationForest {
    fn default() -> Self {
        IsolationForest {
            n_estimators: 100,
            max_samples: MaxSamples::Auto,
            contamination: Contamination::Auto,
            max_features: MaxFeatures::Share(1.0),
            bootstrap: false,
            random_state: 0,
        }
    }
}

impl Params for IsolationForest {
    const NAME: &'static str = "IsolationForest";

    fn validate(&self) -> Result<()> {
        let check = Error::check(Self::NAME);
        check("n_estimators", self.n_estimators >= 1, "an int in the range [1, inf)", &self.n_estimators)?;
        let share = |s: f64| s > 0.0 && s <= 1.0;
        let holds = match self.max_samples {
            MaxSamples::Auto => true,
            MaxSamples::Rows(rows) => rows >= 1,
            MaxSamples::Share(s) => share(s),
        };
        let expected = "'auto', an int in the range [1, inf) or a float in the range (0.0, 1.0]";
        check("max_samples", holds, expected, &self.max_samples)?;
        let holds = match self.contamination {
            Contamination::Auto => true,
            Contamination::Share(s) => s > 0.0 && s <= 0.5,
        };
        check("contamination", holds, "'auto' or a float in the range (0.0, 0.5]", &self.contamination)?;
        let holds = match self.max_features {
            MaxFeatures::Number(number) => number >= 1,
            MaxFeatures::Share(s) => share(s),
            MaxFeatures::Rule(_) | MaxFeatures::All => false,
        };
        let expected = "an int in the range [1, inf) or a float in the range (0.0, 1.0]";
        check("max_features", holds, expected, &self.max_features)
    }
}

impl IsolationForest {
    /// The number of rows of a sample, and what is to be said about it.
    fn sample_size(&self, n: usize) -> (usize, Option<String>) {
        match self.max_samples {
            MaxSamples::Auto => (n.min(256), None),
            MaxSamples::Rows(rows) if rows > n as u64 => {
                let message = format!(
                    "max_samples ({rows}) is greater than the total number of samples ({n}). max_samples will be set \
                     to n_samples for estimation."
                );
                (n, Some(message))
            }
            MaxSamples::Rows(rows) => (rows as usize, None),
            MaxSamples::Share(share) => ((share * n as f64) as usize, None),
        }
    }

    /// The number of features of a tree.
    fn n_features(&self, p: usize) -> Result<usize> {
        let features = match self.max_features {
            MaxFeatures::Number(number) => usize::try_from(number).unwrap_or(usize::MAX),
            other => other.of(p),
        };
        if features > p {
            bad_input!("max_features must be <= n_features: {features} are wanted of {p}");
        }
        Ok(features)
    }
}

impl<B: Backend> FitOn<B> for IsolationForest {
    type Model = IsolationModel;

    /// Goes on from the trees of `start`, up to `n_estimators`. The target is ignored.
    fn fit_checked(
        params: &Checked<Self>,
        data: &Data<'_>,
        start: Option<&IsolationModel>,
        on: &B,
        ctl: &Control,
    ) -> Result<IsolationModel> {
        let data = Data { x: data.x, target: crate::Target::None, weights: data.weights };
        data.check()?;
        let (n, p) = data.x.shape();
        let (size, warning) = params.sample_size(n);
        if size == 0 {
            bad_input!("max_samples={:?} of {n} rows are no rows", params.max_samples);
        }
        let features = params.n_features(p)?;
        let weights = data.weights.as_ref().map(|w| w.to_vec());
        let sample = Sample::new(n, size, params.bootstrap, weights)?;
        let columns = Columns::new(&data.x)?;
        let mut report = Report::direct("random");
        report.warnings.extend(warning.map(|message| Warning { kind: WarningKind::User, message }));
        let (first, total) = (start.map_or(0, |start| start.trees.len()), params.n_estimators);
        if let Some(start) = start
            && start.n_features != p
        {
            bad_input!("warm_start goes on with trees over {} features, not {p}", start.n_features);
        }
        check_more(first, total, &mut report)?;
        let mut model = match start {
            Some(start) => IsolationModel { sample_size: size, report, ..start.clone() },
            None => IsolationModel::empty(p, size, report),
        };
        let seeds: Vec<u64> = (first..total).map(|k| tree_seed(params.random_state, k)).collect();
        let grown = ctl.timed("grow_forest", &on.host_name(), || {
            side_by_side(ctl, seeds.len(), |k, ctl| grow(&columns, &sample, features, seeds[k], ctl))
        })?;
        for ((tree, features), seed) in grown.into_iter().zip(seeds) {
            model.trees.push(tree);
            model.features.push(features);
            model.seeds.push(seed);
        }
        model.forget_lengths();
        model.offset = match params.contamination {
            Contamination::Auto => -0.5,
            Contamination::Share(share) => between(&mut model.scores(&data.x, ctl)?, share),
        };
        Ok(model)
    }
}

/// The golden ratio less 1: its multiples are spread evenly, without a pattern.
const GOLDEN: f64 = 0.618_033_988_749_894_8;

/// One tree, and the features that it may use (rising).
fn grow(
    columns: &Columns<'_>,
    sample: &Sample,
    n_features: usize,
    seed: u64,
    ctl: &Control,
) -> Result<(Tree, Vec<u32>)> {
    let (n, p) = columns.shape();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(u64::MAX - 1);
    let mut features = super::sample::without_replacement(p, n_features, &mut rng);
    features.sort_unstable();
    let drawn = sample.counts(seed);
    let growth = Growth {
        estimator: IsolationForest::NAME,
        splitter: Splitter::Random,
        max_depth: Some(u64::from(sample.size().max(2).next_power_of_two().ilog2())),
        min_samples_split: Count::Rows(2),
        min_samples_leaf: Count::Rows(1),
        min_weight_fraction_leaf: 0.0,
        max_features: MaxFeatures::Number(1),
        random_state: seed,
        max_leaf_nodes: None,
        min_impurity_decrease: 0.0,
        ccp_alpha: 0.0,
        monotonic_cst: None,
        categorical_features: None,
    };
    // Any numbers will do that differ and have no pattern: a node is split while its rows do. The same for a row
    // however X is stored.
    let number = |row: usize| (row as f64 * GOLDEN).fract();
    let mut tree = if let Columns::Sparse(x) = columns {
        let (y, mut weights) = (Array2::from_shape_fn((n, 1), |(row, _)| number(row)), vec![0.0; n]);
        drawn.iter().for_each(|&(row, count)| weights[row as usize] = count);
        let chosen = Columns::Sparse(x.columns_only(&features));
        NumberTarget::new(NumberCriterion::SquaredError, y.view())?.grow(&growth, &chosen, Some(&weights), ctl)?
    } else {
        let m = drawn.len();
        let y = Array2::from_shape_fn((m, 1), |(i, _)| number(drawn[i].0 as usize));
        let value = |at: usize| columns.value(drawn[at % m].0 as usize, features[at / m] as usize);
        let packed = Columns::Packed((0..m * features.len()).map(value).collect(), (m, features.len()));
        let weights: Vec<f64> = drawn.iter().map(|&(_, count)| count).collect();
        NumberTarget::new(NumberCriterion::SquaredError, y.view())?.grow(&growth, &packed, Some(&weights), ctl)?
    };
    tree.n_features = p;
    tree.feature.mapv_inplace(|f| if f >= 0 { features[f as usize] as i32 } else { f });
    Ok((tree, features))
}

impl IsolationModel {
    fn empty(n_features: usize, sample_size: usize, report: Report) -> Self {
        IsolationModel {
            n_features,
            trees: Vec::new(),
            seeds: Vec::new(),
            features: Vec::new(),
            sample_size,
            offset: -0.5,
            report,
            lengths: Default::default(),
        }
    }
}
