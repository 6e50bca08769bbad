//! Where the bytes come from: a file that can be opened again, or a stream that is kept; plain, gzip or zip, told by
//! the content and not by the name.
//!
//! A column's type is known only at the end of the file, and now and then a column must be read again (a number column
//! with a word in its last row). So that a file need not be held in memory for that, it is opened again.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::{Error, Result};

/// A source that can be read more than once.
pub struct Source<'a> {
    name: String,
    kept: Kept<'a>,
}

enum Kept<'a> {
    Path(&'a Path),
    Bytes(Vec<u8>),
}

impl<'a> Source<'a> {
    /// A file. What is not a regular file (a pipe) is read once and kept.
    pub fn file(path: &'a Path) -> Result<Source<'a>> {
        let name = path.display().to_string();
        let open_error = |source| Error::Open { file: path.display().to_string(), source };
        let file = File::open(path).map_err(open_error)?;
        let metadata = file.metadata().map_err(open_error)?;
        if metadata.is_dir() {
            return Err(open_error(std::io::ErrorKind::IsADirectory.into()));
        }
        if metadata.is_file() { Ok(Source { name, kept: Kept::Path(path) }) } else { Source::stream(file, &name) }
    }

    /// A stream, whose bytes (compressed as they come) are kept.
    pub fn stream(mut reader: impl Read, name: &str) -> Result<Source<'a>> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(|source| Error::Read { file: name.to_owned(), source })?;
        Ok(Source { name: name.to_owned(), kept: Kept::Bytes(bytes) })
    }

    /// The name for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// An error of reading this source.
    pub fn read_error(&self, source: std::io::Error) -> Error {
        Error::Read { file: self.name.clone(), source }
    }

    /// Hands the plain bytes to `reading`, from the start.
    pub fn read<T>(&self, reading: impl FnOnce(&mut dyn Read) -> Result<T>) -> Result<T> {
        match &self.kept {
            Kept::Path(path) => {
                let file = File::open(path).map_err(|source| Error::Open { file: self.name.clone(), source })?;
                self.decompress(file, reading)
            }
            Kept::Bytes(bytes) => self.decompress(Cursor::new(bytes.as_slice()), reading),
        }
    }

    fn decompress<T>(
        &self,
        mut input: impl Read + Seek,
        reading: impl FnOnce(&mut dyn Read) -> Result<T>,
    ) -> Result<T> {
        let mut magic = Vec::new();
        let looked = input.by_ref().take(6).read_to_end(&mut magic).and_then(|_| input.seek(SeekFrom::Start(0)));
        looked.map_err(|source| self.read_error(source))?;
        if magic.starts_with(&[0x1f, 0x8b]) {
            return reading(&mut MultiGzDecoder::new(BufReader::with_capacity(1 << 16, input)));
        }
        if magic.starts_with(b"PK\x03\x04") || magic.starts_with(b"PK\x05\x06") {
            return self.unzip(BufReader::with_capacity(1 << 16, input), reading);
        }
        match unread(&magic) {
            Some(found) => Err(self.content(found)),
            None => reading(&mut input),
        }
    }

    fn unzip<T>(&self, input: impl Read + Seek, reading: impl FnOnce(&mut dyn Read) -> Result<T>) -> Result<T> {
        let damaged = |error: zip::result::ZipError| self.read_error(std::io::Error::other(error));
        let mut archive = zip::ZipArchive::new(input).map_err(damaged)?;
        // Folders, and the copies of resource forks that macOS adds, are not data.
        let is_data = |name: &str| !name.ends_with('/') && !name.starts_with("__MACOSX/");
        let mut names = Vec::new();
        for name in archive.file_names() {
            names.push(name.map_err(damaged)?.into_owned());
        }
        names.retain(|name| is_data(name));
        match names.as_slice() {
            [only] => reading(&mut archive.by_name(only).map_err(damaged)?),
            _ => Err(self.content(&format!("a zip archive of {} files, where one is expected", names.len()))),
        }
    }

    fn content(&self, found: &str) -> Error {
        Error::Content { file: self.name.clone(), found: found.to_owned() }
    }
}

/// What is known not to be read, by its first bytes.
fn unread(magic: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 7] = [
        (b"PAR1", "a Parquet file"),
        (b"ARROW1", "an Arrow file"),
        (b"BZh", "compressed with bzip2"),
        (b"\xfd7zXZ\0", "compressed with xz"),
        (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
        (b"\xff\xfe", "in UTF-16"),
        (b"\xfe\xff", "in UTF-16"),
    ];
    known.iter().find(|(first, _)| magic.starts_with(first)).map(|&(_, what)| what)
}
