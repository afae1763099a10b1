//! Worker threads, each with an engine and a driver of its own: fed in blocks, stopped and counted
//! together.
//!
//! ```text
//! feeder ──blocks of questions──▶ workers ──blocks of lines──▶ writer
//! ```
//!
//! What a job does in each worker is its [`Part`]: it asks questions of the blocks, and takes what
//! comes of them. A [`Crew`] starts the threads and adds up what they did; the job watches over it as
//! its [`Overseer`].
//!
//! All channels are bounded, so a slow disk slows the questions down. Buffers go round; nothing is
//! allocated and no lock is taken for a single name, and each job's part is compiled into a worker
//! of its own. A worker that fails, or panics, hands on every line that it has finished.

mod account;
mod block;
mod desk;
mod error;
mod feed;
mod job;
mod lines;
mod pool;
mod share;
mod stop;
mod team;
mod thread;
mod worker;
mod writer;

pub use account::{Account, ServerStats};
pub use block::{Block, QUESTIONS};
pub use desk::Desk;
pub use error::CrewError;
pub use feed::Feeder;
pub use job::{Job, Part, WorkerTally};
pub use lines::{LINES, Lines};
pub use share::Setup;
pub use stop::{Level, Stop};
pub use team::{Crew, Overseer, Sum};
pub use writer::{Output, OutputCounts};
