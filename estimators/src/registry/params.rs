//! Parameters by name: from Python's dictionaries, the shell's `--param` and the model file to a struct, and back.

use crate::{Error, Params, Result};
use rmpv::Value;

/// The parameters that `params` consists of, with their values.
pub fn write_params<P: Params>(params: &P) -> Vec<(String, Value)> {
    // By way of bytes: `rmpv::ext::to_value` would drop the names of the fields.
    let bytes = rmp_serde::to_vec_named(params).unwrap_or_default();
    match rmpv::decode::read_value(&mut bytes.as_slice()) {
        Ok(Value::Map(entries)) => {
            let named = |(k, v): (Value, Value)| (k.as_str().unwrap_or_default().to_owned(), v);
            entries.into_iter().map(named).collect()
        }
        _ => Vec::new(),
    }
}

/// Parameters from names and values; those not given keep their defaults.
///
/// # Errors
/// [`Error::Parameters`] for an unknown name or a value of a wrong type, by name.
pub fn read_params<P: Params>(given: &[(String, Value)]) -> Result<P> {
    let mut all = write_params(&P::default());
    let mut params = P::default();
    for (name, value) in given {
        let Some(entry) = all.iter_mut().find(|(known, _)| known == name) else {
            let known: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
            let known = known.join(", ");
            return Err(Error::Parameters(format!("{} has no parameter '{name}'. It has: {known}", P::NAME)));
        };
        // Python's True is the number 1 wherever a number is wanted.
        entry.1 = match (value, &entry.1) {
            (Value::Boolean(truth), default) if !default.is_bool() && !default.is_str() => {
                Value::from(u8::from(*truth))
            }
            _ => value.clone(),
        };
        let read = from_map(&all).or_else(|error| match value.as_f64() {
            // A whole number beyond 64 bits, for a parameter that counts: as good as the largest count.
            Some(huge) if huge >= 2_f64.powi(63) && huge.is_finite() => {
                set(&mut all, name, Value::from(i64::MAX));
                from_map(&all).map_err(|_| error)
            }
            _ => Err(error),
        });
        params = read.map_err(|error| {
            Error::Parameters(format!("The '{name}' parameter of {} cannot be {value}: {error}", P::NAME))
        })?;
    }
    Ok(params)
}

fn set(fields: &mut [(String, Value)], name: &str, value: Value) {
    fields.iter_mut().filter(|(known, _)| known == name).for_each(|entry| entry.1 = value.clone());
}

/// A struct from its fields. By way of bytes: `rmpv::ext::from_value` does not read enums from their names.
fn from_map<P: Params>(fields: &[(String, Value)]) -> std::result::Result<P, String> {
    let map = fields.iter().map(|(k, v)| (Value::from(k.as_str()), v.clone())).collect();
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &Value::Map(map)).map_err(|error| error.to_string())?;
    rmp_serde::from_slice(&bytes).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use crate::AnyEstimator;
    use rmpv::Value;

    #[test]
    fn parameters_are_read_by_name_and_refused_by_name() {
        let given = |name: &str, value: Value| AnyEstimator::with_params("Ridge", &[(name.into(), value)]);
        let ridge = given("alpha", Value::from(2)).unwrap();
        assert!(ridge.params().contains(&("alpha".into(), Value::F64(2.0))));
        let unknown = given("alhpa", Value::from(2)).unwrap_err().to_string();
        assert!(unknown.contains("'alhpa'") && unknown.contains("alpha"), "{unknown}");
        let wrong = given("fit_intercept", Value::from("maybe")).unwrap_err().to_string();
        assert!(wrong.contains("'fit_intercept'") && wrong.contains("maybe"), "{wrong}");
        assert!(AnyEstimator::with_params("Rigde", &[]).is_err());
    }
}
