//! A file of expectations: a zone file, or a table as consoles offer for download.

use std::collections::HashSet;

use super::error::{ExpectError, ExpectErrorKind as Kind};
use super::{Expectation, csv};
use crate::wire::{Class, NameBuf, RecordType, ZoneOptions, ZoneReader};

/// Reads a zone file or a table (CSV, or separated by semicolons or tabs).
///
/// A table is known by its first row, which names its columns: `Type,Name,Value` as the console
/// of SES writes it, `Domain Name,Record Name,Record Type,Record Value` as that of AWS Certificate
/// Manager does, and what others call them. Its names and values are read as those of
/// [`parse_expectation`](super::parse_expectation).
///
/// In a zone file `domain` is the origin to start from, and names without a final dot are
/// completed as always there. SOA records and those that a signer makes (RRSIG, NSEC, NSEC3,
/// NSEC3PARAM) are passed over: they differ from server to server and from day to day by right.
///
/// # Errors
/// Everything that is wrong, each with its line and column (of records of other classes than IN
/// the first one only); or [`Kind::Nothing`].
pub fn parse_records(text: &[u8], domain: &NameBuf) -> Result<Vec<Expectation>, Vec<ExpectError>> {
    let found = match csv::Table::open(text) {
        Some(table) => table.expectations(domain),
        None => zone(text, domain),
    };
    let mut expectations = Vec::new();
    let mut seen = HashSet::new();
    let mut errors = Vec::new();
    for result in found {
        match result {
            // A line that stands twice is expected once.
            Ok(expectation) if seen.insert(expectation.clone()) => expectations.push(expectation),
            Ok(_) => {}
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() && expectations.is_empty() {
        errors.push(ExpectError { line: 1, column: 1, kind: Kind::Nothing });
    }
    if errors.is_empty() { Ok(expectations) } else { Err(errors) }
}

fn zone(text: &[u8], domain: &NameBuf) -> Vec<Result<Expectation, ExpectError>> {
    const PASSED_OVER: [RecordType; 5] = [
        RecordType::SOA,
        RecordType::RRSIG,
        RecordType::NSEC,
        RecordType::NSEC3,
        RecordType::NSEC3PARAM,
    ];
    let options = ZoneOptions { origin: *domain, ttl: Some(0), ..ZoneOptions::default() };
    let mut results = Vec::new();
    let mut class_told = false;
    for (index, entry) in ZoneReader::new(text, &options).enumerate() {
        results.push(match entry {
            // To find the place means to read the text again, so it is told once.
            Ok(record) if record.class != Class::IN && class_told => continue,
            Ok(record) if record.class != Class::IN => {
                class_told = true;
                let line = line_of_entry(index, text, &options);
                Err(ExpectError { line, column: 1, kind: Kind::Class })
            }
            Ok(record) if PASSED_OVER.contains(&record.rtype) => continue,
            Ok(record) => Ok(Expectation::new(record.name, record.rtype, Some(record.rdata))),
            Err(error) => Err(error.into()),
        });
    }
    // A table without its head row is a series of errors as a zone; one error says more.
    if !results.is_empty() && results.iter().all(Result::is_err) && csv::looks_like_rows(text) {
        results = vec![Err(ExpectError { line: 1, column: 1, kind: Kind::NoHeader })];
    }
    results
}

/// The line that an entry ends on. The reader keeps no place of what it could read, so this asks
/// how many lines it takes until the entry comes out.
fn line_of_entry(index: usize, text: &[u8], options: &ZoneOptions) -> usize {
    let lines: Vec<&[u8]> = text.split_inclusive(|&octet| octet == b'\n').collect();
    let ends: Vec<usize> = lines
        .iter()
        .scan(0, |end, line| {
            *end += line.len();
            Some(*end)
        })
        .collect();
    let too_short = |end: &usize| {
        ZoneReader::new(&text[..*end], options).nth(index).is_none_or(|entry| entry.is_err())
    };
    1 + ends.partition_point(too_short)
}
