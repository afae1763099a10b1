//! Records as JSON objects.

use std::ops::Range;

use super::{write_class_json, write_json_string, write_json_text, write_type_json};
use crate::wire::{
    Class, Name, ParseError, Record, RecordBuf, RecordType, write_decimal, write_generic_rdata,
    write_labels,
};

/// Writes the records of one message as JSON into one buffer, each as
/// `{"name":…,"type":…,"class":…,"ttl":…,"data":…}`.
///
/// An RDATA that does not fit its type is given in the generic form of RFC 3597, with the reason
/// under `error`.
///
/// It copies what it has written before, because records of an answer repeat each other: an owner
/// is mostly the name that was asked for or the target of the alias before, and records of an RRset
/// differ in their data only. So what it has written must stay in the buffer as it is.
#[derive(Debug, Clone, Default)]
pub struct RecordWriter {
    /// The name that was asked for.
    question: Option<Written<usize>>,
    /// The name that was written last.
    latest: Option<Written<usize>>,
    /// All but the data of the record that was written last.
    head: Option<Written<Head>>,
}

/// Something that stands in the buffer.
#[derive(Debug, Clone)]
struct Written<T> {
    what: T,
    place: Range<usize>,
}

/// What a record says besides its data; the owner by the place of its first label in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    owner: usize,
    rtype: RecordType,
    class: Class,
    ttl: u32,
}

impl RecordWriter {
    /// Nothing is known to be in the buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// The name whose first label is at `first_label` of the message stands at `place` of the
    /// buffer already, as a JSON string with its quotes.
    #[must_use]
    pub fn knowing(first_label: usize, place: Range<usize>) -> Self {
        Self { question: Some(Written { what: first_label, place }), ..Self::default() }
    }

    /// Appends a record.
    #[inline]
    pub fn write(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        let what = Head {
            owner: record.name.first_label(),
            rtype: record.rtype,
            class: record.class,
            ttl: record.ttl_seconds(),
        };
        match &self.head {
            Some(head) if head.what == what => out.extend_from_within(head.place.clone()),
            _ => {
                let start = out.len();
                out.extend_from_slice(b"{\"name\":");
                self.write_name(record.name, what.owner, out);
                write_type_class_ttl(what.rtype, what.class, what.ttl, out);
                out.extend_from_slice(b",\"data\":");
                self.head = Some(Written { what, place: start..out.len() });
            }
        }
        if let Some(target) = record.data().target() {
            self.write_name(target, target.first_label(), out);
            out.push(b'}');
            return;
        }
        // Addresses need no look for characters to escape.
        if matches!(what.rtype, RecordType::A | RecordType::AAAA) {
            let start = out.len();
            out.push(b'"');
            if record.write_data(out).is_ok() {
                out.extend_from_slice(b"\"}");
                return;
            }
            out.truncate(start);
        }
        write_data(record.rdata(), |out| record.write_data(out), out);
    }

    /// Appends records as an array.
    #[inline]
    pub fn write_all<'a>(
        &mut self,
        records: impl IntoIterator<Item = Record<'a>>,
        out: &mut Vec<u8>,
    ) {
        out.push(b'[');
        for (i, record) in records.into_iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            self.write(&record, out);
        }
        out.push(b']');
    }

    /// Appends a name as a JSON string. Names with the same first label are the same name.
    #[inline]
    fn write_name(&mut self, name: Name<'_>, first_label: usize, out: &mut Vec<u8>) {
        let known = |written: &&Written<usize>| written.what == first_label;
        let before = self.question.iter().chain(&self.latest).find(known);
        if let Some(before) = before {
            return out.extend_from_within(before.place.clone());
        }
        let start = out.len();
        write_json_text(out, |out| write_labels(name.labels(), out));
        self.latest = Some(Written { what: first_label, place: start..out.len() });
    }
}

/// Appends an owned record, as [`RecordWriter::write`] does.
pub fn write_record_buf_json(record: &RecordBuf, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"name\":");
    write_json_text(out, |out| write_labels(record.name.labels(), out));
    write_type_class_ttl(record.rtype, record.class, record.ttl_seconds(), out);
    out.extend_from_slice(b",\"data\":");
    write_data(&record.rdata, |out| record.write_data(out), out);
}

fn write_type_class_ttl(rtype: RecordType, class: Class, ttl: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"type\":");
    write_type_json(rtype, out);
    if class == Class::IN {
        out.extend_from_slice(b",\"class\":\"IN\",\"ttl\":");
    } else {
        out.extend_from_slice(b",\"class\":");
        write_class_json(class, out);
        out.extend_from_slice(b",\"ttl\":");
    }
    write_decimal(ttl, out);
}

/// Appends the value of `data`, and all that is behind it.
fn write_data(
    rdata: &[u8],
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), ParseError>,
    out: &mut Vec<u8>,
) {
    let mut malformed = None;
    write_json_text(out, |out| {
        if let Err(error) = write(out) {
            malformed = Some(error);
            write_generic_rdata(rdata, out);
        }
    });
    if let Some(error) = malformed {
        out.extend_from_slice(b",\"error\":");
        write_json_string(error.to_string().as_bytes(), out);
    }
    out.push(b'}');
}
