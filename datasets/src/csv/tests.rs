//! The reader on files as people have them, and on broken ones.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;

use super::*;
use crate::{MISSING, MISSING_TIME};

fn read(text: impl AsRef<[u8]>) -> Table {
    read_with(text, &CsvOptions::default()).unwrap().table
}

fn read_with(text: impl AsRef<[u8]>, options: &CsvOptions) -> Result<Reading> {
    read_csv_from(text.as_ref(), "data.csv", options)
}

fn error(text: impl AsRef<[u8]>) -> String {
    read_with(text, &CsvOptions::default()).unwrap_err().to_string()
}

fn typed(types: &[(&str, ColumnType)]) -> CsvOptions {
    CsvOptions { types: types.iter().map(|&(name, kind)| (name.to_owned(), kind)).collect(), ..CsvOptions::default() }
}

fn skipping() -> CsvOptions {
    CsvOptions { skip_bad_rows: true, ..CsvOptions::default() }
}

fn numbers(table: &Table, name: &str) -> Vec<Option<f64>> {
    match &table.column(name).unwrap().values {
        Values::Number(values) => values.iter().map(|&value| Some(value).filter(|value| !value.is_nan())).collect(),
        other => panic!("{name} is {}", other.column_type()),
    }
}

fn texts<'a>(table: &'a Table, name: &str) -> Vec<Option<&'a str>> {
    match &table.column(name).unwrap().values {
        Values::Text { codes, levels } => {
            codes.iter().map(|&code| levels.get(code as usize).map(String::as_str)).collect()
        }
        other => panic!("{name} is {}", other.column_type()),
    }
}

fn kinds(table: &Table) -> Vec<ColumnType> {
    table.columns().iter().map(|column| column.values.column_type()).collect()
}

use ColumnType::{Number, Text, Time};

#[test]
fn infers_types_over_the_whole_file() {
    let table = read("n,t,d,empty,late\n1,a,2013-01-01,,007\n?,b, 2013-01-01 05:00 ,NA,8\n-2.5e1,a,NA,?,x\n");
    assert_eq!(kinds(&table), [Number, Text, Time, Number, Text]);
    assert_eq!(numbers(&table, "n"), [Some(1.0), None, Some(-25.0)]);
    assert_eq!(
        table.column("t").unwrap().values,
        Values::Text { codes: vec![0, 1, 0], levels: vec!["a".into(), "b".into()] }
    );
    let midnight = 1_356_998_400_000;
    assert_eq!(table.column("d").unwrap().values, Values::Time(vec![midnight, midnight + 18_000_000, MISSING_TIME]));
    assert_eq!(numbers(&table, "empty"), [None, None, None]);
    // Read as numbers until the x came, the spelling is kept all the same.
    assert_eq!(texts(&table, "late"), [Some("007"), Some("8"), Some("x")]);
}

#[test]
fn a_column_that_mixes_kinds_is_text() {
    let table = read("a,b,c\n2013-01-01,1,x\n7,2013-01-01,1\n,,\n");
    assert_eq!(kinds(&table), [Text, Text, Text]);
    assert_eq!(texts(&table, "a"), [Some("2013-01-01"), Some("7"), None]);
}

#[test]
fn numbers_are_exact_and_infinities_are_numbers() {
    let table = read("a\n9007199254740993\n9007199254740991\n0.1\ninf\n-Infinity\n");
    let expected = [9007199254740992.0, 9007199254740991.0, 0.1, f64::INFINITY, f64::NEG_INFINITY];
    assert_eq!(numbers(&table, "a"), expected.map(Some));
}

