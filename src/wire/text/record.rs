//! Single records, and what is in them, from text.

use super::super::name::NameBuf;
use super::super::rdata::from_tokens;
use super::super::record_buf::RecordBuf;
use super::super::registry::{Class, RecordType};
use super::error::{TextError, TextErrorKind};
use super::lexer::Lexer;
use super::source::Source;
use super::zone::{ZoneOptions, ZoneReader};

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
        from_tokens(rtype, class, &mut Source { lexer: &mut lexer, origin })
    }
}
