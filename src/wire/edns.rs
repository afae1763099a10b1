//! EDNS(0): the OPT record and its options (RFC 6891).

use super::message::Record;
use super::registry::OptionCode;

/// The OPT record of a message, as it uses the fields of a record (RFC 6891 §6.1.2).
#[derive(Clone, Copy)]
pub struct Opt<'a> {
    record: Record<'a>,
}

impl<'a> Opt<'a> {
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

    /// The sixteen flag bits: DO is 0x8000, CO (RFC 9824) 0x4000.
    pub fn flags(&self) -> u16 {
        self.record.ttl as u16
    }

    /// DNSSEC OK (RFC 3225).
    pub fn dnssec_ok(&self) -> bool {
        self.flags() & 0x8000 != 0
    }

    /// The options in their order; stops before one that overruns the RDATA.
    pub fn options(&self) -> impl Iterator<Item = (OptionCode, &'a [u8])> + use<'a> {
        let mut rest = self.record.rdata();
        std::iter::from_fn(move || {
            let (head, tail) = rest.split_first_chunk::<4>()?;
            let len = usize::from(u16::from_be_bytes([head[2], head[3]]));
            let (value, next) = tail.split_at_checked(len)?;
            rest = next;
            Some((OptionCode(u16::from_be_bytes([head[0], head[1]])), value))
        })
    }
}
