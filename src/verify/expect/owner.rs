//! The owners of records as people write them: complete or relative to the domain, to the zone that
//! it is in, and now and then of another domain altogether.
//!
//! A relative name may have dots, so it takes evidence to tell `www.other.test` from `www.sub`: what
//! the name ends in, and what the other names of a file end in. What belongs to another domain is an
//! error that asks for that domain; nothing is asked below a name that nobody meant.

use std::collections::HashSet;

use super::error::{ExpectError, ExpectErrorKind as Kind, Outside};
use crate::judge::server::registry::is_registry;
use crate::names::error::LineError;
use crate::names::idna::trim_blanks;
use crate::names::line::parse_name;
use crate::wire::{NameBuf, excerpt};

/// Top-level domains that are hardly ever a label of a host: what ends in one is complete.
const NEVER_RELATIVE: [&[u8]; 7] = [b"com", b"net", b"org", b"edu", b"gov", b"mil", b"arpa"];
/// Others with more than two letters that may be a label as well: names that end in one are taken as
/// complete if several of a file share what stands before it.
const PERHAPS_RELATIVE: [&[u8]; 22] = [
    b"app", b"aws", b"biz", b"cloud", b"dev", b"email", b"example", b"info", b"int", b"invalid",
    b"local", b"mobi", b"name", b"online", b"pro", b"shop", b"site", b"store", b"tech", b"test",
    b"top", b"xyz",
];

/// Reads the owners of records that are about one domain.
pub(super) struct Owners {
    domain: NameBuf,
    /// What completes a relative name.
    origin: NameBuf,
    /// A domain that several names of a file share.
    shared: Option<NameBuf>,
}

/// Reads the name of a record about `domain`, as it stands behind an option; `@` is the domain itself.
///
/// # Errors
/// What is no name, and a name of another domain.
pub fn parse_owner(text: &str, domain: &NameBuf) -> Result<NameBuf, ExpectError> {
    let at_start = |kind| ExpectError::at(text.as_bytes(), 0, kind);
    Owners::new(domain).read(text.as_bytes()).map_err(at_start)
}

/// Reads the name of a whole domain or zone.
///
/// # Errors
/// What is no name; the root; and a name of a single label, unless its final dot says that it is
/// meant.
pub fn parse_domain(text: &str) -> Result<NameBuf, ExpectError> {
    let error = |kind| ExpectError::at(text.as_bytes(), 0, kind);
    let word = unquote(text.as_bytes());
    let name = parse_name(word).map_err(|why| error(Kind::of_name(word, why)))?;
    if name.is_root() {
        return Err(error(Kind::Root));
    }
    if name.labels().count() == 1 && !is_absolute(word) {
        let shown = excerpt(word);
        let kind = if is_region(word) { Kind::RegionAsDomain } else { Kind::SingleLabel };
        return Err(error(kind(shown)));
    }
    Ok(name)
}

/// Whether a word has the shape of a region of AWS, such as `us-gov-west-1`.
pub(super) fn is_region(word: &[u8]) -> bool {
    let mut parts = word.split(|&octet| octet == b'-').rev();
    let number = parts.next().unwrap_or_default();
    let words: Vec<&[u8]> = parts.collect();
    let is_letters = |part: &&[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_alphabetic);
    number.len() == 1
        && number[0].is_ascii_digit()
        && (2..=3).contains(&words.len())
        && words.iter().all(is_letters)
        && words.last().is_some_and(|country| country.len() == 2)
}

impl Owners {
    /// Of records about `domain`; those of a wildcard stand beside it.
    pub(super) fn new(domain: &NameBuf) -> Self {
        let is_wildcard = domain.labels().next() == Some(b"*");
        let domain = domain.parent().filter(|_| is_wildcard).unwrap_or(*domain);
        Self { domain, origin: domain, shared: None }
    }

