//! Whatever a message holds, every renderer shows it so that readers of others read it back: the
//! formats of `scan`, `query`, `decode`, `query --trace`, and the reports.

use std::time::{Duration, UNIX_EPOCH};

use dnsonde::engine::{
    Answer, Attempt, Ending, Finished, Outcome, QueryProfile, Response, ServerId, SocketId, Stamp,
    Time, Transport,
};
use dnsonde::query::show::View;
use dnsonde::query::trace::{write_json as write_trace_json, write_text as write_trace_text};
use dnsonde::query::{QueryResult, show};
use dnsonde::report::json::{self, MessageJson};
use dnsonde::report::judgement::{Effort, RecordReport, RecordState};
use dnsonde::report::judgement::{
    Page as PageOf, Style, write_report_html, write_report_json, write_report_text,
};
use dnsonde::report::message::{MessageStyle, RecordStyle, write_message_text};
use dnsonde::scan::Format;
use dnsonde::scan::render::{Context, Renderer};
use dnsonde::verify::{Verdict, VerifyReport};
use dnsonde::walk::{self, ExchangeEnd, Hints, Walk, WalkConfig};
use dnsonde::wire::{Builder, Class, Flags, NameBuf, Record, RecordType, Section};
use serde_json::Value;

use super::readers::{self, Page};

/// Shows a message in every way that there is, and reads it back.
pub fn all(octets: &[u8]) {
    let Some(response) = Response::read(octets) else { return };
    let shown = Shown::new(response);
    let lines = [true, false].map(|log| shown.jsonl(log));
    let query = shown.query();
    for line in lines {
        for member in ["answers", "authorities", "additionals"] {
            assert_eq!(line[member], query[member]);
        }
        if let Some(edns) = line.get("edns") {
            assert_eq!(*edns, query["edns"]);
        }
        assert_eq!(line.get("malformed"), query.get("malformed"));
        assert_eq!(line["status"], query["status"]);
    }
    shown.csv();
    shown.text();
    shown.massdns();
    shown.zdns();
    shown.decode();
    shown.trace();
    shown.report();
}

/// A message as the answer to its own question.
struct Shown<'m> {
    response: Response<'m>,
    name: NameBuf,
    rtype: RecordType,
    class: Class,
    attempt: Attempt,
}

impl<'m> Shown<'m> {
    fn new(response: Response<'m>) -> Self {
        let message = response.message;
        let question = message.question();
        let size = message.octets().len() as u16;
        let attempt = Attempt {
            server: ServerId(0),
            transport: Transport::Udp,
            socket: SocketId(0),
            port: Some(4711),
            id: message.id(),
            edns: true,
            mixed_case: false,
            edns_off: None,
            sent: Time::ZERO,
            outcome: Outcome::Answered(Answer {
                rtt: Duration::from_micros(1_500),
                stamp: Stamp::Kernel,
                size,
                flags: message.flags(),
                rcode: message.rcode(),
                malformed: response.malformed.is_some(),
            }),
            duplicates: 0,
            mismatched: 0,
            retried_because: None,
        };
        Self {
            response,
            name: question.map_or(NameBuf::root(), |question| question.name.to_buf()),
            rtype: question.map_or(RecordType::A, |question| question.rtype),
            class: question.map_or(Class::IN, |question| question.class),
            attempt,
        }
    }

