//! A small fitted model of every kind that a model file can hold: each estimator, each transformer, whole pipelines.

use ironlearn::datasets::{Column, Table};
use ironlearn::pipeline::TablePipeline;
use ironlearn::preprocess::{
    AnyTransformer, AnyTransformerModel, Block, Branch, ColumnTransformer, OneHotEncoder, Selector, SimpleImputer,
    StandardScaler, Step, Steps, TRANSFORMERS,
};
use ironlearn::registry::{ESTIMATORS, Task};
use ironlearn::saved::SavedStep;
use ironlearn::{AnyEstimator, Backend, Control, Cpu, Data, Labels, Saved, Target};
use ndarray::{Array, Array2};

/// What a model is asked about.
#[derive(Debug, Clone)]
pub enum Rows {
    /// Rows of numbers.
    Numbers(Array2<f64>),
    /// Rows of a table.
    Table(Table),
}

impl Rows {
    /// As a transformer takes them.
    pub fn block(&self) -> Block<'_> {
        match self {
            Rows::Numbers(x) => x.view().into(),
            Rows::Table(table) => table.into(),
        }
    }
}

/// A model and some rows for it.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The kind: an estimator's or a transformer's name, or a pipeline's.
    pub kind: String,
    /// What the file holds.
    pub saved: Saved,
    /// Six rows that it can be asked about.
    pub rows: Rows,
}

const N: usize = 60;
const KEPT: usize = 6;

fn numbers() -> Array2<f64> {
    Array::from_shape_fn((N, 4), |(i, j)| ((i * 31 + j * 17 + i * i * (j + 3)) % 23) as f64 * 0.25 - j as f64)
}

/// Numbers, text of few and of many levels, times; with missing entries.
fn table() -> Table {
    let x = numbers();
    let size = (0..N).map(|i| if i % 11 == 3 { f64::NAN } else { x[[i, 0]] }).collect();
    let colours = ["red", "green", "blue", "grün"];
    let colour: Vec<Option<&str>> = (0..N).map(|i| (i % 13 != 5).then(|| colours[(i * 7 + i / 5) % 4])).collect();
    let city: Vec<String> = (0..N).map(|i| format!("city {}", i * 5 % 37)).collect();
    let when = (0..N as i64).map(|i| 1_357_000_000_000 + i * 97_000_000).collect();
    Table::new(vec![
        Column::number("size", size),
        Column::text("colour", colour),
        Column::text("city", city.iter().map(|c| Some(c.as_str()))),
        Column::time("when", when),
        Column::number("price", (0..N).map(|i| 3.0 + x[[i, 1]] * 2.0 + (i % 4) as f64).collect()),
        Column::text("kind", (0..N).map(|i| Some(["a", "b", "c"][(i * i + i / 7) % 3]))),
    ])
    .expect("the columns have one length")
}

fn first_rows(table: &Table) -> Table {
    table.take(&(0..KEPT).collect::<Vec<_>>())
}

/// The estimator with a fixed seed, where it draws random numbers, and with a few trees, where it has many.
fn seeded(name: &str) -> AnyEstimator {
    let default = AnyEstimator::by_name(name).expect("the list's own names are known").params();
    let given = [("random_state".to_owned(), 7.into()), ("n_estimators".to_owned(), 5.into())];
    let given: Vec<_> = given.into_iter().filter(|(name, _)| default.iter().any(|(own, _)| own == name)).collect();
    AnyEstimator::with_params(name, &given).expect("both are numbers")
}

/// A forest that takes text as categories.
fn of_categories() -> AnyEstimator {
    let mut params = seeded("RandomForestRegressor").params();
    params.retain(|(name, _)| name != "categorical_features");
    params.push(("categorical_features".to_owned(), "from_dtype".into()));
    AnyEstimator::with_params("RandomForestRegressor", &params).expect("its own parameters")
}

