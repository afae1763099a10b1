//! `dnsonde rrcheck`: reads records in master file format, writes their canonical form.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::cli_error::{CliError, in_file};
use super::input::Pieces;
use super::output::print;
use crate::report::json::{self, Object, RecordJson, key};
use crate::report::printable::printable;
use crate::wire::{Class, NameBuf, RecordBuf, TextError, ZoneOptions, ZoneStream};

/// The TTL of a record that has none.
const DEFAULT_TTL: u32 = 3600;

/// Check records and write them in canonical form
///
/// Reads records in zone file format: OWNER [TTL] [CLASS] TYPE RDATA, over several lines in
/// parentheses. Writes one line for each, in the same order: the record, or an error with line, column
/// and reason. A record without a TTL gets 3600, one without a class IN; a line that begins with a
/// blank takes the owner of the record before. $ORIGIN and $TTL are understood, $INCLUDE and $GENERATE
/// are refused; empty lines and comments are skipped. Records that occur only in messages (TSIG, TKEY,
/// OPT and those of updates) are read in the classes that they have there, not in IN, CH or HS.
///
/// The input is read as a stream, one entry of at most 1 MiB at a time.
///
/// Exit status: 0 all records are valid, 1 at least one is not, 2 the input cannot be read or has no
/// record.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  echo 'example.org. MX 10 mail.example.org.' | dnsonde rrcheck
  dnsonde rrcheck example.org.zone --origin example.org
  dnsonde rrcheck --generic records.txt")]
pub struct Args {
    /// Write the generic format of RFC 3597: OWNER TTL CLASS1 TYPE15 \# LENGTH HEX
    #[arg(long, conflicts_with = "format")]
    generic: bool,
    /// The origin until $ORIGIN sets it: completes names without a final dot, and stands for @
    #[arg(long, value_name = "NAME", default_value = ".")]
    origin: NameBuf,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The file to read; `-` is standard input
    #[arg(default_value = "-", value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// Zone file format
    #[default]
    Text,
    /// One JSON object per line
    Json,
}

/// Runs the command: records go to standard output.
///
/// # Errors
/// The input cannot be read, or the output not be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let write_record = match (args.generic, args.format) {
        (true, _) => RecordBuf::write_generic,
        (false, Format::Text) => RecordBuf::write_text,
        (false, Format::Json) => write_record_json,
    };
    let write_error = match args.format {
        Format::Text => write_error_text,
        Format::Json => write_error_json,
    };
    let file = (args.file != Path::new("-")).then(|| args.file.display().to_string());
    let options = ZoneOptions {
        ttl: Some(DEFAULT_TTL),
        class: Some(Class::IN),
        origin: args.origin,
        multiline: true,
        messages: true,
    };
    let mut pieces = Pieces::open(&args.file)?;
    let mut stream = ZoneStream::new(&options);
    let (mut out, mut fine, mut empty) = (Vec::new(), true, true);
    let mut take = |entry: Result<RecordBuf, TextError>, out: &mut Vec<u8>| {
        match entry {
            Ok(record) => write_record(&record, out),
            Err(error) => {
                fine = false;
                write_error(&error, file.as_deref(), out);
            }
        }
        out.push(b'\n');
        empty = false;
    };
    let ended = loop {
        match pieces.next() {
            Ok(Some(piece)) => stream.push(piece, &mut |entry| take(entry, &mut out)),
            Ok(None) => {
                stream.finish(&mut |entry| take(entry, &mut out));
                break Ok(());
            }
            Err(error) => break Err(error),
        }
        print(&out)?;
        out.clear();
    };
    print(&out)?;
    ended?;
    if empty {
        return Err(CliError::usage(format!("{}: contains no record", pieces.label)).into());
    }
    Ok(ExitCode::from(u8::from(!fine)))
}

/// As a comment, so that the output stays readable as a zone file.
fn write_error_text(error: &TextError, file: Option<&str>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"; error: ");
    let sentence = match file {
        Some(file) => in_file(&printable(file), error),
        None => error.to_string(),
    };
    out.extend_from_slice(sentence.as_bytes());
}

fn write_record_json(record: &RecordBuf, out: &mut Vec<u8>) {
    json::write(&RecordJson::from(record), out);
}

fn write_error_json(error: &TextError, file: Option<&str>, out: &mut Vec<u8>) {
    Object::write(out, |object| {
        if let Some(file) = file {
            object.string(key!("file"), file.as_bytes());
        }
        object.number(key!("line"), error.line as u64);
        object.number(key!("column"), error.column as u64);
        object.string(key!("error"), error.kind.to_string().as_bytes());
    });
}
