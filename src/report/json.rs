//! JSON, written in two ways that can write nothing else: by serde ([`write()`], and the types whose
//! names end in `Json`), and, where speed matters, by a writer of our own ([`Object`], [`Array`]).

mod ascii;
mod message;
mod records;
mod writer;

pub use ascii::write;
pub use message::{MessageJson, OptJson, QuestionJson, RecordJson};
pub use records::{RecordWriter, write_opt};
pub use writer::{Array, Key, Member, Members, Number, Object, Plain, Span, Word};
pub(crate) use writer::{key, member, plain};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{
        Builder, Class, Flags, Message, NameBuf, OptBuf, OptionCode, RecordType, Section,
    };

    #[test]
    fn a_message_is_an_object_that_json_parsers_read() {
        let name: NameBuf = "a\\\"b.example".parse().unwrap();
        let mut buffer = [0; 512];
        let mut builder = Builder::new(&mut buffer, 7, Flags::QR.with(Flags::AA)).unwrap();
        builder.question(name.as_wire(), RecordType::A, Class::IN).unwrap();
        for rdata in [&[192, 0, 2, 1][..], &[1, 2, 3]] {
            builder
                .record(Section::Answer, name.as_wire(), RecordType::A, Class::IN, 60, |builder| {
                    builder.octets(rdata)
                })
                .unwrap();
        }
        let mut opt = OptBuf::new(1400);
        opt.extended_rcode = 1;
        opt.option(OptionCode::EDE, b"\x00\x0Fblocked");
        opt.build(&mut builder).unwrap();
        let len = builder.finish();
        let mut out = Vec::new();
        let message = Message::parse(&buffer[..len]).unwrap();
        write(&MessageJson::new(&message, None), &mut out);
        let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(
            read,
            serde_json::json!({
                "id": 7, "opcode": "QUERY", "status": "BADVERS", "flags": ["qr", "aa"],
                "questions": [{"name": "a\\\"b.example.", "type": "A", "class": "IN"}],
                "answers": [
                    {"name": "a\\\"b.example.", "type": "A", "class": "IN", "ttl": 60,
                     "data": "192.0.2.1"},
                    {"name": "a\\\"b.example.", "type": "A", "class": "IN", "ttl": 60,
                     "data": "\\# 3 010203", "error": "octet 57: the RDATA ends inside a field"},
                ],
                "authorities": [], "additionals": [],
                "edns": {"version": 0, "udp": 1400, "flags": [], "options": [
                    {"code": 15, "name": "EDE", "data": "15 (Blocked): \"blocked\"",
                     "info_code": 15, "purpose": "Blocked", "extra_text": "blocked",
                     "hex": "000f626c6f636b6564"},
                ]},
            })
        );
    }
}
