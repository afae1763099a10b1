//! Tables of records: the CSV files that the consoles of SES, of AWS Certificate Manager and of
//! DNS providers offer for download.

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};

use super::entry::{Word, parse_value, record_type};
use super::error::{ExpectError, ExpectErrorKind as Kind};
use super::expectation::Expectation;
use super::owner::Owners;
use crate::wire::{NameBuf, RecordType, excerpt};

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

/// What tables call their columns, in letters of lower case without a leading "record"; what stands
/// first is meant if several are there.
const NAMES: &[&str] = &[
    "name",
    "host",
    "hostname",
    "hostnameoralias",
    "hostoralias",
    "dnsname",
    "cnamename",
    "txtname",
    "fqdn",
    "owner",
    "subdomain",
    "label",
    "alias",
    "source",
    "key",
    "domainname",
    "domain",
];
const TYPES: &[&str] = &["type", "rrtype", "dnstype", "dnsrecordtype", "rtype"];
const VALUES: &[&str] = &[
    "value",
    "content",
    "contents",
    "data",
    "rdata",
    "target",
    "targetname",
    "pointsto",
    "pointstoaddress",
    "pointstoaddressorvalue",
    "answer",
    "destination",
    "address",
    "txtvalue",
    "cnamevalue",
    "values",
    "text",
];
const PRIORITIES: &[&str] = &["priority", "preference", "prio", "pref", "mxpriority", "mxpref"];

impl Columns {
    /// Finds the columns by their heads; case, blanks and a leading "Record" do not matter. `None` if
    /// the row is none of heads, and an error if it is one with a column too few.
    fn of(head: &[Field]) -> Option<Result<Self, Kind>> {
        let words = head.iter().map(|field| {
            let mut octets = field.octets.to_ascii_lowercase();
            octets.retain(u8::is_ascii_alphabetic);
            octets.strip_prefix(b"record").map_or(octets.clone(), <[u8]>::to_vec)
        });
        let words: Vec<Vec<u8>> = words.collect();
        let find = |names: &[&str]| {
            names.iter().find_map(|name| words.iter().position(|word| word == name.as_bytes()))
        };
        let (name, rtype, value) = (find(NAMES), find(TYPES), find(VALUES));
        if let (Some(name), Some(rtype), Some(value)) = (name, rtype, value) {
            return Some(Ok(Self { name, rtype, value, priority: find(PRIORITIES) }));
        }
        let missing = match (name, rtype, value) {
            (Some(_), Some(_), _) => "value (Value, Content, Data, Target)",
            (Some(_), _, Some(_)) => "type (Type)",
            (_, Some(_), Some(_)) => "name (Name, Host)",
            _ => return None,
        };
        Some(Err(missing_column(head, missing)))
    }
}

/// The error of a first row that lacks a column.
fn missing_column(head: &[Field], missing: &'static str) -> Kind {
    let found = head.iter().map(|field| format!("'{}'", excerpt(field.octets.trim_ascii())));
    Kind::Column { missing, found: found.collect::<Vec<_>>().join(", ") }
}

impl<'t> Table<'t> {
    /// Takes a text as a table; `None` if its first row does not name the columns.
    pub(super) fn open(text: &'t [u8]) -> Option<Result<Self, ExpectError>> {
        let of_separator = |separator| {
            // The first row is enough to tell a table, and a zone file can be large.
            let mut rows = Rows::new(text, separator);
            let head = rows.next()?;
            let columns = Columns::of(&head)?;
            let place = head.first().map_or(0, |field| field.offset);
            Some(match columns {
                Ok(columns) => Ok(Self { text, rows: rows.collect(), columns }),
                Err(kind) => Err(ExpectError::at(text, place, kind)),
            })
        };
        let mut found: Vec<_> = separators(text).filter_map(of_separator).collect();
        let good = found.iter().position(Result::is_ok).unwrap_or(0);
        (good < found.len()).then(|| found.swap_remove(good))
    }

    /// The expectations of all rows, in order.
    pub(super) fn expectations(&self, domain: &NameBuf) -> Vec<Result<Expectation, ExpectError>> {
        let rows = self.rows.iter();
        let rows: Vec<_> = rows
            .filter(|row| row.iter().any(|field| !field.octets.trim_ascii().is_empty()))
            .collect();
        let names =
            rows.iter().filter_map(|row| Some(row.get(self.columns.name)?.octets.as_slice()));
        let owners = Owners::of_file(domain, names);
        rows.into_iter().map(|row| self.expectation(row, &owners)).collect()
    }

    fn expectation(&self, row: &[Field], owners: &Owners) -> Result<Expectation, ExpectError> {
        let rtype = self.field(row, self.columns.rtype, "type")?;
        let value = self.field(row, self.columns.value, "value")?;
        // A field with nothing in it is the zone itself.
        let name = match row.get(self.columns.name) {
            Some(field) if field.octets.trim_ascii().is_empty() => {
                Word { octets: b"@", offset: field.offset }
            }
            _ => self.field(row, self.columns.name, "name")?,
        };
        let owner = owners.read(name.octets);
        let owner = owner.map_err(|kind| ExpectError::at(self.text, name.offset, kind))?;
        let rtype = record_type(self.text, rtype)?;
        let mut octets = Vec::new();
        if rtype == RecordType::MX
            && let Some(column) = self.columns.priority
            && let Some(priority) = row.get(column)
            && let priority = priority.octets.trim_ascii()
            && !priority.is_empty()
        {
            let first = value.octets.split(u8::is_ascii_whitespace).next().unwrap_or_default();
            let is_number =
                first.iter().all(u8::is_ascii_digit) && first.len() < value.octets.len();
            if is_number && first != priority {
                let (column, value_says) = (excerpt(priority), excerpt(first));
                let kind = Kind::Priority { column, value: value_says };
                return Err(ExpectError::at(self.text, value.offset, kind));
            }
            if !is_number {
                octets.extend_from_slice(priority);
                octets.push(b' ');
            }
        }
        // A place counts from the value, not from the priority put in front of it.
        let shift = octets.len();
        octets.extend_from_slice(value.octets);
        let rdata = parse_value(rtype, &octets)
            .map_err(|error| error.at(self.text, value.offset, shift))?;
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

/// The separators that a table may have: all that are known, or the one that its first line names, as
/// Excel writes it.
fn separators(text: &[u8]) -> impl Iterator<Item = u8> + use<> {
    let named = match &text[start_of(text)..] {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', separator, ..] => Some(*separator),
        _ => None,
    };
    SEPARATORS.into_iter().filter(move |&it| named.is_none_or(|named| named == it))
}

/// Where a text begins behind its byte order mark, which would be a part of the first column.
fn start_of(text: &[u8]) -> usize {
    if text.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 }
}

/// What is wrong with a text that looks like rows and has no known heads: two separators in the first
/// line.
pub(super) fn not_a_table(text: &[u8]) -> Option<Kind> {
    let is_type = |field: &Field| {
        std::str::from_utf8(field.octets.trim_ascii())
            .is_ok_and(|word| word.parse::<RecordType>().is_ok())
    };
    let mut heads = separators(text).filter_map(|separator| Rows::new(text, separator).next());
    let head = heads.find(|row| row.len() > 2)?;
    Some(if head.iter().any(is_type) {
        Kind::NoHeader
    } else {
        missing_column(&head, "name, the type or the value")
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
        let mut at = start_of(text);
        if text[at..].get(..4).is_some_and(|it| it.eq_ignore_ascii_case(b"sep=")) {
            at += text[at..].iter().position(|it| *it == b'\n').unwrap_or(text.len() - at);
        }
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