    /// The records of a section that are data.
    fn records(&self, section: Section) -> Vec<Record<'m>> {
        let records = self.response.message.records(section);
        records.filter(|record| record.rtype != RecordType::OPT).collect()
    }

    fn scan(&self, format: Format, log: bool) -> String {
        let servers = ["192.0.2.53:53".parse().unwrap()];
        let context = Context::new(&servers, Time::ZERO, UNIX_EPOCH, log);
        let mut renderer = Renderer::new(format, context);
        let mut out = Renderer::header(format).to_vec();
        let finished = Finished {
            tag: 0,
            name: self.name.as_wire(),
            rtype: self.rtype,
            class: self.class,
            attempts: &[self.attempt],
            unmatched: &[],
            end: Ending::Answered { response: self.response, attempt: 0 },
        };
        assert!(renderer.render(&finished, &mut out).is_some());
        printable(out)
    }

    fn line(&self, format: Format, log: bool) -> Value {
        readers::json(self.scan(format, log).strip_suffix('\n').unwrap().as_bytes())
    }

    fn jsonl(&self, log: bool) -> Value {
        let line = self.line(Format::Jsonl, log);
        assert_eq!(readers::name(text(&line["name"])), self.name.as_wire());
        assert_eq!(readers::record_type(text(&line["type"])), self.rtype.0);
        self.sections(&line);
        assert_eq!(line["status"] == "MALFORMED", self.response.malformed.is_some());
        line
    }

    /// Reads the sections of an object back.
    fn sections(&self, object: &Value) {
        for (section, member) in [
            (Section::Answer, "answers"),
            (Section::Authority, "authorities"),
            (Section::Additional, "additionals"),
        ] {
            let (shown, records) = (object[member].as_array().unwrap(), self.records(section));
            assert_eq!(shown.len(), records.len());
            for (shown, record) in shown.iter().zip(&records) {
                assert_eq!(shown["ttl"], record.ttl_seconds());
                assert_eq!(shown.get("error").is_some(), record.check().is_err());
                assert_same(record, ["name", "type", "class", "data"].map(|m| text(&shown[m])));
            }
        }
    }

    fn csv(&self) {
        let table = self.scan(Format::Csv, false);
        assert!(table.ends_with("\r\n"));
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let records = self.records(Section::Answer);
        assert_eq!(rows.len(), records.len().max(1));
        for (i, row) in rows.iter().enumerate() {
            assert_eq!(readers::name(&row[0]), self.name.as_wire());
            if let Some(record) = records.get(i) {
                assert_eq!(row[10], record.ttl_seconds().to_string());
                assert_same(record, [&row[9], &row[12], &row[11], &row[13]]);
            }
        }
    }

    fn text(&self) {
        let lines = self.scan(Format::Text, false);
        let records = self.records(Section::Answer);
        let mut lines = lines.lines();
        for record in &records {
            let line = lines.next().unwrap();
            let line = match self.response.malformed {
                Some(_) => line.strip_prefix("; ").unwrap(),
                None => line,
            };
            assert_columns(record, line);
        }
        assert!(lines.all(|line| line.starts_with("; ")));
    }

    fn massdns(&self) {
        let line = self.line(Format::Massdns, false);
        assert_eq!(hex_escaped_name(text(&line["name"])), self.name.as_wire());
        if self.response.malformed.is_some() {
            assert_eq!(line["error"], "MAXRETRIES");
            return;
        }
        for (section, member) in [
            (Section::Answer, "answers"),
            (Section::Authority, "authorities"),
            (Section::Additional, "additionals"),
        ] {
            let records = self.records(section);
            let shown = line["data"].get(member).map_or(&[][..], |list| list.as_array().unwrap());
            assert_eq!(shown.len(), records.len());
            for (shown, record) in shown.iter().zip(&records) {
                assert_eq!(hex_escaped_name(text(&shown["name"])), record.name.to_buf().as_wire());
                assert_massdns_data(record, text(&shown["data"]));
            }
        }
    }

    fn zdns(&self) {
        let line = self.line(Format::Zdns, false);
        assert_eq!(dotless_name(text(&line["name"])), self.name.as_wire());
        let (rtype, result) = line["results"].as_object().unwrap().iter().next().unwrap();
        assert_eq!(readers::record_type(rtype), self.rtype.0);
        for (section, member) in [
            (Section::Answer, "answers"),
            (Section::Authority, "authorities"),
            (Section::Additional, "additionals"),
        ] {
            let records: Vec<_> = self.response.message.records(section).collect();
            let shown = result["data"].get(member).map_or(&[][..], |list| list.as_array().unwrap());
            assert_eq!(shown.len(), records.len());
            for (shown, record) in shown.iter().zip(&records) {
                if record.rtype != RecordType::OPT {
                    assert_eq!(dotless_name(text(&shown["name"])), record.name.to_buf().as_wire());
                    assert_zdns_data(record, shown);
                }
            }
        }
    }

    fn query(&self) -> Value {
        let exchange = QueryResult {
            started: UNIX_EPOCH,
            name: self.name,
            rtype: self.rtype,
            class: self.class,
            servers: vec!["192.0.2.53:53".parse().unwrap()],
            profile: QueryProfile::default(),
            attempts: vec![(self.attempt, Some(4711))],
            unmatched: Vec::new(),
            truncated: false,
            end: Ok((self.response.octets().to_vec(), 0)),
        };
        let mut out = Vec::new();
        show::write_text(&exchange, &folded(), &mut out);
        printable(std::mem::take(&mut out));
        show::write_text(&exchange, &View::default(), &mut out);
        self.columns(&printable(std::mem::take(&mut out)));
        show::write_short(&exchange, &View::default(), &mut out);
        let short = printable(std::mem::take(&mut out));
        let answers: Vec<_> = self.response.message.answers().collect();
        assert_eq!(short.lines().count(), answers.len());
        for (line, record) in short.lines().zip(&answers) {
            assert_data(record, line);
        }
        show::write_json(&exchange, &mut out);
        let value = readers::json(out.strip_suffix(b"\n").unwrap());
        assert_eq!(readers::name(text(&value["name"])), self.name.as_wire());
        self.sections(&value);
        value
    }

    fn decode(&self) {
        let mut out = Vec::new();
        write_message_text(&self.response.message, &mut out);
        self.columns(&printable(std::mem::take(&mut out)));
        json::write(&MessageJson::new(&self.response.message, None), &mut out);
        let value = readers::json(&out);
        self.sections(&value);
        let questions: Vec<_> = self.response.message.questions().collect();
        assert_eq!(value["questions"].as_array().unwrap().len(), questions.len());
        for (i, question) in questions.iter().enumerate() {
            let shown = &value["questions"][i];
            assert_eq!(readers::name(text(&shown["name"])), question.name.to_buf().as_wire());
            assert_eq!(readers::record_type(text(&shown["type"])), question.rtype.0);
        }
    }

    /// Reads all records of a message in the manner of dig back.
    fn columns(&self, shown: &str) {
        let lines = shown.lines().filter(|line| !line.is_empty() && !line.starts_with(';'));
        let lines: Vec<&str> = lines.collect();
        let records: Vec<_> =
            Section::ALL.into_iter().flat_map(|section| self.records(section)).collect();
        assert_eq!(lines.len(), records.len(), "{shown}");
        for (line, record) in lines.iter().zip(&records) {
            assert_columns(record, line);
        }
    }

    /// Walks to the owner of the first answer, and has each server say all that the message says.
    fn trace(&self) {
        let Some(first) = self.records(Section::Answer).into_iter().next() else { return };
        let hints = Hints::from_text(b". NS a.root.\na.root. A 192.0.2.1\n").unwrap();
        let mut config = WalkConfig::default();
        config.limits.exchanges = 12;
        let name = first.name.to_buf();
        let mut walk = Walk::new(Time::ZERO, name, first.rtype, &hints, config);
        while let Some(question) = walk.poll_query() {
            let response = self.says_all(&question.name, question.rtype);
            let end = ExchangeEnd::Answered { response: response.into(), attempt: 0 };
            let attempts = vec![self.attempt];
            walk.handle(
                Time::ZERO,
                walk::Exchange {
                    id: question.id,
                    attempts,
                    unmatched: Vec::new(),
                    end,
                    spoiled: false,
                },
            );
        }
        let report = walk.into_report();
        let mut out = Vec::new();
        write_trace_text(&report, &mut out);
        printable(std::mem::take(&mut out));
        write_trace_json(&report, &mut out);
        let value = readers::json(out.strip_suffix(b"\n").unwrap());
        assert_eq!(readers::name(text(&value["name"])), name.as_wire());
        let answers = value["paths"].as_array().unwrap().iter().flat_map(|path| {
            path["answers"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|a| a["answers"].as_array().unwrap())
        });
        let known: Vec<Vec<u8>> = Section::ALL
            .into_iter()
            .flat_map(|section| self.records(section))
            .filter_map(|record| record.to_buf().ok().map(|record| record.rdata))
            .collect();
        for answer in answers {
            let rtype = text(&answer["type"]).parse().unwrap();
            let rdata = readers::rdata(rtype, Class::IN, text(&answer["data"]));
            let same = |known: &Vec<u8>| known.eq_ignore_ascii_case(&rdata);
            assert!(known.iter().any(same), "{answer:#}");
        }
    }

    fn says_all(&self, name: &NameBuf, rtype: RecordType) -> Vec<u8> {
        let mut buffer = vec![0; 65_535];
        let mut builder = Builder::new(&mut buffer, 1, Flags::QR.with(Flags::AA)).unwrap();
        builder.question(name.as_wire(), rtype, Class::IN).unwrap();
        for section in Section::ALL {
            for record in self.records(section) {
                if let Ok(record) = record.to_buf() {
                    // What does not fit is not said.
                    let _ = record.build(section, &mut builder);
                }
            }
        }
        let len = builder.finish();
        buffer.truncate(len);
        buffer
    }

    /// A report about the answers.
    fn report(&self) {
        let records = self.records(Section::Answer);
        let texts: Vec<[String; 2]> = records
            .iter()
            .take(4)
            .map(|record| {
                let mut data = Vec::new();
                if record.write_data(&mut data).is_err() {
                    dnsonde::wire::write_generic_rdata(record.rdata(), &mut data);
                }
                [record.name.to_string(), String::from_utf8(data).unwrap()]
            })
            .collect();
        let page = |texts: &[[String; 2]]| {
            let mut out = Vec::new();
            let page = PageOf { command_line: "dnsonde verify" };
            write_report_html(&report(texts), page, &mut out);
            Page::read(&String::from_utf8(out).unwrap())
        };
        let (said, tags) = page(&texts);
        for [name, data] in &texts {
            // For people, names have no final dot.
            for text in [name.strip_suffix('.').unwrap_or(name), data] {
                assert!(said.contains(text), "{text} is not in the page");
            }
        }
        let plain = vec![["x.".to_owned(), "x".to_owned()]; texts.len()];
        assert_eq!(tags, page(&plain).1);
        let report = report(&texts);
        let mut out = Vec::new();
        write_report_json(&report, &mut out);
        let value = readers::json(out.strip_suffix(b"\n").unwrap());
        for (i, [name, data]) in texts.iter().enumerate() {
            assert_eq!(
                (&value["records"][i]["name"], &value["records"][i]["line"]),
                (&name.as_str().into(), &data.as_str().into())
            );
        }
        out.clear();
        write_report_text(&report, Style::new(Some(100), false), &mut out);
        let shown = String::from_utf8(out).unwrap();
        assert!(!shown.chars().any(|character| character.is_control() && character != '\n'));
    }
}

