//! The text of TXT records, however it is cut into strings.

use crate::wire::RecordBuf;

/// The RDATA of a TXT record with this text, cut into strings of 255 octets.
pub fn strings(text: &[u8]) -> Vec<u8> {
    if text.is_empty() {
        return vec![0];
    }
    let mut rdata = Vec::with_capacity(text.len() + text.len() / 255 + 1);
    for string in text.chunks(255) {
        rdata.push(string.len() as u8);
        rdata.extend_from_slice(string);
    }
    rdata
}

/// The text of a TXT record: all its strings, with nothing between them (RFC 6376 §3.6.2.2,
/// RFC 7208 §3.3). `None` for another type, or if the RDATA is malformed.
pub fn text_of(record: &RecordBuf) -> Option<Vec<u8>> {
    Some(record.data().strings()?.collect::<Vec<_>>().concat())
}

/// The same of an RDATA of the type TXT.
pub fn joined(mut rdata: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(rdata.len());
    while let [len, rest @ ..] = rdata {
        let (string, behind) = rest.split_at_checked(usize::from(*len))?;
        text.extend_from_slice(string);
        rdata = behind;
    }
    Some(text)
}
