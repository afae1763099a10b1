//! The records that well-known services ask for.

use super::error::{ExpectError, ExpectErrorKind as Error, excerpt};
use super::{Expectation, Kind, strings};
use crate::wire::{NameBuf, NameBuilder, NameError, RecordType};

/// The zone that the targets of SES Easy DKIM are in unless the console shows another: newer
/// regions and accounts have their own.
pub const SES_ZONE: &str = "dkim.amazonses.com";

/// The three CNAME records of SES Easy DKIM: `TOKEN._domainkey.DOMAIN` to `TOKEN.ZONE`.
///
/// `tokens` are separated by commas; a token may also be given as the whole owner,
/// `TOKEN._domainkey` or `TOKEN._domainkey.DOMAIN`.
///
/// # Errors
/// A word that is no token, or stands twice, with its column.
pub fn ses(
    domain: &NameBuf,
    tokens: &str,
    zone: &NameBuf,
) -> Result<Vec<Expectation>, ExpectError> {
    let mut expectations: Vec<Expectation> = Vec::new();
    let mut offset = 0;
    for place in tokens.split(',') {
        let word = place.trim();
        let start = offset + (place.len() - place.trim_start().len());
        let error = |kind| ExpectError::at(tokens.as_bytes(), start, kind);
        if word.is_empty() {
            return Err(error(Error::EmptyPlace));
        }
        let token =
            token_in(word, domain).ok_or_else(|| error(Error::Token(excerpt(word.as_bytes()))))?;
        let named = |result: Result<NameBuf, NameError>| {
            result.map_err(|why| error(Error::Name { text: excerpt(word.as_bytes()), error: why }))
        };
        let owner = named(
            domain.prepend(b"_domainkey").and_then(|parent| parent.prepend(token.as_bytes())),
        )?;
        if expectations.iter().any(|earlier| earlier.owner == owner) {
            return Err(error(Error::TokenTwice(token.to_owned())));
        }
        let target = named(zone.prepend(token.as_bytes()))?;
        expectations.push(Expectation {
            owner,
            rtype: RecordType::CNAME,
            value: Some(target.as_wire().to_vec()),
            kind: Kind::DkimAlias { rotates: true },
        });
        offset += place.len() + 1;
    }
    Ok(expectations)
}

/// The token in what was given for one.
fn token_in<'w>(word: &'w str, domain: &NameBuf) -> Option<&'w str> {
    let (token, rest) = word.split_once('.').unwrap_or((word, ""));
    let is_token = !token.is_empty() && token.bytes().all(|octet| octet.is_ascii_alphanumeric());
    let is_owner = rest.is_empty() || {
        let rest = NameBuf::from_text(rest.as_bytes(), &NameBuf::root()).ok()?;
        let (parent, none) = (domain.prepend(b"_domainkey").ok()?, NameBuf::root());
        rest == parent || rest == none.prepend(b"_domainkey").ok()?
    };
    (is_token && is_owner).then_some(token)
}

/// The DKIM key of a selector, whatever it is: `SELECTOR._domainkey.DOMAIN` (RFC 6376 §3.6.2).
///
/// # Errors
/// A selector that is no part of a name.
pub fn dkim_key(domain: &NameBuf, selector: &str) -> Result<Expectation, ExpectError> {
    let owner = below(domain, &[b"_domainkey"], selector)?;
    Ok(Expectation { owner, rtype: RecordType::TXT, value: None, kind: Kind::DkimKey })
}

/// The records of a MAIL FROM domain of SES: one MX, one SPF policy. With a `region`, such as
/// `us-east-1`, the MX record's target is known as well.
///
/// # Errors
/// A region that is none.
pub fn mail_from(domain: &NameBuf, region: Option<&str>) -> Result<Vec<Expectation>, ExpectError> {
    let mx = match region {
        None => None,
        Some(region) => {
            let is_region = !region.is_empty()
                && region.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
            let exchange = if is_region { mail_exchange(region.as_bytes()).ok() } else { None };
            let error = || Error::Region(excerpt(region.as_bytes()));
            let exchange =
                exchange.ok_or_else(|| ExpectError::at(region.as_bytes(), 0, error()))?;
            Some([&[0, 10], exchange.as_wire()].concat())
        }
    };
    let spf = Kind::Spf { include: Some("amazonses.com".to_owned()) };
    Ok(vec![
        Expectation { owner: *domain, rtype: RecordType::MX, value: mx, kind: Kind::MailFromMx },
        Expectation { owner: *domain, rtype: RecordType::TXT, value: None, kind: spf },
    ])
}

fn mail_exchange(region: &[u8]) -> Result<NameBuf, NameError> {
    let mut name = NameBuilder::new();
    for label in [b"feedback-smtp", region, b"amazonses", b"com"] {
        name.push_label(label)?;
    }
    Ok(name.finish())
}