    /// Of a file about `domain`, in which relative names share one origin.
    pub(super) fn of_file<'w>(domain: &NameBuf, words: impl Iterator<Item = &'w [u8]>) -> Self {
        let mut owners = Self::new(domain);
        let mut seen = HashSet::new();
        let mut domains = HashSet::new();
        for word in words.map(unquote).filter(|word| !matches!(*word, b"" | b"@")) {
            let Ok(name) = owners.parse(word) else { continue };
            if is_absolute(word) || name.is_at_or_below(&owners.domain) || !seen.insert(name) {
                continue;
            }
            if let Some(zone) = owners.zone_above(&name)
                && owners.origin == owners.domain
            {
                owners.origin = zone;
            }
            if let Some(domain) = registrable(&name).filter(|_| ends_in_top_level(&name))
                && !domains.insert(domain)
            {
                owners.shared = Some(domain);
            }
        }
        owners
    }

    /// What all names are at or below.
    pub(super) fn domain(&self) -> &NameBuf {
        &self.domain
    }

    /// What completes a relative name.
    pub(super) fn origin(&self) -> &NameBuf {
        &self.origin
    }

    /// Reads an owner; `@` is the origin.
    pub(super) fn read(&self, text: &[u8]) -> Result<NameBuf, Kind> {
        let word = unquote(text);
        if word == b"@" {
            return self.inside(word, self.origin);
        }
        let name = self.parse(word).map_err(|why| Kind::of_name(word, why))?;
        if is_absolute(word) || name.is_at_or_below(&self.domain) {
            return self.inside(word, name);
        }
        let origin = self.zone_above(&name).unwrap_or(self.origin);
        if self.is_complete(&name) && origin == self.domain {
            return Err(self.outside(word, &name, name.append(&self.domain).ok().as_ref()));
        }
        let whole = name.append(&origin).map_err(|why| Kind::of_name(word, why.into()))?;
        self.inside(word, whole)
    }

    /// Reads a name of no particular place.
    pub(super) fn parse(&self, word: &[u8]) -> Result<NameBuf, LineError> {
        let error = match parse_name(word) {
            Ok(name) => return Ok(name),
            Err(error) => error,
        };
        // Numbers are labels in the trees of addresses, and one is a label anywhere.
        let of_numbers = matches!(
            error,
            LineError::Numeric
                | LineError::Address(_)
                | LineError::Path(_)
                | LineError::Prefix(_)
                | LineError::BadPrefix(_)
        );
        let in_arpa = self.domain.labels().last().is_some_and(|top| is(top, b"arpa"));
        let plain = |octet: &u8| octet.is_ascii_alphanumeric() || b".-/".contains(octet);
        let is_label = word.iter().all(u8::is_ascii_digit);
        if of_numbers && (is_label || in_arpa && word.iter().all(plain)) {
            return Ok(NameBuf::from_text(word, &NameBuf::root())?);
        }
        Err(error)
    }

    fn inside(&self, word: &[u8], name: NameBuf) -> Result<NameBuf, Kind> {
        if name.is_at_or_below(&self.domain) {
            Ok(name)
        } else {
            Err(self.outside(word, &name, None))
        }
    }

    /// The zone above the domain that a name is relative to if it repeats the labels between the two:
    /// registrars show `www.sub` where the domain is `sub.example.com`.
    pub(super) fn zone_above(&self, name: &NameBuf) -> Option<NameBuf> {
        let above = std::iter::successors(self.domain.parent(), NameBuf::parent);
        let zones: Vec<NameBuf> = above.take_while(|zone| !is_registry(zone)).collect();
        zones
            .into_iter()
            .rev()
            .find(|zone| name.append(zone).is_ok_and(|whole| whole.is_at_or_below(&self.domain)))
    }

    /// Whether a name without a final dot is complete all the same, and not of this domain.
    pub(super) fn is_complete(&self, name: &NameBuf) -> bool {
        let labels: Vec<&[u8]> = name.labels().collect();
        let [.., second, top] = labels.as_slice() else { return false };
        let last_two = labels.len() > 2 && {
            let two = NameBuf::root().prepend(top).and_then(|top| top.prepend(second));
            two.is_ok_and(|two| is_registry(&two))
        };
        last_two
            || NEVER_RELATIVE.iter().any(|known| is(known, top))
            || self.domain.labels().last().is_some_and(|own| is(own, top))
            || self.shared.is_some_and(|shared| name.is_at_or_below(&shared))
    }

    /// The error of a name that is not at or below the domain; `in_full` is what it would be as a
    /// relative one.
    pub(super) fn outside(&self, word: &[u8], name: &NameBuf, in_full: Option<&NameBuf>) -> Kind {
        let shown = if word == b"@" { bare(name) } else { excerpt(word) };
        Kind::Outside(Box::new(Outside {
            name: shown,
            domain: bare(&self.domain),
            instead: registrable(name).map(|name| bare(&name)),
            in_full: in_full.map(bare),
            more: 0,
        }))
    }
}

