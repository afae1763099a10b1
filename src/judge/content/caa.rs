//! Whether CAA records let a certificate authority issue (RFC 8659), by DNS-01 (RFC 8657).

/// One CAA record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caa<'a> {
    /// Whether an authority that does not know the property must not issue.
    pub critical: bool,
    /// The property: `issue`, `issuewild`, `iodef` and others.
    pub tag: &'a [u8],
    /// Its value.
    pub value: &'a [u8],
}

impl<'a> Caa<'a> {
    /// Reads an RDATA; `None` if it is malformed (RFC 8659 §4.1).
    pub fn parse(rdata: &'a [u8]) -> Option<Self> {
        let [flags, len, rest @ ..] = rdata else { return None };
        let (tag, value) = rest.split_at_checked(usize::from(*len))?;
        let fine = !tag.is_empty() && tag.iter().all(u8::is_ascii_alphanumeric);
        fine.then_some(Self { critical: flags & 0x80 != 0, tag, value })
    }

    fn is(&self, tag: &str) -> bool {
        self.tag.eq_ignore_ascii_case(tag.as_bytes())
    }
}

/// Properties that authorities know; a critical one beyond these stops them all.
const KNOWN: [&str; 6] =
    ["issue", "issuewild", "iodef", "contactemail", "contactphone", "issuemail"];

/// Whether the CAA records found for a name (at it, or at the closest name above that has any)
/// let `issuer` issue for it after a DNS-01 challenge. An empty set lets anyone.
///
/// Whether an `accounturi` names the right account cannot be told from here, and is not judged.
pub fn permits(records: &[Caa<'_>], issuer: &str, wildcard: bool) -> bool {
    let unknown = |record: &&Caa<'_>| !KNOWN.iter().any(|known| record.is(known));
    if records.iter().filter(unknown).any(|record| record.critical) {
        return false;
    }
    let has = |tag: &str| records.iter().any(|record| record.is(tag));
    // For a wildcard, issuewild takes the place of issue where there is one (RFC 8659 §4.3).
    let tag = if wildcard && has("issuewild") { "issuewild" } else { "issue" };
    !has(tag) || records.iter().any(|record| record.is(tag) && value_permits(record.value, issuer))
}

/// Whether one value names the issuer and allows DNS-01.
fn value_permits(value: &[u8], issuer: &str) -> bool {
    let mut parts = value.split(|&octet| octet == b';').map(<[u8]>::trim_ascii);
    let named = parts
        .next()
        .is_some_and(|name| !name.is_empty() && name.eq_ignore_ascii_case(issuer.as_bytes()));
    named
        && parts
            .filter_map(|part| {
                let equals = part.iter().position(|&octet| octet == b'=')?;
                Some((part[..equals].trim_ascii(), part[equals + 1..].trim_ascii()))
            })
            .filter(|(name, _)| name.eq_ignore_ascii_case(b"validationmethods"))
            .all(|(_, methods)| methods.split(|&o| o == b',').any(|method| method == b"dns-01"))
}

/// An RDATA that lets `issuer` issue.
pub fn rdata_permitting(issuer: &str, wildcard: bool) -> Vec<u8> {
    let tag: &[u8] = if wildcard { b"issuewild" } else { b"issue" };
    [&[0, tag.len() as u8], tag, issuer.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Class, NameBuf, RecordBuf, RecordType};

    fn permitted(texts: &[&str], issuer: &str, wildcard: bool) -> bool {
        let read = |text: &&str| {
            let root = NameBuf::root();
            RecordBuf::rdata_from_text(RecordType::CAA, Class::IN, text.as_bytes(), &root).unwrap()
        };
        let rdata: Vec<Vec<u8>> = texts.iter().map(read).collect();
        let set: Vec<Caa<'_>> = rdata.iter().map(|rdata| Caa::parse(rdata).unwrap()).collect();
        permits(&set, issuer, wildcard)
    }

    #[test]
    fn a_set_permits_whom_it_names() {
        const LE: &str = "letsencrypt.org";
        for (set, wildcard, expected) in [
            (&[][..], false, true),
            (&["0 issue \"letsencrypt.org\""][..], false, true),
            (&["0 issue \" LetsEncrypt.org ; accounturi=https://x.example/1\""], false, true),
            (&["0 issue \"letsencrypt.org\""], true, true),
            (&["0 issue \"ca.example.net\""], false, false),
            (&["0 issue \"ca.example.net\"", "0 issue \"letsencrypt.org\""], false, true),
            (&["0 issue \";\""], false, false),
            (&["0 issue \"\""], false, false),
            (&["0 issue \"letsencrypt.org\"", "0 issuewild \";\""], true, false),
            (&["0 issue \"letsencrypt.org\"", "0 issuewild \";\""], false, true),
            (&["0 issuewild \"ca.example.net\""], false, true),
            (&["0 iodef \"mailto:a@example.net\""], false, true),
            (&["128 tbs \"Unknown\""], false, false),
            (&["0 tbs \"Unknown\""], false, true),
            (&["128 issue \"letsencrypt.org\""], false, true),
            (&["0 issue \"letsencrypt.org; validationmethods=http-01\""], false, false),
            (&["0 issue \"letsencrypt.org; validationmethods=http-01,dns-01\""], false, true),
        ] {
            assert_eq!(permitted(set, LE, wildcard), expected, "{set:?} {wildcard}");
        }
    }

    #[test]
    fn broken_rdata_is_no_record() {
        for rdata in [&b""[..], b"\0", b"\0\0", b"\0\x05issu", b"\0\x03a-b"] {
            assert_eq!(Caa::parse(rdata), None);
        }
    }

    #[test]
    fn a_suggested_record_permits() {
        for wildcard in [false, true] {
            let rdata = rdata_permitting("letsencrypt.org", wildcard);
            let record = Caa::parse(&rdata).unwrap();
            assert!(permits(&[record], "letsencrypt.org", wildcard));
        }
    }
}
