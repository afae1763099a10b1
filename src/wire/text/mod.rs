//! The master file format of RFC 1035 §5: records and zones as text.
//!
//! Text comes in as octets and becomes [`RecordBuf`](super::RecordBuf)s, one entry at a time;
//! what is wrong is reported with its line, its column and the reason, and reading goes on with
//! the next entry. This module opens no files: `$INCLUDE` is refused unless the caller gives a
//! way to load one.

mod error;
mod lexer;
mod printable;
mod record;
mod source;
mod stream;
mod zone;

pub use error::{TextError, TextErrorKind};
pub(crate) use lexer::Token;
pub(crate) use printable::excerpt;
pub use printable::write_printable;
pub(crate) use source::{Source, unescape};
pub use stream::ZoneStream;
pub use zone::{IncludeLoader, ZoneOptions, ZoneReader};
