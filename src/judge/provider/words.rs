//! Where records are entered, and what is typed there.

use super::hosting::Hosting;
use super::table::Provider;
use crate::judge::brief::FormEntry;
use crate::judge::writing::{host, plain, value};
use crate::walk::WalkReport;
use crate::wire::{NameBuf, RecordBuf};

/// A record as the form of a provider wants it, or, where that is not known, as most of them do.
pub(crate) fn entry(
    record: &RecordBuf,
    zone: &NameBuf,
    provider: Option<&'static Provider>,
) -> FormEntry {
    if let Some(form) = provider.and_then(|provider| provider.form.as_ref()) {
        return form.typed(record, zone);
    }
    let host = host(&record.name, zone);
    FormEntry { host, rtype: record.rtype.to_string(), priority: None, value: value(record) }
}

/// Where the records of a zone are entered.
pub(crate) fn provider(walk: &WalkReport, zone: &NameBuf) -> String {
    let (hosting, zone) = (Hosting::of(walk, zone), plain(zone));
    match hosting.providers() {
        [] => format!("the DNS provider of {zone}"),
        [provider] => format!("{} (the DNS provider of {zone})", provider.name),
        _ => format!("the DNS providers of {zone} ({})", hosting.names()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: &str) -> RecordBuf {
        RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 300).unwrap()
    }

    #[test]
    fn a_line_says_what_consoles_ask_for() {
        let zone: NameBuf = "example.com".parse().unwrap();
        for (text, expected) in [
            (
                "t1._domainkey.EXAMPLE.com. CNAME t1.dkim.amazonses.com.",
                "host t1._domainkey, type CNAME, value t1.dkim.amazonses.com",
            ),
            ("example.com. TXT \"v=spf1 -all\"", "host @, type TXT, value v=spf1 -all"),
            ("m.example.com. MX 10 mx.example.net.", "host m, type MX, value 10 mx.example.net"),
            ("a.example.com. TXT \"a\\200\"", "host a, type TXT, value \"a\\200\""),
            ("example.org. A 192.0.2.1", "host example.org, type A, value 192.0.2.1"),
        ] {
            assert_eq!(entry(&record(text), &zone, None).to_string(), expected);
        }
    }
}