#[test]
fn given_types_are_kept() {
    let table = read_with("zip,n\n00501,\n10001,NA\n", &typed(&[("zip", Text), ("n", Text)])).unwrap().table;
    assert_eq!(texts(&table, "zip"), [Some("00501"), Some("10001")]);
    assert_eq!(texts(&table, "n"), [None, None]);
    let message = read_with("a,b\n1,2\n3,x\n", &typed(&[("b", Number)])).unwrap_err().to_string();
    assert_eq!(message, "data.csv, line 3, column 2 (b): \"x\" is not a number");
    let message = read_with("a\n5\n", &typed(&[("a", Time)])).unwrap_err().to_string();
    assert_eq!(message, "data.csv, line 2, column 1 (a): \"5\" is not an ISO 8601 date or time");
    let message = read_with("a,b\n1,2\n", &typed(&[("c", Number)])).unwrap_err().to_string();
    assert_eq!(message, "data.csv has no column \"c\", for which a type was given; its columns are a, b");
}

#[test]
fn reads_what_spreadsheets_and_editors_write() {
    let table = read("\u{feff}a,b c\r\n1, x\r\n\r\n2,\"say \"\"hi\"\", \nthen go\"\r\n3,  \"q\"  \r\n");
    assert_eq!(table.names().collect::<Vec<_>>(), ["a", "b c"]);
    assert_eq!(numbers(&table, "a"), [Some(1.0), Some(2.0), Some(3.0)]);
    assert_eq!(texts(&table, "b c"), [Some("x"), Some("say \"hi\", \nthen go"), Some("q")]);
    let reading = read_with("a;b\n1,5;2\n", &CsvOptions::default()).unwrap();
    assert_eq!((reading.delimiter, texts(&reading.table, "a")), (b';', vec![Some("1,5")]));
    assert_eq!(kinds(&read("a\tb\n\t1\n")), [Number, Number]);
    assert_eq!(read(",a,\n1,2,3\n").names().collect::<Vec<_>>(), ["Unnamed: 0", "a", "Unnamed: 2"]);
}

#[test]
fn options_are_followed() {
    let bare = CsvOptions { header: false, ..CsvOptions::default() };
    let table = read_with("1,a\n2,b\n", &bare).unwrap().table;
    assert_eq!((numbers(&table, "x0"), texts(&table, "x1")), (vec![Some(1.0), Some(2.0)], vec![Some("a"), Some("b")]));
    let pipes = CsvOptions { delimiter: Some(b'|'), ..CsvOptions::default() };
    assert_eq!(texts(&read_with("a|b\n1,2|x;y\n", &pipes).unwrap().table, "a"), [Some("1,2")]);
    let coded = CsvOptions { missing: vec!["-999".into(), "gone".into()], ..CsvOptions::default() };
    let table = read_with("a,b\n-999,NA\n1,gone\n", &coded).unwrap().table;
    assert_eq!((numbers(&table, "a"), texts(&table, "b")), (vec![None, Some(1.0)], vec![Some("NA"), None]));
}

#[test]
fn errors_name_file_line_and_column() {
    assert_eq!(error(""), "data.csv is empty");
    assert_eq!(error("\u{feff}\n\n"), "data.csv is empty");
    assert_eq!(error("a,b\n"), "data.csv has a header but no rows (0 skipped)");
    assert_eq!(error("a,b,a\n1,2,3\n"), "data.csv: two columns are named \"a\"");
    assert_eq!(error("a,b\n1\n"), "data.csv, line 2: 1 fields where 2 are expected (column 2 is missing)");
    let many = error("a,b\n\"1\n2\",2\n\n1,2,3\n");
    assert_eq!(many, "data.csv, line 5: 3 fields where 2 are expected (the first too many is column 3)");
    assert_eq!(error(b"a,b\n1,2\n1,\xff\n"), "data.csv, line 3, column 2 (b): not valid UTF-8");
    assert_eq!(error(b"a,b\n\"\xc3\",\xa9\n"), "data.csv, line 2, column 1 (a): not valid UTF-8");
    assert_eq!(error(b"a,\xff\n1,2\n"), "data.csv, line 1, column 2: not valid UTF-8");
    let after = error("a,b\n1,\"2\"3\n");
    assert_eq!(
        after,
        "data.csv, line 2, column 2: text after a closing quote (a quote inside a field is written twice)"
    );
    assert_eq!(error("a,b\n1,2\n1,\"2\n3,4\n"), "data.csv, line 3, column 2: a quote is opened and never closed");
    for (start, what) in
        [(&b"PAR1...."[..], "a Parquet file"), (b"BZh9..", "compressed with bzip2"), (b"\xff\xfea\0", "in UTF-16")]
    {
        assert_eq!(error(start), format!("data.csv is {what}; what is read is CSV in UTF-8, plain, gzip or zip"));
    }
    assert!(error("a,b\r1,2\r").starts_with("data.csv is text whose lines end in a carriage return alone"));
    let absent = read_csv(Path::new("no/such/file.csv"), &CsvOptions::default()).unwrap_err();
    assert!(matches!(&absent, Error::Open { source, .. } if source.kind() == std::io::ErrorKind::NotFound));
    assert!(absent.to_string().starts_with("cannot open no/such/file.csv: "), "{absent}");
    assert!(matches!(read_csv(Path::new("."), &CsvOptions::default()), Err(Error::Open { .. })));
}