/// A report with a name and a text for each record.
fn report(texts: &[[String; 2]]) -> VerifyReport {
    let record = |[name, data]: &[String; 2]| RecordReport {
        name: name.clone(),
        rtype: "TXT".to_owned(),
        expected: Some(data.clone()),
        purpose: String::new(),
        state: RecordState::Missing,
        line: Some(data.clone()),
        right: 0,
        asked: 1,
        servers: Vec::new(),
    };
    VerifyReport {
        command: "verify",
        subject: "example.".to_owned(),
        verdict: Verdict::Pending,
        sentence: "it is not there".to_owned(),
        started: 0,
        duration: Duration::ZERO,
        findings: Vec::new(),
        records: texts.iter().map(record).collect(),
        servers: Vec::new(),
        chance: None,
        effort: Effort { queries: 1, checks: 1, visible_share: 0.5, cut_short: None },
        measurement: None,
        history: Vec::new(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn printable(out: Vec<u8>) -> String {
    super::assert_printable(
        &out.iter().copied().filter(|octet| *octet != b'\r').collect::<Vec<_>>(),
    );
    String::from_utf8(out).unwrap()
}

/// The RDATA that is to be read back: uncompressed, or, if it is malformed, as it is.
fn expected_rdata(record: &Record<'_>) -> Vec<u8> {
    match (record.check(), record.to_buf()) {
        (Ok(()), Ok(record)) => record.rdata,
        _ => record.rdata().to_vec(),
    }
}

/// Asserts that owner, type, class and data are those of a record.
fn assert_same(record: &Record<'_>, [name, rtype, class, data]: [&str; 4]) {
    assert_eq!(readers::name(name), record.name.to_buf().as_wire());
    assert_eq!(readers::record_type(rtype), record.rtype.0);
    assert_eq!(class.parse(), Ok(record.class));
    assert_data(record, data);
}

/// Asserts that data in presentation format are those of a record.
fn assert_data(record: &Record<'_>, data: &str) {
    // Where there is no text, there is the generic form of what came, compressed or not.
    let expected =
        if data.starts_with("\\# ") { record.rdata().to_vec() } else { expected_rdata(record) };
    assert_eq!(readers::rdata(record.rtype, record.class, data), expected, "{}", record.rtype);
}

/// Asserts that a line of a zone file, with tabs between its columns, is a record.
fn assert_columns(record: &Record<'_>, line: &str) {
    let columns: Vec<&str> = line.split('\t').filter(|column| !column.is_empty()).collect();
    let [name, ttl, class, rtype, data @ ..] = &columns[..] else { panic!("five columns: {line}") };
    // The list of an APL record may be empty.
    let data = data.first().copied().unwrap_or_default();
    assert_eq!(*ttl, record.ttl_seconds().to_string());
    let data = match record.check() {
        Ok(()) => data,
        Err(_) => data.split(" ; malformed: ").next().unwrap(),
    };
    assert_same(record, [name, rtype, class, data]);
}

/// The octets of a name without its final dot, as zdns shows it.
fn dotless_name(text: &str) -> Vec<u8> {
    if text == "." { vec![0] } else { readers::name(&format!("{text}.")) }
}

/// Resolves the escapes of massdns: `\x5c`.
fn unescaped(text: &str) -> Vec<(u8, bool)> {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'\\' {
            let [b'x', high, low, tail @ ..] = tail else { panic!("no escape: {text}") };
            let digits = [*high, *low];
            let octet = u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap();
            octets.push((octet, true));
            rest = tail;
        } else {
            octets.push((*first, false));
        }
    }
    octets
}

/// The octets of a name with the escapes of massdns.
fn hex_escaped_name(text: &str) -> Vec<u8> {
    let mut wire = Vec::new();
    if text != "." {
        let octets = unescaped(text);
        assert_eq!(octets.last(), Some(&(b'.', false)), "{text}");
        for label in octets.split_inclusive(|octet| *octet == (b'.', false)) {
            wire.push(label.len() as u8 - 1);
            wire.extend(label[..label.len() - 1].iter().map(|(octet, _)| *octet));
        }
    }
    wire.push(0);
    wire
}

fn assert_massdns_data(record: &Record<'_>, data: &str) {
    use RecordType as T;
    if record.class != Class::IN {
        // Only that it can be read: massdns looks at no class.
        return;
    }
    let expected = expected_rdata(record);
    match record.rtype {
        T::A => assert_eq!(data.parse::<std::net::Ipv4Addr>().unwrap().octets()[..], expected),
        T::AAAA => assert_eq!(data.parse::<std::net::Ipv6Addr>().unwrap().octets()[..], expected),
        T::NS | T::CNAME | T::DNAME | T::PTR => assert_eq!(hex_escaped_name(data), expected),
        T::MX => {
            let (preference, exchange) = data.split_once(' ').unwrap();
            let mut octets = preference.parse::<u16>().unwrap().to_be_bytes().to_vec();
            octets.extend(hex_escaped_name(exchange));
            assert_eq!(octets, expected);
        }
        T::TXT => {
            let strings = record.data().strings().unwrap();
            let octets: Vec<u8> = unescaped(data).into_iter().map(|(octet, _)| octet).collect();
            assert_eq!(octets, strings.collect::<Vec<_>>().concat());
        }
        // The names of SOA and SRV are hard to tell from their blanks; TLSA and CAA are text.
        T::SOA | T::SRV | T::TLSA | T::SMIMEA | T::CAA => {}
        _ => {
            let octets: Vec<u8> = unescaped(data).into_iter().map(|(octet, _)| octet).collect();
            assert_eq!(octets, record.rdata());
        }
    }
}

/// Puts the members of a record together again, and reads what comes of it.
fn assert_zdns_data(record: &Record<'_>, shown: &Value) {
    use RecordType as T;
    let number = |member: &str| shown[member].as_u64().unwrap().to_string();
    let string = |member: &str| text(&shown[member]).to_owned();
    let absolute = |member: &str| match text(&shown[member]) {
        "." => ".".to_owned(),
        name => format!("{name}."),
    };
    if let Some(answer) = shown.get("answer").filter(|_| shown.get("preference").is_none()) {
        let answer = text(answer);
        let strings = record.rtype == T::TXT && !answer.starts_with("\\# ");
        let strings = strings && record.check().is_ok();
        let joined = matches!(record.rtype, T::OPENPGPKEY | T::DHCID);
        let data = if strings {
            answer.split('\n').map(|string| format!("\"{string}\"")).collect::<Vec<_>>().join(" ")
        } else {
            answer.to_owned()
        };
        return if !joined {
            assert_data(record, &data)
        };
    }
    let columns = match record.rtype {
        T::MX | T::KX | T::RT => vec![number("preference"), string("answer")],
        T::SOA => {
            let numbers = ["serial", "refresh", "retry", "expire", "min_ttl"].map(number);
            [vec![absolute("ns"), absolute("mbox")], numbers.to_vec()].concat()
        }
        T::SRV => vec![number("priority"), number("weight"), number("port"), string("target")],
        T::CAA => vec![number("flag"), string("tag"), format!("\"{}\"", string("value"))],
        T::DS | T::CDS => {
            vec![number("key_tag"), number("algorithm"), number("digest_type"), string("digest")]
        }
        T::DNSKEY | T::CDNSKEY => {
            vec![number("flags"), number("protocol"), number("algorithm"), string("public_key")]
        }
        T::TLSA => vec![
            number("cert_usage"),
            number("selector"),
            number("matching_type"),
            string("certificate"),
        ],
        T::SSHFP => vec![number("algorithm"), number("type"), string("fingerprint")],
        T::HINFO => ["cpu", "os"].map(|member| format!("\"{}\"", string(member))).to_vec(),
        // What is taken apart further is only read as JSON.
        _ => return,
    };
    assert_data(record, &columns.join(" "));
}

/// All that changes how records look, and the query.
fn folded() -> View {
    let record = RecordStyle { ttl_units: true, multiline: true, ..RecordStyle::default() };
    View {
        message: MessageStyle { record, ..MessageStyle::default() },
        query: true,
        ..View::default()
    }
}
