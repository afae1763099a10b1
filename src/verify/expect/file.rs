//! A file of expectations: a zone file, or a table as consoles offer for download.

use std::collections::HashSet;

use super::csv;
use super::error::{ExpectError, ExpectErrorKind as Kind};
use super::expectation::Expectation;
use super::owner::{self, Owners};
use crate::wire::{Class, NameBuf, RecordBuf, RecordType, ZoneOptions, ZoneReader};

/// Reads a zone file or a table (CSV, or separated by semicolons or tabs).
///
/// A table is known by its first row, which names its columns: `Type,Name,Value` as the console
/// of SES writes it, `Domain Name,Record Name,Record Type,Record Value` as that of AWS Certificate
/// Manager does, and what others call them. Its names and values are read as those of
/// [`parse_expectation`](super::parse_expectation).
///
/// In a zone file `domain` is the origin to start from, or the zone above it if the owners show that;
/// names without a final dot are completed as always there, unless they show that it was forgotten. SOA records and those that a signer makes (RRSIG, NSEC, NSEC3,
/// NSEC3PARAM) are passed over: they differ from server to server and from day to day by right.
///
/// # Errors
/// Everything that is wrong, each with its line and column (of records of other classes than IN
/// the first one only); or [`Kind::Nothing`].
pub fn parse_records(text: &[u8], domain: &NameBuf) -> Result<Vec<Expectation>, Vec<ExpectError>> {
    let at_start = |kind| vec![ExpectError { line: 1, column: 1, kind }];
    if let Some(form) = other_form(text) {
        return Err(at_start(Kind::Form(form)));
    }
    let found = match csv::Table::open(text) {
        Some(table) => table.map_err(|error| vec![error])?.expectations(domain),
        None => zone(text, domain),
    };
    let mut expectations = Vec::new();
    let mut seen = HashSet::new();
    let mut errors: Vec<ExpectError> = Vec::new();
    for result in found {
        match result {
            // A line that stands twice is expected once.
            Ok(expectation) if seen.insert(expectation.clone()) => expectations.push(expectation),
            Ok(_) => {}
            Err(error) if errors.iter_mut().any(|it| it.kind.absorb(&error.kind)) => {}
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() && expectations.is_empty() {
        errors = at_start(Kind::Nothing);
    }
    if errors.is_empty() { Ok(expectations) } else { Err(errors) }
}

/// What a text is that is neither a zone file nor a table.
fn other_form(text: &[u8]) -> Option<&'static str> {
    match text.trim_ascii_start() {
        [b'{', ..] | [b'[', ..] => Some("JSON"),
        [b'<', ..] => Some("HTML or XML"),
        _ if text.contains(&0) => Some("binary"),
        _ => None,
    }
}

fn zone(text: &[u8], domain: &NameBuf) -> Vec<Result<Expectation, ExpectError>> {
    const PASSED_OVER: [RecordType; 5] = [
        RecordType::SOA,
        RecordType::RRSIG,
        RecordType::NSEC,
        RecordType::NSEC3,
        RecordType::NSEC3PARAM,
    ];
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let below = |origin| ZoneOptions { origin, ttl: Some(0), ..ZoneOptions::default() };
    let bare = below(NameBuf::root());
    let names = ZoneReader::new(text, &bare).filter_map(Result::ok).map(|it| it.name.to_string());
    // What has no final dot there is relative, or the two would be the same.
    let names: Vec<String> = names.collect();
    let names = names.iter().map(|name| name.strip_suffix('.').unwrap_or(name).as_bytes());
    let owners = Owners::of_file(domain, names);
    let options = below(*owners.origin());
    let mut results: Vec<Result<Expectation, ExpectError>> = Vec::new();
    let mut reported: Vec<Kind> = Vec::new();
    // What a record is if names without a final dot are complete shows which names have none.
    let entries = ZoneReader::new(text, &options).zip(ZoneReader::new(text, &bare));
    for (index, (entry, bare)) in entries.enumerate() {
        let record = match entry {
            Ok(record) if PASSED_OVER.contains(&record.rtype) => continue,
            Ok(record) => record,
            Err(error) => {
                results.push(Err(error.into()));
                continue;
            }
        };
        match fault(&record, bare.ok().as_ref(), &owners) {
            None => {
                results.push(Ok(Expectation::new(record.name, record.rtype, Some(record.rdata))))
            }
            Some(kind) => {
                // To find the place means to read the text again, so what is like another is told
                // without.
                let known = reported.iter_mut().any(|it| *it == kind || it.absorb(&kind));
                let line = if known { 1 } else { line_of_entry(index, text, &options) };
                if !(known && kind == Kind::Class) {
                    reported.push(kind.clone());
                    results.push(Err(ExpectError { line, column: 1, kind }));
                }
            }
        }
    }
    // A table without its head row is a series of errors as a zone; one error says more.
    if !results.is_empty()
        && results.iter().all(Result::is_err)
        && let Some(kind) = csv::not_a_table(text)
    {
        results = vec![Err(ExpectError { line: 1, column: 1, kind })];
    }
    results
}

/// What is wrong with a record of a zone file; `bare` is the record if what has no final dot were
/// complete.
fn fault(record: &RecordBuf, bare: Option<&RecordBuf>, owners: &Owners) -> Option<Kind> {
    if record.class != Class::IN {
        return Some(Kind::Class);
    }
    let relative = bare.map(|bare| bare.name).filter(|name| *name != record.name);
    if let Some(name) = relative.filter(|name| name.is_at_or_below(owners.domain())) {
        return Some(no_final_dot(&name, &record.name));
    }
    if let Some(name) = relative.filter(|name| owners.is_complete(name)) {
        let shown = owner::bare(&name);
        return Some(owners.outside(shown.as_bytes(), &name, Some(&record.name)));
    }
    if !record.name.is_at_or_below(owners.domain()) {
        let shown = record.name.to_string();
        return Some(owners.outside(shown.as_bytes(), &record.name, None));
    }
    let target = |record: &RecordBuf| match record.data().mx() {
        Some(mx) => Some(mx.exchange.to_buf()),
        None => record.data().target().map(|target| target.to_buf()),
    };
    let (whole, name) = (target(record)?, target(bare?)?);
    let labels = name.labels().count();
    let is_complete = name.is_at_or_below(owners.domain())
        || owners.is_complete(&name)
        || labels > 2 && owner::ends_in_top_level(&name);
    (whole != name && is_complete).then(|| no_final_dot(&name, &whole))
}

fn no_final_dot(name: &NameBuf, whole: &NameBuf) -> Kind {
    Kind::NoFinalDot { text: owner::bare(name), read: owner::bare(whole), more: 0 }
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
