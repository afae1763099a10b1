//! The three libraries behind one face, so that each does the same work on the same octets.

use std::net::IpAddr;

/// What a walk has read, so that none of it can be left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub records: usize,
    pub ttls: u64,
    types: u64,
    octets: u64,
}

impl Seen {
    fn record(&mut self, rtype: u16, ttl: u32) {
        self.records += 1;
        self.types += u64::from(rtype);
        self.ttls += u64::from(ttl);
    }

    fn label(&mut self, label: &[u8]) {
        self.octets += label.len() as u64;
    }

    fn address(&mut self, address: IpAddr) {
        self.octets += match address {
            IpAddr::V4(address) => u64::from(address.octets()[3]),
            IpAddr::V6(address) => u64::from(address.octets()[15]),
        };
    }
}

/// A library that reads and writes DNS messages.
pub trait Codec {
    /// Its name in the results.
    const NAME: &'static str;
    /// A name in the library's own form.
    type Name;
    /// What messages are written into.
    type Buffer;

    fn name(text: &str) -> Self::Name;
    fn buffer() -> Self::Buffer;

    /// Writes a query for an address with an OPT record; gives its length.
    fn build_query(name: &Self::Name, id: u16, buffer: &mut Self::Buffer) -> usize;

    /// Checks a message and reads type, TTL and address or target of every record.
    fn walk(message: &[u8]) -> Seen;

    /// Writes a message with an A record for each name, compressed; gives its length.
    fn build_many(names: &[Self::Name]) -> usize;
}

/// This package.
pub struct Dnsonde;

impl Codec for Dnsonde {
    const NAME: &'static str = "dnsonde";
    type Name = dnsonde::wire::NameBuf;
    type Buffer = [u8; 512];

    fn name(text: &str) -> Self::Name {
        text.parse().expect("a name")
    }

    fn buffer() -> Self::Buffer {
        [0; 512]
    }

    fn build_query(name: &Self::Name, id: u16, buffer: &mut Self::Buffer) -> usize {
        use dnsonde::wire::{Builder, Class, Flags, OptBuf, RecordType};
        let mut builder = Builder::new(buffer, id, Flags::RD).expect("room");
        builder.question(name.as_wire(), RecordType::A, Class::IN).expect("room");
        OptBuf::new(1232).build(&mut builder).expect("room");
        builder.finish()
    }

    fn walk(message: &[u8]) -> Seen {
        use dnsonde::wire::{Message, RecordType, Section};
        let message = Message::parse(message).expect("a message");
        let mut seen = Seen::default();
        for question in message.questions() {
            question.name.labels().for_each(|label| seen.label(label));
        }
        for section in Section::ALL {
            for record in message.records(section) {
                if record.rtype == RecordType::OPT {
                    seen.record(record.rtype.0, 0);
                    continue;
                }
                seen.record(record.rtype.0, record.ttl);
                match record.rtype {
                    RecordType::A | RecordType::AAAA => {
                        seen.address(record.data().address().expect("an address"));
                    }
                    RecordType::CNAME => {
                        let target = record.data().target().expect("a target");
                        target.labels().for_each(|label| seen.label(label));
                    }
                    _ => {}
                }
            }
        }
        seen
    }

    fn build_many(names: &[Self::Name]) -> usize {
        use dnsonde::wire::{Builder, Class, Flags, RecordType, Section};
        let mut buffer = vec![0; 65_535];
        let mut builder = Builder::new(&mut buffer, 7, Flags::QR).expect("room");
        for name in names {
            let rdata = |rdata: &mut Builder<'_>| rdata.octets(&[192, 0, 2, 1]);
            let owner = name.as_wire();
            builder
                .record(Section::Answer, owner, RecordType::A, Class::IN, 60, rdata)
                .expect("room");
        }
        builder.finish()
    }
}

/// `hickory-proto`.
pub struct Hickory;

impl Codec for Hickory {
    const NAME: &'static str = "hickory-proto";
    type Name = hickory_proto::rr::Name;
    type Buffer = Vec<u8>;

    fn name(text: &str) -> Self::Name {
        text.parse().expect("a name")
    }

    fn buffer() -> Self::Buffer {
        Vec::with_capacity(512)
    }

