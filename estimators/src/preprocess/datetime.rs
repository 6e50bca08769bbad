//! Times as numbers.

use super::{Block, FitTransformer, Transformer, transformer};
use crate::{Checked, Control, Error, Params, Result, Target, Warning, bad_input};
use ironlearn_datasets::{ColumnType, MISSING_TIME, Values};
use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

/// Each column of times becomes its year, month, day of the month, day of the week, hour and seconds since 1970, all in
/// UTC and by the Gregorian calendar; NaN where missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DateTimeEncoder {
    /// The parts to give, in this order.
    pub parts: Vec<Part>,
}

impl Default for DateTimeEncoder {
    fn default() -> Self {
        DateTimeEncoder { parts: vec![Part::Year, Part::Month, Part::Day, Part::Weekday, Part::Hour, Part::Epoch] }
    }
}

/// A part of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The year.
    Year,
    /// 1 to 12.
    Month,
    /// 1 to 31.
    Day,
    /// 0 for Monday to 6 for Sunday.
    Weekday,
    /// 0 to 23.
    Hour,
    /// Seconds since 1970-01-01 UTC, with fractions.
    Epoch,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Part::Year => "year",
            Part::Month => "month",
            Part::Day => "day",
            Part::Weekday => "weekday",
            Part::Hour => "hour",
            Part::Epoch => "epoch",
        }
    }

    /// This part of a time in milliseconds since 1970.
    fn of(self, milliseconds: i64) -> f64 {
        const DAY: i64 = 86_400_000;
        let days = milliseconds.div_euclid(DAY);
        match self {
            Part::Epoch => milliseconds as f64 / 1000.0,
            Part::Hour => (milliseconds.rem_euclid(DAY) / 3_600_000) as f64,
            // 1970-01-01 was a Thursday.
            Part::Weekday => (days + 3).rem_euclid(7) as f64,
            Part::Year => date(days).0 as f64,
            Part::Month => date(days).1 as f64,
            Part::Day => date(days).2 as f64,
        }
    }
}

/// Year, month and day of a number of days since 1970-01-01. Years are counted from March, so that the leap day is the
/// last of its year and months before it have fixed lengths: 153 days in each five months.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, in_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let day_of_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day_of_year - (153 * from_march + 2) / 5 + 1)
}

impl Params for DateTimeEncoder {
    const NAME: &'static str = "DateTimeEncoder";

    fn validate(&self) -> Result<()> {
        if self.parts.is_empty() {
            let expected = "a list of at least one part".into();
            return Err(Error::Parameter { estimator: Self::NAME, name: "parts", expected, found: "[]".into() });
        }
        Ok(())
    }
}

/// A fitted [`DateTimeEncoder`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DateTimes {
    /// The parameters of the fit.
    pub params: DateTimeEncoder,
    /// The number of columns.
    pub n_features_in: usize,
}

impl FitTransformer for DateTimeEncoder {
    type Model = DateTimes;

    /// Learns nothing but the number of columns; the target is not looked at, weights are an error.
    fn fit_checked(
        params: &Checked<Self>,
        x: &Block<'_>,
        _: &Target<'_>,
        weights: Option<ArrayView1<'_, f64>>,
        ctl: &Control,
    ) -> Result<DateTimes> {
        if weights.is_some() {
            return Err(Error::Unsupported("DateTimeEncoder takes no sample_weight".into()));
        }
        let model = DateTimes { params: (**params).clone(), n_features_in: x.shape().1 };
        model.transform(x, ctl, &mut Vec::new())?;
        Ok(model)
    }
}

impl Transformer for DateTimes {
    type Params = DateTimeEncoder;

    fn params(&self) -> &DateTimeEncoder {
        &self.params
    }

    fn n_features_in(&self) -> usize {
        self.n_features_in
    }

    fn check(&self) -> Result<()> {
        if self.n_features_in == 0 || self.n_features_in > 1 << 31 || self.params.validate().is_err() {
            return Err(Error::File("times without columns or parts".into()));
        }
        Ok(())
    }

    fn transform(&self, x: &Block<'_>, ctl: &Control, _: &mut Vec<Warning>) -> Result<Block<'static>> {
        transformer::check_columns(self, x)?;
        let (n, p) = x.shape();
        let parts = &self.params.parts;
        let mut out = Array2::from_elem((n, p * parts.len()), f64::NAN);
        for j in 0..p {
            ctl.check()?;
            let column = x.column(j)?;
            let Values::Time(times) = &column.values else {
                if (0..n).all(|row| super::block::is_missing(&column.values, row)) {
                    continue;
                }
                bad_input!("column '{}' holds {}, where times are needed", column.name, column.values.column_type());
            };
            for (row, &time) in times.iter().enumerate().filter(|(_, t)| **t != MISSING_TIME) {
                parts.iter().enumerate().for_each(|(k, part)| out[[row, j * parts.len() + k]] = part.of(time));
            }
        }
        Ok(Block::Dense(out))
    }

    fn input_types(&self) -> Vec<Option<ColumnType>> {
        vec![Some(ColumnType::Time); self.n_features_in]
    }

    fn feature_names_out(&self, names: &[String]) -> Vec<String> {
        let parts = &self.params.parts;
        names.iter().flat_map(|name| parts.iter().map(move |part| format!("{name}_{}", part.name()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_match_the_calendar() {
        for (days, expected) in [
            (0, (1970, 1, 1)),
            (59, (1970, 3, 1)),
            (15_706, (2013, 1, 1)),
            (19_782, (2024, 2, 29)),
            (-1, (1969, 12, 31)),
            (11_016, (2000, 2, 29)),
        ] {
            assert_eq!(date(days), expected, "{days}");
        }
        let time = 1_357_034_400_000;
        let all: Vec<f64> = DateTimeEncoder::default().parts.iter().map(|part| part.of(time)).collect();
        assert_eq!(all, [2013.0, 1.0, 1.0, 1.0, 10.0, 1_357_034_400.0]);
    }
}