#[test]
fn bad_rows_are_skipped_and_counted_on_request() {
    let options = CsvOptions { types: [("n".to_owned(), Number), ("d".to_owned(), Time)].into(), ..skipping() };
    let text = b"n,d,t,late\n1,2013-01-01,a,1\n2\n3,x,b,2\nx,2013-01-01,c,3\n4,,\xff,4\n5,,\"d\"e,5\n6,NA,f,g\n";
    let reading = read_with(text, &options).unwrap();
    assert_eq!(reading.skipped, 5);
    assert_eq!(
        reading.first_skipped.unwrap().to_string(),
        "data.csv, line 3: 1 fields where 4 are expected (column 2 is missing)"
    );
    assert_eq!(numbers(&reading.table, "n"), [Some(1.0), Some(6.0)]);
    assert_eq!(reading.table.column("d").unwrap().values, Values::Time(vec![1_356_998_400_000, MISSING_TIME]));
    // A skipped row leaves no level behind, and none in a column that was read twice.
    assert_eq!(
        reading.table.column("t").unwrap().values,
        Values::Text { codes: vec![0, 1], levels: vec!["a".into(), "f".into()] }
    );
    assert_eq!(texts(&reading.table, "late"), [Some("1"), Some("g")]);
    let message = read_with("a,b\n1\n2\n", &skipping()).unwrap_err().to_string();
    assert_eq!(message, "data.csv has a header but no rows (2 skipped)");
    assert!(matches!(read_with("a,b\n1,2\n\"3,4\n", &skipping()), Err(Error::OpenQuote { line: 3, .. })));
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn compression_is_told_by_content() {
    let (plain, table) = (b"a,b\n1,7\n2,x\n", read("a,b\n1,7\n2,x\n"));
    let members = [gzip(b"a,b\n1,"), gzip(b"7\n2,x\n")].concat();
    let archive = zipped(&[("deep/data.csv", plain), ("__MACOSX/data.csv", b"junk")]);
    for bytes in [gzip(plain), members, archive.clone()] {
        assert_eq!(read(&bytes), table);
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes).unwrap();
        assert_eq!(read_csv(file.path(), &CsvOptions::default()).unwrap().table, table);
    }
    let two = zipped(&[("a.csv", plain), ("b.csv", plain)]);
    assert!(error(&two).starts_with("data.csv is a zip archive of 2 files, where one is expected"), "{}", error(&two));
    let cut = gzip(plain);
    assert!(error(&cut[..cut.len() - 9]).starts_with("cannot read data.csv: "));
    for length in 0..archive.len() {
        let _ = read_with(&archive[..length], &CsvOptions::default()); // an error, never a panic
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_once_and_kept() {
    let table = read_csv(Path::new("/dev/null"), &CsvOptions::default());
    assert!(matches!(table, Err(Error::Empty { .. })));
}

/// Writes a table so that its text, times and numbers come back: every text quoted, missing entries empty.
fn write(table: &Table, delimiter: char, line_end: &str) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut rows = vec![table.names().map(quoted).collect::<Vec<_>>()];
    for row in 0..table.n_rows() {
        let field = |column: &Column| match &column.values {
            _ if column.values.is_missing(row) => "\"\"".to_owned(),
            Values::Number(values) => format!("{:?}", values[row]),
            Values::Time(values) => jiff::Timestamp::from_millisecond(values[row]).unwrap().to_string(),
            Values::Text { codes, levels } => quoted(&levels[codes[row] as usize]),
        };
        rows.push(table.columns().iter().map(field).collect());
    }
    rows.iter().map(|row| row.join(&delimiter.to_string()) + line_end).collect()
}

fn any_column(rows: usize) -> impl Strategy<Value = Values> {
    let times = prop_oneof![4 => -10_000_000_000_000i64..100_000_000_000_000, 1 => Just(MISSING_TIME)];
    let text = prop::option::weighted(0.8, "[a-c,;\t\"\r\n é😀]{1,6}");
    prop_oneof![
        prop::collection::vec(prop_oneof![4 => any::<f64>(), 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)], rows)
            .prop_map(Values::Number),
        prop::collection::vec(times, rows).prop_map(Values::Time),
        prop::collection::vec(text, rows)
            .prop_map(|entries| Column::text("", entries.iter().map(Option::as_deref)).values),
    ]
}

