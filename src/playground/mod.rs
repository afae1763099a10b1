//! Small DNS worlds on loopback or under virtual time, with faults to order.
//!
//! A [`World`] is many servers, from the root down, with zones and recursive resolvers, made from a
//! [`Scenario`] that also says what is wrong and what an examination must find. A query goes through
//! it so:
//!
//! ```text
//! query ─ which host, which instance ─ Faults::roll ─ lookup in its zones, or a resolver ─ response
//!                                           │                                                 │
//!                                        Effects ────────────────── compose (octets) ─ deliver (when, from where)
//! ```
//!
//! It has neither sockets nor a clock: [`VirtualNet`] gives it virtual time, for tests, and [`serve()`]
//! puts it on loopback. A [`LoopbackServer`] is such a world of one server, for whoever needs no more; its
//! names are [`generated`], so that whoever asks knows what the response must be.
//!
//! Nothing here ever leaves the machine: only loopback addresses are bound.

mod cookie;
mod dice;
pub mod faults;
mod field;
pub mod generated;
mod lookup;
mod query;
mod response;
pub mod scenario;
pub mod serve;
pub mod server;
pub mod virtual_net;
pub mod world;
pub mod zone;

pub use faults::{Delay, Effect, Fault, Faults};
pub use scenario::{Scenario, ScenarioError};
pub use serve::{ServeError, Service, serve};
pub use server::LoopbackServer;
pub use virtual_net::VirtualNet;
pub use world::{Arrival, Delivery, World, WorldCounts};
