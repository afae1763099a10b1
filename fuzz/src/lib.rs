//! What the fuzz targets check, one function a target. Each takes any octets and panics when a
//! promise of the codec, or of what shows messages, is broken. The tests of the package include this file too and run it over
//! the corpora, so that what was once found stays found.

mod names;
mod readers;
mod render;
mod servers;

use dnsonde::report::{json, message as shown};
use dnsonde::wire::{
    Builder, Class, Flags, Message, Name, NameBuf, OptionValue, ParseErrorKind, Record, RecordBuf,
    RecordType, Section, TextError, TextErrorKind, ZoneOptions, ZoneReader, ZoneStream,
};

/// All records of a message, with their sections.
fn all<'a>(message: &Message<'a>) -> impl Iterator<Item = (Section, Record<'a>)> {
    let message = *message;
    Section::ALL
        .into_iter()
        .flat_map(move |section| message.records(section).map(move |record| (section, record)))
}

fn assert_printable(out: &[u8]) {
    let printable = |octet: &u8| matches!(octet, b'\n' | b'\t' | 0x20..=0x7E);
    assert!(out.iter().all(printable), "{}", String::from_utf8_lossy(out));
}

/// Whatever arrives is read to its end, and shown in printable octets.
pub fn message(octets: &[u8]) {
    let Ok((message, error)) = Message::parse_prefix(octets) else {
        assert!(octets.len() < 12 && Message::parse(octets).is_err());
        return;
    };
    assert_eq!(Message::parse(octets).err(), error);
    assert!(error.is_none_or(|error| error.offset <= octets.len()));
    let claimed: usize = message.header().counts[1..].iter().map(|&count| usize::from(count)).sum();
    let read = all(&message).count();
    assert!(if error.is_none() { read == claimed } else { read <= claimed });
    for (_, record) in all(&message) {
        let mut out = Vec::new();
        assert_eq!(record.write_data(&mut out).is_err(), record.check().is_err());
        assert_printable(&out);
        let data = record.data();
        let _ = (data.address(), data.target(), data.soa(), data.mx(), data.rrsig(), data.ds());
        if let Some(key) = data.dnskey() {
            key.tag();
        }
        if let Some(strings) = data.strings() {
            assert_eq!(strings.map(|text| text.len() + 1).sum::<usize>(), record.rdata().len());
        }
    }
    if let Some(opt) = message.opt() {
        let fine = opt.check().is_ok();
        let read = opt.options().all(|(code, value)| OptionValue::parse(code, value).is_ok());
        assert!(read || !fine);
    }
    let mut out = Vec::new();
    shown::write_message_text(&message, &mut out);
    assert_printable(&out);
    out.clear();
    json::write(&json::MessageJson::new(&message, None), &mut out);
    assert!(!out.contains(&b'\n'));
    assert_printable(&out);
}

/// Whatever an input holds, it is read to its end: each line of a text, each packet of a capture.
pub fn decode(octets: &[u8]) {
    use dnsonde::decode::{Item, Options, read};
    for (text, tcp) in [(false, false), (true, false), (true, true)] {
        let options = Options { text, tcp, ..Options::default() };
        let ended = read(&mut &octets[..], &options, &mut |item| {
            if let Item::Message { octets: message, incomplete, .. } = item {
                assert!(incomplete.is_some() || message.len() <= 65_535);
            }
            std::ops::ControlFlow::Continue(())
        });
        if let Err(error) = ended {
            assert!(!error.to_string().is_empty());
        }
    }
}

/// A record of a message reads back from its text, unless it cannot be one.
fn record_text(record: &RecordBuf) {
    let text = record.to_string();
    assert_printable(text.as_bytes());
    match RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 0) {
        Ok(back) => {
            assert_eq!(back, RecordBuf { ttl: record.ttl_seconds(), ..record.clone() }, "{text}");
            assert_eq!(back.name.as_wire(), record.name.as_wire());
        }
        Err(error) => {
            let expected = match error.kind {
                TextErrorKind::MetaType(rtype) => rtype.is_meta(),
                TextErrorKind::Rdata(_) => record.write_data(&mut Vec::new()).is_err(),
                _ => false,
            };
            assert!(expected, "{text}: {error}");
        }
    }
}

