//! `--param name=value`: values as a person writes them, in the type that the parameter has.

use crate::Failure;
use ironlearn::AnyEstimator;
use rmpv::Value;

/// The parameters of one estimator from what the user wrote.
///
/// # Errors
/// [`Failure::Usage`]: no equals sign, a name twice, an unknown parameter, a value of a wrong type or out of range.
pub fn read(estimator: &str, given: &[String]) -> Result<AnyEstimator, Failure> {
    let mut params: Vec<(String, Value)> = Vec::new();
    for text in given {
        let Some((name, text)) = text.split_once('=') else {
            return Err(Failure::Usage(format!("--param {text}: expected NAME=VALUE")));
        };
        let (name, value) = (name.trim().to_owned(), value(text.trim()));
        if params.iter().any(|(known, _)| *known == name) {
            return Err(Failure::Usage(format!("--param {name} is given twice")));
        }
        params.push((name, value));
    }
    let made = AnyEstimator::with_params(estimator, &params)?;
    made.validate()?;
    Ok(made)
}

/// `true`, `3`, `0.5`, `inf`, `none`, `[1, 2]`, `"text"`; everything else is text as it stands.
fn value(text: &str) -> Value {
    match text {
        "True" => Value::from(true),
        "False" => Value::from(false),
        "None" | "none" => Value::Nil,
        "inf" => Value::from(f64::INFINITY),
        "-inf" => Value::from(f64::NEG_INFINITY),
        "nan" | "NaN" => Value::from(f64::NAN),
        _ => serde_json::from_str(text).map_or_else(|_| Value::from(text), from_json),
    }
}

fn from_json(json: serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Nil,
        Json::Bool(b) => Value::from(b),
        Json::Number(n) => match (n.as_u64(), n.as_i64(), n.as_f64()) {
            (Some(n), ..) => Value::from(n),
            (_, Some(n), _) => Value::from(n),
            (.., n) => Value::from(n.unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::from(text),
        Json::Array(items) => Value::Array(items.into_iter().map(from_json).collect()),
        Json::Object(map) => Value::Map(map.into_iter().map(|(k, v)| (Value::from(k), from_json(v))).collect()),
    }
}

/// A parameter's value as JSON. Numbers that JSON lacks become text.
pub fn to_json(value: &Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Value::Nil => Json::Null,
        Value::Boolean(b) => Json::from(*b),
        Value::Integer(n) => n.as_u64().map(Json::from).or(n.as_i64().map(Json::from)).unwrap_or(Json::Null),
        Value::F32(v) => number(f64::from(*v)),
        Value::F64(v) => number(*v),
        Value::String(text) => Json::from(text.as_str().unwrap_or_default()),
        Value::Array(items) => items.iter().map(to_json).collect(),
        Value::Map(entries) => {
            let named = |(k, v): &(Value, Value)| (k.as_str().map_or_else(|| k.to_string(), str::to_owned), to_json(v));
            Json::Object(entries.iter().map(named).collect())
        }
        Value::Binary(bytes) => Json::from(format!("{} bytes", bytes.len())),
        Value::Ext(..) => Json::Null,
    }
}

/// A number as JSON; `"nan"`, `"inf"` and `"-inf"` as text.
pub fn number(v: f64) -> serde_json::Value {
    serde_json::Number::from_f64(v).map_or_else(
        || {
            serde_json::Value::from(if v.is_nan() {
                "nan"
            } else if v > 0.0 {
                "inf"
            } else {
                "-inf"
            })
        },
        serde_json::Value::Number,
    )
}

/// A parameter's value as a user would write it.
pub fn shown(value: &Value) -> String {
    match to_json(value) {
        serde_json::Value::Null => "none".into(),
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_a_person_writes_them() {
        assert_eq!(value("true"), Value::from(true));
        assert_eq!(value("False"), Value::from(false));
        assert_eq!(value("3"), Value::from(3));
        assert_eq!(value("-3"), Value::from(-3));
        assert_eq!(value("1e-3"), Value::from(1e-3));
        assert_eq!(value("none"), Value::Nil);
        assert_eq!(value("[1, 0.5]"), Value::Array(vec![Value::from(1), Value::from(0.5)]));
        assert_eq!(value("k-means++"), Value::from("k-means++"));
        assert_eq!(value("\"3\""), Value::from("3"));
        assert_eq!(value("inf"), Value::from(f64::INFINITY));
    }

    #[test]
    fn they_are_shown_as_they_are_read() {
        for text in ["true", "3", "-3", "0.001", "none", "[1,0.5]", "k-means++", "inf", "nan"] {
            assert_eq!(shown(&value(text)), text);
        }
    }

    #[test]
    fn mistakes_say_what_is_wanted() {
        let said = |given: &[&str]| {
            let given: Vec<String> = given.iter().map(|g| (*g).to_owned()).collect();
            let failure = read("Ridge", &given).unwrap_err();
            assert_eq!(failure.exit_code(), 2);
            failure.message().unwrap()
        };
        assert!(said(&["alpha"]).contains("expected NAME=VALUE"));
        assert!(said(&["alpha=1", "alpha=2"]).contains("twice"));
        assert!(said(&["beta=1"]).contains("no parameter 'beta'"));
        assert!(said(&["alpha=much"]).contains("alpha"));
        assert!(said(&["alpha=-1"]).contains("alpha"));
        let made = read("Ridge", &["alpha=2".to_owned(), "fit_intercept=false".to_owned()]).unwrap();
        assert!(made.params().contains(&("fit_intercept".into(), Value::from(false))));
    }
}
