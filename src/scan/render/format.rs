//! The formats that there are.

/// The formats of scan output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line; the contract is in `schemas/scan-line.schema.json`.
    Jsonl,
    /// RFC 4180, one row for each answer record.
    Csv,
    /// The same, with an apostrophe before cells that spreadsheets would take for formulas.
    CsvSafe,
    /// One readable line for each answer record, in the manner of a zone file.
    Text,
    /// The lines of `massdns -o Je`.
    Massdns,
    /// The result lines of zdns in its "long" verbosity.
    Zdns,
}
