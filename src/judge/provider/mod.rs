//! Well-known DNS providers: who they are by the names of their servers, and how their forms want a
//! record typed.
//!
//! - `table`: the providers, each with the page that says how its form works.
//! - `form`: what is typed into a form, and the sentence that says so.
//! - `hosting`: whose servers a zone has; `words`: what findings say of both.
//!
//! Names that are not known (many companies give a provider's servers names of their own) are no
//! fault: then reports say "the DNS provider".

mod form;
mod hosting;
mod table;
mod words;

pub use form::{FinalDot, Form, HostForm, Priority};
pub use hosting::Hosting;
pub use table::{PROVIDERS, Provider};
pub(crate) use words::{entry, provider};
