//! The records that well-known services ask for.

use super::entry::Words;
use super::error::{ExpectError, ExpectErrorKind as Error};
use super::expectation::{Expectation, ExpectationKind, is_acm_target};
use super::owner::{Owners, bare, is_absolute, is_region, parse_owner, unquote};
use crate::judge::content::text::strings;
use crate::names::error::LineError;
use crate::names::line::parse_name;
use crate::wire::{NameBuf, NameBuilder, NameError, RecordType, excerpt};

/// The zone that the targets of SES Easy DKIM are in unless the console shows another: newer
/// regions and accounts have their own.
pub const SES_ZONE: &str = "dkim.amazonses.com";

/// The three CNAME records of SES Easy DKIM: `TOKEN._domainkey.DOMAIN` to `TOKEN.ZONE`.
///
/// `tokens` are separated by commas, semicolons or blanks; a token may also be given as the whole owner,
/// `TOKEN._domainkey` or `TOKEN._domainkey.DOMAIN`. `zone` may have one of the tokens in front.
///
/// # Errors
/// A word that is no token, or stands twice, with its column.
pub fn ses(
    domain: &NameBuf,
    tokens: &str,
    zone: &NameBuf,
) -> Result<Vec<Expectation>, ExpectError> {
    let owners = Owners::new(domain);
    let mut found: Vec<(NameBuf, Vec<u8>)> = Vec::new();
    for (word, offset) in list(tokens)? {
        let error = |kind| ExpectError::at(tokens.as_bytes(), offset, kind);
        if word.contains(&b'.') && !word.split(|&octet| octet == b'.').any(is_domainkey) {
            return Err(error(Error::Token(excerpt(word))));
        }
        let owner = dkim_owner(&owners, word)
            .map_err(|kind| error(kind.unwrap_or_else(|| Error::Token(excerpt(word)))))?;
        let token = owner.labels().next().unwrap_or_default();
        if !token.iter().all(u8::is_ascii_alphanumeric)
            || owner.labels().nth(1).is_none_or(|label| !is_domainkey(label))
        {
            return Err(error(Error::Token(excerpt(word))));
        }
        if found.iter().any(|(earlier, _)| *earlier == owner) {
            return Err(error(Error::TokenTwice(excerpt(token))));
        }
        found.push((owner, token.to_vec()));
    }
    let front = zone.labels().next().unwrap_or_default();
    let is_target = found.iter().any(|(_, token)| token.eq_ignore_ascii_case(front));
    let zone = zone.parent().filter(|_| is_target).unwrap_or(*zone);
    let expectation = |(owner, token): (NameBuf, Vec<u8>)| {
        let target = zone.prepend(&token).map_err(|why| {
            ExpectError::at(tokens.as_bytes(), 0, Error::of_name(&token, why.into()))
        })?;
        Ok(Expectation {
            owner,
            rtype: RecordType::CNAME,
            value: Some(target.as_wire().to_vec()),
            kind: ExpectationKind::DkimCname { rotates: true },
        })
    };
    found.into_iter().map(expectation).collect()
}

/// The words of a list with commas, semicolons or blanks between them, and where each begins.
fn list(text: &str) -> Result<Vec<(&[u8], usize)>, ExpectError> {
    let mut found = Vec::new();
    let mut offset = 0;
    for place in text.split([',', ';']) {
        let mut words = Words { text: place, at: 0 };
        let before = found.len();
        while let Ok(word) = words.next("a token") {
            found.push((unquote(word.octets), offset + word.offset));
        }
        if found.len() == before {
            let blanks = place.len() - place.trim_start().len();
            return Err(ExpectError::at(text.as_bytes(), offset + blanks, Error::EmptyPlace));
        }
        offset += place.len() + 1;
    }
    Ok(found)
}

fn is_domainkey(label: &[u8]) -> bool {
    label.eq_ignore_ascii_case(b"_domainkey")
}

/// The owner of the DKIM record of a selector, or of what has it in front: `SELECTOR._domainkey`, or
/// that and the domain, or the selector and the domain. The error is `None` if there is no selector.
fn dkim_owner(owners: &Owners, word: &[u8]) -> Result<NameBuf, Option<Error>> {
    let name = owners.parse(word).map_err(|why| Error::of_name(word, why))?;
    let selector = match name.labels().position(is_domainkey) {
        Some(0) => return Err(None),
        Some(at) if at + 1 < name.labels().count() => return Ok(owners.read(word)?),
        Some(at) => at,
        None if name.is_at_or_below(owners.domain()) => {
            name.labels().count() - owners.domain().labels().count()
        }
        None if is_absolute(word) || owners.is_complete(&name) => {
            return Err(Some(owners.outside(word, &name, None)));
        }
        None => name.labels().count(),
    };
    if selector == 0 {
        return Err(None);
    }
    let mut owner = NameBuilder::new();
    let labels = name.labels().take(selector).chain([b"_domainkey".as_slice()]);
    for label in labels.chain(owners.domain().labels()) {
        owner.push_label(label).map_err(|why| Error::of_name(word, why.into()))?;
    }
    Ok(owner.finish())
}

