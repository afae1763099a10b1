//! From the octets of a query to the octets of its answer. Pure: no sockets, no clock, no dice.

use super::dice::mix;
use super::faults::{Content, Wrong};
use super::generated::{self as zone, Node, TTL, Zone};
use super::query::{Query, formerr, reply_flags};
use crate::wire::{
    BufferFull, Builder, Class, Flags, HEADER_LEN, NameBuf, Opcode, OptBuf, OptionCode, Rcode,
    RecordType, Section,
};

/// The largest UDP message that the server sends, and what its OPT record says.
pub(super) const UDP_PAYLOAD: usize = 1232;
/// What a server that is asked for its NSID says.
const NSID: &[u8] = b"dnsonde-playground";
/// Owner of an OPT record.
const ROOT: &[u8] = &[0];

impl Query<'_> {
    /// Whether the query has an OPT record.
    pub fn has_edns(&self) -> bool {
        self.message.opt().is_some()
    }

    /// The largest answer, in octets, that the client takes over UDP.
    pub fn udp_limit(&self) -> usize {
        self.message
            .opt()
            .map_or(512, |opt| usize::from(opt.udp_payload_size()).clamp(512, UDP_PAYLOAD))
    }

    /// Writes the answer into `out`, whose length is the limit; gives its length. What does not
    /// fit makes an empty answer with TC.
    pub fn answer(&self, zone: &Zone, content: Content, out: &mut [u8]) -> usize {
        let truncated = content == Content::Truncated;
        (!truncated)
            .then(|| self.write(zone, content, out).ok())
            .flatten()
            .or_else(|| self.write(zone, Content::Truncated, out).ok())
            // Only a question that fills the limit alone comes here.
            .unwrap_or_else(|| formerr(self.message.header(), out))
    }

    fn write(&self, zone: &Zone, content: Content, out: &mut [u8]) -> Result<usize, BufferFull> {
        let flags = reply_flags(self.message.flags());
        let mut builder = Builder::new(out, self.message.id(), flags)?;
        builder.question(self.name.as_wire(), self.rtype, self.class)?;
        let mut rcode = Rcode::NOERROR;
        match content {
            Content::Zone => rcode = self.write_zone(zone, &mut builder)?,
            Content::Truncated => {
                *builder.flags_mut() = builder.flags_mut().with(Flags::AA).with(Flags::TC);
            }
            Content::Lame => write_lame(&mut builder)?,
            Content::Error(error) => rcode = error,
            Content::NoEdns => rcode = Rcode::FORMERR,
        }
        *builder.flags_mut() = builder.flags_mut().with_rcode(rcode);
        if content != Content::NoEdns {
            self.write_opt(rcode, &mut builder)?;
        }
        Ok(builder.finish())
    }

    /// The sections of the right answer; gives the response code.
    fn write_zone(&self, zone: &Zone, builder: &mut Builder<'_>) -> Result<Rcode, BufferFull> {
        if self.message.flags().opcode() != Opcode::QUERY {
            return Ok(Rcode::NOTIMP);
        }
        if self.message.opt().is_some_and(|opt| opt.version() != 0) {
            return Ok(Rcode::BADVERS);
        }
        let mut owner = self.name;
        let mut node = zone.node(&owner);
        if node == Node::Outside || self.class != Class::IN {
            return Ok(Rcode::REFUSED);
        }
        *builder.flags_mut() = builder.flags_mut().with(Flags::AA);
        while let Node::Alias(target) = node {
            record(builder, Section::Answer, &owner, RecordType::CNAME, |rdata| {
                rdata.name(target.as_wire())
            })?;
            if self.rtype == RecordType::CNAME {
                return Ok(Rcode::NOERROR);
            }
            owner = target;
            node = zone.node(&owner);
        }
        if !self.write_node(zone, &owner, &node, builder)? {
            // RFC 2308 §2: the SOA says how long the nothing may be kept.
            write_soa(zone, Section::Authority, builder)?;
        }
        Ok(if node == Node::Missing { Rcode::NXDOMAIN } else { Rcode::NOERROR })
    }

    /// The records at a name that is no alias; gives whether there were any.
    fn write_node(
        &self,
        zone: &Zone,
        owner: &NameBuf,
        node: &Node,
        builder: &mut Builder<'_>,
    ) -> Result<bool, BufferFull> {
        match self.rtype {
            RecordType::A if zone::has_records(node) => {
                for address in zone::addresses(owner, node) {
                    record(builder, Section::Answer, owner, RecordType::A, |rdata| {
                        rdata.octets(&address.octets())
                    })?;
                }
            }
            RecordType::AAAA if zone::has_records(node) => {
                record(builder, Section::Answer, owner, RecordType::AAAA, |rdata| {
                    rdata.octets(&zone::address6(owner).octets())
                })?;
            }
            RecordType::TXT if zone::has_records(node) => {
                record(builder, Section::Answer, owner, RecordType::TXT, |rdata| {
                    zone::strings(owner, node).try_for_each(|string| {
                        rdata.octets(&[string.len() as u8])?;
                        rdata.octets(string.as_bytes())
                    })
                })?;
            }
            RecordType::SOA if *node == Node::Apex => write_soa(zone, Section::Answer, builder)?,
            RecordType::NS if *node == Node::Apex => {
                record(builder, Section::Answer, owner, RecordType::NS, |rdata| {
                    below(rdata, b"ns1", zone)
                })?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn write_opt(&self, rcode: Rcode, builder: &mut Builder<'_>) -> Result<(), BufferFull> {
        let Some(opt) = self.message.opt() else { return Ok(()) };
        let ttl = u32::from(rcode.0 >> 4) << 24 | u32::from(opt.dnssec_ok()) << 15;
        builder.record(
            Section::Additional,
            ROOT,
            RecordType::OPT,
            Class(UDP_PAYLOAD as u16),
            ttl,
            |rdata| {
                for (code, value) in opt.options() {
                    match code {
                        OptionCode::NSID => OptBuf::write_option(rdata, code, &[NSID])?,
                        OptionCode::COOKIE if matches!(value.len(), 8 | 16..=40) => {
                            let cookie = [&value[..8], &server_cookie(&value[..8])];
                            OptBuf::write_option(rdata, code, &cookie)?;
                        }
                        _ => {}
                    }
                }
                Ok(())
            },
        )
    }
}

fn record(
    builder: &mut Builder<'_>,
    section: Section,
    owner: &NameBuf,
    rtype: RecordType,
    rdata: impl FnOnce(&mut Builder<'_>) -> Result<(), BufferFull>,
) -> Result<(), BufferFull> {
    builder.record(section, owner.as_wire(), rtype, Class::IN, TTL, |builder| rdata(builder))
}

fn write_soa(zone: &Zone, section: Section, builder: &mut Builder<'_>) -> Result<(), BufferFull> {
    record(builder, section, zone.origin(), RecordType::SOA, |rdata| {
        below(rdata, b"ns1", zone)?;
        below(rdata, b"hostmaster", zone)?;
        // Serial, refresh, retry, expire, and the TTL of negative answers.
        [1, 3600, 600, 86_400, TTL].iter().try_for_each(|n| rdata.octets(&n.to_be_bytes()))
    })
}

/// "Not mine, ask the root": what servers that do not have the zone used to say.
fn write_lame(builder: &mut Builder<'_>) -> Result<(), BufferFull> {
    builder.record(Section::Authority, ROOT, RecordType::NS, Class::IN, TTL, |rdata| {
        rdata.octets(b"\x01a\x0croot-servers\x04test\x00")
    })
}

/// Adds `label` and the origin as a name; an origin that leaves no room stands alone.
fn below(rdata: &mut Builder<'_>, label: &[u8], zone: &Zone) -> Result<(), BufferFull> {
    rdata.name(zone.origin().prepend(label).as_ref().unwrap_or(zone.origin()).as_wire())
}

/// A server cookie (RFC 7873 §4.2) that anyone could compute: there is nothing to protect here.
fn server_cookie(client: &[u8]) -> [u8; 8] {
    let mut octets = [0; 8];
    octets.copy_from_slice(client);
    mix(u64::from_be_bytes(octets)).to_be_bytes()
}

/// Makes a finished answer a wrong one. [`Wrong::Port`] is the sender's business.
pub(super) fn spoil(message: &mut [u8], wrong: Wrong) {
    match wrong {
        Wrong::Id => {
            if let Some(octet) = message.first_mut() {
                *octet ^= 0x5A;
            }
        }
        // The low bit of the first octet of the name's first label; of QTYPE if it is the root.
        Wrong::Question => {
            let root = message.get(HEADER_LEN) == Some(&0);
            if let Some(octet) = message.get_mut(HEADER_LEN + if root { 2 } else { 1 }) {
                *octet ^= 1;
            }
        }
        Wrong::Case => swap_case(message),
        Wrong::Port => {}
    }
}

/// Swaps the case of the letters in the name of the first question, which is not compressed.
fn swap_case(message: &mut [u8]) {
    let mut at = HEADER_LEN;
    while let Some(&len) = message.get(at)
        && (1..=63).contains(&len)
    {
        let end = at + 1 + usize::from(len);
        let Some(label) = message.get_mut(at + 1..end) else { return };
        for octet in label.iter_mut().filter(|octet| octet.is_ascii_alphabetic()) {
            *octet ^= 0x20;
        }
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::super::query::Received;
    use super::*;
    use crate::wire::Message;
    use proptest::prelude::*;

    fn query(name: &str, rtype: RecordType, edns: Option<u16>) -> Vec<u8> {
        let name: NameBuf = name.parse().unwrap();
        let mut buffer = [0; 512];
        let mut builder = Builder::new(&mut buffer, 0x1234, Flags::RD).unwrap();
        builder.question(name.as_wire(), rtype, Class::IN).unwrap();
        if let Some(size) = edns {
            OptBuf::new(size).nsid().build(&mut builder).unwrap();
        }
        let len = builder.finish();
        buffer[..len].to_vec()
    }

    fn answer_to(query: &[u8], content: Content, limit: Option<usize>) -> Vec<u8> {
        let Received::Query(query) = Received::read(query) else { panic!("not a query") };
        let mut out = vec![0; limit.unwrap_or(query.udp_limit())];
        let len = query.answer(&Zone::demo(), content, &mut out);
        out.truncate(len);
        out
    }

    #[test]
    fn answers_say_what_the_zone_says() {
        let zone = Zone::demo();
        let answer =
            answer_to(&query("chain2-x.Demo.test", RecordType::A, None), Content::Zone, None);
        let message = Message::parse(&answer).unwrap();
        assert!(message.flags().contains(Flags::QR.with(Flags::AA).with(Flags::RD)));
        let types: Vec<RecordType> = message.answers().map(|record| record.rtype).collect();
        assert_eq!(types, [RecordType::CNAME, RecordType::CNAME, RecordType::A]);
        let expected = zone.a(&"x.demo.test".parse().unwrap());
        assert_eq!(message.answers().last().unwrap().rdata(), expected[0].octets());
        assert_eq!(message.question().unwrap().name.to_string(), "chain2-x.Demo.test.");
    }

    #[test]
    fn response_codes_and_sections_by_kind_of_name() {
        for (name, rtype, rcode, counts) in [
            ("x.demo.test", RecordType::AAAA, Rcode::NOERROR, [1, 1, 0, 0]),
            ("x.demo.test", RecordType::MX, Rcode::NOERROR, [1, 0, 1, 0]),
            ("empty-x.demo.test", RecordType::A, Rcode::NOERROR, [1, 0, 1, 0]),
            ("missing-x.demo.test", RecordType::A, Rcode::NXDOMAIN, [1, 0, 1, 0]),
            ("chain1-missing-x.demo.test", RecordType::A, Rcode::NXDOMAIN, [1, 1, 1, 0]),
            ("demo.test", RecordType::SOA, Rcode::NOERROR, [1, 1, 0, 0]),
            ("demo.test", RecordType::NS, Rcode::NOERROR, [1, 1, 0, 0]),
            ("example.org", RecordType::A, Rcode::REFUSED, [1, 0, 0, 0]),
        ] {
            let answer = answer_to(&query(name, rtype, None), Content::Zone, None);
            let message = Message::parse(&answer).unwrap();
            assert_eq!((message.rcode(), message.header().counts), (rcode, counts), "{name}");
        }
    }

    #[test]
    fn what_does_not_fit_is_truncated_and_fits_over_tcp() {
        for edns in [None, Some(4096)] {
            let query = query("large-x.demo.test", RecordType::A, edns);
            let answer = answer_to(&query, Content::Zone, None);
            let message = Message::parse(&answer).unwrap();
            assert!(message.flags().contains(Flags::TC));
            assert_eq!(message.header().counts[1], 0);
            let answer = answer_to(&query, Content::Zone, Some(65_535));
            let message = Message::parse(&answer).unwrap();
            assert_eq!(message.header().counts[1], zone::LARGE_ADDRESSES as u16);
        }
    }

    #[test]
    fn edns_is_answered_with_edns_unless_the_fault_forbids_it() {
        let asked = query("x.demo.test", RecordType::A, Some(1232));
        let answer = answer_to(&asked, Content::Zone, None);
        let opt = Message::parse(&answer).unwrap().opt().unwrap();
        assert_eq!(opt.options().collect::<Vec<_>>(), [(OptionCode::NSID, NSID)]);
        let answer = answer_to(&asked, Content::NoEdns, None);
        let message = Message::parse(&answer).unwrap();
        assert!(message.opt().is_none());
        assert_eq!(message.rcode(), Rcode::FORMERR);
    }

    #[test]
    fn wrong_answers_differ_in_the_one_way() {
        let asked = query("x.demo.test", RecordType::A, None);
        let right = answer_to(&asked, Content::Zone, None);
        let spoilt = |wrong| {
            let mut message = right.clone();
            spoil(&mut message, wrong);
            message
        };
        let id = |octets: &[u8]| Message::parse(octets).unwrap().id();
        let name =
            |octets: &[u8]| Message::parse(octets).unwrap().question().unwrap().name.to_string();
        assert_ne!(id(&spoilt(Wrong::Id)), id(&right));
        assert_eq!(name(&spoilt(Wrong::Question)), "y.demo.test.");
        assert_eq!(name(&spoilt(Wrong::Case)), "X.DEMO.TEST.");
        assert_eq!(spoilt(Wrong::Port), right);
    }

    #[test]
    fn what_is_no_query_is_not_answered() {
        let mut response = query("x.demo.test", RecordType::A, None);
        response[2] |= 0x80;
        assert!(matches!(Received::read(&response), Received::NotQuery));
        assert!(matches!(Received::read(b"short"), Received::NotQuery));
        assert!(matches!(Received::read(&[0; 12]), Received::Malformed(_)));
    }

    proptest! {
        #[test]
        fn any_octets_are_answered_with_a_well_formed_message_or_not_at_all(
            octets in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..600),
                // One octet changed in a good query reaches further than noise.
                (0..60_usize, any::<u8>()).prop_map(|(at, value)| {
                    let mut octets = query("chain9-large-x.demo.test", RecordType::TXT, Some(512));
                    let at = at % octets.len();
                    octets[at] = value;
                    octets
                }),
            ],
            limit in 512..4096_usize,
        ) {
            let mut out = vec![0; limit];
            let len = match Received::read(&octets) {
                Received::NotQuery => return Ok(()),
                Received::Malformed(header) => formerr(header, &mut out),
                Received::Query(query) => query.answer(&Zone::demo(), Content::Zone, &mut out),
            };
            let message = Message::parse(&out[..len]).unwrap();
            prop_assert_eq!(&message.id().to_be_bytes(), &octets[..2]);
        }
    }
}
