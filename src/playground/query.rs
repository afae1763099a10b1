//! A message as a server reads it.

use crate::wire::{Builder, Class, Flags, HEADER_LEN, Header, Message, NameBuf, Rcode, RecordType};

/// A datagram or TCP message, as far as it could be read.
#[expect(clippy::large_enum_variant, reason = "one lives at a time, on the stack")]
pub(super) enum Received<'q> {
    /// Not a query: never answered, so that no two servers can talk to each other for ever.
    NotQuery,
    /// A header that says "query", and something behind it that makes no sense.
    Malformed(Header),
    /// A query with one question.
    Query(Query<'q>),
}

/// A query that can be answered.
pub(super) struct Query<'q> {
    pub message: Message<'q>,
    pub name: NameBuf,
    pub rtype: RecordType,
    pub class: Class,
}

impl<'q> Received<'q> {
    pub fn read(octets: &'q [u8]) -> Self {
        let Ok(header) = Header::parse(octets) else { return Self::NotQuery };
        if header.flags.contains(Flags::QR) {
            return Self::NotQuery;
        }
        let Ok(message) = Message::parse(octets) else { return Self::Malformed(header) };
        let mut questions = message.questions();
        match (questions.next(), questions.next()) {
            (Some(question), None) => Self::Query(Query {
                message,
                name: question.name.to_buf(),
                rtype: question.rtype,
                class: question.class,
            }),
            _ => Self::Malformed(header),
        }
    }
}

/// A FORMERR without a question, for what could not be read.
pub(super) fn formerr(header: Header) -> Vec<u8> {
    let flags = reply_flags(header.flags).with_rcode(Rcode::FORMERR);
    let mut octets = vec![0; HEADER_LEN];
    let len = Builder::new(&mut octets, header.id, flags).map_or(0, Builder::finish);
    octets.truncate(len);
    octets
}

/// What of the flags of a query its response repeats (RFC 1035 §4.1.1).
pub(super) fn reply_flags(query: Flags) -> Flags {
    let kept = Flags(query.0 & (Flags::RD.0 | Flags::CD.0));
    kept.with(Flags::QR).with_opcode(query.opcode())
}
