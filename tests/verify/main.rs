//! Worlds with something wrong in them, under virtual time: does `verify` find it, and nothing else?
//!
//! Each run has dice of its own, for the world as well as for those who ask. `DNSONDE_RUNS` says how
//! many there are of each scenario (of the healthy ones ten times as many); without it, so many as a
//! test that is run all the time can have.

mod harness;
mod machine;
mod records;
mod scenarios;
mod servers;
mod stories;
mod who;
