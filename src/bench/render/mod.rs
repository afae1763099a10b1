//! A report as text, in dnsperf's words, and as JSON.

mod bars;
mod comparisons;
mod json;
mod text;

pub use json::{json, period_json};
pub use text::{opening, period, text};
