//! What a scan is to do.

use std::net::SocketAddr;
use std::time::Duration;

use super::input::Source;
use super::iterate::FromRoot;
use super::render::Format;
use crate::crew::Output;
use crate::engine::EngineConfig;
use crate::net;
use crate::wire::{Class, RecordType};

/// What to ask, whom, how, and where the results go.
pub struct ScanPlan {
    /// Where names come from.
    pub source: Source,
    /// What each name is asked for; a line may have its own type instead. Never empty.
    pub types: Vec<RecordType>,
    /// The class of all questions. Of authoritative servers only IN is asked.
    pub class: Class,
    /// Whom to ask.
    pub targets: Targets,
    /// How each exchange is carried out. Rates and a fixed window are for all workers together.
    pub engine: EngineConfig,
    /// The sockets of each worker.
    pub net: net::Options,
    /// How many workers there are, each with a thread of its own.
    pub threads: u16,
    /// Where lines go.
    pub output: Output,
    /// What lines look like.
    pub format: Format,
    /// Whether each line has all attempts (JSON lines only).
    pub attempt_log: bool,
    /// The scan ends when no server has answered anything for so long.
    pub silence: Duration,
    /// A list is read on although most of its first lines cannot be asked.
    pub keep_going: bool,
}

/// Whom to ask.
#[derive(Debug, Clone)]
pub enum Targets {
    /// These servers, each listed once; never empty.
    Resolvers(Vec<SocketAddr>),
    /// Authoritative servers, from the root on.
    Iterative(Box<FromRoot>),
}