    fn build_query(name: &Self::Name, id: u16, buffer: &mut Self::Buffer) -> usize {
        use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
        use hickory_proto::rr::RecordType;
        use hickory_proto::serialize::binary::{BinEncodable as _, BinEncoder};
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(name.clone(), RecordType::A));
        let mut edns = Edns::new();
        edns.set_max_payload(1232);
        message.set_edns(edns);
        buffer.clear();
        message.emit(&mut BinEncoder::new(buffer)).expect("a message");
        buffer.len()
    }

    fn walk(message: &[u8]) -> Seen {
        use hickory_proto::op::Message;
        use hickory_proto::rr::RData;
        let message = Message::from_vec(message).expect("a message");
        let mut seen = Seen::default();
        for query in &message.queries {
            query.name().iter().for_each(|label| seen.label(label));
        }
        if message.edns.is_some() {
            seen.record(41, 0);
        }
        for record in message.all_sections() {
            seen.record(record.record_type().into(), record.ttl);
            match &record.data {
                RData::A(address) => seen.address(address.0.into()),
                RData::AAAA(address) => seen.address(address.0.into()),
                RData::CNAME(target) => target.0.iter().for_each(|label| seen.label(label)),
                _ => {}
            }
        }
        seen
    }

    fn build_many(names: &[Self::Name]) -> usize {
        use hickory_proto::op::{Message, OpCode};
        use hickory_proto::rr::{RData, Record, rdata::A};
        let mut message = Message::response(7, OpCode::Query);
        for name in names {
            let address = RData::A(A::new(192, 0, 2, 1));
            message.add_answer(Record::from_rdata(name.clone(), 60, address));
        }
        message.to_vec().expect("a message").len()
    }
}

/// `domain`, by NLnet Labs.
pub struct Domain;

impl Codec for Domain {
    const NAME: &'static str = "domain";
    type Name = domain::base::Name<Vec<u8>>;
    type Buffer = Option<Vec<u8>>;

    fn name(text: &str) -> Self::Name {
        text.parse().expect("a name")
    }

    fn buffer() -> Self::Buffer {
        Some(Vec::with_capacity(512))
    }

    fn build_query(name: &Self::Name, id: u16, buffer: &mut Self::Buffer) -> usize {
        use domain::base::{MessageBuilder, Rtype};
        let mut target = buffer.take().unwrap_or_default();
        target.clear();
        let mut builder = MessageBuilder::from_target(target).expect("room");
        builder.header_mut().set_id(id);
        builder.header_mut().set_rd(true);
        let mut builder = builder.question();
        builder.push((name, Rtype::A)).expect("room");
        let mut builder = builder.additional();
        builder
            .opt(|opt| {
                opt.set_udp_payload_size(1232);
                Ok(())
            })
            .expect("room");
        let target = builder.finish();
        let len = target.len();
        *buffer = Some(target);
        len
    }

    fn walk(message: &[u8]) -> Seen {
        use domain::base::{Message, ParsedName, Rtype};
        use domain::rdata::{A, Aaaa, Cname};
        let message = Message::from_octets(message).expect("a message");
        let mut seen = Seen::default();
        let mut questions = message.question();
        for question in &mut questions {
            let question = question.expect("a question");
            question.qname().iter().for_each(|label| seen.label(label.as_slice()));
        }
        let mut section = questions.answer().expect("a section");
        loop {
            for record in &mut section {
                let record = record.expect("a record");
                if record.rtype() == Rtype::OPT {
                    seen.record(41, 0);
                    continue;
                }
                seen.record(record.rtype().to_int(), record.ttl().as_secs());
                match record.rtype() {
                    Rtype::A => {
                        let record = record.to_record::<A>().expect("an address");
                        seen.address(record.expect("of this type").data().addr().into());
                    }
                    Rtype::AAAA => {
                        let record = record.to_record::<Aaaa>().expect("an address");
                        seen.address(record.expect("of this type").data().addr().into());
                    }
                    Rtype::CNAME => {
                        let record =
                            record.to_record::<Cname<ParsedName<&[u8]>>>().expect("a target");
                        let record = record.expect("of this type");
                        record.data().cname().iter().for_each(|label| seen.label(label.as_slice()));
                    }
                    _ => {}
                }
            }
            match section.next_section().expect("a section") {
                Some(next) => section = next,
                None => break seen,
            }
        }
    }

    fn build_many(names: &[Self::Name]) -> usize {
        use domain::base::MessageBuilder;
        use domain::base::message_builder::HashCompressor;
        use domain::rdata::A;
        let target = HashCompressor::new(Vec::with_capacity(65_535));
        let mut builder = MessageBuilder::from_target(target).expect("room").answer();
        builder.header_mut().set_qr(true);
        for name in names {
            builder.push((name, 60, A::from_octets(192, 0, 2, 1))).expect("room");
        }
        builder.finish().as_slice().len()
    }
}
