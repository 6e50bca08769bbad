//! The scores of a model on a table that has its target.

use crate::params::number;
use crate::session::Session;
use crate::{Failure, layout};
use ironlearn::pipeline::TargetColumn;
use ironlearn::registry::Task;
use ironlearn::{Attribute, Control, Error, Result, Saved, metrics};
use ironlearn_datasets::Table;
use ndarray::{Array2, ArrayView1, ArrayView2, Ix2};
use serde_json::{Map, Value};

/// A score of class codes by the probabilities of the classes, with weights.
type OfProbabilities = fn(ArrayView1<'_, u32>, ArrayView2<'_, f64>, Option<ArrayView1<'_, f64>>) -> Result<f64>;

/// One score.
pub struct Score {
    /// Its name in JSON.
    pub key: &'static str,
    /// Its name for a person.
    pub label: &'static str,
    /// Its value, or why it is not defined.
    pub value: Result<f64, String>,
}

/// All scores.
pub struct Scores {
    /// The rows that were scored.
    pub rows: usize,
    /// Rows whose class the model does not know.
    pub unknown: usize,
    /// The scores.
    pub list: Vec<Score>,
}

impl Score {
    /// A score that the data may leave undefined. What the data cannot explain goes on as an error.
    fn of(key: &'static str, label: &'static str, value: Result<f64>) -> Result<Self> {
        let value = match value {
            Ok(value) => Ok(value),
            Err(Error::Input(why) | Error::Unsupported(why)) => Err(why),
            Err(other) => return Err(other),
        };
        Ok(Score { key, label, value })
    }
}

/// Scores `saved` on `table`, whose rows all have a target.
///
/// # Errors
/// Where the table does not fit the model.
pub fn score(saved: &Saved, table: &Table, weights: Option<&[f64]>, session: &Session) -> Result<Scores, Failure> {
    session.run("scoring", |ctl| of(saved, table, weights, ctl))
}

fn of(saved: &Saved, table: &Table, weights: Option<&[f64]>, ctl: &Control) -> Result<Scores> {
    let weights = weights.map(ArrayView1::from);
    let rows = saved.transform(saved.arrange(table)?, ctl, &mut Vec::new())?;
    let x = rows.matrix()?.ok_or_else(|| Error::Input("the estimator was given no numbers".into()))?;
    let model = saved.model()?;
    let predicted = model.predict(&x, ctl)?;
    let mut scores = Scores { rows: table.n_rows(), unknown: 0, list: Vec::new() };
    if predicted.ncols() != 1 {
        return Err(Error::Unsupported(format!("the model predicts {} columns; one can be scored", predicted.ncols())));
    }
    let predicted = predicted.column(0);
    match (model.task(), saved.target_of(table)?) {
        (Task::Clustering, _) => {
            let labels = predicted.mapv(|label| if label >= 0.0 { label as u32 } else { u32::MAX });
            let attributes = model.attributes();
            let inertia = match attributes.iter().find(|(name, _)| *name == "cluster_centers_") {
                Some((_, Attribute::Floats(centers, _))) => match centers.view().into_dimensionality::<Ix2>() {
                    Ok(centers) => metrics::inertia(&x, centers, labels.view(), weights, ctl),
                    Err(_) => Err(Error::File("centres that are not a matrix".into())),
                },
                _ => Err(Error::Unsupported("the model has no centres".into())),
            };
            scores.list.push(Score::of("inertia", "inertia", inertia)?);
        }
        (Task::Outliers, _) => {
            let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
            let (mut outside, mut all) = (0.0, 0.0);
            for (i, &p) in predicted.iter().enumerate() {
                all += weight(i);
                outside += if p < 0.0 { weight(i) } else { 0.0 };
            }
            scores.list.push(Score::of("outlier_share", "share of outliers", Ok(outside / all))?);
        }
        (_, None) => return Err(Error::Unsupported("the model file does not say what its target is called".into())),
        (_, Some(TargetColumn::Values(y))) => {
            let y = y.column(0);
            scores.list.push(Score::of("r2", "R²", metrics::r2(y, predicted, weights))?);
            let rmse = metrics::root_mean_squared_error(y, predicted, weights);
            scores.list.push(Score::of("rmse", "RMSE", rmse)?);
            scores.list.push(Score::of("mae", "MAE", metrics::mean_absolute_error(y, predicted, weights))?);
        }
        (_, Some(TargetColumn::Classes(codes, labels))) => {
            let y = codes.column(0);
            let classes = predicted.mapv(|class| if class >= 0.0 { class as u32 } else { u32::MAX });
            scores.unknown = y.iter().filter(|&&code| code as usize >= labels.len()).count();
            let accuracy = metrics::accuracy(y, classes.view(), weights);
            scores.list.push(Score::of("accuracy", "accuracy", accuracy)?);
            let balanced = metrics::balanced_accuracy(y, classes.view(), weights);
            scores.list.push(Score::of("balanced_accuracy", "balanced accuracy", balanced)?);
            let proba = match model.predict_proba(&x, ctl) {
                Ok(mut outputs) if outputs.len() == 1 => Ok(outputs.remove(0)),
                Ok(_) => Err(Error::Unsupported("probabilities of one output are needed".into())),
                Err(error) => Err(error),
            };
            let with = |score: OfProbabilities| {
                proba.as_ref().map_err(Clone::clone).and_then(|p: &Array2<f64>| score(y, p.view(), weights))
            };
            scores.list.push(Score::of("log_loss", "log loss", with(metrics::log_loss))?);
            let area = match proba {
                Ok(_) => with(metrics::roc_auc_multiclass),
                Err(why) => area_of_decisions(model.decision_function(&x, ctl), why, y, weights),
            };
            scores.list.push(Score::of("roc_auc", "ROC AUC", area)?);
        }
    }
    Ok(scores)
}

/// The area of a model without probabilities: with two classes decision values put the rows in order as well. `why`
/// there are no probabilities is the answer where there are no decision values, or more classes.
fn area_of_decisions(
    decisions: Result<Array2<f64>>,
    why: Error,
    y: ArrayView1<'_, u32>,
    weights: Option<ArrayView1<'_, f64>>,
) -> Result<f64> {
    let decisions = match decisions {
        Ok(decisions) if decisions.ncols() == 1 => decisions,
        Ok(_) | Err(Error::Unsupported(_)) => return Err(why),
        Err(other) => return Err(other),
    };
    if y.iter().any(|&code| code > 1) {
        return Err(Error::Input("there are rows of classes that the model does not know".into()));
    }
    metrics::roc_auc(y.mapv(|code| code == 1).view(), decisions.column(0), weights)
}

impl Scores {
    /// The scores as lines of a table, and why some are missing.
    pub fn lines(&self) -> Vec<String> {
        let mut table = layout::Layout::new(&["score", ">value"]);
        for score in &self.list {
            let value = score.value.as_ref().map_or_else(|_| "-".to_owned(), |v| readable(*v));
            table.row([score.label.to_owned(), value]);
        }
        let mut lines = table.lines();
        if self.unknown > 0 {
            lines.push(format!("  {} rows are of classes that the model does not know", layout::count(self.unknown)));
        }
        for score in &self.list {
            if let Err(why) = &score.value {
                lines.push(format!("  {} is not defined: {why}", score.label));
            }
        }
        lines
    }

    /// The scores as JSON; null where one is not defined.
    pub fn json(&self) -> Value {
        let value = |score: &Score| score.value.as_ref().map_or(Value::Null, |v| number(*v));
        Value::Object(self.list.iter().map(|score| (score.key.to_owned(), value(score))).collect::<Map<_, _>>())
    }
}

/// A score with six significant digits.
fn readable(v: f64) -> String {
    let size = v.abs();
    if v == 0.0 || (1e-4..1e6).contains(&size) {
        let before = if size >= 1.0 { size.log10().floor() as usize + 1 } else { 1 };
        format!("{v:.*}", 7_usize.saturating_sub(before).min(6))
    } else if (1e6..1e12).contains(&size) {
        format!("{v:.0}")
    } else {
        format!("{v:.6e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_readable() {
        let shown = [0.0, 0.843_123_456, 17.943_210_9, 1234.5678, 0.000_012_3, 12_345_678.9].map(readable);
        assert_eq!(shown, ["0.000000", "0.843123", "17.94321", "1234.568", "1.230000e-5", "12345679"]);
    }
}
