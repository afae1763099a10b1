//! The driver: moves what the [`crate::engine`] wants to have sent and hands it what came.
//!
//! [`Driver`] owns an [`crate::engine::Engine`], a pool of UDP sockets per address family and a
//! pool of TCP connections. Messages of the engine flow out in batches; datagrams, TCP messages,
//! ICMP errors and timeouts flow in, with the time the kernel took where it does. One driver
//! belongs to one thread; nothing here locks, spawns or looks into a DNS message. Only the local
//! system's own failures are errors ([`NetError`]); what happens to one message becomes the
//! outcome of its attempt.
//!
//! On Linux, many datagrams go through one system call, runs of equal length to one server as one
//! packet that the kernel or the device cuts (GSO). Elsewhere, and with [`Backend::Portable`], each
//! datagram is a call of its own.
//!
//! ```no_run
//! use dnsonde::engine::{ExchangeRequest, EngineConfig};
//! use dnsonde::net::{Driver, Options};
//! use dnsonde::wire::{NameBuf, RecordType};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut driver = Driver::open(EngineConfig::default(), &["192.0.2.53:53".parse()?], &Options::default())?;
//! let name: NameBuf = "example.org".parse()?;
//! let now = driver.now();
//! driver.engine_mut().submit(&ExchangeRequest::new(1, name.as_wire(), RecordType::A))?;
//! while !driver.engine().is_idle() {
//!     driver.turn(None, &mut |exchange| println!("{:?}", exchange.end)).await?;
//! }
//! # Ok(())
//! # }
//! ```

mod address;
// Kernel time stamps, ICMP and segmentation are only had on Linux.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
mod attendance;
mod clock;
mod counts;
mod driver;
mod error;
mod event_loop;
mod options;
mod processor;
#[cfg(target_os = "linux")]
mod sys;
mod tcp;
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
mod udp;
mod unseen;

pub use attendance::AbsenceCounts;
pub(crate) use attendance::Attendance;
pub use counts::{ConnectCounts, LocalCounts};
pub use driver::Driver;
pub use error::{Family, NetError};
pub(crate) use error::{NO_DESCRIPTORS, OUT_OF_DESCRIPTORS, is_out_of_descriptors, refusal};
pub(crate) use event_loop::event_loop;
pub use options::{Backend, Options};
pub(crate) use processor::processor_time;
#[cfg(target_os = "linux")]
pub(crate) use sys::process;
pub use unseen::Unseen;
