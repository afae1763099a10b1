//! A network under virtual time: an engine on one side, a [`World`](super::World) on the other, and nothing that
//! waits in between. Hours of the world pass in a moment, and a run can be repeated exactly.
//!
//! ```
//! use std::sync::Arc;
//! use dnsonde::engine::Time;
//! use dnsonde::playground::{Scenario, VirtualNet, World};
//! use dnsonde::walk::{WalkConfig, Hints, PathEnd, Walk, engine_config};
//! use dnsonde::wire::RecordType;
//!
//! let scenario = Scenario::named("healthy").unwrap().unwrap();
//! let hints = Hints::from_text(scenario.root_hints().as_bytes()).unwrap();
//! let world = World::new(Arc::new(scenario), 7);
//! let mut net = VirtualNet::new(world, engine_config(None), 7);
//!
//! let name = "t1._domainkey.example.com".parse().unwrap();
//! let mut walk = Walk::new(Time::ZERO, name, RecordType::TXT, &hints, WalkConfig::default());
//! net.run(&mut walk);
//! assert_eq!(walk.into_report().paths[0].end, PathEnd::Reached);
//! ```
//!
//! It has what the driver of the network has: batches and sockets, [TCP connections](Streams) that queries
//! share, sends that the [system refuses](VirtualNet::refuse), and times in which this program
//! [does not run](VirtualNet::stall). [`InFlight`] and [`Streams`] know no world, so that other simulated
//! networks can be made of them.

mod in_flight;
mod streams;
#[expect(clippy::module_inception, reason = "the noun has a file of its own")]
mod virtual_net;

pub use in_flight::InFlight;
pub use streams::{Connection, Query, Step, Streams};
pub use virtual_net::VirtualNet;