/// The DKIM key of a selector, whatever it is: `SELECTOR._domainkey.DOMAIN` (RFC 6376 §3.6.2). The
/// whole owner may be given as well.
///
/// # Errors
/// A selector that is no part of a name, or one of another domain.
pub fn dkim_key(domain: &NameBuf, selector: &str) -> Result<Expectation, ExpectError> {
    let word = unquote(selector.as_bytes());
    let owner = dkim_owner(&Owners::new(domain), word).map_err(|kind| {
        let kind = kind.unwrap_or_else(|| Error::Selector(excerpt(word)));
        ExpectError::at(selector.as_bytes(), 0, kind)
    })?;
    Ok(Expectation { owner, rtype: RecordType::TXT, value: None, kind: ExpectationKind::DkimKey })
}

/// The name of a MAIL FROM domain of SES, with the domain or without.
///
/// # Errors
/// What is no name, or one of another domain, and a region.
pub fn mail_from_name(domain: &NameBuf, name: &str) -> Result<NameBuf, ExpectError> {
    if is_region(unquote(name.as_bytes())) {
        let kind = Error::RegionAsHost(excerpt(name.as_bytes()));
        return Err(ExpectError::at(name.as_bytes(), 0, kind));
    }
    parse_owner(name, domain)
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
            let error = || Error::Region(excerpt(region.as_bytes()));
            // The console shows the region in the target.
            let bare = region.strip_prefix("feedback-smtp.").unwrap_or(region);
            let bare = bare.trim_end_matches('.');
            let bare = bare.strip_suffix(".amazonses.com").unwrap_or(bare).to_ascii_lowercase();
            let bare = unquote(bare.as_bytes());
            let exchange = if is_region(bare) { mail_exchange(bare).ok() } else { None };
            let exchange =
                exchange.ok_or_else(|| ExpectError::at(region.as_bytes(), 0, error()))?;
            Some([&[0, 10], exchange.as_wire()].concat())
        }
    };
    let spf = ExpectationKind::Spf { include: Some("amazonses.com".to_owned()) };
    Ok(vec![
        Expectation {
            owner: *domain,
            rtype: RecordType::MX,
            value: mx,
            kind: ExpectationKind::MailFromMx,
        },
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

/// The CNAME record by which AWS Certificate Manager validates a domain: `_x.DOMAIN` and
/// `_y.acm-validations.aws`, as the console shows them, or the whole line with `CNAME` between them.
///
/// # Errors
/// A name that is none, and a target that is not in the zone of the service.
pub fn acm(domain: &NameBuf, pair: &str) -> Result<Expectation, ExpectError> {
    let text = pair.as_bytes();
    let mut words = Words { text: pair, at: 0 };
    let mut all = Vec::new();
    while let Ok(word) = words.next("a name") {
        // What a line has between the two.
        let between = word.octets.iter().all(u8::is_ascii_digit)
            || [&b"IN"[..], b"CNAME"].iter().any(|it| word.octets.eq_ignore_ascii_case(it));
        if all.is_empty() || !between {
            all.push(word);
        }
    }
    let [name, target] = all.as_slice() else {
        return Err(ExpectError::at(text, 0, Error::AcmPair(excerpt(text))));
    };
    let owner = Owners::new(domain).read(name.octets);
    let owner = owner.map_err(|kind| ExpectError::at(text, name.offset, kind))?;
    let error = |kind| ExpectError::at(text, target.offset, kind);
    let target = unquote(target.octets);
    let found = parse_name(target).map_err(|why| error(Error::of_name(target, why)))?;
    if !is_acm_target(&found) {
        return Err(error(Error::AcmTarget(excerpt(target))));
    }
    Ok(Expectation {
        owner,
        rtype: RecordType::CNAME,
        value: Some(found.as_wire().to_vec()),
        kind: ExpectationKind::AcmValidation,
    })
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
    let base = *Owners::new(domain).domain();
    let wildcard = base != *domain;
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
        owner: below(&base, b"_acme-challenge")?,
        rtype: RecordType::TXT,
        value,
        kind: ExpectationKind::AcmeChallenge,
    }];
    if let Some(issuer) = issuer {
        let issuer =
            issuer_name(issuer).map_err(|kind| ExpectError::at(issuer.as_bytes(), 0, kind))?;
        let kind = ExpectationKind::Caa { issuer, wildcard };
        expectations.push(Expectation { owner: base, rtype: RecordType::CAA, value: None, kind });
    }
    Ok(expectations)
}

/// The domain name of an authority, as CAA records have it.
fn issuer_name(text: &str) -> Result<String, Error> {
    let word = unquote(text.as_bytes());
    let name = match parse_name(word) {
        Ok(name) => bare(&name).to_ascii_lowercase(),
        Err(error @ (LineError::Url(_) | LineError::Mailbox(_) | LineError::Path(_))) => {
            return Err(Error::of_name(word, error));
        }
        Err(_) => String::new(),
    };
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
    let is_domain = name.contains('.') && name.split('.').all(|it| it.bytes().all(is_plain));
    if is_domain { Ok(name) } else { Err(Error::Issuer(excerpt(word))) }
}

/// The DMARC policy of a domain, whatever it is: `_dmarc.DOMAIN` (RFC 7489 §6.1).
///
/// # Errors
/// A domain so long that nothing fits below it.
pub fn dmarc_policy(domain: &NameBuf) -> Result<Expectation, ExpectError> {
    let owner = below(Owners::new(domain).domain(), b"_dmarc")?;
    Ok(Expectation { owner, rtype: RecordType::TXT, value: None, kind: ExpectationKind::Dmarc })
}

/// A label below a domain.
fn below(domain: &NameBuf, label: &[u8]) -> Result<NameBuf, ExpectError> {
    domain
        .prepend(label)
        .map_err(|why| ExpectError::at(label, 0, Error::of_name(label, why.into())))
}
