//! The shape of SPF policies (RFC 7208).
//!
//! Only what one record says is checked: what an `include:` leads to is for others to ask.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::wire::excerpt;

/// An SPF policy whose syntax was checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spf {
    /// The domains that it includes, as they are written.
    pub includes: Vec<String>,
    /// The domain that `redirect=` names.
    pub redirect: Option<String>,
    /// The qualifier of `all`, if there is one: `+`, `-`, `~` or `?`.
    pub all: Option<char>,
    /// How many of its terms make a verifier look something up.
    pub lookups: usize,
}

/// Why a text is no SPF policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpfProblem {
    /// It does not begin with the version.
    #[error("it does not begin with 'v=spf1' and a space")]
    Version,
    /// An octet that no term can have.
    #[error("it has the octet {octet:#04x} at octet {offset}; only printable ASCII may be there")]
    Octet {
        /// Where, in octets from 0.
        offset: usize,
        /// The octet.
        octet: u8,
    },
    /// A word that is no term.
    #[error("'{0}' is no term of SPF")]
    Term(String),
    /// A term that needs something behind its name.
    #[error("'{0}' needs a domain or an address behind it")]
    Empty(String),
    /// An address or prefix length that is none.
    #[error("'{0}' has no address, or a prefix length that it cannot have")]
    Address(String),
    /// A domain, or a macro in one, that is none.
    #[error("'{0}' has no well-formed domain")]
    Domain(String),
    /// A modifier for the second time.
    #[error("'{0}' stands for the second time")]
    Twice(&'static str),
    /// More than ten terms that need a look-up (RFC 7208 §4.6.4).
    #[error("it has {0} terms that need a look-up; verifiers give up after 10")]
    TooManyLookups(usize),
}

/// The most look-ups that a verifier makes (RFC 7208 §4.6.4).
const MOST_LOOKUPS: usize = 10;

impl Spf {
    /// Whether the policy includes a domain, or hands over to it.
    pub fn includes(&self, domain: &str) -> bool {
        let plain = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
        let domains = self.includes.iter().chain(&self.redirect);
        domains.map(|name| plain(name)).any(|name| name == plain(domain))
    }
}

/// Whether a text claims to be an SPF policy (RFC 7208 §4.5); a malformed one does as well.
pub fn is_spf(text: &[u8]) -> bool {
    const VERSION: &[u8] = b"v=spf1";
    text.split_at_checked(VERSION.len()).is_some_and(|(version, rest)| {
        version.eq_ignore_ascii_case(VERSION) && matches!(rest.first(), None | Some(b' '))
    })
}

/// Checks the text of an SPF policy: all strings of the TXT record joined.
///
/// # Errors
/// The first thing for which a verifier would answer "permerror".
pub fn check_spf(text: &[u8]) -> Result<Spf, SpfProblem> {
    if !is_spf(text) {
        return Err(SpfProblem::Version);
    }
    if let Some(offset) = text.iter().position(|octet| !matches!(octet, 0x20..=0x7E)) {
        return Err(SpfProblem::Octet { offset, octet: text[offset] });
    }
    let mut policy = Spf::default();
    let mut explained = false;
    let text = String::from_utf8_lossy(text);
    for term in text.split(' ').skip(1).filter(|term| !term.is_empty()) {
        policy.term(term, &mut explained)?;
    }
    // With "all" in the policy, redirect= does not count (RFC 7208 §6.1).
    policy.lookups += usize::from(policy.redirect.is_some() && policy.all.is_none());
    if policy.lookups > MOST_LOOKUPS {
        return Err(SpfProblem::TooManyLookups(policy.lookups));
    }
    Ok(policy)
}

impl Spf {
    fn term(&mut self, term: &str, explained: &mut bool) -> Result<(), SpfProblem> {
        let shown = || excerpt(term.as_bytes());
        let word_end = term.find([':', '/', '=']).unwrap_or(term.len());
        if term[word_end..].starts_with('=') {
            return self.modifier(&term[..word_end], &term[word_end + 1..], explained, shown);
        }
        let (qualifier, rest) = match term.chars().next() {
            Some(sign @ ('+' | '-' | '~' | '?')) => (sign, &term[1..]),
            _ => ('+', term),
        };
        let name_end = rest.find([':', '/']).unwrap_or(rest.len());
        let (name, argument) = rest.split_at(name_end);
        let name = name.to_ascii_lowercase();
        let value = argument.strip_prefix(':');
        match name.as_str() {
            "all" if argument.is_empty() => self.all = self.all.or(Some(qualifier)),
            "include" | "exists" => {
                let domain = value.filter(|domain| !domain.is_empty());
                let domain = domain.ok_or_else(|| SpfProblem::Empty(shown()))?;
                check_domain(domain).ok_or_else(|| SpfProblem::Domain(shown()))?;
                self.lookups += 1;
                if name == "include" {
                    self.includes.push(domain.to_owned());
                }
            }
            "a" | "mx" => {
                check_host(argument).ok_or_else(|| SpfProblem::Domain(shown()))?;
                self.lookups += 1;
            }
            "ptr" => {
                let fine = argument.is_empty() || value.and_then(check_domain).is_some();
                if !fine {
                    return Err(SpfProblem::Domain(shown()));
                }
                self.lookups += 1;
            }
            "ip4" | "ip6" => {
                let value = value.filter(|value| !value.is_empty());
                let value = value.ok_or_else(|| SpfProblem::Empty(shown()))?;
                check_network(&name, value).ok_or_else(|| SpfProblem::Address(shown()))?;
            }
            _ => return Err(SpfProblem::Term(shown())),
        }
        Ok(())
    }

