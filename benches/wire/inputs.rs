//! The messages and names that are measured.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, UNIX_EPOCH};

use dnsonde::engine::{
    Answer, Attempt, Ending, Finished, Outcome, Response, ServerId, SocketId, Stamp, Time,
    Transport,
};
use dnsonde::scan::Format;
use dnsonde::scan::render::{Context, Renderer};
use dnsonde::wire::{
    Builder, Class, Flags, HEADER_LEN, NameBuf, OptBuf, Rcode, RecordBuf, RecordType, Section,
};

/// Sizes of the large messages.
pub const SIZES_KIB: [usize; 4] = [8, 16, 32, 64];

/// What is asked.
pub const QUERY_NAME: &str = "www.example.com.";

/// Labels of a name that is built to be hard to compress.
const LONG_NAME_LABELS: usize = 100;

/// Records in front of a name that leads through this many pointers.
const CHAIN: usize = 120;

/// The case that a question goes out in.
#[derive(Clone, Copy)]
pub enum Case {
    /// As the user gave it.
    Kept,
    /// Mixed, so that an answer is hard to forge (0x20).
    Mixed,
}

/// The line of [`answer`].
pub const LINE: &str = concat!(
    r#"{"name":"www.example.com.","type":"A","class":"IN","status":"NOERROR","#,
    r#""server":"192.0.2.53:53","transport":"udp","rtt_us":18234,"attempts":1,"#,
    r#""flags":["qr","rd","ra"],"answers":["#,
    r#"{"name":"www.example.com.","type":"CNAME","class":"IN","ttl":300,"#,
    r#""data":"www.example.com.edge.example.net."},"#,
    r#"{"name":"www.example.com.edge.example.net.","type":"A","class":"IN","ttl":300,"#,
    r#""data":"192.0.2.1"},"#,
    r#"{"name":"www.example.com.edge.example.net.","type":"A","class":"IN","ttl":300,"#,
    r#""data":"192.0.2.2"}],"authorities":[],"additionals":[]}"#,
    "\n"
);

pub fn name(text: &str) -> NameBuf {
    text.parse().expect("a name")
}

/// One question, a CNAME, two addresses, an OPT record.
pub fn answer() -> Vec<u8> {
    answer_in(Case::Kept)
}

/// [`answer`], its question in some case.
pub fn answer_in(case: Case) -> Vec<u8> {
    let mut message = response(&[
        "www.example.com. 300 IN CNAME www.example.com.edge.example.net.",
        "www.example.com.edge.example.net. 300 IN A 192.0.2.1",
        "www.example.com.edge.example.net. 300 IN A 192.0.2.2",
    ]);
    if let Case::Mixed = case {
        message[HEADER_LEN + 1] = b'W';
        message[HEADER_LEN + 7] = b'A';
    }
    message
}

/// One question, three records whose data stands in quotes, an OPT record.
pub fn quoted_answer() -> Vec<u8> {
    response(&[
        "www.example.com. 300 IN TXT \"v=spf1 include:_spf.example.net -all\"",
        "www.example.com. 300 IN TXT \"v=DKIM1; k=rsa; p=\" \"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ\"",
        "www.example.com. 300 IN CAA 0 issue \"ca.example.net\"",
    ])
}

/// One question, these records as its answer, an OPT record.
fn response(records: &[&str]) -> Vec<u8> {
    let mut buffer = vec![0; 512];
    let flags = Flags::QR.with(Flags::RD).with(Flags::RA);
    let mut builder = Builder::new(&mut buffer, 7, flags).expect("room");
    builder.question(name(QUERY_NAME).as_wire(), RecordType::A, Class::IN).expect("room");
    for text in records {
        let record = RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 0).expect("a record");
        record.build(Section::Answer, &mut builder).expect("room");
    }
    OptBuf::new(1232).build(&mut builder).expect("room");
    let len = builder.finish();
    buffer.truncate(len);
    buffer
}

/// The attempt that a message answers.
pub fn attempt(message: &[u8]) -> Attempt {
    Attempt {
        server: ServerId(0),
        transport: Transport::Udp,
        socket: SocketId(0),
        port: None,
        id: 7,
        edns: true,
        mixed_case: false,
        edns_off: None,
        sent: Time::ZERO,
        outcome: Outcome::Answered(Answer {
            rtt: Duration::from_micros(18_234),
            stamp: Stamp::Kernel,
            size: message.len() as u16,
            flags: Flags(u16::from_be_bytes([message[2], message[3]])),
            rcode: Rcode::NOERROR,
            malformed: false,
        }),
        duplicates: 0,
        mismatched: 0,
        retried_because: None,
    }
}

/// An exchange that ended with `message`, as the engine gives it to `scan`.
pub fn finished<'a>(name: &'a NameBuf, attempts: &'a [Attempt], message: &'a [u8]) -> Finished<'a> {
    Finished {
        tag: 0,
        name: name.as_wire(),
        rtype: RecordType::A,
        class: Class::IN,
        attempts,
        unmatched: &[],
        end: Ending::Answered {
            response: Response::read(message).expect("a response"),
            attempt: 0,
        },
    }
}

/// What `scan` writes lines with.
pub fn renderer(format: Format) -> Renderer {
    let server = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 53), 53));
    let context = Context::new(&[server], Time::ZERO, UNIX_EPOCH, false);
    Renderer::new(format, context)
}

/// A message of about `kib` KiB of the smallest records that all three take: NULL records, each with
/// the root as owner and one octet of RDATA.
pub fn smallest_records(kib: usize) -> Vec<u8> {
    let mut message = header();
    while message.len() + 12 <= (kib * 1024).min(65_535) {
        push_record(&mut message, &[0]);
    }
    message
}

/// A message of 64 KiB. Each owner of the first records is a label and a pointer to the one before,
/// and all the others point to the last of them.
pub fn pointer_chain() -> Vec<u8> {
    let mut message = header();
    let mut before = message.len();
    push_record(&mut message, b"\x01a\x00");
    for _ in 1..CHAIN {
        let [high, low] = (0xC000 | before as u16).to_be_bytes();
        before = message.len();
        push_record(&mut message, &[1, b'a', high, low]);
    }
    let pointer = (0xC000 | before as u16).to_be_bytes();
    while message.len() + 13 <= 65_535 {
        push_record(&mut message, &pointer);
    }
    message
}

/// Names of many labels that fill about `kib` KiB. Each begins like the others and ends otherwise,
/// so that no suffix of one is found in another.
pub fn long_names(kib: usize) -> Vec<String> {
    let count = (kib * 1024).min(65_000) / (LONG_NAME_LABELS * 2 + 20);
    (0..count).map(|i| format!("{}x{i:04}.", "a.".repeat(LONG_NAME_LABELS))).collect()
}

/// The records that the header of a message claims.
pub fn records_of(message: &[u8]) -> u16 {
    u16::from_be_bytes([message[6], message[7]])
}

fn header() -> Vec<u8> {
    let mut header = vec![0; HEADER_LEN];
    header[2] = 0x80;
    header
}

/// Adds a NULL record with one octet of RDATA to the answer section.
fn push_record(message: &mut Vec<u8>, owner: &[u8]) {
    message.extend_from_slice(owner);
    message.extend([0, 10, 0, 1, 0, 0, 0, 60, 0, 1, 0]);
    let count = records_of(message) + 1;
    message[6..8].copy_from_slice(&count.to_be_bytes());
}
