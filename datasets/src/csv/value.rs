//! One field as a number or as a time.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// A decimal number, correctly rounded; also `inf`, `infinity` and `nan`, in any case and with a sign.
#[inline]
pub fn number(field: &[u8]) -> Option<f64> {
    fast_float2::parse(field).ok()
}

/// An ISO 8601 date, or date and time, as milliseconds since 1970-01-01 UTC (fractions below are cut towards the past).
/// A time without an offset is taken as UTC. Years have four digits and dates have dashes.
pub fn time(field: &[u8]) -> Option<i64> {
    let dashed = field.len() >= 10 && field[..4].iter().all(u8::is_ascii_digit) && field[4] == b'-' && field[7] == b'-';
    if !dashed {
        return None;
    }
    let text = std::str::from_utf8(field).ok()?;
    let timestamp = match text.parse::<Timestamp>() {
        Ok(timestamp) => timestamp,
        Err(_) => Offset::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()?,
    };
    Some(timestamp.as_millisecond() - i64::from(timestamp.subsec_nanosecond() % 1_000_000 < 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (text, value) in [
            ("0", 0.0),
            ("-1.5", -1.5),
            ("+2", 2.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e-3", 1e-3),
            ("9007199254740992", 9007199254740992.0),
            ("9007199254740991", 9007199254740991.0),
            ("Inf", f64::INFINITY),
            ("-infinity", f64::NEG_INFINITY),
            ("1e400", f64::INFINITY),
            ("007", 7.0),
        ] {
            assert_eq!(number(text.as_bytes()), Some(value), "{text}");
        }
        for text in ["", "1,5", "0x10", "1_000", "12%", "1 2", "--1", "e5", "."] {
            assert_eq!(number(text.as_bytes()), None, "{text}");
        }
        assert!(number(b"nan").unwrap().is_nan());
    }

    #[test]
    fn times() {
        let day = 86_400_000;
        for (text, value) in [
            ("1970-01-01", 0),
            ("1970-01-02", day),
            ("1969-12-31T23:59:59.9995Z", -1),
            ("1970-01-01 00:00:01", 1000),
            ("1970-01-01T00:00:00.123", 123),
            ("1970-01-01T01:00:00+01:00", 0),
            ("2013-01-01T10:00:00Z", 1_357_034_400_000),
            ("2024-02-29", 1_709_164_800_000),
        ] {
            assert_eq!(time(text.as_bytes()), Some(value), "{text}");
        }
        for text in ["2013", "20130101", "2013-13-01", "2023-02-29", "2013-01-01x", "01/02/2013", "10:30", "2013-1-1"] {
            assert_eq!(time(text.as_bytes()), None, "{text}");
        }
    }
}
