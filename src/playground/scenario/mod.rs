//! Scenarios: a DNS world, what is wrong with it, and what an examination of it must find.
//!
//! A scenario is a TOML file. What it leaves out comes from its `base`, so that a reader sees the
//! fault and nothing else:
//!
//! ```
//! use dnsonde::playground::Scenario;
//!
//! let scenario = Scenario::from_toml("mine", r#"
//!     base = "ses"
//!     title = "One server has an old copy of the zone"
//!     story = "Some see the records and some do not."
//!
//!     [[zone]]
//!     name = "example.com"
//!     version = "old"
//!     remove = "t1._domainkey"
//!     serial = 1
//!
//!     [[faults]]
//!     server = "ns2"
//!     effect = { version = "old" }
//!
//!     [expect]
//!     findings = ["record-missing-on-some", "server-stale"]
//!     verdict = "pending"
//! "#).unwrap();
//! assert_eq!(scenario.verify[0], "example.com");
//! ```
//!
//! The parts of a file:
//!
//! | part | what it says |
//! |---|---|
//! | `title`, `story` | what it is about, and what someone would experience |
//! | `base` | the scenario that it differs from: `ses`, or one that is built in |
//! | `[servers.NAME]` | an authoritative server: `addresses`, `zones`, `latency_ms` (round trip) and `latencies_ms` by address, `nsid`, `max_udp`; several machines behind its addresses are its `instances` (each with `nsid`, `version`, `weight`), and `pick` says what chooses among them: `port`, `dice` or `time` |
//! | `[resolvers.NAME]` | a recursive resolver: `addresses` and so on; what it has in its `cache` from the beginning (`record`, or `absent` with `type` and `ttl_s`; `age_s`), how many `caches` it has; whether it `serves_stale`, has no `upstream`, thinks zones `bogus` (with the extended error), or `rewrites_nxdomain` |
//! | `[[zone]]` | a zone: `name` and `text`, and whether all other names have what is `generated` for them (see [`super::generated`]); or a change to one, or (`version`) another version of one: `remove`, `add`, `serial` |
//! | `[[faults]]` | one fault: see [`super::faults::Fault`] |
//! | `[verify]` | `args`: what `dnsonde verify` is called with |
//! | `[expect]` | what it must find: see [`Expect`] |

mod assemble;
mod builtin;
mod error;
mod expect;
mod file;
mod host;
mod load;
#[expect(clippy::module_inception, reason = "the noun has a file of its own")]
mod scenario;

pub use error::ScenarioError;
pub use expect::Expect;
pub use host::Pick;
pub use scenario::Scenario;

pub(super) use host::{Fact, Host, Instance, Recursive, Role};
