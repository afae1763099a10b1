//! `dnsonde rrcheck`: reads records in master file format, writes their canonical form.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::input;
use super::print;
use crate::report::json::{self, Object, RecordJson, key};
use crate::report::printable::printable;
use crate::wire::{Class, NameBuf, RecordBuf, TextError, ZoneOptions, ZoneReader};

/// The TTL of a record that has none.
const DEFAULT_TTL: u32 = 3600;

/// Check records and write them in canonical form
///
/// Reads records in the format of zone files: OWNER [TTL] [CLASS] TYPE RDATA, over several lines in
/// parentheses. Writes one line for each, in the same order: the record, or an error with line,
/// column and reason. A record without a TTL gets 3600, without a class IN; a line that begins
/// with a blank takes the owner of the one before. $ORIGIN and $TTL are understood, $INCLUDE and
/// $GENERATE are refused; empty lines and comments are passed over. Records that only messages have
/// (TSIG, TKEY, OPT and those of updates) are read in the classes that they have there, not in IN,
/// CH or HS.
///
/// Exit status: 0 all records are fine, 1 at least one is not, 2 the input cannot be read.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  echo 'example.org. MX 10 mail.example.org.' | dnsonde rrcheck
  dnsonde rrcheck example.org.zone --origin example.org
  dnsonde rrcheck --generic records.txt")]
pub struct Args {
    /// Write the generic form of RFC 3597: OWNER TTL CLASS1 TYPE15 \# LENGTH HEX
    #[arg(long, conflicts_with = "format")]
    generic: bool,
    /// What completes names without a final dot, and what @ stands for, until $ORIGIN says it
    #[arg(long, value_name = "NAME", default_value = ".")]
    origin: NameBuf,
    /// How to write the records
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The file to read; `-` is standard input
    #[arg(default_value = "-", value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// Master file format
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

/// Runs the command: records go to standard output.
///
/// # Errors
/// The input cannot be read, or the output not be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let text = input::read_all(&args.file)?;
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
    let mut out = Vec::new();
    let write_error =
        |error: &TextError, out: &mut Vec<u8>| write_error(error, file.as_deref(), out);
    let fine = check(&text, args.origin, write_record, &write_error, &mut out);
    print(&out)?;
    Ok(ExitCode::from(u8::from(!fine)))
}

/// Writes a line for each record of `text`; says whether all were fine.
fn check(
    text: &[u8],
    origin: NameBuf,
    write_record: fn(&RecordBuf, &mut Vec<u8>),
    write_error: &dyn Fn(&TextError, &mut Vec<u8>),
    out: &mut Vec<u8>,
) -> bool {
    let options = ZoneOptions {
        ttl: Some(DEFAULT_TTL),
        class: Some(Class::IN),
        origin,
        multiline: true,
        messages: true,
    };
    let mut fine = true;
    for entry in ZoneReader::new(text, &options) {
        match entry {
            Ok(record) => write_record(&record, out),
            Err(error) => {
                fine = false;
                write_error(&error, out);
            }
        }
        out.push(b'\n');
    }
    fine
}

/// As a comment, so that the output stays readable as a zone file.
fn write_error_text(error: &TextError, file: Option<&str>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"; error: ");
    if let Some(file) = file {
        out.extend_from_slice(format!("{}: ", printable(file)).as_bytes());
    }
    out.extend_from_slice(error.to_string().as_bytes());
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
