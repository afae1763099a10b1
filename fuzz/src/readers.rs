//! Readers of others, with which output is read back: `serde_json` for JSON, the zone files of
//! `domain` for names and RDATA, `html5ever` for pages.

use std::cell::RefCell;
use std::fmt;
use std::str::FromStr as _;

use dnsonde::wire::{Class, NameBuf, RecordBuf, RecordType};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, Tag, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Reads a line of JSON in printable ASCII, and takes no object with two members of one name.
pub fn json(line: &[u8]) -> Value {
    assert!(line.iter().all(|octet| matches!(octet, b' '..=b'~')), "{line:?}");
    match serde_json::from_slice::<Strict>(line) {
        Ok(Strict(value)) => value,
        Err(error) => panic!("{error} in {}", String::from_utf8_lossy(line)),
    }
}

/// A value whose objects have each member once.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(array.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, _>()? {
            if object.insert(name.clone(), value).is_some() {
                return Err(A::Error::custom(format!("two members {name:?}")));
            }
        }
        Ok(object.into())
    }
}

/// The octets of a name, from its presentation format.
pub fn name(text: &str) -> Vec<u8> {
    let name = domain::base::Name::<Vec<u8>>::from_str(text);
    name.unwrap_or_else(|error| panic!("{error}: {text}")).as_slice().to_vec()
}

/// The number of a type.
pub fn record_type(text: &str) -> u16 {
    match domain::base::Rtype::from_str(text) {
        Ok(rtype) => rtype.to_int(),
        // It does not know all of them.
        Err(_) => text.parse::<RecordType>().unwrap().0,
    }
}

/// The octets of an RDATA without compression, from its presentation format: as `domain` reads it,
/// or, where that does not know the type in this class, as we do.
pub fn rdata(rtype: RecordType, class: Class, text: &str) -> Vec<u8> {
    if let Some(generic) = text.strip_prefix("\\# ") {
        return generic_rdata(generic);
    }
    let theirs = if class == Class::IN { domain_rdata(rtype, text) } else { None };
    if let Some(theirs) = theirs {
        return theirs;
    }
    let everyday = [
        RecordType::A,
        RecordType::AAAA,
        RecordType::NS,
        RecordType::CNAME,
        RecordType::PTR,
        RecordType::MX,
        RecordType::SOA,
        RecordType::SRV,
    ];
    assert!(class != Class::IN || !everyday.contains(&rtype), "{rtype} {text}");
    let ours = RecordBuf::rdata_from_text(rtype, class, text.as_bytes(), &NameBuf::root());
    ours.unwrap_or_else(|error| panic!("{error}: {rtype} {text}"))
}

/// The octets of the generic form (RFC 3597 §5), behind its `\#`.
fn generic_rdata(text: &str) -> Vec<u8> {
    let (len, digits) = text.split_once(' ').unwrap_or((text, ""));
    let octet = |i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap();
    let octets: Vec<u8> = (0..digits.len()).step_by(2).map(octet).collect();
    assert_eq!(octets.len(), len.parse::<usize>().unwrap());
    octets
}

fn domain_rdata(rtype: RecordType, text: &str) -> Option<Vec<u8>> {
    use domain::base::rdata::ComposeRecordData as _;
    use domain::zonefile::inplace::{Entry, Zonefile};

    let line = format!("x. 1 IN {rtype} {text}\n");
    let mut zone = Zonefile::from(line.as_str());
    let Ok(Some(Entry::Record(record))) = zone.next_entry() else { return None };
    let mut octets: Vec<u8> = Vec::new();
    record.data().compose_rdata(&mut octets).ok()?;
    Some(octets)
}

/// What a page says, and the elements that it has.
#[derive(Default)]
pub struct Page {
    text: RefCell<String>,
    tags: RefCell<Vec<String>>,
}

impl Page {
    pub fn read(html: &str) -> (String, Vec<String>) {
        let input = BufferQueue::default();
        input.push_back(StrTendril::from(html));
        let tokenizer = Tokenizer::new(Self::default(), TokenizerOpts::default());
        while !input.is_empty() {
            let _ = tokenizer.feed(&input);
        }
        tokenizer.end();
        (tokenizer.sink.text.take(), tokenizer.sink.tags.take())
    }
}

impl TokenSink for Page {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        match token {
            Token::CharacterTokens(text) => self.text.borrow_mut().push_str(&text),
            Token::TagToken(Tag { kind, name, attrs, .. }) => {
                let attrs: Vec<String> =
                    attrs.iter().map(|attr| format!("{:?}", attr.name.local)).collect();
                self.tags.borrow_mut().push(format!("{kind:?} {name} {attrs:?}"));
            }
            Token::CommentToken(text) => panic!("a comment: {text}"),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}
