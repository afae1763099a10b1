//! Whether a domain is in the DNS at all.

use psl::{List, Psl, Type};

use crate::walk::{Kind, WalkReport};
use crate::wire::NameBuf;

/// The zone of the registry that denies a domain or has no name servers for it, if the way to the
/// domain ends there. Its servers are then not to be asked for records of the domain.
///
/// Below a zone that is a registry's and not known as one, a domain that does not exist looks like a
/// name that is missing in a zone.
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

/// Whether a zone is the root's or a registry's: a top-level domain, or one below it that the Public
/// Suffix List has in the part for registries. In the other part are hosters' domains, which are
/// domains as any other.
pub(super) fn is_registry(zone: &NameBuf) -> bool {
    if zone.labels().count() < 2 {
        return true;
    }
    let text = zone.to_string().to_ascii_lowercase();
    let text = text.strip_suffix('.').unwrap_or(&text).as_bytes();
    List.suffix(text).is_some_and(|it| it == text && it.typ() == Some(Type::Icann))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zones_of_registries_are_told_from_those_of_domains() {
        for (zone, expected) in [
            (".", true),
            ("com", true),
            ("nonexistent", true),
            ("co.uk", true),
            ("COM.au", true),
            ("gouv.fr", true),
            ("pvt.k12.ma.us", true),
            ("xn--55qx5d.cn", true),
            ("any.ck", true),
            ("www.ck", false),
            ("example.com", false),
            ("example.de", false),
            ("web.de", false),
            ("com.nonexistent", false),
            ("github.io", false),
            ("s3.amazonaws.com", false),
            ("mail.example.uk", false),
            ("example.co.uk", false),
            ("co\\.uk.example", false),
        ] {
            assert_eq!(is_registry(&zone.parse().unwrap()), expected, "{zone}");
        }
    }
}