/// Whether a name ends in what is a top-level domain, whatever else it may be.
pub(super) fn ends_in_top_level(name: &NameBuf) -> bool {
    name.labels().last().is_some_and(|top| {
        top.len() == 2 && top.iter().all(u8::is_ascii_alphabetic)
            || NEVER_RELATIVE.iter().chain(&PERHAPS_RELATIVE).any(|known| is(known, top))
    })
}

/// The name directly below a registry that a name is at or below.
fn registrable(name: &NameBuf) -> Option<NameBuf> {
    let domains = std::iter::successors(Some(*name), NameBuf::parent);
    let found = domains.into_iter().find(|name| {
        name.parent().is_some_and(|parent| is_registry(&parent)) && !is_registry(name)
    })?;
    found.labels().next().filter(|label| !label.starts_with(b"_"))?;
    Some(found)
}

/// A name as people write it.
pub(super) fn bare(name: &NameBuf) -> String {
    let text = name.to_string();
    match text.strip_suffix('.') {
        Some(text) if !text.is_empty() => text.to_owned(),
        _ => text,
    }
}

fn is(label: &[u8], name: &[u8]) -> bool {
    label.eq_ignore_ascii_case(name)
}

/// Whether a name ends with a dot that is none of a label.
pub(super) fn is_absolute(word: &[u8]) -> bool {
    if let Some(front) = word.strip_suffix(b".") {
        return front.iter().rev().take_while(|&&octet| octet == b'\\').count() % 2 == 0;
    }
    ["\u{3002}", "\u{FF0E}", "\u{FF61}"].iter().any(|dot| word.ends_with(dot.as_bytes()))
}

/// Quotation marks that are put around a word, and what closes them.
const QUOTES: [(&str, &[&str]); 7] = [
    ("\"", &["\""]),
    ("'", &["'"]),
    ("`", &["`"]),
    ("\u{201C}", &["\u{201D}", "\u{201C}"]),
    ("\u{201D}", &["\u{201D}"]),
    ("\u{201E}", &["\u{201C}", "\u{201D}"]),
    ("\u{2018}", &["\u{2019}", "\u{2018}"]),
];