/// The CNAME record by which AWS Certificate Manager validates a domain: `_x.DOMAIN` to
/// `_y.acm-validations.aws`, as the console shows them.
///
/// # Errors
/// A name that is none, and a target that is not in the zone of the service.
pub fn acm(domain: &NameBuf, name: &str, target: &str) -> Result<Expectation, ExpectError> {
    let word = super::entry::Word { octets: name.as_bytes(), offset: 0 };
    let owner = super::entry::owner_name(name.as_bytes(), word, domain)?;
    let error = |kind| ExpectError::at(target.as_bytes(), 0, kind);
    let found = NameBuf::from_text(target.as_bytes(), &NameBuf::root())
        .map_err(|why| error(Error::Name { text: excerpt(target.as_bytes()), error: why }))?;
    if !is_acm_target(&found) {
        return Err(error(Error::AcmTarget(excerpt(target.as_bytes()))));
    }
    Ok(Expectation {
        owner,
        rtype: RecordType::CNAME,
        value: Some(found.as_wire().to_vec()),
        kind: Kind::AcmValidation,
    })
}

/// Whether a CNAME target is one of AWS Certificate Manager.
pub(super) fn is_acm_target(target: &NameBuf) -> bool {
    const ZONE: [&[u8]; 2] = [b"acm-validations", b"aws"];
    let labels: Vec<&[u8]> = target.labels().collect();
    labels.len() > ZONE.len()
        && labels[labels.len() - 2..].iter().zip(ZONE).all(|(a, b)| a.eq_ignore_ascii_case(b))
}

/// What an ACME authority looks for: the response to a DNS-01 challenge (RFC 8555 §8.4) and, with
/// an `issuer` such as `letsencrypt.org`, CAA records that let it issue (RFC 8659).
///
/// `domain` may begin with a wildcard label; the challenge is answered below it.
///
/// # Errors
/// A response that is not base64url of 32 octets, or an issuer that is no domain name.
pub fn acme(
    domain: &NameBuf,
    response: Option<&str>,
    issuer: Option<&str>,
) -> Result<Vec<Expectation>, ExpectError> {
    let wildcard = domain.labels().next() == Some(b"*");
    let base = if wildcard { domain.parent().unwrap_or(*domain) } else { *domain };
    let value = match response {
        None => None,
        Some(text) => {
            let octets = text.as_bytes();
            if !data_encoding::BASE64URL_NOPAD.decode(octets).is_ok_and(|hash| hash.len() == 32) {
                return Err(ExpectError::at(octets, 0, Error::Challenge(excerpt(octets))));
            }
            Some(strings(octets))
        }
    };
    let mut expectations = vec![Expectation {
        owner: below(&base, &[], "_acme-challenge")?,
        rtype: RecordType::TXT,
        value,
        kind: Kind::AcmeChallenge,
    }];
    if let Some(issuer) = issuer {
        let is_domain = !issuer.is_empty()
            && issuer.split('.').all(|label| {
                !label.is_empty()
                    && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
            })
            && issuer.len() <= 253;
        if !is_domain {
            let kind = Error::Issuer(excerpt(issuer.as_bytes()));
            return Err(ExpectError::at(issuer.as_bytes(), 0, kind));
        }
        let kind = Kind::Caa { issuer: issuer.to_ascii_lowercase(), wildcard };
        expectations.push(Expectation { owner: base, rtype: RecordType::CAA, value: None, kind });
    }
    Ok(expectations)
}

/// The DMARC policy of a domain, whatever it is: `_dmarc.DOMAIN` (RFC 7489 §6.1).
///
/// # Errors
/// A domain so long that nothing fits below it.
pub fn dmarc_policy(domain: &NameBuf) -> Result<Expectation, ExpectError> {
    let owner = below(domain, &[], "_dmarc")?;
    Ok(Expectation { owner, rtype: RecordType::TXT, value: None, kind: Kind::Dmarc })
}

/// `text`, one label or more without a final dot, below `labels` below `domain`.
fn below(domain: &NameBuf, labels: &[&[u8]], text: &str) -> Result<NameBuf, ExpectError> {
    let name = || {
        let mut parent = *domain;
        for label in labels.iter().rev() {
            parent = parent.prepend(label)?;
        }
        let name = NameBuf::from_text(text.as_bytes(), &NameBuf::root())?;
        if name.is_root() { Err(NameError::Empty) } else { name.append(&parent) }
    };
    let error = |kind| ExpectError::at(text.as_bytes(), 0, kind);
    if !text.is_ascii() {
        return Err(error(Error::NotAscii(excerpt(text.as_bytes()))));
    }
    name().map_err(|why| error(Error::Name { text: excerpt(text.as_bytes()), error: why }))
}
