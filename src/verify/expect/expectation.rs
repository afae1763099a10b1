//! One record that must be there, and what it is for.

use std::fmt;

use crate::judge::content::text::{joined, strings, text_of};
use crate::judge::content::{caa, dkim, dmarc, spf};
use crate::wire::{Class, NameBuf, RecordBuf, RecordType};

/// One record that must be there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Expectation {
    /// The owner.
    pub owner: NameBuf,
    /// The type.
    pub rtype: RecordType,
    /// The RDATA in wire form, no name compressed; `None` if any will do, or `kind` says which.
    pub value: Option<Vec<u8>>,
    /// What the record is for, and so how it is judged.
    pub kind: ExpectationKind,
}

/// What a record is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExpectationKind {
    /// Nothing that is known: the record is compared as it is.
    Record,
    /// A CNAME that leads to a DKIM key.
    DkimCname {
        /// Whether the provider rotates keys the way of SES, so that an empty text behind the
        /// alias is a key on standby and no fault.
        rotates: bool,
    },
    /// A DKIM key in a TXT record, see [`dkim::check_key`].
    DkimKey,
    /// The one MX record of a MAIL FROM domain of SES. Its preference does not matter.
    MailFromMx,
    /// The one SPF policy of a name.
    Spf {
        /// A domain that the policy must include.
        include: Option<String>,
    },
    /// The one DMARC policy of a domain.
    Dmarc,
    /// A CNAME by which AWS Certificate Manager sees that a domain is its requester's.
    AcmValidation,
    /// A TXT record that answers a DNS-01 challenge (RFC 8555 §8.4); others may stand beside it.
    AcmeChallenge,
    /// A CAA set that lets an authority issue, see [`caa::permits`]. No set at all does, too.
    Caa {
        /// The authority's domain name.
        issuer: String,
        /// Whether the certificate is for a wildcard name.
        wildcard: bool,
    },
}

impl Expectation {
    /// An expectation whose kind follows from its owner, type and value.
    pub fn new(owner: NameBuf, rtype: RecordType, value: Option<Vec<u8>>) -> Self {
        let kind = ExpectationKind::of(&owner, rtype, value.as_deref());
        Self { owner, rtype, value, kind }
    }

    /// The record as it should be published, if its value is known.
    pub fn record(&self) -> Option<RecordBuf> {
        self.value.as_ref().map(|value| self.record_with(value.clone()))
    }

    fn record_with(&self, rdata: Vec<u8>) -> RecordBuf {
        RecordBuf {
            name: self.owner,
            ttl: SUGGESTED_TTL,
            class: Class::IN,
            rtype: self.rtype,
            rdata,
        }
    }

    /// The name that the record points to, if it is a CNAME (or NS, PTR, DNAME) with a value.
    pub fn target(&self) -> Option<NameBuf> {
        Some(self.record()?.data().target()?.to_buf())
    }

    /// The record to add, as a record of a zone; where no exact value was given, one that fits.
    /// `None` if there is nothing to suggest.
    pub fn suggestion(&self) -> Option<RecordBuf> {
        if let Some(record) = self.record() {
            return Some(record);
        }
        let rdata = match &self.kind {
            ExpectationKind::Spf { include: Some(include) } => {
                strings(format!("v=spf1 include:{include} ~all").as_bytes())
            }
            ExpectationKind::Dmarc => strings(b"v=DMARC1; p=none"),
            ExpectationKind::Caa { issuer, wildcard } => caa::rdata_permitting(issuer, *wildcard),
            _ => return None,
        };
        Some(self.record_with(rdata))
    }

    /// The types to ask for, the own one first: an alias and what it leads to are both judged.
    pub fn asked_types(&self) -> impl Iterator<Item = RecordType> + use<> {
        let other = match self.kind {
            ExpectationKind::DkimCname { .. } => Some(RecordType::TXT),
            ExpectationKind::DkimKey => Some(RecordType::CNAME),
            _ => None,
        };
        std::iter::once(self.rtype).chain(other)
    }

    /// Whether only one record of the kind may stand at the owner.
    pub fn is_single(&self) -> bool {
        match self.kind {
            ExpectationKind::Record => matches!(self.rtype, RecordType::CNAME | RecordType::SOA),
            ExpectationKind::AcmeChallenge | ExpectationKind::Caa { .. } => false,
            _ => true,
        }
    }

