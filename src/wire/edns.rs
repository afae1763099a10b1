//! EDNS(0): the OPT record and its options (RFC 6891).
//!
//! [`Opt`] reads the OPT record of a message, [`OptionValue`] what an option says, and [`OptBuf`]
//! writes an OPT record.

use std::net::IpAddr;

use super::builder::{BufferFull, Builder};
use super::error::{ParseError, ParseErrorKind as Kind};
use super::option::OptionValue;
use super::record::Record;
use super::registry::{Class, OptionCode, RecordType};
use super::section::Section;

/// The OPT record of a message, as it uses the fields of a record (RFC 6891 §6.1.2).
#[derive(Clone, Copy)]
pub struct Opt<'a> {
    record: Record<'a>,
}

impl<'a> Opt<'a> {
    /// The flag bit DNSSEC OK (RFC 3225).
    pub const DO: u16 = 0x8000;
    /// The flag bit Compact Answers OK (RFC 9824).
    pub const CO: u16 = 0x4000;

    pub(crate) fn new(record: Record<'a>) -> Self {
        Self { record }
    }

    /// The largest UDP payload that the sender can take, in octets.
    pub fn udp_payload_size(&self) -> u16 {
        self.record.class.0
    }

    /// The upper eight bits of the response code.
    pub fn extended_rcode(&self) -> u8 {
        (self.record.ttl >> 24) as u8
    }

    /// The EDNS version.
    pub fn version(&self) -> u8 {
        (self.record.ttl >> 16) as u8
    }

    /// The sixteen flag bits; see [`Opt::DO`] and [`Opt::CO`].
    pub fn flags(&self) -> u16 {
        self.record.ttl as u16
    }

    /// DNSSEC OK (RFC 3225).
    pub fn dnssec_ok(&self) -> bool {
        self.flags() & Self::DO != 0
    }

    /// Compact Answers OK (RFC 9824).
    pub fn compact_ok(&self) -> bool {
        self.flags() & Self::CO != 0
    }

    /// The options in their order, repeated and unknown ones too; stops before one that overruns
    /// the RDATA.
    pub fn options(&self) -> impl Iterator<Item = (OptionCode, &'a [u8])> + use<'a> {
        let mut rest = self.record.rdata();
        std::iter::from_fn(move || {
            let (code, value, next) = split_option(rest)?;
            rest = next;
            Some((code, value))
        })
    }

    /// Checks the options: that none overruns the RDATA, and that each of version 0 is what its
    /// document wants.
    ///
    /// # Errors
    /// The first one that is not, with its offset in the message.
    pub fn check(&self) -> Result<(), ParseError> {
        let (_, mut offset) = self.record.rdata_in_message();
        let mut rest = self.record.rdata();
        while !rest.is_empty() {
            let Some((code, value, next)) = split_option(rest) else {
                let what = "an EDNS option runs over the end of the OPT record";
                return Err(ParseError::new(offset, Kind::Edns(what)));
            };
            if let Err(what) = OptionValue::parse(code, value) {
                return Err(ParseError::new(offset, Kind::Edns(what)));
            }
            offset += rest.len() - next.len();
            rest = next;
        }
        Ok(())
    }
}

fn split_option(rest: &[u8]) -> Option<(OptionCode, &[u8], &[u8])> {
    let (head, tail) = rest.split_first_chunk::<4>()?;
    let len = usize::from(u16::from_be_bytes([head[2], head[3]]));
    let (value, next) = tail.split_at_checked(len)?;
    Some((OptionCode(u16::from_be_bytes([head[0], head[1]])), value, next))
}

/// An OPT record that is to be written.
///
/// ```
/// use dnsonde::wire::{Builder, Flags, Message, Opt, OptBuf};
///
/// let mut opt = OptBuf::new(1232);
/// opt.flags |= Opt::DO;
/// opt.nsid();
/// let mut buffer = [0; 512];
/// let mut builder = Builder::new(&mut buffer, 1, Flags::RD).unwrap();
/// opt.build(&mut builder).unwrap();
/// let len = builder.finish();
/// assert!(Message::parse(&buffer[..len]).unwrap().opt().unwrap().dnssec_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OptBuf {
    /// The largest UDP payload that the sender can take, in octets.
    pub udp_payload_size: u16,
    /// The upper eight bits of the response code.
    pub extended_rcode: u8,
    /// The EDNS version; 0 is the only one that is defined.
    pub version: u8,
    /// The sixteen flag bits; see [`Opt::DO`] and [`Opt::CO`].
    pub flags: u16,
    options: Vec<u8>,
}

