//! The shape of DMARC policies (RFC 7489).

use super::tags::{TagError, TagList};
use crate::wire::excerpt;

/// A DMARC policy whose syntax was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dmarc {
    /// What receivers shall do with mail that fails.
    pub policy: DmarcPolicy,
}

/// What DMARC asks receivers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DmarcPolicy {
    /// Nothing but reports.
    None,
    /// To treat it as suspicious.
    Quarantine,
    /// To refuse it.
    Reject,
}

/// Why a text is no DMARC policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DmarcProblem {
    /// It does not begin with the version.
    #[error("it does not begin with 'v=DMARC1'")]
    Version,
    /// The version has no semicolon behind it.
    #[error("a semicolon is missing behind 'v=DMARC1'")]
    Semicolon,
    /// It is no list of tags.
    #[error("it is not a list of tags: {0}")]
    Syntax(TagError),
    /// No `p=`.
    #[error("p=, the policy itself, is missing")]
    NoPolicy,
    /// A tag with a value that it cannot have.
    #[error("{tag}= must be {must}, not '{value}'")]
    Value {
        /// The tag.
        tag: &'static str,
        /// What it may be.
        must: &'static str,
        /// What it is.
        value: String,
    },
}

/// Whether a text claims to be a DMARC policy (RFC 7489 §6.6.3); a malformed one does as well.
pub fn is_dmarc(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let Some(rest) = text.strip_prefix(b"v").map(<[u8]>::trim_ascii_start) else { return false };
    let Some(rest) = rest.strip_prefix(b"=").map(<[u8]>::trim_ascii_start) else { return false };
    let Some(rest) = rest.strip_prefix(b"DMARC1") else { return false };
    matches!(rest.trim_ascii_start().first(), None | Some(b';'))
}

/// Checks the text of a DMARC policy: all strings of the TXT record joined.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_dmarc(text: &[u8]) -> Result<Dmarc, DmarcProblem> {
    if !is_dmarc(text) {
        let behind = text.trim_ascii_start().strip_prefix(b"v=DMARC1");
        let is_spaced = behind.and_then(<[u8]>::first).is_some_and(u8::is_ascii_whitespace);
        return Err(if is_spaced { DmarcProblem::Semicolon } else { DmarcProblem::Version });
    }
    let tags = TagList::parse(text).map_err(DmarcProblem::Syntax)?;
    let policy = tags.find("p").ok_or(DmarcProblem::NoPolicy)?;
    let check =
        |tag: &'static str, must: &'static str, fine: &dyn Fn(&str) -> bool| match tags.find(tag) {
            Some(found) if !fine(found.value) => {
                let value = excerpt(found.value.as_bytes());
                Err(DmarcProblem::Value { tag, must, value })
            }
            _ => Ok(()),
        };
    const POLICIES: &str = "none, quarantine or reject";
    const ALIGNMENTS: &str = "r or s";
    const ADDRESSES: &str = "addresses such as mailto:reports@example.org, with commas between";
    let is_policy = |value: &str| parse_policy(value).is_some();
    let is_alignment = |value: &str| ["r", "s"].iter().any(|it| value.eq_ignore_ascii_case(it));
    let is_list = |value: &str| value.split(',').all(|uri| is_report_uri(uri.trim()));
    let is_options = |value: &str| {
        value.split(':').all(|it| matches!(it.trim(), "0" | "1" | "d" | "s" | "D" | "S"))
    };
    let is_number =
        |value: &str| value.bytes().all(|o| o.is_ascii_digit()) && value.parse::<u32>().is_ok();
    let is_share =
        |value: &str| is_number(value) && value.parse::<u32>().is_ok_and(|share| share <= 100);
    check("p", POLICIES, &is_policy)?;
    check("sp", POLICIES, &is_policy)?;
    check("adkim", ALIGNMENTS, &is_alignment)?;
    check("aspf", ALIGNMENTS, &is_alignment)?;
    check("pct", "a number from 0 to 100", &is_share)?;
    check("ri", "a number of seconds", &is_number)?;
    check("fo", "0, 1, d or s, with colons between", &is_options)?;
    check("rua", ADDRESSES, &is_list)?;
    check("ruf", ADDRESSES, &is_list)?;
    let policy = parse_policy(policy.value).ok_or(DmarcProblem::NoPolicy)?;
    Ok(Dmarc { policy })
}

fn parse_policy(value: &str) -> Option<DmarcPolicy> {
    match value.to_ascii_lowercase().as_str() {
        "none" => Some(DmarcPolicy::None),
        "quarantine" => Some(DmarcPolicy::Quarantine),
        "reject" => Some(DmarcPolicy::Reject),
        _ => None,
    }
}

/// A URI, and behind it perhaps the largest size of a report, `!10m`.
fn is_report_uri(text: &str) -> bool {
    let (uri, size) = text.split_once('!').map_or((text, None), |(uri, size)| (uri, Some(size)));
    let size_fits = size.is_none_or(|size| {
        let digits = size.trim_end_matches(|c: char| "kmgtKMGT".contains(c));
        size.len() - digits.len() <= 1
            && !digits.is_empty()
            && digits.bytes().all(|octet| octet.is_ascii_digit())
    });
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    let named = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|o| o.is_ascii_alphanumeric() || matches!(o, b'+' | b'-' | b'.'));
    let addressed = !scheme.eq_ignore_ascii_case("mailto")
        || rest.rsplit_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
    let plain = !rest.is_empty() && !rest.bytes().any(|octet| octet.is_ascii_whitespace());
    size_fits && named && addressed && plain
}

#[cfg(test)]
mod tests;
