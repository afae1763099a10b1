//! Finished exchanges as lines of output, in five formats.
//!
//! A [`Renderer`] appends to a buffer of the caller's, allocates nothing for an ordinary answer,
//! and only ever writes printable ASCII and line ends.

mod context;
mod csv;
mod format;
mod jsonl;
mod massdns;
mod question;
mod renderer;
mod status;
mod text;
mod view;
mod words;
mod zdns;

pub use context::Context;
pub use format::Format;
pub use question::{Conclusion, Invalid, Settled};
pub use renderer::Renderer;
pub use status::Status;
