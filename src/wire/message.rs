//! A view over a whole message: checked once, then read lazily and without allocation.

use super::edns::Opt;
use super::error::{ParseError, ParseErrorKind as Kind};
use super::header::{Flags, HEADER_LEN, Header};
use super::name::Name;
use super::record::{Records, check_fixed, read_checked_record};
use super::registry::{Class, Rcode, RecordType};
use super::section::Section;

/// A checked message.
///
/// [`Message::parse`] has walked every name that owns a record and every RDLENGTH, so questions
/// and records can be iterated without errors. What is *inside* an RDATA is checked when it is
/// read, or by [`Message::check_data`]: one broken record does not hide the others.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    octets: &'a [u8],
    header: Header,
    /// Where each of the three record sections begins, and where the last one ends.
    sections: [u16; 4],
    /// Where the OPT record begins; 0 for none.
    opt: u16,
}

/// What the check of the records has to remember from one to the next.
struct Seen {
    /// Where a TSIG or SIG(0) record was.
    signature: Option<usize>,
    /// The last owner that was nothing but a pointer, and good.
    pointer: Option<[u8; 2]>,
}

/// A question (RFC 1035 §4.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// QNAME.
    pub name: Name<'a>,
    /// QTYPE.
    pub rtype: RecordType,
    /// QCLASS.
    pub class: Class,
}

impl<'a> Message<'a> {
    /// Checks `octets` as one whole message.
    ///
    /// # Errors
    /// The first malformation, with its offset. A message with octets behind its last record, two
    /// OPT records, an OPT outside the additional section or with an owner other than the root, or
    /// a TSIG or SIG(0) that is not the last additional record is malformed (RFC 6891 §6.1.1,
    /// RFC 8945 §5.1, RFC 2931 §3.1).
    pub fn parse(octets: &'a [u8]) -> Result<Self, ParseError> {
        let (message, error) = Self::parse_prefix(octets)?;
        error.map_or(Ok(message), Err)
    }

    /// Checks as much of `octets` as can be read: a view over the part before the first
    /// malformation, with that malformation. Only an unreadable header is an error.
    ///
    /// The counts of the view's [`Message::header`] are the claims of the message; iteration stops
    /// where the readable part ends.
    ///
    /// # Errors
    /// Fewer than twelve octets.
    pub fn parse_prefix(octets: &'a [u8]) -> Result<(Self, Option<ParseError>), ParseError> {
        let header = Header::parse(octets)?;
        // Offsets are kept in sixteen bits; a DNS message cannot be longer (RFC 1035 §4.2.2).
        let len = octets.len();
        let octets = &octets[..octets.len().min(usize::from(u16::MAX))];
        let mut message = Self { octets, header, sections: [HEADER_LEN as u16; 4], opt: 0 };
        let error = message.check(len).err();
        Ok((message, error))
    }

    /// Walks the message and records where its sections are, as far as it can be read.
    fn check(&mut self, len: usize) -> Result<(), ParseError> {
        let mut offset = HEADER_LEN;
        for _ in 0..self.header.counts[0] {
            offset = check_question(self.octets, offset)?;
            self.sections = [offset as u16; 4];
        }
        // The first question is what most owners point to, and it was checked.
        let pointer = (self.header.counts[0] > 0).then_some([0xC0, HEADER_LEN as u8]);
        let mut seen = Seen { signature: None, pointer };
        for section in 0..3 {
            let checked = self.check_section(section, &mut offset, &mut seen);
            self.sections[section + 1..].fill(offset as u16);
            checked?;
        }
        if offset != len {
            return Err(ParseError::new(offset, Kind::TrailingOctets(len - offset)));
        }
        Ok(())
    }

    /// Moves `offset` behind each good record.
    #[inline]
    fn check_section(
        &mut self,
        section: usize,
        offset: &mut usize,
        seen: &mut Seen,
    ) -> Result<(), ParseError> {
        for _ in 0..self.header.counts[section + 1] {
            if let Some(at) = seen.signature {
                return Err(ParseError::new(at, Kind::SignatureNotLast));
            }
            let name_end = self.check_owner(*offset, &mut seen.pointer)?;
            let (rtype, rdata, end) = check_fixed(self.octets, name_end)?;
            match rtype {
                RecordType::OPT => self.check_opt(section, *offset)?,
                RecordType::TSIG | RecordType::SIG
                    if rtype == RecordType::TSIG
                        || self.octets[rdata..end].starts_with(&[0, 0]) =>
                {
                    if section != 2 {
                        return Err(ParseError::new(*offset, Kind::SignatureNotLast));
                    }
                    seen.signature = Some(*offset);
                }
                _ => {}
            }
            *offset = end;
        }
        Ok(())
    }

