//! Finds the delimiter of a file from its first lines.

/// The likeliest of comma, semicolon and tab: the one that cuts most of the first lines into as many fields as it cuts
/// the header, and among equals the one that cuts the header into most.
pub fn likely_delimiter(first_bytes: &[u8]) -> u8 {
    let score = |delimiter: u8| {
        let mut counts = Vec::new();
        let (mut count, mut quoted) = (0usize, false);
        for &byte in &first_bytes[..first_bytes.len().min(1 << 15)] {
            match byte {
                b'"' => quoted = !quoted,
                b'\n' if !quoted => {
                    counts.push(std::mem::take(&mut count));
                    if counts.len() == 50 {
                        break;
                    }
                }
                _ if byte == delimiter && !quoted => count += 1,
                _ => {}
            }
        }
        if counts.is_empty() {
            counts.push(count);
        }
        let header = counts[0];
        let alike = counts.iter().filter(|&&count| count == header).count();
        if header == 0 { (0, 0) } else { (alike, header) }
    };
    // `max_by_key` keeps the last of equals: the comma, where nothing speaks for another.
    [b'\t', b';', b','].into_iter().max_by_key(|&delimiter| score(delimiter)).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_delimiter() {
        for (text, expected) in [
            ("a,b\n1,2\n", b','),
            ("a;b\n1,5;2,5\n", b';'),
            ("a\tb, c\td\n1\t2\t3", b'\t'),
            ("\"a,b\";c\n1;2\n", b';'),
            ("one\n1\n", b','),
            ("name;note\nx;one, two, three\ny;four\n", b';'),
            ("", b','),
        ] {
            assert_eq!(likely_delimiter(text.as_bytes()) as char, expected as char, "{text:?}");
        }
    }
}
