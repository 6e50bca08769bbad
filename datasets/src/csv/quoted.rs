//! Splits a row that holds a quote, byte by byte, and takes the quotes away.

use memchr::memchr;

/// What became of a row with quotes.
pub enum Quoted {
    /// It is split; the next starts at `next`.
    Row { next: usize },
    /// Text follows a closing quote in `field`; the next row starts at `next`.
    AfterQuote { field: usize, next: usize },
    /// The bytes end in the middle of `field`, and perhaps in its quotes.
    Unfinished { field: usize, in_quotes: bool },
}

/// Splits the row at `start` of `bytes`, which holds a quote: the text of its fields goes to `text`, and where each
/// lies in it to `fields`. `at_end` says that nothing follows `bytes`.
pub fn split_quoted(
    bytes: &[u8],
    start: usize,
    delimiter: u8,
    at_end: bool,
    text: &mut Vec<u8>,
    fields: &mut Vec<(usize, usize)>,
) -> Quoted {
    let blank = |byte: u8| byte == b' ' || (byte == b'\t' && delimiter != b'\t');
    text.clear();
    fields.clear();
    let mut at = start;
    loop {
        let field = fields.len();
        let from = text.len();
        while at < bytes.len() && blank(bytes[at]) {
            at += 1;
        }
        if at < bytes.len() && bytes[at] == b'"' {
            at += 1;
            loop {
                let Some(length) = memchr(b'"', &bytes[at..]) else {
                    return Quoted::Unfinished { field, in_quotes: true };
                };
                text.extend_from_slice(&bytes[at..at + length]);
                at += length + 1;
                match bytes.get(at) {
                    Some(b'"') => {
                        text.push(b'"');
                        at += 1;
                    }
                    None if !at_end => return Quoted::Unfinished { field, in_quotes: false },
                    _ => break,
                }
            }
            while at < bytes.len() && blank(bytes[at]) {
                at += 1;
            }
            fields.push((from, text.len()));
            text.push(b'\n'); // keeps the halves of a broken character apart
        } else {
            let stop = |&byte: &u8| byte == b'\n' || byte == delimiter;
            let length = bytes[at..].iter().position(stop).unwrap_or(bytes.len() - at);
            let raw = &bytes[at..at + length];
            at += length;
            // A carriage return belongs to the line end only where a line feed or the source's end follows.
            let ends = at == bytes.len() || bytes[at] == b'\n';
            let raw = if ends { raw.strip_suffix(b"\r").unwrap_or(raw) } else { raw };
            let (cut, to) = trim(raw, delimiter);
            text.extend_from_slice(&raw[cut..to]);
            fields.push((from, text.len()));
            text.push(b'\n');
        }
        let line_ends = match bytes.get(at + 1) {
            None => at_end,
            Some(&next) => next == b'\n',
        };
        if bytes.get(at) == Some(&b'\r') && line_ends {
            at += 1;
        }
        match bytes.get(at) {
            None if at_end => return Quoted::Row { next: at },
            None => return Quoted::Unfinished { field, in_quotes: false },
            Some(b'\n') => return Quoted::Row { next: at + 1 },
            Some(&byte) if byte == delimiter => at += 1,
            Some(b'\r') if at + 1 == bytes.len() => return Quoted::Unfinished { field, in_quotes: false },
            Some(_) => {
                return match memchr(b'\n', &bytes[at..]) {
                    Some(length) => Quoted::AfterQuote { field, next: at + length + 1 },
                    None if at_end => Quoted::AfterQuote { field, next: bytes.len() },
                    None => Quoted::Unfinished { field, in_quotes: false },
                };
            }
        }
    }
}

/// Where a field starts and ends without the blanks around it. Tabs are blanks unless they delimit.
#[inline]
pub fn trim(field: &[u8], delimiter: u8) -> (usize, usize) {
    let blank = |byte: u8| byte == b' ' || (byte == b'\t' && delimiter != b'\t');
    let (mut from, mut to) = (0, field.len());
    while from < to && blank(field[from]) {
        from += 1;
    }
    while to > from && blank(field[to - 1]) {
        to -= 1;
    }
    (from, to)
}
