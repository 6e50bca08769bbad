//! Splits a stream of bytes into rows and fields (RFC 4180, and blanks around a field).
//!
//! A splitter of our own because three things that people's files need are not to be had from the `csv` crate: blanks
//! before a quoted field (`1, "a, b"`), a quote that is never closed as an error instead of a field that swallows the
//! rest of the file, and rows that follow a malformed one. A line without a quote, nearly every one, takes a short
//! path.

use std::io::Read;

use memchr::{memchr, memchr_iter};

use super::quoted::{Quoted, split_quoted, trim};

const FIRST_BUFFER: usize = 1 << 18;

/// Why the next row cannot be had.
#[derive(Debug)]
pub enum Trouble {
    /// The source failed.
    Io(std::io::Error),
    /// Text follows a closing quote in this field (from 0). The row is behind us: the next one can be read.
    AfterQuote(usize),
    /// The quote opened in this field (from 0) is never closed. Nothing more can be read.
    OpenQuote(usize),
}

/// The rows of a source, one at a time.
pub struct Records<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    at_end: bool,
    next_line: u64,
    delimiter: u8,
    line: u64,
    fields: Vec<(usize, usize)>,
    unquoted: Vec<u8>,
    in_buffer: bool,
}

impl<R: Read> Records<R> {
    /// Rows of `input`, split at a delimiter that `choose` names after a look at the first bytes.
    pub fn new(input: R, choose: impl FnOnce(&[u8]) -> u8) -> std::io::Result<Records<R>> {
        Records::with_buffer(input, FIRST_BUFFER, choose)
    }

    fn with_buffer(input: R, size: usize, choose: impl FnOnce(&[u8]) -> u8) -> std::io::Result<Records<R>> {
        let mut records = Records {
            input,
            buffer: vec![0; size],
            start: 0,
            end: 0,
            at_end: false,
            next_line: 1,
            delimiter: b',',
            line: 0,
            fields: Vec::new(),
            unquoted: Vec::new(),
            in_buffer: true,
        };
        records.fill()?;
        if records.first_bytes().starts_with(b"\xef\xbb\xbf") {
            records.start = 3;
        }
        records.delimiter = choose(records.first_bytes());
        Ok(records)
    }

    /// What the buffer holds and no row has used yet; the source's first bytes before the first row is read.
    pub fn first_bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Goes to the next row; false at the end. Lines of nothing but spaces are no rows.
    pub fn advance(&mut self) -> Result<bool, Trouble> {
        loop {
            let rest = &self.buffer[self.start..self.end];
            let (length, next) = match memchr(b'\n', rest) {
                Some(at) => (at, self.start + at + 1),
                None if !self.at_end => {
                    self.fill().map_err(Trouble::Io)?;
                    continue;
                }
                None if rest.is_empty() => return Ok(false),
                None => (rest.len(), self.end),
            };
            let line = rest[..length].strip_suffix(b"\r").unwrap_or(&rest[..length]);
            self.line = self.next_line;
            if line.iter().all(|&byte| byte == b' ') {
                self.start = next;
                self.next_line += 1;
                continue;
            }
            if memchr(b'"', line).is_none() {
                split_plain(line, self.start, self.delimiter, &mut self.fields);
                self.in_buffer = true;
                self.start = next;
                self.next_line += 1;
                return Ok(true);
            }
            let bytes = &self.buffer[..self.end];
            let (at_end, text, fields) = (self.at_end, &mut self.unquoted, &mut self.fields);
            match split_quoted(bytes, self.start, self.delimiter, at_end, text, fields) {
                Quoted::Row { next } => {
                    self.in_buffer = false;
                    self.pass_to(next);
                    return Ok(true);
                }
                Quoted::AfterQuote { field, next } => {
                    self.pass_to(next);
                    return Err(Trouble::AfterQuote(field));
                }
                Quoted::Unfinished { field, in_quotes: true } if self.at_end => {
                    self.start = self.end;
                    return Err(Trouble::OpenQuote(field));
                }
                Quoted::Unfinished { .. } => self.fill().map_err(Trouble::Io)?,
            }
        }
    }

    fn pass_to(&mut self, next: usize) {
        self.next_line += memchr_iter(b'\n', &self.buffer[self.start..next]).count() as u64;
        self.start = next;
    }