    /// Whether a record found at the owner is one of the kind: a TXT record that has nothing to
    /// do with SPF is neither the SPF policy nor a second one.
    pub fn concerns(&self, record: &RecordBuf) -> bool {
        if (record.rtype, record.class) != (self.rtype, Class::IN) {
            return false;
        }
        match self.kind {
            ExpectationKind::Spf { .. } => text_of(record).is_some_and(|text| spf::is_spf(&text)),
            ExpectationKind::Dmarc => text_of(record).is_some_and(|text| dmarc::is_dmarc(&text)),
            _ => true,
        }
    }

    /// Whether a record has the expected type and value. Names are compared without case, and
    /// texts as a whole, however they are cut into strings. Where no value is expected, the
    /// record must be of the kind and well-formed for it. CAA records are judged one by one here;
    /// a whole set is a matter for [`caa::permits`].
    pub fn matches(&self, record: &RecordBuf) -> bool {
        if !self.concerns(record) {
            return false;
        }
        match (&self.kind, self.record()) {
            (ExpectationKind::MailFromMx, Some(expected)) => {
                exchange(&expected).is_some() && exchange(&expected) == exchange(record)
            }
            (_, Some(expected)) => match (text_of(&expected), text_of(record)) {
                (Some(expected), Some(found)) => expected == found,
                _ => canonical(&expected) == canonical(record),
            },
            (ExpectationKind::Spf { include }, None) => text_of(record)
                .and_then(|text| spf::check_spf(&text).ok())
                .is_some_and(|policy| include.as_deref().is_none_or(|it| policy.includes(it))),
            (ExpectationKind::Dmarc, None) => {
                text_of(record).is_some_and(|text| dmarc::check_dmarc(&text).is_ok())
            }
            (ExpectationKind::DkimKey, None) => {
                text_of(record).is_some_and(|text| dkim::check_key(&text).is_usable())
            }
            (ExpectationKind::Caa { issuer, wildcard }, None) => caa::Caa::parse(&record.rdata)
                .is_some_and(|record| caa::permits(&[record], issuer, *wildcard)),
            (_, None) => true,
        }
    }
}

impl fmt::Display for Expectation {
    /// `OWNER TYPE`, or `OWNER TYPE VALUE`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.owner, self.rtype)?;
        let Some(record) = self.record() else { return Ok(()) };
        let mut value = Vec::new();
        match record.write_data(&mut value) {
            Ok(()) => write!(f, " {}", String::from_utf8_lossy(&value)),
            Err(_) => Ok(()),
        }
    }
}

impl ExpectationKind {
    /// What a record is for, judged by where it stands and what it says.
    fn of(owner: &NameBuf, rtype: RecordType, value: Option<&[u8]>) -> Self {
        let mut labels = owner.labels();
        let first = labels.next().unwrap_or_default();
        let is = |label: &[u8], name: &[u8]| label.eq_ignore_ascii_case(name);
        let below_domainkey = owner.labels().skip(1).any(|label| is(label, b"_domainkey"));
        let target = value.and_then(|value| NameBuf::from_wire(value).ok());
        match rtype {
            RecordType::CNAME if below_domainkey => Self::DkimCname {
                // SES repeats the token of the owner in the target.
                rotates: target
                    .as_ref()
                    .and_then(|target| target.labels().next())
                    .is_some_and(|label| is(label, first)),
            },
            RecordType::CNAME if target.is_some_and(|target| is_acm_target(&target)) => {
                Self::AcmValidation
            }
            RecordType::TXT if below_domainkey => Self::DkimKey,
            RecordType::TXT if is(first, b"_dmarc") => Self::Dmarc,
            RecordType::TXT if is(first, b"_acme-challenge") => Self::AcmeChallenge,
            RecordType::TXT if value.and_then(joined).is_some_and(|text| spf::is_spf(&text)) => {
                Self::Spf { include: None }
            }
            _ => Self::Record,
        }
    }
}

/// The TTL of a suggested line, in seconds: short enough to correct a mistake.
const SUGGESTED_TTL: u32 = 300;

fn exchange(record: &RecordBuf) -> Option<NameBuf> {
    Some(record.data().mx()?.exchange.to_buf())
}

/// The RDATA in lower case where it is a name; as it is if it does not fit its type.
fn canonical(record: &RecordBuf) -> Vec<u8> {
    record.canonical_rdata().unwrap_or_else(|_| record.rdata.clone())
}

/// Whether a CNAME target is one of AWS Certificate Manager.
pub(super) fn is_acm_target(target: &NameBuf) -> bool {
    const ZONE: [&[u8]; 2] = [b"acm-validations", b"aws"];
    let labels: Vec<&[u8]> = target.labels().collect();
    labels.len() > ZONE.len()
        && labels[labels.len() - 2..].iter().zip(ZONE).all(|(a, b)| a.eq_ignore_ascii_case(b))
}