/// A message that is built from what was read reads the same, and so do its records from text.
pub fn rebuild(octets: &[u8]) {
    let Ok(message) = Message::parse(octets) else { return };
    let records: Result<Vec<(Section, RecordBuf)>, _> = all(&message)
        .map(|(section, record)| record.to_buf().map(|record| (section, record)))
        .collect();
    let Ok(records) = records else { return };
    records.iter().for_each(|(_, record)| record_text(record));
    let mut buffer = vec![0; 65_535];
    let Ok(mut builder) = Builder::new(&mut buffer, message.id(), message.flags()) else {
        panic!("no room for a header in 65,535 octets");
    };
    let built = message
        .questions()
        .try_for_each(|question| {
            builder.question(question.name.to_buf().as_wire(), question.rtype, question.class)
        })
        .and_then(|()| {
            records.iter().try_for_each(|(section, record)| record.build(*section, &mut builder))
        });
    if built.is_err() {
        // Only names written out, or RDATA that is malformed, can make it longer than it was.
        return;
    }
    let len = builder.finish();
    let again = Message::parse(&buffer[..len]).unwrap();
    assert_eq!(again.header(), message.header());
    let exact = |name: Name<'_>| name.to_buf().as_wire().to_vec();
    let questions = |message: &Message<'_>| -> Vec<_> {
        message.questions().map(|q| (exact(q.name), q.rtype, q.class)).collect()
    };
    assert_eq!(questions(&again), questions(&message));
    for ((section, record), (section_again, again)) in records.iter().zip(all(&again)) {
        let again = again.to_buf().unwrap();
        assert_eq!((section, record), (&section_again, &again));
        assert_eq!(record.name.as_wire(), again.name.as_wire());
        assert_eq!(record.rdata, again.rdata);
    }
}

/// A name reads back from its text and from its wire form, and its text is printable.
pub fn name(octets: &[u8]) {
    for start in [0, 12] {
        if let Ok((name, end)) = Name::parse(octets, start) {
            assert!(end <= octets.len() && end > start);
            let owned = name.to_buf();
            assert!(owned.as_wire().len() <= 255);
            assert_eq!(NameBuf::from_wire(owned.as_wire()).unwrap().as_wire(), owned.as_wire());
            let text = owned.to_string();
            assert_printable(text.as_bytes());
            assert_eq!(text.parse::<NameBuf>().unwrap().as_wire(), owned.as_wire());
            assert_eq!(name, owned);
            assert_eq!(owned.to_lowercase(), owned);
        }
    }
    if let Ok(name) = NameBuf::from_text(octets, &NameBuf::root()) {
        assert_eq!(NameBuf::from_wire(name.as_wire()).unwrap().as_wire(), name.as_wire());
        assert_eq!(name.to_string().parse::<NameBuf>().unwrap().as_wire(), name.as_wire());
    }
}

/// An RDATA of any type (the first two octets) reads back from its text.
pub fn rdata(octets: &[u8]) {
    let Some((&[high, low], rdata)) = octets.split_first_chunk::<2>() else { return };
    let rtype = RecordType(u16::from_be_bytes([high, low]));
    if rdata.len() > 65_535 {
        return;
    }
    let record =
        RecordBuf { name: NameBuf::root(), ttl: 1, class: Class::IN, rtype, rdata: rdata.to_vec() };
    let mut text = Vec::new();
    if record.write_data(&mut text).is_err() {
        assert!(text.is_empty());
        return;
    }
    assert_printable(&text);
    let back = RecordBuf::rdata_from_text(rtype, Class::IN, &text, &NameBuf::root());
    assert_eq!(back.as_deref(), Ok(rdata), "{rtype} {}", String::from_utf8_lossy(&text));
    assert!(record.canonical_rdata().unwrap().eq_ignore_ascii_case(rdata));
}

/// Text is read to its end, and what is a record reads back from its canonical form.
pub fn text(octets: &[u8]) {
    for multiline in [true, false] {
        let (ttl, messages) = (Some(3600), !multiline);
        let options = ZoneOptions { ttl, multiline, messages, ..ZoneOptions::default() };
        let entries: Vec<_> = ZoneReader::new(octets, &options).collect();
        assert_eq!(in_pieces(octets, &options), entries);
        for entry in entries {
            match entry {
                Ok(record) => {
                    let canonical = record.to_string();
                    assert_printable(canonical.as_bytes());
                    let back = RecordBuf::from_text(canonical.as_bytes(), &NameBuf::root(), 0);
                    let back = back.unwrap_or_else(|error| panic!("{canonical}: {error}"));
                    assert_eq!(back, record, "{canonical}");
                    assert_eq!(back.to_string(), canonical);
                }
                Err(error) => {
                    assert!(error.line >= 1 && error.column >= 1);
                    assert_printable(error.to_string().as_bytes());
                }
            }
        }
    }
}

/// The entries of a text that comes in pieces, of a size that its first octet says.
fn in_pieces(octets: &[u8], options: &ZoneOptions) -> Vec<Result<RecordBuf, TextError>> {
    let mut entries = Vec::new();
    let mut stream = ZoneStream::new(options);
    let size = usize::from(octets.first().map_or(1, |octet| octet % 32 + 1));
    octets.chunks(size).for_each(|piece| stream.push(piece, &mut |entry| entries.push(entry)));
    stream.finish(&mut |entry| entries.push(entry));
    entries
}

