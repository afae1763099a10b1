//! Which of the records at a name were meant to be the expected one, and went wrong.
//!
//! A name may have many texts that have nothing to do with each other. Whoever is told to correct one
//! of them that was right loses it; whoever is told to add what is there and broken ends with two. So
//! a text counts as a broken version of the expected one only if it shows by itself that it is one.

use super::expectation::{Expectation, ExpectationKind};
use crate::judge::content::text::{joined, text_of};
use crate::wire::{Class, RecordBuf, RecordType};

/// What has fewer characters stands in other texts by chance.
const TELLING: usize = 6;

impl Expectation {
    /// Whether a record found at the owner, which is not right, was meant for this.
    pub fn is_meant_by(&self, record: &RecordBuf) -> bool {
        if (record.rtype, record.class) != (self.rtype, Class::IN) {
            return false;
        }
        let Some(text) = text_of(record).filter(|_| self.rtype == RecordType::TXT) else {
            return self.concerns(record);
        };
        match self.kind {
            ExpectationKind::Spf { .. } => claims(&text, b"v=spf1"),
            ExpectationKind::Dmarc => claims(&text, b"v=dmarc1"),
            ExpectationKind::Record | ExpectationKind::AcmeChallenge => self
                .value
                .as_deref()
                .and_then(joined)
                .is_none_or(|expected| resembles(&bare(&expected), &bare(&text))),
            _ => self.concerns(record),
        }
    }
}

/// A text without what gets into it and lost from it on the way: only its printable ASCII, in lower
/// case, without blanks, quotation marks and backslashes.
fn bare(text: &[u8]) -> Vec<u8> {
    let kept = text.iter().filter(|octet| octet.is_ascii_graphic() && !b"\"'\\".contains(octet));
    kept.map(u8::to_ascii_lowercase).collect()
}

/// Whether a text has the version of a policy somewhere, or begins with its name alone.
fn claims(text: &[u8], version: &[u8]) -> bool {
    let text = bare(text);
    let name = version.strip_prefix(b"v=").unwrap_or(version);
    text.starts_with(name) || contains(&text, version)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Whether one bare text is a version of the other: the same, with more around it, cut short, without
/// the key that it begins with, or with a few characters that differ.
fn resembles(expected: &[u8], found: &[u8]) -> bool {
    if expected == found {
        return true;
    }
    if expected.is_empty() || found.is_empty() {
        return false;
    }
    if expected.len() >= TELLING && contains(found, expected) {
        return true;
    }
    // `service-verification=TOKEN`: what is before the token is the same in every such text.
    let key = expected.iter().position(|octet| b"=:".contains(octet)).map_or(0, |at| at + 1);
    let (key, token) = expected.split_at(key);
    let found = found.strip_prefix(key).unwrap_or(found);
    let cut =
        (token.starts_with(found) || token.ends_with(found)) && 2 * found.len() >= token.len();
    let longest = token.len().max(found.len());
    let same = |a: &mut dyn Iterator<Item = (&u8, &u8)>| a.take_while(|(a, b)| a == b).count();
    let first = same(&mut token.iter().zip(found));
    let last = same(&mut token.iter().rev().zip(found.iter().rev()));
    // Two tokens that were made at random share a character or two.
    let most = token.len().min(found.len());
    let alike = longest >= TELLING && 3 * (first + last).min(most) >= 2 * longest;
    cut || alike
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_went_wrong_is_told_from_one_beside_it() {
        const SITE: &str = "google-site-verification=rXOxyZounnZasA8Z7oaD3c14JdjS9aKSWvsR1EbUSIQ";
        for (expected, found, is_meant) in [
            // Other texts of the same name.
            (SITE, "v=spf1 include:_spf.google.com ~all", false),
            (SITE, "google-site-verification=aGb8Kc5xvPOlT3yLsqTBM7nnA0qLrD1lX2bT5cYwW4E", false),
            (SITE, "google-site-verification", false),
            ("MS=ms12345678", "MS=ms87650321", false),
            ("apple-domain-verification=NzXTTIK58gOBLaAe", "MS=ms12345678", false),
            ("abc", "old", false),
            ("abc", "", false),
            // The same, and broken on the way.
            (SITE, "rXOxyZounnZasA8Z7oaD3c14JdjS9aKSWvsR1EbUSIQ", true),
            (SITE, "google-site-verification=rXOxyZounnZasA8Z7oaD3c14", true),
            (SITE, "google-site-verification=rXOxyZounnZasA8Z7oaD3c14JdjS9aKSWvsR1EbUSlQ", true),
            (SITE, "google-site-verification= rXOxyZounnZasA8Z7oaD3c14JdjS9aKSWvsR1EbUSIQ", true),
            ("MS=ms12345678", "@ 3600 IN TXT \"MS=ms12345678\"", true),
            ("MS=ms12345678", "\u{201C}MS=ms12345678\u{201D}", true),
            ("MS=ms12345678", "ms=MS12345678", true),
            ("token=abcXEF", "token=abcDEF", true),
        ] {
            let resembles = resembles(&bare(expected.as_bytes()), &bare(found.as_bytes()));
            assert_eq!(resembles, is_meant, "{expected} {found}");
        }
    }

    #[test]
    fn a_broken_policy_still_shows_what_it_was_meant_to_be() {
        for (text, version, is_meant) in [
            ("v=DMARC1 p=none", &b"v=dmarc1"[..], true),
            ("DMARC1; p=none", b"v=dmarc1", true),
            ("_dmarc.example.com. 300 IN TXT \"v=DMARC1; p=none\"", b"v=dmarc1", true),
            ("V = dmarc1; p=none", b"v=dmarc1", true),
            ("v=spf1 -all", b"v=dmarc1", false),
            ("we use dmarc", b"v=dmarc1", false),
            ("v=spf1include:example.net -all", b"v=spf1", true),
            ("v=spf1; include:example.net", b"v=spf1", true),
            ("TXT v=spf1 -all", b"v=spf1", true),
            ("spf2.0/pra -all", b"v=spf1", false),
        ] {
            assert_eq!(claims(text.as_bytes(), version), is_meant, "{text}");
        }
    }
}
