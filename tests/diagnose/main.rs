//! `diagnose` in worlds with a fault to order, under virtual time: it finds each, and stays silent where
//! nothing is wrong.

mod harness;
mod healthy;
mod report;
mod servers;