/// What both `hickory-proto` and `domain` take, we take, with the same content; except where we
/// keep a rule that they do not.
pub fn differential(octets: &[u8]) {
    let Ok(theirs) = hickory_proto::op::Message::from_vec(octets) else { return };
    let Some(domains) = domain_records(octets) else { return };
    let message = match Message::parse(octets) {
        Ok(message) => message,
        Err(error) => {
            let ours = matches!(
                error.kind,
                // Neither looks behind the last record, and `domain` never at the place of OPT.
                ParseErrorKind::TrailingOctets(_)
                    | ParseErrorKind::Edns(_)
                    | ParseErrorKind::SignatureNotLast
                    // They let a pointer lead into the header, or through more than 127 others.
                    | ParseErrorKind::PointerIntoHeader
                    | ParseErrorKind::TooManyPointers
            );
            assert!(ours, "refused: {error}");
            return;
        }
    };
    assert_eq!(message.id(), theirs.metadata.id);
    assert_eq!(message.questions().count(), theirs.queries.len());
    for (question, query) in message.questions().zip(&theirs.queries) {
        assert_eq!(question.rtype.0, u16::from(query.query_type));
        assert!(same_labels(question.name, &query.name));
    }
    let records: Vec<(Section, Record<'_>)> = all(&message).collect();
    assert_eq!(records.len(), domains.len());
    for ((_, record), domains) in records.iter().zip(&domains) {
        compare_with_domain(record, domains);
    }
    let plain = |section: Section| {
        message.records(section).filter(|record| record.rtype != RecordType::OPT)
    };
    let sections = [
        (Section::Answer, &theirs.answers),
        (Section::Authority, &theirs.authorities),
        (Section::Additional, &theirs.additionals),
    ];
    for (section, theirs) in sections {
        assert_eq!(plain(section).count(), theirs.len());
        for (record, theirs) in plain(section).zip(theirs) {
            compare_with_hickory(&record, theirs);
        }
    }
    assert_eq!(message.opt().is_some(), theirs.edns.is_some());
}

fn same_labels(name: Name<'_>, theirs: &hickory_proto::rr::Name) -> bool {
    name.labels().eq(theirs.iter())
}

fn compare_with_hickory(record: &Record<'_>, theirs: &hickory_proto::rr::Record) {
    use hickory_proto::rr::RData;
    assert_eq!(record.rtype.0, u16::from(theirs.record_type()));
    assert_eq!(record.ttl, theirs.ttl);
    assert!(same_labels(record.name, &theirs.name));
    // Whether we may refuse what they take was judged beside `domain`.
    if record.class != Class::IN || record.check().is_err() {
        return;
    }
    let data = record.data();
    match &theirs.data {
        RData::A(address) => assert_eq!(data.address(), Some(address.0.into())),
        RData::AAAA(address) => assert_eq!(data.address(), Some(address.0.into())),
        RData::NS(name) => assert!(same_labels(data.target().unwrap(), &name.0)),
        RData::CNAME(name) => assert!(same_labels(data.target().unwrap(), &name.0)),
        RData::PTR(name) => assert!(same_labels(data.target().unwrap(), &name.0)),
        RData::MX(mx) => {
            let ours = data.mx().unwrap();
            assert_eq!(ours.preference, mx.preference);
            assert!(same_labels(ours.exchange, &mx.exchange));
        }
        RData::TXT(txt) => {
            let theirs = txt.txt_data.iter().map(|text| &text[..]);
            assert!(data.strings().into_iter().flatten().eq(theirs));
        }
        RData::SOA(soa) => {
            let ours = data.soa().unwrap();
            assert!(same_labels(ours.mname, &soa.mname) && same_labels(ours.rname, &soa.rname));
            assert_eq!(ours.serial, soa.serial);
        }
        _ => {}
    }
}

/// A record as `domain` reads it: owner, type, and RDATA with its names written out.
struct DomainRecord {
    owner: Vec<u8>,
    rtype: u16,
    rdata: Vec<u8>,
}

/// All records, or nothing when `domain` refuses one.
fn domain_records(octets: &[u8]) -> Option<Vec<DomainRecord>> {
    use domain::base::name::{ParsedName, ToName as _};
    use domain::base::{Message, ParsedRecord, rdata::ComposeRecordData as _};
    use domain::rdata::AllRecordData;

    let message = Message::from_octets(octets).ok()?;
    for question in message.question() {
        question.ok()?;
    }
    let mut records = Vec::new();
    let mut read = |record: Result<ParsedRecord<'_, &[u8]>, _>| -> Option<()> {
        let record = record.ok()?;
        let data = record.to_any_record::<AllRecordData<&[u8], ParsedName<&[u8]>>>().ok()?;
        let mut rdata: Vec<u8> = Vec::new();
        data.data().compose_rdata(&mut rdata).ok()?;
        let owner = data.owner().to_vec().as_slice().to_vec();
        records.push(DomainRecord { owner, rtype: record.rtype().to_int(), rdata });
        Some(())
    };
    let answers = message.answer().ok()?;
    for record in answers {
        read(record)?;
    }
    for record in message.authority().ok()? {
        read(record)?;
    }
    for record in message.additional().ok()? {
        read(record)?;
    }
    Some(records)
}