    fn modifier(
        &mut self,
        name: &str,
        value: &str,
        explained: &mut bool,
        shown: impl Fn() -> String,
    ) -> Result<(), SpfProblem> {
        let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|o| o.is_ascii_alphanumeric() || matches!(o, b'-' | b'_' | b'.'));
        if !is_name {
            return Err(SpfProblem::Term(shown()));
        }
        match name.to_ascii_lowercase().as_str() {
            "redirect" => {
                check_domain(value).ok_or_else(|| SpfProblem::Domain(shown()))?;
                if self.redirect.replace(value.to_owned()).is_some() {
                    return Err(SpfProblem::Twice("redirect="));
                }
            }
            "exp" => {
                check_domain(value).ok_or_else(|| SpfProblem::Domain(shown()))?;
                if std::mem::replace(explained, true) {
                    return Err(SpfProblem::Twice("exp="));
                }
            }
            // Mechanisms with "=" for ":" are a common mistake, and no modifier.
            "include" | "exists" | "a" | "mx" | "ptr" | "ip4" | "ip6" | "all" => {
                return Err(SpfProblem::Term(shown()));
            }
            // Unknown modifiers are ignored (RFC 7208 §6).
            _ => {}
        }
        Ok(())
    }
}

/// What may stand behind `a` and `mx`: a domain, prefix lengths, both or nothing.
fn check_host(argument: &str) -> Option<()> {
    let (domain, lengths) = match argument.find('/') {
        // A macro may have a slash in it: the lengths are at the very end.
        Some(_) => argument.split_at(lengths_start(argument)),
        None => (argument, ""),
    };
    if !domain.is_empty() {
        check_domain(domain.strip_prefix(':')?)?;
    }
    let (four, six) = match lengths.split_once("//") {
        Some((four, six)) => (four, Some(six)),
        None => (lengths, None),
    };
    if !four.is_empty() {
        prefix_length(four.strip_prefix('/')?, 32)?;
    }
    six.map_or(Some(()), |six| prefix_length(six, 128))
}

/// Where the prefix lengths at the end of a text begin.
fn lengths_start(text: &str) -> usize {
    text.rfind(|c: char| !c.is_ascii_digit() && c != '/').map_or(0, |last| {
        // A digit that no slash comes before still belongs to the domain.
        text[last + 1..].find('/').map_or(text.len(), |slash| last + 1 + slash)
    })
}

fn prefix_length(text: &str, most: u8) -> Option<()> {
    let plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|o| o.is_ascii_digit()));
    let length: u8 = text.parse().ok().filter(|_| plain)?;
    (length <= most).then_some(())
}

fn check_network(name: &str, value: &str) -> Option<()> {
    let (address, length) = match value.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (value, None),
    };
    let most = if name == "ip4" {
        address.parse::<Ipv4Addr>().ok()?;
        32
    } else {
        address.parse::<Ipv6Addr>().ok()?;
        128
    };
    length.map_or(Some(()), |length| prefix_length(length, most))
}

/// A domain-spec (RFC 7208 §7.1): a name, or something with macros in it.
fn check_domain(text: &str) -> Option<()> {
    let mut rest = text.as_bytes();
    let mut macros = false;
    while let Some(at) = rest.iter().position(|&octet| octet == b'%') {
        macros = true;
        rest = match rest.get(at + 1)? {
            b'%' | b'_' | b'-' => &rest[at + 2..],
            b'{' => {
                let end = at + rest[at..].iter().position(|&octet| octet == b'}')?;
                check_macro(&rest[at + 2..end])?;
                &rest[end + 1..]
            }
            _ => return None,
        };
    }
    let fine = !text.is_empty() && text.bytes().all(|octet| matches!(octet, 0x21..=0x7E));
    let labels = text.strip_suffix('.').unwrap_or(text).split('.');
    let named = labels.clone().all(|label| !label.is_empty() && label.len() <= 63)
        && labels.count() > 1
        && text.len() <= 254;
    (fine && (macros || named)).then_some(())
}

/// The inside of `%{...}`: a letter, digits, `r`, delimiters.
fn check_macro(inside: &[u8]) -> Option<()> {
    let (letter, rest) = inside.split_first()?;
    let digits = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let rest = &rest[digits..];
    let rest = rest.strip_prefix(b"r").or_else(|| rest.strip_prefix(b"R")).unwrap_or(rest);
    let fine = b"slodiphcrtv".contains(&letter.to_ascii_lowercase())
        && rest.iter().all(|octet| b".-+,/_=".contains(octet));
    fine.then_some(())
}

#[cfg(test)]
mod tests;
