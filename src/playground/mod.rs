//! Small DNS worlds on loopback or under virtual time, with faults to order.
//!
//! There are two of them:
//!
//! - [`server::Server`] is one DNS server on its own threads. It answers for a zone of generated
//!   names ([`generated`]), whose content follows from the name alone, so that whoever asks knows what
//!   the answer must be; and it can be told to misbehave ([`faults::Faults`]) by seeded dice.
//! - A [`World`] is many servers, from the root down, with zones from text and recursive resolvers,
//!   made from a [`Scenario`] that also says what is wrong and what an examination must find. It
//!   has neither sockets nor a clock: [`VirtualNet`] gives it virtual time, for tests, and [`serve()`]
//!   puts it on loopback.
//!
//! Nothing here ever leaves the machine: only loopback addresses are bound.

mod answer;
mod cookie;
mod dice;
pub mod fault;
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

pub use faults::Faults;
pub use scenario::{Scenario, ScenarioError};
pub use serve::{ServeError, Service, serve};
pub use server::{Counts, Server};
pub use virtual_net::VirtualNet;
pub use world::{Arrival, Delivery, World};
