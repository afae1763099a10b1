//! An owned record, and its text.

use super::builder::{BufferFull, Builder};
use super::error::ParseError;
use super::message::Record;
use super::name::{NameBuf, write_labels};
use super::rdata;
use super::registry::{Class, RecordType};
use super::section::Section;
use super::show;
use super::text::{Lexer, Source, TextError, TextErrorKind, ZoneOptions, ZoneReader};

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
    /// Reads one record in master file format; `origin` completes names without a final dot, and
    /// a record without a TTL gets `ttl`, without a class IN. Records that only messages have are
    /// taken too, see [`ZoneOptions::messages`].
    ///
    /// ```
    /// use dnsonde::wire::{NameBuf, RecordBuf};
    ///
    /// let origin: NameBuf = "example.org".parse().unwrap();
    /// let record = RecordBuf::from_text(b"www 1h CNAME @", &origin, 3600).unwrap();
    /// assert_eq!(record.to_string(), "www.example.org. 3600 IN CNAME example.org.");
    /// ```
    ///
    /// # Errors
    /// What is wrong, with its line and column.
    pub fn from_text(text: &[u8], origin: &NameBuf, ttl: u32) -> Result<Self, TextError> {
        let options = ZoneOptions {
            origin: *origin,
            ttl: Some(ttl),
            class: Some(Class::IN),
            messages: true,
            ..ZoneOptions::default()
        };
        let mut reader = ZoneReader::new(text, &options);
        reader.next().unwrap_or_else(|| {
            let kind = TextErrorKind::Missing("a record");
            Err(TextError { line: 1, column: 1, kind })
        })
    }

    /// Reads the presentation format of an RDATA alone.
    ///
    /// # Errors
    /// What is wrong, with its line and column.
    pub fn rdata_from_text(
        rtype: RecordType,
        class: Class,
        text: &[u8],
        origin: &NameBuf,
    ) -> Result<Vec<u8>, TextError> {
        let mut lexer = Lexer::new(text, true);
        rdata::from_tokens(rtype, class, &mut Source { lexer: &mut lexer, origin })
    }

    /// The TTL in seconds; values with the top bit set count as 0 (RFC 2181 §8). In its place, OPT
    /// has flags, which stay as they are (RFC 6891 §6.1.3).
    pub fn ttl_seconds(&self) -> u32 {
        let is_ttl = self.rtype != RecordType::OPT;
        if is_ttl && self.ttl > i32::MAX as u32 { 0 } else { self.ttl }
    }

    /// Appends the RDATA in presentation format, as [`Record::write_data`] does.
    ///
    /// # Errors
    /// The RDATA does not fit its type; nothing is appended then. Offsets count from its start.
    pub fn write_data(&self, out: &mut Vec<u8>) -> Result<(), ParseError> {
        rdata::write_alone(self.rtype, self.class, &self.rdata, out)
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
            rdata::build(self.rtype, self.class, &self.rdata, builder)
        })
    }

    /// The RDATA in the canonical form of DNSSEC: names in lower case where RFC 4034 §6.2 and
    /// RFC 6840 §5.1 want it.
    ///
    /// # Errors
    /// The RDATA does not fit its type.
    pub fn canonical_rdata(&self) -> Result<Vec<u8>, ParseError> {
        rdata::canonical(self.rtype, self.class, &self.rdata)
    }
}

impl std::fmt::Display for RecordBuf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = Vec::new();
        self.write_text(&mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

impl Record<'_> {
    /// The record on its own, the names in its RDATA written out.
    ///
    /// # Errors
    /// A type whose names may be compressed has an RDATA that does not fit it.
    pub fn to_buf(&self) -> Result<RecordBuf, ParseError> {
        Ok(RecordBuf {
            name: self.name.to_buf(),
            ttl: self.ttl,
            class: self.class,
            rtype: self.rtype,
            rdata: rdata::expand(self)?,
        })
    }
}
