//! Why there is no scenario.

use super::super::zone::ZoneError;
use crate::wire::NameBuf;

/// Why a scenario cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// Not TOML, or not with these fields.
    #[error("line {line}, column {column}: {reason}")]
    Toml {
        /// The line, from 1.
        line: usize,
        /// The character within the line, from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// There is no scenario of this name to be based on.
    #[error("unknown scenario '{0}' in 'base'")]
    Base(String),
    /// A part that every scenario has is missing.
    #[error("missing '{0}', here and in the base scenario")]
    Missing(&'static str),
    /// The text of a zone is wrong.
    #[error("the zone '{zone}'{version}: {error}")]
    Zone {
        /// The zone.
        zone: String,
        /// Its version, as text behind its name; empty for the usual one.
        version: String,
        /// What is wrong.
        error: Box<ZoneError>,
    },
    /// A part refers to something that is not there, or contradicts itself.
    #[error("{place}: {reason}")]
    Part {
        /// Which part.
        place: String,
        /// What is wrong.
        reason: String,
    },
}

impl ScenarioError {
    pub(super) fn zone(zone: &NameBuf, version: &str, error: ZoneError) -> Self {
        let version = match version {
            "" => String::new(),
            version => format!(" in version '{version}'"),
        };
        Self::Zone { zone: zone.to_string(), version, error: Box::new(error) }
    }
}