    /// Checks the owner of a record; gives the offset behind it.
    ///
    /// An owner that is nothing but a pointer is as good as the last such owner if both lead to the
    /// same place, which is not walked again then: an RRset of a thousand records has one walk.
    #[inline]
    fn check_owner(&self, offset: usize, good: &mut Option<[u8; 2]>) -> Result<usize, ParseError> {
        let here = self.octets.get(offset..).and_then(<[u8]>::first_chunk::<2>);
        let pointer = here.filter(|octets| octets[0] >= 0xC0).copied();
        if pointer.is_some() && pointer == *good {
            return Ok(offset + 2);
        }
        let (_, end) = Name::parse(self.octets, offset)?;
        if pointer.is_some() {
            *good = pointer;
        }
        Ok(end)
    }

    fn check_opt(&mut self, section: usize, offset: usize) -> Result<(), ParseError> {
        let wrong = |what| Err(ParseError::new(offset, Kind::Edns(what)));
        if section != 2 {
            return wrong("an OPT record outside the additional section");
        }
        if self.opt != 0 {
            return wrong("a second OPT record");
        }
        if self.octets.get(offset) != Some(&0) {
            return wrong("an OPT record whose owner is not the root");
        }
        self.opt = offset as u16;
        Ok(())
    }

    /// Checks what is inside the records: every RDATA against its type, and the options of the OPT
    /// record. `scratch` is room for texts, which the caller keeps from message to message.
    ///
    /// # Errors
    /// The first malformation in the order of the message.
    #[inline]
    pub fn check_data(&self, scratch: &mut Vec<u8>) -> Result<(), ParseError> {
        for section in Section::ALL {
            for record in self.records(section) {
                if record.rtype == RecordType::OPT {
                    Opt::new(record).check()?;
                } else {
                    record.check_with(scratch)?;
                }
            }
        }
        Ok(())
    }

    /// The header; its counts are what the message claims.
    #[inline]
    pub fn header(&self) -> Header {
        self.header
    }

    /// The identifier.
    #[inline]
    pub fn id(&self) -> u16 {
        self.header.id
    }

    /// The flags.
    #[inline]
    pub fn flags(&self) -> Flags {
        self.header.flags
    }

    /// The octets of the message.
    pub fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// The response code, with the upper bits of an OPT record.
    pub fn rcode(&self) -> Rcode {
        let low = self.header.flags.rcode().0;
        Rcode(self.opt().map_or(0, |opt| u16::from(opt.extended_rcode())) << 4 | low)
    }

    /// The questions.
    pub fn questions(&self) -> impl Iterator<Item = Question<'a>> + use<'a> {
        let (octets, end) = (self.octets, usize::from(self.sections[0]));
        let mut offset = HEADER_LEN;
        std::iter::from_fn(move || {
            if offset >= end {
                return None;
            }
            let (question, next) = read_checked_question(octets, offset)?;
            offset = next;
            Some(question)
        })
    }

    /// The first question.
    #[inline]
    pub fn question(&self) -> Option<Question<'a>> {
        self.questions().next()
    }

    /// The records of one section.
    #[inline]
    pub fn records(&self, section: Section) -> Records<'a> {
        let i = section as usize;
        let [begin, end] = [self.sections[i], self.sections[i + 1]].map(usize::from);
        Records::new(self.octets, begin, end)
    }

    /// The answer section.
    #[inline]
    pub fn answers(&self) -> Records<'a> {
        self.records(Section::Answer)
    }

    /// The authority section.
    pub fn authorities(&self) -> Records<'a> {
        self.records(Section::Authority)
    }

    /// The additional section, OPT and TSIG included.
    pub fn additionals(&self) -> Records<'a> {
        self.records(Section::Additional)
    }

    /// The EDNS OPT record.
    pub fn opt(&self) -> Option<Opt<'a>> {
        if self.opt == 0 {
            return None;
        }
        read_checked_record(self.octets, usize::from(self.opt)).map(Opt::new)
    }
}

#[inline]
fn check_question(octets: &[u8], offset: usize) -> Result<usize, ParseError> {
    let (_, at) = Name::parse(octets, offset)?;
    if octets.len() < at + 4 {
        return Err(ParseError::new(at, Kind::Truncated("a question")));
    }
    Ok(at + 4)
}

/// Reads a question that [`Message::check`] has seen; its name is not walked again.
#[inline]
fn read_checked_question(octets: &[u8], offset: usize) -> Option<(Question<'_>, usize)> {
    let (name, at) = Name::checked_before(octets, offset)?;
    let fixed = octets.get(at..)?.first_chunk::<4>()?;
    let rtype = RecordType(u16::from_be_bytes([fixed[0], fixed[1]]));
    let class = Class(u16::from_be_bytes([fixed[2], fixed[3]]));
    Some((Question { name, rtype, class }, at + 4))
}
