//! Tables of records: the CSV files that the consoles of SES, of AWS Certificate Manager and of
//! DNS providers offer for download.

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};

use super::Expectation;
use super::entry::{ValueError, Word, owner_name, parse_value, record_type};
use super::error::{ExpectError, ExpectErrorKind as Kind};
use crate::wire::{NameBuf, RecordType};

const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// A table whose columns are known.
pub(super) struct Table<'t> {
    text: &'t [u8],
    /// The rows behind the first.
    rows: Vec<Vec<Field>>,
    columns: Columns,
}

/// Where the fields of a record stand in a row.
struct Columns {
    name: usize,
    rtype: usize,
    value: usize,
    priority: Option<usize>,
}

struct Field {
    octets: Vec<u8>,
    /// Where its content begins in the text.
    offset: usize,
}

impl Columns {
    /// Finds the columns by their heads; case, blanks and a leading "Record" do not matter.
    fn of(head: &[Field]) -> Option<Self> {
        let find = |names: &[&str]| {
            head.iter().position(|field| {
                let mut octets = field.octets.to_ascii_lowercase();
                octets.retain(u8::is_ascii_alphabetic);
                let word = octets.strip_prefix(b"record").unwrap_or(&octets);
                names.iter().any(|name| name.as_bytes() == word)
            })
        };
        Some(Self {
            name: find(&["name", "host", "hostname"])?,
            rtype: find(&["type"])?,
            value: find(&["value", "content", "data", "target", "pointsto"])?,
            priority: find(&["priority", "preference"]),
        })
    }
}

impl<'t> Table<'t> {
    /// Takes a text as a table; `None` if its first row does not name the columns.
    pub(super) fn open(text: &'t [u8]) -> Option<Self> {
        SEPARATORS.into_iter().find_map(|separator| {
            // The first row is enough to tell a table, and a zone file can be large.
            let mut rows = Rows::new(text, separator);
            let columns = Columns::of(&rows.next()?)?;
            Some(Self { text, rows: rows.collect(), columns })
        })
    }

    /// The expectations of all rows, in order.
    pub(super) fn expectations(&self, domain: &NameBuf) -> Vec<Result<Expectation, ExpectError>> {
        self.rows
            .iter()
            .filter(|row| row.iter().any(|field| !field.octets.trim_ascii().is_empty()))
            .map(|row| self.expectation(row, domain))
            .collect()
    }

    fn expectation(&self, row: &[Field], domain: &NameBuf) -> Result<Expectation, ExpectError> {
        let name = self.field(row, self.columns.name, "name")?;
        let rtype = self.field(row, self.columns.rtype, "type")?;
        let value = self.field(row, self.columns.value, "value")?;
        let owner = owner_name(self.text, name, domain)?;
        let rtype = record_type(self.text, rtype)?;
        let mut octets = value.octets.to_vec();
        let mut shift = 0;
        if let Some(priority) = self.columns.priority.and_then(|column| row.get(column))
            && rtype == RecordType::MX
            && !priority.octets.trim_ascii().is_empty()
        {
            let mut both = priority.octets.trim_ascii().to_vec();
            both.push(b' ');
            shift = both.len();
            both.append(&mut octets);
            octets = both;
        }
        let rdata = parse_value(rtype, &octets).map_err(|error| match error {
            ValueError::TooLong(len) => {
                ExpectError::at(self.text, value.offset, Kind::TooLong(len))
            }
            ValueError::Text(mut error) => {
                // The place counts from the value, not from the priority put in front of it.
                error.column = error.column.saturating_sub(shift).max(1);
                ExpectError::in_value(self.text, value.offset, error)
            }
        })?;
        Ok(Expectation::new(owner, rtype, Some(rdata)))
    }

    fn field<'r>(
        &self,
        row: &'r [Field],
        column: usize,
        what: &'static str,
    ) -> Result<Word<'r>, ExpectError> {
        let missing = |offset| ExpectError::at(self.text, offset, Kind::MissingField(what));
        let field =
            row.get(column).ok_or_else(|| missing(row.first().map_or(0, |field| field.offset)))?;
        let start = field.octets.len() - field.octets.trim_ascii_start().len();
        let octets = field.octets.trim_ascii();
        if octets.is_empty() {
            return Err(missing(field.offset));
        }
        Ok(Word { octets, offset: field.offset + start })
    }
}

/// Whether a text looks like rows of records without a head: two separators and a type in the
/// first line.
pub(super) fn looks_like_rows(text: &[u8]) -> bool {
    SEPARATORS.into_iter().any(|separator| {
        Rows::new(text, separator).next().is_some_and(|row| {
            let is_type = |field: &Field| {
                std::str::from_utf8(field.octets.trim_ascii())
                    .is_ok_and(|word| word.parse::<RecordType>().is_ok())
            };
            row.len() > 2 && row.iter().any(is_type)
        })
    })
}

/// Iterator over the rows of a text.
struct Rows<'t> {
    text: &'t [u8],
    reader: Reader,
    at: usize,
}

impl<'t> Rows<'t> {
    fn new(text: &'t [u8], separator: u8) -> Self {
        let reader = ReaderBuilder::new().delimiter(separator).build();
        // A byte order mark is no part of the text, but of the first column it is.
        let at = if text.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        Self { text, reader, at }
    }
}

impl Iterator for Rows<'_> {
    type Item = Vec<Field>;

    fn next(&mut self) -> Option<Vec<Field>> {
        let mut row = Vec::new();
        loop {
            // Line ends before a row belong to none.
            if row.is_empty() {
                while matches!(self.text.get(self.at), Some(b'\r' | b'\n')) {
                    self.at += 1;
                }
            }
            let quoted = self.text.get(self.at) == Some(&b'"');
            let mut field = Field { octets: Vec::new(), offset: self.at + usize::from(quoted) };
            let mut buffer = [0; 256];
            loop {
                let (result, read, written) =
                    self.reader.read_field(&self.text[self.at..], &mut buffer);
                self.at += read;
                field.octets.extend_from_slice(&buffer[..written]);
                match result {
                    // At the end of the text this asks again, and then ends the field.
                    ReadFieldResult::InputEmpty | ReadFieldResult::OutputFull => {}
                    ReadFieldResult::Field { record_end } => {
                        row.push(field);
                        if record_end {
                            return Some(row);
                        }
                        break;
                    }
                    ReadFieldResult::End => {
                        return if row.is_empty() { None } else { Some(row) };
                    }
                }
            }
        }
    }
}