impl OptBuf {
    /// An OPT record of version 0 without flags and options.
    pub fn new(udp_payload_size: u16) -> Self {
        Self { udp_payload_size, ..Self::default() }
    }

    /// The options so far, as they stand in the RDATA (RFC 6891 §6.1.2).
    pub fn options(&self) -> &[u8] {
        &self.options
    }

    /// Adds an option.
    ///
    /// # Panics
    /// If the value has more than 65,535 octets.
    pub fn option(&mut self, code: OptionCode, value: &[u8]) -> &mut Self {
        let len = u16::try_from(value.len()).expect("an option has at most 65,535 octets");
        self.options.extend(code.0.to_be_bytes());
        self.options.extend(len.to_be_bytes());
        self.options.extend_from_slice(value);
        self
    }

    /// Writes an option whose value is `parts` one behind the other, inside an OPT record that
    /// `rdata` writes: for those who may not allocate.
    #[inline]
    pub(crate) fn write_option(
        rdata: &mut Builder<'_>,
        code: OptionCode,
        parts: &[&[u8]],
    ) -> Result<(), BufferFull> {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        let len = u16::try_from(len).map_err(|_| BufferFull)?;
        rdata.octets(&code.0.to_be_bytes())?;
        rdata.octets(&len.to_be_bytes())?;
        parts.iter().try_for_each(|part| rdata.octets(part))
    }

    /// Asks the server for its identifier (RFC 5001).
    pub fn nsid(&mut self) -> &mut Self {
        self.option(OptionCode::NSID, &[])
    }

    /// Sends a cookie: the client's part, and the server's part where it is known (RFC 7873 §4).
    /// A server part of other than 8 to 32 octets is left out.
    pub fn cookie(&mut self, client: [u8; 8], server: &[u8]) -> &mut Self {
        let mut value = client.to_vec();
        if (8..=32).contains(&server.len()) {
            value.extend_from_slice(server);
        }
        self.option(OptionCode::COOKIE, &value)
    }

    /// Asks for an answer for the clients of a network (RFC 7871 §6). The bits behind `prefix`
    /// are not sent; a `prefix` that is too long counts as the whole address.
    pub fn client_subnet(&mut self, address: IpAddr, prefix: u8) -> &mut Self {
        let (family, mut octets) = match address {
            IpAddr::V4(address) => (1u16, address.octets().to_vec()),
            IpAddr::V6(address) => (2, address.octets().to_vec()),
        };
        let prefix = prefix.min((octets.len() * 8) as u8);
        octets.truncate(usize::from(prefix).div_ceil(8));
        if let Some(last) = octets.last_mut()
            && !prefix.is_multiple_of(8)
        {
            *last &= 0xFF << (8 - prefix % 8);
        }
        let mut value = family.to_be_bytes().to_vec();
        value.extend([prefix, 0]);
        value.extend(octets);
        self.option(OptionCode::ECS, &value)
    }

    /// Adds `len` octets of padding (RFC 7830).
    pub fn padding(&mut self, len: u16) -> &mut Self {
        self.option(OptionCode::PADDING, &vec![0; usize::from(len)])
    }

    /// Adds padding that brings the message to a multiple of `block` octets, when this OPT record
    /// is the next and last thing written to `builder` (RFC 8467 §4.1 wants 128 for queries).
    pub fn padding_to(&mut self, block: u16, builder: &Builder<'_>) -> &mut Self {
        let block = usize::from(block.max(1));
        let len = builder.len() + OPT_LEN + self.options.len() + OPTION_HEAD_LEN;
        self.padding((len.next_multiple_of(block) - len) as u16)
    }

