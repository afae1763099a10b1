//! The twelve octets that every message begins with (RFC 1035 §4.1.1).

use super::error::{ParseError, ParseErrorKind as Kind};
use super::registry::{Opcode, Rcode};

/// Octets of a header.
pub const HEADER_LEN: usize = 12;

/// A message header, decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Header {
    /// The identifier that ties an answer to its query.
    pub id: u16,
    /// The sixteen bits of flags, opcode and response code.
    pub flags: Flags,
    /// Claimed entries: questions, answers, authorities, additionals.
    pub counts: [u16; 4],
}

/// The second sixteen bits of a header, as they are on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Flags(pub u16);

impl Flags {
    /// Query (0) or response (1).
    pub const QR: Self = Self(0x8000);
    /// Authoritative answer.
    pub const AA: Self = Self(0x0400);
    /// Truncated.
    pub const TC: Self = Self(0x0200);
    /// Recursion desired.
    pub const RD: Self = Self(0x0100);
    /// Recursion available.
    pub const RA: Self = Self(0x0080);
    /// The reserved bit.
    pub const Z: Self = Self(0x0040);
    /// Authentic data (RFC 4035 §3.2.3).
    pub const AD: Self = Self(0x0020);
    /// Checking disabled (RFC 4035 §3.2.2).
    pub const CD: Self = Self(0x0010);

    pub(crate) const NAMED: [(Self, &'static str); 8] = [
        (Self::QR, "qr"),
        (Self::AA, "aa"),
        (Self::TC, "tc"),
        (Self::RD, "rd"),
        (Self::RA, "ra"),
        (Self::Z, "z"),
        (Self::AD, "ad"),
        (Self::CD, "cd"),
    ];

    /// Whether all bits of `other` are set.
    #[inline]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These bits and those of `other`.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The operation code.
    pub const fn opcode(self) -> Opcode {
        Opcode((self.0 >> 11 & 0xF) as u8)
    }

    /// The same flags with another operation code.
    #[must_use]
    pub const fn with_opcode(self, opcode: Opcode) -> Self {
        Self(self.0 & !0x7800 | (opcode.0 as u16 & 0xF) << 11)
    }

    /// The lower four bits of the response code; the upper eight are in the OPT record.
    #[inline]
    pub const fn rcode(self) -> Rcode {
        Rcode(self.0 & 0xF)
    }

    /// The same flags with the lower four bits of another response code.
    #[must_use]
    pub const fn with_rcode(self, rcode: Rcode) -> Self {
        Self(self.0 & !0xF | rcode.0 & 0xF)
    }

    /// The names of the bits that are set, in the order of the wire, as dig shows them.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMED.into_iter().filter(move |(bit, _)| self.contains(*bit)).map(|(_, name)| name)
    }
}

impl std::fmt::Debug for Flags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.opcode(), self.rcode())?;
        self.names().try_for_each(|name| write!(f, " {name}"))
    }
}

impl Header {
    /// Reads the first twelve octets of `message`.
    ///
    /// # Errors
    /// A message of fewer octets.
    #[inline]
    pub fn parse(message: &[u8]) -> Result<Self, ParseError> {
        let Some(octets) = message.first_chunk::<HEADER_LEN>() else {
            return Err(ParseError::new(message.len(), Kind::Truncated("the header")));
        };
        let word = |i: usize| u16::from_be_bytes([octets[i], octets[i + 1]]);
        Ok(Self {
            id: word(0),
            flags: Flags(word(2)),
            counts: [word(4), word(6), word(8), word(10)],
        })
    }

    /// The header as octets.
    pub fn to_octets(self) -> [u8; HEADER_LEN] {
        let mut octets = [0; HEADER_LEN];
        let words = [self.id, self.flags.0].into_iter().chain(self.counts);
        for (place, word) in octets.chunks_exact_mut(2).zip(words) {
            place.copy_from_slice(&word.to_be_bytes());
        }
        octets
    }
}
