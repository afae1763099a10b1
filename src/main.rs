//! The dnsonde command.

fn main() {}