/// A word without the blanks and the quotation marks around it.
pub(super) fn unquote(text: &[u8]) -> &[u8] {
    let text = trim_blanks(text);
    for (opens, closes) in QUOTES {
        if let Some(inner) = text.strip_prefix(opens.as_bytes()) {
            let closed = closes.iter().find_map(|close| inner.strip_suffix(close.as_bytes()));
            return closed.map_or(text, trim_blanks);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> NameBuf {
        text.parse().unwrap()
    }

    fn read(domain: &str, words: &[&str]) -> Vec<String> {
        let owners = Owners::of_file(&name(domain), words.iter().map(|word| word.as_bytes()));
        let read = words.iter().map(|word| owners.read(word.as_bytes()));
        read.map(|it| it.map_or_else(|why| why.to_string(), |name| bare(&name))).collect()
    }

    #[test]
    fn names_are_completed_with_what_they_are_relative_to() {
        for (domain, word, owner) in [
            ("example.com", "www", "www.example.com"),
            ("example.com", "a.b", "a.b.example.com"),
            ("example.com", "@", "example.com"),
            ("example.com", "*", "*.example.com"),
            ("example.com", "www.test", "www.test.example.com"),
            ("example.com", "mail.eu", "mail.eu.example.com"),
            ("example.com", "10", "10.example.com"),
            ("example.com", "\"www\"", "www.example.com"),
            ("example.com", "\u{201E}www.example.com\u{201C}", "www.example.com"),
            ("example.com", "bücher", "xn--bcher-kva.example.com"),
            ("bücher.example", "bücher.example", "xn--bcher-kva.example"),
            ("sub.example.com", "t1._domainkey.sub", "t1._domainkey.sub.example.com"),
            ("a.b.example.com", "www.a.b", "www.a.b.example.com"),
            ("a.b.example.com", "www.a", "www.a.b.example.com"),
            ("mail.web.de", "www.mail", "www.mail.web.de"),
            ("*.example.com", "_x", "_x.example.com"),
            ("2.0.192.in-addr.arpa", "0/25", "0/25.2.0.192.in-addr.arpa"),
            ("8.b.d.0.1.0.0.2.ip6.arpa", "1.0.0.0", "1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"),
        ] {
            let domain = parse_name(domain.as_bytes()).unwrap();
            let read = Owners::new(&domain).read(word.as_bytes());
            assert_eq!(read.as_ref().map(bare), Ok(owner.to_owned()), "{word} of {domain}");
        }
    }

    #[test]
    fn what_is_of_another_domain_is_told_by_what_it_ends_in() {
        for (domain, word, instead) in [
            ("example.com", "www.other.test.", Some("other.test")),
            ("example.test", "www.other.test", Some("other.test")),
            ("example.de", "www.other.com", Some("other.com")),
            ("example.com", "_x.www.other.co.uk", Some("other.co.uk")),
            ("example.com", "_x.www.other.gouv.fr", Some("other.gouv.fr")),
            ("sub.example.com", "www.example.com", Some("example.com")),
            ("example.com", "_x.com", None),
        ] {
            let Err(Kind::Outside(found)) = Owners::new(&name(domain)).read(word.as_bytes()) else {
                panic!("{word} of {domain}");
            };
            assert_eq!(found.instead.as_deref(), instead, "{word} of {domain}");
        }
    }

    #[test]
    fn the_names_of_a_file_are_evidence_for_each_other() {
        let found = read("example.com", &["t1._domainkey.other.dev", "t2._domainkey.other.dev"]);
        assert!(
            found.iter().all(|it| it.contains("did you mean `verify other.dev`?")),
            "{found:?}"
        );
        let found = read("example.com", &["t1._domainkey.mail", "t2._domainkey.mail", "api.dev"]);
        let expected = ["t1._domainkey.mail.", "t2._domainkey.mail.", "api.dev."];
        assert_eq!(found, expected.map(|it| format!("{it}example.com")));
        // Where one name is relative to the zone above, all are.
        let found = read("sub.example.com", &["t1._domainkey.sub", "@"]);
        assert_eq!(found[0], "t1._domainkey.sub.example.com");
        assert!(found[1].contains("did you mean `verify example.com`?"), "{found:?}");
    }

    #[test]
    fn regions_are_told_by_their_shape() {
        for (word, expected) in [
            ("eu-west-1", true),
            ("us-gov-west-1", true),
            ("ap-southeast-2", true),
            ("eu", false),
            ("eu-west", false),
            ("eu-west-1a", false),
            ("mail-1", false),
            ("web-server-1", false),
        ] {
            assert_eq!(is_region(word.as_bytes()), expected, "{word}");
        }
    }
}
