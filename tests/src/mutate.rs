//! Damages a model file: bits, lengths, numbers, parts; as bytes, and inside its structure.

use rmpv::Value;

/// Repeatable random numbers (SplitMix64).
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// One of `0..n`, or 0 where n is 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.draw() % n.max(1) as u64) as usize
    }
}

/// Numbers that break things, as they lie in an array of eight-byte numbers.
const NUMBERS: [u64; 14] = [
    0,
    1,
    u64::MAX,
    i64::MAX as u64,
    1 << 63,
    u32::MAX as u64,
    1 << 32,
    0x7FF0_0000_0000_0000,
    0xFFF0_0000_0000_0000,
    0x7FF8_0000_0000_0000,
    0x7FEF_FFFF_FFFF_FFFF,
    0x0000_0000_0000_0001,
    0x8000_0000_0000_0000,
    0x4340_0000_0000_0001,
];

/// Starts of MessagePack objects that promise more than follows.
const PROMISES: [&[u8]; 9] = [
    &[0xDD, 0xFF, 0xFF, 0xFF, 0xFF],
    &[0xDD, 0x7F, 0xFF, 0xFF, 0xFF],
    &[0xDF, 0xFF, 0xFF, 0xFF, 0xFF],
    &[0xC6, 0xFF, 0xFF, 0xFF, 0xFF],
    &[0xDB, 0xFF, 0xFF, 0xFF, 0xFF],
    &[0xC9, 0xFF, 0xFF, 0xFF, 0xFF],
    &[0xDC, 0xFF, 0xFF],
    &[0xDE, 0xFF, 0xFF],
    &[0xC5, 0xFF, 0xFF],
];

/// Damages the body as bytes; `other` is another file's body to take parts from.
pub fn bytes(body: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    for _ in 0..1 + random.below(3) {
        if body.is_empty() {
            return;
        }
        let at = random.below(body.len());
        match random.below(8) {
            0 | 1 => body[at] ^= 1 << random.below(8),
            2 => body[at] = random.draw() as u8,
            3 => body.truncate(at),
            4 => {
                let promise = PROMISES[random.below(PROMISES.len())];
                let end = body.len().min(at + promise.len());
                body[at..end].copy_from_slice(&promise[..end - at]);
            }
            5 => {
                let number = NUMBERS[random.below(NUMBERS.len())];
                let number = if random.below(2) == 0 { number.to_le_bytes() } else { number.to_be_bytes() };
                let end = body.len().min(at + 8);
                body[at..end].copy_from_slice(&number[..end - at]);
            }
            6 => {
                let from = random.below(body.len());
                let len = random.below(1 + (body.len() - at.max(from)).min(16));
                for i in 0..len {
                    body.swap(at + i, from + i);
                }
            }
            _ => {
                let from = random.below(other.len());
                let part = other[from..other.len().min(from + random.below(64))].to_vec();
                let end = body.len().min(at + random.below(64));
                body.splice(at..end, part);
            }
        }
    }
}

/// The number of values in a tree.
fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Map(entries) => 1 + entries.iter().map(|(_, v)| size(v)).sum::<usize>(),
        _ => 1,
    }
}

/// Damages the file inside its structure, so that it still is what a file looks like.
pub fn structure(root: &mut Value, random: &mut Random) {
    for _ in 0..1 + random.below(3) {
        let chosen = random.below(size(root));
        change(root, chosen, random);
    }
}

fn change(value: &mut Value, at: usize, random: &mut Random) {
    if at == 0 {
        return replace(value, random);
    }
    let mut left = at - 1;
    let children: Box<dyn Iterator<Item = &mut Value>> = match value {
        Value::Array(items) => Box::new(items.iter_mut()),
        Value::Map(entries) => Box::new(entries.iter_mut().map(|(_, v)| v)),
        _ => return,
    };
    for child in children {
        let n = size(child);
        if left < n {
            return change(child, left, random);
        }
        left -= n;
    }
}

fn replace(value: &mut Value, random: &mut Random) {
    match value {
        Value::Binary(bytes) if random.below(8) > 0 => {
            let width = [4, 8, 1][random.below(3)];
            let numbers = bytes.len() / width;
            if numbers == 0 {
                return bytes.extend_from_slice(&random.draw().to_le_bytes());
            }
            let at = random.below(numbers) * width;
            match random.below(4) {
                0 => bytes[at..at + width].copy_from_slice(&random.draw().to_le_bytes()[..width]),
                1 => {
                    let from = random.below(numbers) * width;
                    for i in 0..width {
                        bytes.swap(at + i, from + i);
                    }
                }
                2 => {
                    let number = NUMBERS[random.below(NUMBERS.len())];
                    bytes[at..at + width].copy_from_slice(&number.to_le_bytes()[..width]);
                }
                _ => {
                    let small = (random.below(9) as i64 - 2).to_le_bytes();
                    bytes[at..at + width].copy_from_slice(&small[..width]);
                }
            }
        }
        Value::Array(items) if random.below(3) > 0 && !items.is_empty() => {
            let (a, b) = (random.below(items.len()), random.below(items.len()));
            match random.below(4) {
                0 => items.swap(a, b),
                1 => drop(items.remove(a)),
                2 => items.insert(a, items[b].clone()),
                _ => items.clear(),
            }
        }
        Value::Map(entries) if random.below(3) > 0 && !entries.is_empty() => {
            let (a, b) = (random.below(entries.len()), random.below(entries.len()));
            match random.below(4) {
                0 => {
                    let other = entries[b].1.clone();
                    entries[a].1 = other;
                }
                1 => drop(entries.remove(a)),
                2 => {
                    let other = entries[b].0.clone();
                    entries[a].0 = other;
                }
                _ => entries.push((Value::from("unknown"), Value::Nil)),
            }
        }
        other => *other = arbitrary(random),
    }
}

fn arbitrary(random: &mut Random) -> Value {
    match random.below(9) {
        0 => Value::Nil,
        1 => Value::from(random.below(2) == 0),
        2 => Value::from(NUMBERS[random.below(NUMBERS.len())]),
        3 => Value::from(NUMBERS[random.below(NUMBERS.len())] as i64),
        4 => Value::from(f64::from_bits(NUMBERS[random.below(NUMBERS.len())])),
        5 => Value::from(random.below(6)),
        6 => Value::from(["", "float32", "int", "\u{0}", "ü"][random.below(5)]),
        7 => Value::Array(vec![Value::from(1); random.below(4)]),
        _ => Value::Binary(vec![0xFF; random.below(20)]),
    }
}