fn compare_with_domain(record: &Record<'_>, theirs: &DomainRecord) {
    assert_eq!(record.rtype.0, theirs.rtype);
    assert_eq!(record.name.to_buf().as_wire(), theirs.owner);
    // It reads every class as IN, where these types have another RDATA, or none, in other classes.
    let differs = matches!(
        record.rtype,
        RecordType::A
            | RecordType::AAAA
            | RecordType::SRV
            | RecordType::NAPTR
            | RecordType::SVCB
            | RecordType::HTTPS
    );
    if differs && !matches!(record.class, Class::IN | Class::NONE) {
        return;
    }
    match (record.check(), record.to_buf()) {
        (Ok(()), Ok(ours)) => {
            // What `domain` does not know it keeps as it is, compressed names included.
            let typed = is_typed_by_domain(record.rtype);
            let ours = if typed { &ours.rdata[..] } else { record.rdata() };
            assert_eq!(ours, theirs.rdata, "{}", record.rtype);
        }
        (Err(error), _) | (_, Err(error)) => {
            let ours = match error.kind {
                // RFC 3597 §4 forbids compression in the newer types.
                ParseErrorKind::PointerForbidden | ParseErrorKind::PointerIntoHeader => true,
                ParseErrorKind::TooManyPointers => true,
                // What they do not look into: bitmaps, service parameters, empty RDATA.
                ParseErrorKind::Rdata(_) => {
                    matches!(
                        record.rtype,
                        RecordType::NSEC
                            | RecordType::NSEC3
                            | RecordType::CSYNC
                            | RecordType::SVCB
                            | RecordType::HTTPS
                    ) || !is_typed_by_domain(record.rtype)
                }
                _ => !is_typed_by_domain(record.rtype),
            };
            assert!(ours, "{} refused: {error}", record.rtype);
        }
    }
}

/// Whether `domain` knows more of the type than its octets.
fn is_typed_by_domain(rtype: RecordType) -> bool {
    use RecordType as T;
    matches!(
        rtype,
        T::A | T::CNAME
            | T::HINFO
            | T::MB
            | T::MD
            | T::MF
            | T::MG
            | T::MINFO
            | T::MR
            | T::MX
            | T::NS
            | T::PTR
            | T::SOA
            | T::TXT
            | T::AAAA
            | T::CAA
            | T::CDNSKEY
            | T::CDS
            | T::DNAME
            | T::DNSKEY
            | T::RRSIG
            | T::NSEC
            | T::DS
            | T::IPSECKEY
            | T::NAPTR
            | T::NSEC3
            | T::NSEC3PARAM
            | T::OPENPGPKEY
            | T::RP
            | T::SRV
            | T::SSHFP
            | T::SVCB
            | T::HTTPS
            | T::TLSA
            | T::TSIG
            | T::ZONEMD
    )
}

/// Whatever a list of names holds, each line is asked as it is written, or refused in a sentence.
pub fn names(octets: &[u8]) {
    names::all(octets);
}

/// Whatever a list of servers holds, what is read of it can be written and read again.
pub fn servers(octets: &[u8]) {
    servers::all(octets);
}

/// Whatever a message holds, every renderer shows it so that readers of others read it back.
pub fn render(octets: &[u8]) {
    render::all(octets);
}

/// A message around an RDATA, so that targets for RDATA can be seeds of the others.
pub fn wrap(rtype: RecordType, rdata: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0; 65_535];
    let Ok(mut builder) = Builder::new(&mut buffer, 1, Flags::QR) else { return Vec::new() };
    let owner = [3, b'f', b'o', b'o', 0];
    let built = builder.question(&owner, rtype, Class::IN).and_then(|()| {
        builder.record(Section::Additional, &owner, rtype, Class::IN, 60, |rest| rest.octets(rdata))
    });
    let len = if built.is_ok() { builder.finish() } else { 0 };
    buffer.truncate(len);
    buffer
}