    /// Writes the record into the additional section.
    ///
    /// # Errors
    /// [`BufferFull`]; the message is then as it was before.
    pub fn build(&self, builder: &mut Builder<'_>) -> Result<(), BufferFull> {
        let [high, version] = [self.extended_rcode, self.version].map(u32::from);
        let ttl = high << 24 | version << 16 | u32::from(self.flags);
        let class = Class(self.udp_payload_size);
        builder.record(Section::Additional, &[0], RecordType::OPT, class, ttl, |rdata| {
            rdata.octets(&self.options)
        })
    }
}

/// Octets of an OPT record without options: root, type, class, TTL, RDLENGTH.
const OPT_LEN: usize = 11;
/// Octets of an option's code and length.
const OPTION_HEAD_LEN: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Flags, Message, NameBuf};

    /// A message with a question and `opt`.
    fn message(opt: &OptBuf) -> Vec<u8> {
        let mut buffer = vec![0; 512];
        let mut builder = Builder::new(&mut buffer, 1, Flags::RD).unwrap();
        let name: NameBuf = "example.org".parse().unwrap();
        builder.question(name.as_wire(), RecordType::A, Class::IN).unwrap();
        opt.build(&mut builder).unwrap();
        let len = builder.finish();
        buffer.truncate(len);
        buffer
    }

    fn options(opt: &OptBuf) -> Vec<(OptionCode, Vec<u8>)> {
        let octets = message(opt);
        let opt = Message::parse(&octets).unwrap().opt().unwrap();
        opt.options().map(|(code, value)| (code, value.to_vec())).collect()
    }

    #[test]
    fn the_fields_of_an_opt_record_read_back() {
        let mut opt = OptBuf::new(1232);
        (opt.extended_rcode, opt.version, opt.flags) = (1, 2, Opt::CO);
        let octets = message(&opt);
        let message = Message::parse(&octets).unwrap();
        let read = message.opt().unwrap();
        assert_eq!((read.udp_payload_size(), read.extended_rcode(), read.version()), (1232, 1, 2));
        assert!(read.compact_ok() && !read.dnssec_ok());
        assert_eq!(message.rcode().0, 16);
        assert!(read.check().is_ok());
    }

    #[test]
    fn a_client_subnet_has_no_bit_behind_its_prefix() {
        let v4 = IpAddr::from([192, 0, 2, 255]);
        let v6 = IpAddr::from([0x2001, 0xDB8, 0xFFFF, 0, 0, 0, 0, 1]);
        for (address, prefix, value) in [
            (v4, 0, &b"\x00\x01\x00\x00"[..]),
            (v4, 24, b"\x00\x01\x18\x00\xC0\x00\x02"),
            (v4, 25, b"\x00\x01\x19\x00\xC0\x00\x02\x80"),
            (v4, 200, b"\x00\x01\x20\x00\xC0\x00\x02\xFF"),
            (v6, 33, b"\x00\x02\x21\x00\x20\x01\x0D\xB8\x80"),
        ] {
            let mut opt = OptBuf::new(1232);
            opt.client_subnet(address, prefix);
            assert_eq!(options(&opt), [(OptionCode::ECS, value.to_vec())], "{address}/{prefix}");
        }
    }

    #[test]
    fn a_cookie_has_a_server_part_of_8_to_32_octets_or_none() {
        for (server, len) in [(0, 8), (7, 8), (8, 16), (32, 40), (33, 8)] {
            let mut opt = OptBuf::new(1232);
            opt.cookie([1; 8], &vec![2; server]);
            assert_eq!(options(&opt)[0].1.len(), len, "{server}");
        }
    }

    #[test]
    fn padding_brings_a_message_to_whole_blocks() {
        for name in ["a.", "a.b.c.d.e.f.", &"x".repeat(63)] {
            let mut buffer = [0; 512];
            let mut builder = Builder::new(&mut buffer, 1, Flags::RD).unwrap();
            let name: NameBuf = name.parse().unwrap();
            builder.question(name.as_wire(), RecordType::A, Class::IN).unwrap();
            OptBuf::new(1232).nsid().padding_to(128, &builder).build(&mut builder).unwrap();
            assert_eq!(builder.finish(), 128, "{name}");
        }
    }
}