fn any_table() -> impl Strategy<Value = Table> {
    (1usize..12).prop_flat_map(|rows| prop::collection::vec(any_column(rows), 1..6)).prop_map(|all| {
        let named = all.into_iter().enumerate().map(|(i, values)| Column { name: format!("c\n\"{i}"), values });
        Table::new(named.collect()).unwrap()
    })
}

fn any_delimiter() -> impl Strategy<Value = char> {
    prop::sample::select(vec![',', ';', '\t'])
}

/// Bytes that mean something to the reader, good or bad.
fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(b"a1,\"\n\r \xff\xc3-.;\t".to_vec()), 0..60)
}

/// Equality of tables in which NaN equals NaN, whatever its payload.
fn same(left: &Table, right: &Table) -> bool {
    left.names().eq(right.names())
        && left.columns().iter().zip(right.columns()).all(|(left, right)| match (&left.values, &right.values) {
            (Values::Number(a), Values::Number(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()))
            }
            (left, right) => left == right,
        })
}

proptest! {
    #[test]
    fn a_written_table_reads_back(table in any_table(), delimiter in any_delimiter(), crlf: bool) {
        let text = write(&table, delimiter, if crlf { "\r\n" } else { "\n" });
        let types = table.columns().iter().map(|column| (column.name.clone(), column.values.column_type())).collect();
        let (delimiter, missing) = (Some(delimiter as u8), vec![String::new()]);
        let options = CsvOptions { delimiter, types, missing, ..CsvOptions::default() };
        let back = read_with(&text, &options).unwrap().table;
        prop_assert!(same(&table, &back), "{text:?} gave {back:?}");
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in any_bytes()) {
        for options in [CsvOptions::default(), skipping()] {
            if let Ok(reading) = read_with(&bytes, &options) {
                let n_rows = reading.table.n_rows();
                prop_assert!(n_rows > 0 && reading.table.columns().iter().all(|column| column.values.len() == n_rows));
                prop_assert!(Table::new(reading.table.into_columns()).is_ok());
            }
        }
    }
}

#[test]
fn many_rows_cross_many_buffers() {
    let mut text = String::from("i,t,when\n");
    for i in 0..60_000 {
        text += &format!("{i},\"level, {}\",2013-01-01T00:00:{:02}Z\n", i % 7, i % 60);
    }
    let table = read(&text);
    assert_eq!(table.n_rows(), 60_000);
    assert_eq!(numbers(&table, "i")[59_999], Some(59_999.0));
    let Values::Text { codes, levels } = &table.column("t").unwrap().values else { panic!() };
    assert!(levels.len() == 7 && codes.iter().enumerate().all(|(i, &code)| code == i as u32 % 7 && code != MISSING));
    let late = text + "x,y,z\n";
    assert_eq!(texts(&read(&late), "i")[1234], Some("1234"));
}
