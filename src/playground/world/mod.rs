//! A DNS world without sockets and clocks: queries go in with the time, answers come out with how
//! long they take.
//!
//! A [`World`] is made from a [`Scenario`](super::scenario::Scenario) and a seed. The same scenario, seed, and sequence of
//! queries give the same answers at the same times, so it can be examined under virtual time
//! (see [`super::virtual_net`]) as well as on real sockets (see [`super::serve()`]).
//!
//! ```
//! use std::sync::Arc;
//! use dnsonde::engine::{Time, Transport};
//! use dnsonde::playground::{Arrival, Scenario, World};
//! use dnsonde::wire::{Builder, Class, Flags, Message, NameBuf, RecordType};
//!
//! let scenario = Scenario::named("healthy").unwrap().unwrap();
//! let root = scenario.addresses().next().unwrap();
//! let mut world = World::new(Arc::new(scenario), 7);
//!
//! let mut query = [0; 512];
//! let mut builder = Builder::new(&mut query, 1, Flags::default()).unwrap();
//! let name: NameBuf = "example.com".parse().unwrap();
//! builder.question(name.as_wire(), RecordType::SOA, Class::IN).unwrap();
//! let len = builder.finish();
//!
//! let mut deliveries = Vec::new();
//! let client = "127.0.0.1:40000".parse().unwrap();
//! let to = (root, 53).into();
//! world.handle(Time::ZERO, to, client, Transport::Udp, &query[..len], &mut deliveries);
//! let Arrival::Message { from, octets } = &deliveries[0].arrival else { panic!() };
//! assert_eq!(*from, to);
//! assert_eq!(Message::parse(octets).unwrap().id(), 1);
//! ```

mod compose;
mod counts;
mod deliver;
mod delivery;
mod recursor;
#[expect(clippy::module_inception, reason = "the noun has a file of its own")]
mod world;

pub use counts::WorldCounts;
pub use delivery::{Arrival, Delivery};
pub use world::World;
