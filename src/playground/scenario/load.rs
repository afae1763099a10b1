//! From a file, or from those that are built in, to a scenario.

use super::error::ScenarioError;
use super::file::File;
use super::scenario::Scenario;
use super::{assemble, builtin};

/// How deep scenarios may be based on each other.
const DEEPEST: usize = 4;

impl Scenario {
    /// The names and titles of the scenarios that are built in.
    pub fn built_in() -> impl Iterator<Item = (&'static str, String)> {
        builtin::SCENARIOS.iter().map(|(name, text)| {
            let title = toml::from_str::<File>(text).ok().and_then(|file| file.title);
            (*name, title.unwrap_or_default())
        })
    }

    /// A scenario that is built in; `None` if there is none of this name.
    ///
    /// # Errors
    /// Never: a test reads them all.
    pub fn named(name: &str) -> Option<Result<Self, ScenarioError>> {
        let (name, text) = builtin::SCENARIOS.iter().find(|(known, _)| *known == name)?;
        Some(Self::from_toml(name, text))
    }

    /// Reads a scenario file.
    ///
    /// # Errors
    /// [`ScenarioError`], with the place.
    pub fn from_toml(name: &str, text: &str) -> Result<Self, ScenarioError> {
        let mut file = read(text)?;
        let mut depth = 0;
        while let Some(base) = file.base.take() {
            let text = builtin::text(&base).filter(|_| depth < DEEPEST);
            file = file.over(read(text.ok_or(ScenarioError::Base(base))?)?);
            depth += 1;
        }
        assemble::scenario(name, file)
    }
}

fn read(text: &str) -> Result<File, ScenarioError> {
    toml::from_str(text).map_err(|error| {
        let before = &text[..error.span().map_or(0, |span| span.start.min(text.len()))];
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        ScenarioError::Toml {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            reason: error.message().replace('\n', " "),
        }
    })
}