/// The estimator `name`, fitted on `on`.
pub fn estimator<B: Backend>(name: &str, task: Task, on: &B, ctl: &Control) -> Sample {
    let mut x = numbers();
    // Positive, as some losses want it.
    let y = Array::from_shape_fn((N, 1), |(i, _)| 4.0 + x[[i, 0]] * 2.0 - x[[i, 2]] + (i % 3) as f64 * 0.5);
    let mut classes = Array::from_shape_fn((N, 1), |(i, _)| u32::from(x[[i, 0]] > 0.5) + u32::from(x[[i, 1]] > 1.0));
    if name.ends_with("DiscriminantAnalysis") {
        // A class without rows, which the others have to bear, has no mean.
        classes = Array::from_shape_fn((N, 1), |(i, _)| (i % 3) as u32);
    }
    if name == "IsotonicRegression" {
        x = x.slice(ndarray::s![.., ..1]).to_owned();
    }
    let data = Data::new(x.view());
    let data = match task {
        Task::Regression => data.with_values(y.view()),
        Task::Classification => data.with_classes(classes.view(), vec![3]),
        Task::Clustering | Task::Outliers => data,
    };
    let estimator = seeded(name);
    let model = estimator.fit(&data, None, on, ctl).unwrap_or_else(|e| panic!("{name}: {e}"));
    let mut saved = Saved::new(model);
    saved.params = estimator.params();
    saved.feature_names = Some(["a", "b", "c", "d"][..x.ncols()].iter().map(|name| (*name).to_owned()).collect());
    if task == Task::Classification {
        saved.classes = vec![Labels::Text(["low", "middle", "high"].map(String::from).into())];
        saved.target = Some("level".into());
    }
    Sample { kind: name.to_owned(), saved, rows: Rows::Numbers(x.slice(ndarray::s![..KEPT, ..]).to_owned()) }
}

fn transformer(name: &str) -> Sample {
    let all = table();
    let chosen: &[&str] = match name {
        "SimpleImputer" | "StandardScaler" => &["size", "price"],
        "RBFSampler" | "Nystroem" => &["price"],
        "DateTimeEncoder" => &["when"],
        "ColumnTransformer" => &["size", "colour", "price"],
        "Pipeline" => &["size", "price"],
        _ => &["colour", "city"],
    };
    let columns = chosen.iter().map(|name| all.column(name).expect("a column of the table").clone()).collect();
    let table = Table::new(columns).expect("the columns have one length");
    let transformer: AnyTransformer = match name {
        "ColumnTransformer" => ColumnTransformer {
            transformers: vec![
                Branch::new("text", OneHotEncoder::default(), vec![Selector::Index(1)]),
                Branch::new("numbers", StandardScaler::default(), vec![Selector::Index(0)]),
            ],
            remainder: Step::Passthrough,
            ..ColumnTransformer::default()
        }
        .into(),
        "Pipeline" => {
            Steps::new([("impute", SimpleImputer::default().into()), ("scale", StandardScaler::default().into())])
                .into()
        }
        "RBFSampler" | "Nystroem" => {
            let given = [("n_components".to_owned(), 4.into()), ("random_state".to_owned(), 7.into())];
            AnyTransformer::with_params(name, &given).expect("both are numbers")
        }
        _ => AnyTransformer::with_params(name, &[]).expect("the list's own names are known"),
    };
    let y = Array::from_shape_fn((N, 1), |(i, _)| (i % 5) as f64);
    let model: AnyTransformerModel = transformer
        .fit(&Block::from(&table), &Target::Values(y.view()), None, &Control::new())
        .unwrap_or_else(|e| panic!("{name}: {e}"));
    let saved = Saved::of_steps(vec![SavedStep { name: name.to_lowercase(), model }]);
    Sample { kind: name.to_owned(), saved, rows: Rows::Table(first_rows(&table)) }
}

/// A pipeline that was made from a table with every type of column, with a text column by its target.
fn pipeline(kind: &str, estimator: AnyEstimator, target: Option<&str>) -> Sample {
    let mut table = table();
    for other in ["price", "kind"] {
        if Some(other) != target {
            table.remove(other);
        }
    }
    let mut pipeline = TablePipeline::new(estimator);
    pipeline.max_levels = 20;
    let saved = pipeline.fit(&table, target, None, &Cpu, &Control::new()).unwrap_or_else(|e| panic!("{kind}: {e}"));
    let rows = target.map_or(first_rows(&table), |target| first_rows(&table.without(target)));
    Sample { kind: kind.to_owned(), saved, rows: Rows::Table(rows) }
}

/// One of each kind.
pub fn samples() -> Vec<Sample> {
    let estimators = ESTIMATORS.iter().map(|&(name, _, task)| estimator(name, task, &Cpu, &Control::new()));
    let transformers = TRANSFORMERS.iter().map(|name| transformer(name));
    let mut all: Vec<Sample> = estimators.chain(transformers).collect();
    all.push(pipeline("table-ridge", seeded("Ridge"), Some("price")));
    all.push(pipeline("table-kmeans", seeded("KMeans"), None));
    all.push(pipeline("table-categories", of_categories(), Some("price")));
    if let Some((name, ..)) = ESTIMATORS.iter().find(|(_, _, task)| *task == Task::Classification) {
        all.push(pipeline("table-classifier", seeded(name), Some("kind")));
    }
    all
}
