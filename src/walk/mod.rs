//! From the root to every address of every authoritative server of a name, and iterative
//! resolution with a cache.
//!
//! Queries flow out, finished exchanges flow in, and what was learned comes out as plain data:
//!
//! - [`Resolver`] finds the records of a name the way a recursive resolver does: one server at a
//!   time, from the deepest zone cut that its [`Cache`] knows.
//! - [`Walk`] descends to one name and asks *every* address of *every* server on the way, so that
//!   servers which disagree can be seen. It finds the addresses of name servers by a [`Resolver`],
//!   which learns from all that the walk sees. Its [`WalkReport`] holds each zone cut with what
//!   parents and children say about it, and every exchange as evidence.
//!
//! Both are without I/O: they never open a socket and never read a clock, so they are tested
//! against a simulated world. [`crate::probe::run`] runs a walk on a [`crate::net::Driver`].
//!
//! What a server says is believed only about names in the zone that it was asked for as a server
//! of (RFC 2181 §5.4.1), and everything is bounded: depth, servers, aliases, exchanges.
//!
//! ```
//! use dnsonde::engine::Time;
//! use dnsonde::walk::{WalkConfig, Hints, Walk};
//! use dnsonde::wire::RecordType;
//!
//! let name = "www.example.org".parse().unwrap();
//! let mut walk = Walk::new(Time::ZERO, name, RecordType::A, &Hints::built_in(), WalkConfig::default());
//! // The first queries go to the root servers, over both address families.
//! let query = walk.poll_query().unwrap();
//! assert!(query.zone.is_root());
//! assert_eq!(query.server.port(), 53);
//! ```

#![allow(
    clippy::large_enum_variant,
    clippy::result_large_err,
    reason = "names are inline arrays: an allocation for each would cost more than the copies"
)]

mod asking;
mod cache;
mod config;
mod descent;
mod evidence;
mod hints;
mod lookups;
mod minimise;
mod outcome;
mod profile;
mod relevance;
mod reply;
mod report;
mod resolution;
mod resolver;
mod rrset;
mod servers;
mod task;

pub use cache::{Cache, Cached, Rank};
pub use config::{Limits, WalkConfig};
pub use descent::Walk;
pub use evidence::{Evidence, Exchange, ExchangeEnd, ExchangeRecord, WalkPurpose, WalkQuery};
pub use hints::{Hints, HintsError};
pub use profile::{engine_config, profile};
pub use relevance::Relevance;
pub use reply::{Reading, Referral, ResponseFault, ResponseKind};
pub use report::{
    Address, ChildServer, Delegation, NameServer, ParentServer, Path, PathEnd, ResponseOutcome,
    ServerResponse, Source, WalkReport,
};
pub use resolution::{Resolution, ResolutionExchange, Resolved, Unresolved};
pub use resolver::Resolver;
pub use rrset::{RdataSet, Rrset};