    /// The line on which the current row starts, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The number of fields of the current row.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Field `index` of the current row, without quotes and blanks around it.
    #[inline]
    pub fn field(&self, index: usize) -> &[u8] {
        let (from, to) = self.fields[index];
        if self.in_buffer { &self.buffer[from..to] } else { &self.unquoted[from..to] }
    }

    /// The bytes that hold the whole current row, to be checked for UTF-8 in one go: something of ASCII lies between
    /// any two fields, so the whole is valid just if every field is.
    #[inline]
    pub fn row_bytes(&self) -> &[u8] {
        if !self.in_buffer {
            return &self.unquoted;
        }
        match (self.fields.first(), self.fields.last()) {
            (Some(&(from, _)), Some(&(_, to))) => &self.buffer[from..to],
            _ => &[],
        }
    }

    /// Reads until the buffer is full or the source ends; makes room first.
    fn fill(&mut self) -> std::io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            self.buffer.resize(2 * self.end, 0);
        }
        while self.end < self.buffer.len() {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.at_end = true;
                    break;
                }
                Ok(count) => self.end += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Splits a line without quotes that lies at `offset` of the buffer.
fn split_plain(line: &[u8], offset: usize, delimiter: u8, fields: &mut Vec<(usize, usize)>) {
    fields.clear();
    let mut from = 0;
    for at in memchr_iter(delimiter, line).chain([line.len()]) {
        let (cut, to) = trim(&line[from..at], delimiter);
        fields.push((offset + from + cut, offset + from + to));
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source that gives a few bytes at a time, so that rows cross the edges of the buffer.
    struct Dribble<'a>(&'a [u8], usize);
    impl Read for Dribble<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let count = self.1.min(self.0.len()).min(out.len());
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn rows(text: &str) -> Vec<(u64, Vec<String>)> {
        // Small buffers show what the usual 256 KiB would hide.
        let with_buffer = |size| collect(Records::with_buffer(Dribble(text.as_bytes(), 3), size, |_| b',').unwrap());
        let mut found: Vec<_> = [1, 2, 3, 7, FIRST_BUFFER].into_iter().map(with_buffer).collect();
        assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "the buffer's size shows: {found:?}");
        found.swap_remove(0)
    }

    fn collect(mut records: Records<impl Read>) -> Vec<(u64, Vec<String>)> {
        let mut found = Vec::new();
        loop {
            match records.advance() {
                Ok(false) => return found,
                Ok(true) => {
                    let fields = (0..records.len()).map(|i| String::from_utf8(records.field(i).to_vec()).unwrap());
                    found.push((records.line(), fields.collect()));
                }
                Err(trouble) => found.push((records.line(), vec![format!("{trouble:?}")])),
            }
        }
    }

    fn row(line: u64, fields: &[&str]) -> (u64, Vec<String>) {
        (line, fields.iter().map(|field| (*field).to_owned()).collect())
    }

    #[test]
    fn splits_plain_rows_and_trims_blanks() {
        assert_eq!(
            rows("a,b\n1, 2 \n\n  \r\n,\t\r\nx"),
            [row(1, &["a", "b"]), row(2, &["1", "2"]), row(5, &["", ""]), row(6, &["x"])]
        );
        assert_eq!(rows(""), []);
        assert_eq!(rows("\n\n"), []);
    }

    #[test]
    fn splits_quoted_fields() {
        let text = "a, \"b, \"\"c\"\"\" ,d\r\n\"two\nlines\",\" kept \"\r\n5\" pipe,x\n\"\"";
        let expected = [
            row(1, &["a", "b, \"c\"", "d"]),
            row(2, &["two\nlines", " kept "]),
            row(4, &["5\" pipe", "x"]),
            row(5, &[""]),
        ];
        assert_eq!(rows(text), expected);
        assert_eq!(rows("\"a\"\r"), [row(1, &["a"])]);
    }

    #[test]
    fn malformed_quotes_are_told_apart() {
        let text = "1,\"a\"b,2\n3,4\n5,\"6\n7,8\n";
        assert_eq!(rows(text), [row(1, &["AfterQuote(1)"]), row(2, &["3", "4"]), row(3, &["OpenQuote(1)"])]);
    }
}
