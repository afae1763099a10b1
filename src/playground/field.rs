//! Fields of a scenario file that are more than TOML's own types.

use std::fmt::Display;
use std::net::IpAddr;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::engine::Transport;
use crate::wire::{EdeCode, NameBuf, RecordType};

/// One text, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

fn parse<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(
    deserializer: D,
    what: &str,
) -> Result<Vec<T>, D::Error> {
    let texts = texts(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(|error| wrong(text, what, error))).collect()
}

fn wrong<E: serde::de::Error>(text: &str, what: &str, error: impl Display) -> E {
    E::custom(format!("'{text}' is not {what}: {error}"))
}

/// Texts.
pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    OneOrMany::deserialize(deserializer)
        .map(OneOrMany::into_vec)
        .map_err(|_| D::Error::custom("expected a string or a list of strings"))
}

/// Domain names.
pub(super) fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<NameBuf>, D::Error> {
    parse(deserializer, "a domain name")
}

/// One domain name.
pub(super) fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NameBuf, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|error| wrong(&text, "a domain name", error))
}

/// IP addresses.
pub(super) fn addresses<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<IpAddr>, D::Error> {
    parse(deserializer, "an IP address")
}

/// Record types.
pub(super) fn types<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<RecordType>, D::Error> {
    parse(deserializer, "a record type")
}

/// `udp` or `tcp`.
pub(super) fn transport<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Transport>, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "udp" => Ok(Some(Transport::Udp)),
        "tcp" => Ok(Some(Transport::Tcp)),
        other => Err(D::Error::custom(format!("unknown transport '{other}'; write udp or tcp"))),
    }
}

/// The number of an extended error.
pub(super) fn ede<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<EdeCode>, D::Error> {
    u16::deserialize(deserializer).map(|code| Some(EdeCode(code)))
}

/// Domain names, where they may be left out.
pub(super) fn some_names<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<NameBuf>>, D::Error> {
    names(deserializer).map(Some)
}

/// IP addresses, where they may be left out.
pub(super) fn some_addresses<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<IpAddr>>, D::Error> {
    addresses(deserializer).map(Some)
}
