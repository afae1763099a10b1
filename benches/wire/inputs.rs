//! The messages and names that are measured.

use dnsonde::wire::{
    Builder, Class, Flags, HEADER_LEN, NameBuf, OptBuf, RecordBuf, RecordType, Section,
};

/// Sizes of the large messages.
pub const SIZES_KIB: [usize; 4] = [8, 16, 32, 64];

/// What is asked.
pub const QUERY_NAME: &str = "www.example.com.";

/// Labels of a name that is built to be hard to compress.
const LONG_NAME_LABELS: usize = 100;

/// Records in front of a name that leads through this many pointers.
const CHAIN: usize = 120;

fn name(text: &str) -> NameBuf {
    text.parse().expect("a name")
}

/// One question, a CNAME, two addresses, an OPT record.
pub fn answer() -> Vec<u8> {
    let mut buffer = vec![0; 512];
    let flags = Flags::QR.with(Flags::RD).with(Flags::RA);
    let mut builder = Builder::new(&mut buffer, 7, flags).expect("room");
    builder.question(name(QUERY_NAME).as_wire(), RecordType::A, Class::IN).expect("room");
    for text in [
        "www.example.com. 300 IN CNAME www.example.com.edge.example.net.",
        "www.example.com.edge.example.net. 300 IN A 192.0.2.1",
        "www.example.com.edge.example.net. 300 IN A 192.0.2.2",
    ] {
        let record = RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 0).expect("a record");
        record.build(Section::Answer, &mut builder).expect("room");
    }
    OptBuf::new(1232).build(&mut builder).expect("room");
    let len = builder.finish();
    buffer.truncate(len);
    buffer
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
