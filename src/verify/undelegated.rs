//! Whether a domain is in the DNS at all.

use crate::walk::{Kind, WalkReport};
use crate::wire::NameBuf;

/// Second-level labels under which registries with a country's code delegate.
const REGISTRY_LABELS: [&[u8]; 22] = [
    b"ac", b"asn", b"co", b"com", b"edu", b"go", b"gob", b"gov", b"gv", b"id", b"info", b"ltd",
    b"me", b"mil", b"ne", b"net", b"nom", b"or", b"org", b"plc", b"res", b"web",
];

/// The zone of the registry that denies a domain or has no name servers for it, if the way to the
/// domain ends there. Its servers are then not to be asked for records of the domain.
///
/// A registry's zone is the root, a top-level domain, or what looks like `co.uk`. That is not all of
/// them; below others a domain that does not exist looks like a name that is missing in a zone.
pub(super) fn undelegated(walk: &WalkReport, domain: &NameBuf) -> Option<NameBuf> {
    let path = walk.path(domain)?;
    let zone = *path.zones.last()?;
    if zone == *domain || !is_registry(&zone) {
        return None;
    }
    let denied = |kind: &Kind| matches!(kind, Kind::NameError | Kind::NoData);
    let mut readings = path.answers.iter().filter_map(|answer| answer.reading()).peekable();
    readings.peek()?;
    // A name without delegation that has records of its own is none of ours to judge.
    readings
        .all(|reading| (denied(&reading.kind) && reading.chain.is_empty()) || !reading.is_useful())
        .then_some(zone)
}

/// Whether a zone is the root's or a registry's.
pub(super) fn is_registry(zone: &NameBuf) -> bool {
    let mut labels = zone.labels();
    match (labels.next(), labels.next(), labels.next()) {
        (_, None, _) => true,
        (Some(second), Some(top), None) => {
            top.len() == 2 && REGISTRY_LABELS.iter().any(|known| second.eq_ignore_ascii_case(known))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zones_of_registries_are_told_from_those_of_domains() {
        for (zone, expected) in [
            (".", true),
            ("com", true),
            ("co.uk", true),
            ("COM.au", true),
            ("example.com", false),
            ("example.de", false),
            ("mail.example.uk", false),
        ] {
            assert_eq!(is_registry(&zone.parse().unwrap()), expected, "{zone}");
        }
    }
}
