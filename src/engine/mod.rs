//! The exchange engine: a state machine that is handed time and datagrams, and hands back
//! datagrams to send and results.
//!
//! It never reads a clock, opens a socket or sleeps; a driver (see [`crate::net`]) or a test does
//! that for it. So every behaviour can be tested under virtual time, and a run with the same
//! seed, the same input and the same times gives the same result.
//!
//! ```text
//! submit ──► ready ──► poll_transmit ──► driver ──► network
//!                ▲                                     │
//!          retry └── handle_timeout, handle_unreachable┤
//!                                                      ▼
//! sink ◄── finished exchange, all its attempts ◄── handle_datagram
//! ```
//!
//! - **Matching**: a response counts only if its source, our socket, its ID and its question all
//!   fit an attempt of an open exchange. Anything else is counted and changes nothing.
//! - **Retries** go to another server where there is one, and say why they were needed.
//! - **Pauses**: while this machine cannot send, nothing is sent, counted or timed out.
//! - **Pacing**: a window for each server, token buckets where a rate was set, and a back-off for
//!   servers that do not answer.
//! - **Accounting**: every exchange that was submitted ends once, as answered, failed or
//!   cancelled; [`Totals`] shows that nothing is missing.
//!
//! ```
//! use dnsonde::engine::{ExchangeRequest, EngineConfig, Ending, Engine, SocketId, Stamp, Time, Transmits};
//! use dnsonde::wire::{NameBuf, RecordType};
//! use std::time::Duration;
//!
//! let server = "192.0.2.53:53".parse().unwrap();
//! let mut engine = Engine::new(EngineConfig::default(), &[server], 1, [7; 32]);
//! let name: NameBuf = "example.org".parse().unwrap();
//! let now = Time::ZERO;
//! engine.submit(&ExchangeRequest::new(1, name.as_wire(), RecordType::A)).unwrap();
//!
//! // What a driver would send:
//! let mut transmits = Transmits::default();
//! engine.poll_transmit(now, &mut transmits);
//! let batch = transmits.batches()[0];
//! let mut message = transmits.octets(&batch).to_vec();
//!
//! // A response: the same message with QR set.
//! message[2] |= 0x80;
//! message[3] |= 0x80;
//! let later = now + Duration::from_millis(12);
//! let mut finished = 0;
//! engine.handle_datagram(later, Stamp::Clock, batch.socket, batch.to, &message, &mut |exchange| {
//!     assert!(matches!(exchange.end, Ending::Answered { attempt: 0, .. }));
//!     finished += 1;
//! });
//! assert_eq!(finished, 1);
//! ```

mod acceptance;
mod availability;
mod config;
mod control;
mod cookie;
mod edns;
mod ending;
#[expect(clippy::module_inception, reason = "the noun has a file of its own")]
mod engine;
mod exchange;
mod ids;
mod limiter;
mod lowest;
mod matching;
mod mismatch;
mod outage;
mod own;
mod ports;
mod question;
mod queues;
mod ready;
mod rejection;
mod retry;
mod send;
mod server;
mod slot;
mod sockets;
mod streams;
mod suspicion;
mod time;
mod token_bucket;
mod totals;
mod transmit;
mod unreachable;
mod uplink;
mod wheel;
mod window;

pub use config::{Accept, CookieOption, Edns, EngineConfig, QueryProfile, TransportPolicy, Window};
pub use engine::Engine;
pub use exchange::{
    Answer, Attempt, AttemptKey, Ending, ExchangeRequest, Failure, Finished, Full, LateAnswer,
    Mismatch, Outcome, ProfileId, Response, RetryReason, ServerChoice, ServerId, Sink, SocketId,
    Stamp, StreamCause, StreamFailure, Transport, Unmatched, Unreachable,
};
pub use ports::{SocketChange, SocketLife};
pub use server::{ServerCounts, ServerState, ServerStatus};
pub use time::Time;
pub use totals::Totals;
pub use transmit::{Batch, HANDSHAKE, Stream, Transmits};
pub use uplink::{CannotSend, DeliveryErrors, Refusal};
