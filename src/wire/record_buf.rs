//! A record that stands alone.

use super::builder::{BufferFull, Builder};
use super::error::ParseError;
use super::name::{NameBuf, write_labels};
use super::rdata::{Rdata, build, canonical, write_alone};
use super::registry::{Class, RecordType};
use super::section::Section;
use super::show;

/// A resource record that stands alone, its names uncompressed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordBuf {
    /// The owner.
    pub name: NameBuf,
    /// TTL as on the wire; see [`RecordBuf::ttl_seconds`].
    pub ttl: u32,
    /// CLASS.
    pub class: Class,
    /// TYPE.
    pub rtype: RecordType,
    /// The RDATA in wire form; no name in it is compressed.
    pub rdata: Vec<u8>,
}

impl RecordBuf {
    /// The TTL in seconds; values with the top bit set count as 0 (RFC 2181 §8). In its place, OPT
    /// has flags, which stay as they are (RFC 6891 §6.1.3).
    pub fn ttl_seconds(&self) -> u32 {
        let is_ttl = self.rtype != RecordType::OPT;
        if is_ttl && self.ttl > i32::MAX as u32 { 0 } else { self.ttl }
    }

    /// The RDATA, to be read as a value.
    pub fn data(&self) -> Rdata<'_> {
        Rdata::alone(self.rtype, self.class, &self.rdata)
    }

    /// Appends the RDATA in presentation format, as [`Record::write_data`](super::Record::write_data) does.
    ///
    /// # Errors
    /// The RDATA does not fit its type; nothing is appended then. Offsets count from its start.
    pub fn write_data(&self, out: &mut Vec<u8>) -> Result<(), ParseError> {
        write_alone(self.rtype, self.class, &self.rdata, out)
    }

    /// Appends the record in canonical text, `OWNER TTL CLASS TYPE RDATA`: it reads back to the
    /// same octets. An RDATA that does not fit its type is written in the generic form.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        self.write_head(out);
        match self.class.mnemonic() {
            Some(mnemonic) => out.extend_from_slice(mnemonic.as_bytes()),
            None => show::numbered("CLASS", self.class.0, out),
        }
        out.push(b' ');
        show::record_type(self.rtype, out);
        out.push(b' ');
        if self.write_data(out).is_err() {
            show::generic(&self.rdata, out);
        }
    }

    /// Appends the record in the generic form of RFC 3597 §5: `OWNER TTL CLASS1 TYPE15 \# LEN HEX`.
    pub fn write_generic(&self, out: &mut Vec<u8>) {
        self.write_head(out);
        show::numbered("CLASS", self.class.0, out);
        out.push(b' ');
        show::numbered("TYPE", self.rtype.0, out);
        out.push(b' ');
        show::generic(&self.rdata, out);
    }

    fn write_head(&self, out: &mut Vec<u8>) {
        write_labels(self.name.labels(), out);
        out.push(b' ');
        show::decimal(self.ttl_seconds(), out);
        out.push(b' ');
    }

    /// Writes the record into a message, its names compressed where RFC 3597 §4 allows.
    ///
    /// # Errors
    /// [`BufferFull`]; the message is then as it was before.
    pub fn build(&self, section: Section, builder: &mut Builder<'_>) -> Result<(), BufferFull> {
        let owner = self.name.as_wire();
        builder.record(section, owner, self.rtype, self.class, self.ttl, |builder| {
            build(self.rtype, self.class, &self.rdata, builder)
        })
    }

    /// The RDATA in the canonical form of DNSSEC: names in lower case where RFC 4034 §6.2 and
    /// RFC 6840 §5.1 want it.
    ///
    /// # Errors
    /// The RDATA does not fit its type.
    pub fn canonical_rdata(&self) -> Result<Vec<u8>, ParseError> {
        canonical(self.rtype, self.class, &self.rdata)
    }
}

impl std::fmt::Display for RecordBuf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = Vec::new();
        self.write_text(&mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}
