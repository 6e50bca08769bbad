//! Plain tables for a person to read: columns padded to one width, numbers to the right.

/// Rows of cells under a head.
pub struct Layout {
    rows: Vec<Vec<String>>,
    right: Vec<bool>,
}

impl Layout {
    /// A table with these heads; those that start with `>` have their column to the right.
    pub fn new(heads: &[&str]) -> Self {
        let right = heads.iter().map(|head| head.starts_with('>')).collect();
        Layout { rows: vec![heads.iter().map(|head| head.trim_start_matches('>').to_owned()).collect()], right }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// The lines, each indented by two blanks.
    pub fn lines(&self) -> Vec<String> {
        let width = |j: usize| self.rows.iter().filter_map(|row| row.get(j)).map(|c| c.chars().count()).max();
        let widths: Vec<usize> = (0..self.right.len()).map(|j| width(j).unwrap_or(0)).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).zip(&self.right).map(|((cell, &width), &right)| {
                let pad = " ".repeat(width - cell.chars().count());
                if right { format!("{pad}{cell}") } else { format!("{cell}{pad}") }
            });
            format!("  {}", cells.collect::<Vec<_>>().join("  ")).trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

/// Text of at most `width` characters, without control characters: a cell holds what a file holds.
pub fn cell(text: &str, width: usize) -> String {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = clean.clone().take(width).collect();
    if clean.count() > width {
        short.pop();
        short.push('…');
    }
    short
}

/// A whole number with commas between thousands.
pub fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_under_their_heads() {
        let mut table = Layout::new(&["name", ">rows"]);
        table.row(["x".into(), "10".into()]);
        table.row(["größe".into(), "1".into()]);
        assert_eq!(table.lines(), ["  name   rows", "  x        10", "  größe     1"]);
    }

    #[test]
    fn cells_are_short_and_counts_readable() {
        assert_eq!(cell("a\tb\u{1b}[2Jc", 5), "a b …");
        assert_eq!(cell("abc", 3), "abc");
        assert_eq!(["0", "999", "1,000", "336,776"].map(str::to_owned), [0, 999, 1000, 336_776].map(count));
    }
}
