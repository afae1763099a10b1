//! A judgement for those who asked for it: a [`Report`] as text for a
//! terminal, as JSON for programs, and as a page that can be sent to the support of a provider.
//!
//! All three say the same in the same order: the verdict, each record with its state, the causes
//! with the most likely one first, what else was seen, who was asked and how often, and how likely
//! a verifier that asks now is to succeed. What the three share is here: the words for states and
//! rates (`words`), findings that say the same of several
//! records put together (`group`), evidence as pairs of words (`evidence`).
//!
//! Where someone looks again and again, a [`history`] keeps what changed from one report to the next.
//!
//! Whatever a report holds, nothing that is written can take hold of a terminal or of a page:
//! [`printable`](super::printable) escapes what is not plain text, and each form then escapes for its medium.

mod evidence;
mod group;
pub mod history;
mod html;
mod json;
mod layout;
mod measured_text;
pub mod measurement;
mod report;
mod text;
mod words;

pub use html::{Page, write_report_html};
pub use json::write_report_json;
pub use layout::Style;
pub(crate) use layout::{Row, Writer, plain};
pub use report::{
    Effort, Moment, Outlook, RecordAtServer, RecordReport, RecordState, Report, Verdict,
};
pub use text::write_report_text;
