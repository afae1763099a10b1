//! The playground's worlds, as those see them who look from outside.

mod answers;
mod faults;
mod files;
mod generated;
mod recursion;
mod scenarios;
mod sockets;
mod virtual_net;
mod walks;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dnsonde::engine::{Time, Transport};
use dnsonde::playground::{Arrival, Delivery, Scenario, World};
use dnsonde::wire::{
    Builder, Class, Flags, Message, NameBuf, Opt, OptBuf, OptionCode, Rcode, RecordType, Section,
};

/// A server with some zones, and what every scenario has.
const SMALL: &str = r#"
title = "A test"
story = "None."
[verify]
args = []
[expect]
verdict = "verified"
[servers.ns]
addresses = ["127.53.3.1", "2001:db8::1"]
zones = ["example.com", "example.net"]
latency_ms = 20
nsid = "ns"
[[zone]]
name = "example.com"
text = """
$TTL 600
@       3600 SOA ns hostmaster 7 7200 900 1209600 300
@       NS ns
ns      A 127.53.3.1
www     A 192.0.2.80
www     TXT hello
alias   CNAME www
far     CNAME www.example.net.
farther CNAME www.example.org.
loop    CNAME loop
lost    CNAME nothing
a.b.c   A 192.0.2.1
*.wild  TXT any
sub.wild A 192.0.2.2
mx      MX 10 www
big     TXT "$BIG"
child   NS ns.child
child   NS ns.elsewhere.example.
child   DS 1 13 2 aabb
ns.child A 192.0.2.53
"""
[[zone]]
name = "example.net"
text = """
@ SOA ns.example.com. hostmaster 3 7200 900 1209600 300
@ NS ns.example.com.
www A 192.0.2.81
"""
[[zone]]
name = "example.com"
version = "old"
remove = "www TXT"
serial = 5
"#;

const NS: &str = "127.53.3.1";

fn name(text: &str) -> NameBuf {
    text.parse().unwrap()
}

/// The small world with more in its file.
fn world_with(more: &str) -> World {
    let big = vec!["x".repeat(200); 4].join("\" \"");
    let text = format!("{}\n{more}", SMALL.replace("$BIG", &big));
    World::new(Arc::new(Scenario::from_toml("test", &text).unwrap()), 1)
}

/// The small world with one fault.
fn world_with_fault(fault: &str) -> World {
    world_with(&format!("[[faults]]\n{fault}"))
}

/// A query to a world.
#[derive(Clone)]
struct Ask {
    name: &'static str,
    rtype: RecordType,
    to: &'static str,
    port: u16,
    transport: Transport,
    flags: Flags,
    opt: Option<OptBuf>,
    at: Duration,
}

fn ask(name: &'static str, rtype: RecordType) -> Ask {
    Ask {
        name,
        rtype,
        to: NS,
        port: 40_000,
        transport: Transport::Udp,
        flags: Flags::default(),
        opt: None,
        at: Duration::ZERO,
    }
}

impl Ask {
    fn edns(mut self, size: u16) -> Self {
        self.opt = Some(OptBuf::new(size));
        self
    }

    fn option(mut self, code: OptionCode, value: &[u8]) -> Self {
        self.opt.get_or_insert_with(|| OptBuf::new(1232)).option(code, value);
        self
    }

    fn dnssec_ok(mut self) -> Self {
        self.opt.get_or_insert_with(|| OptBuf::new(1232)).flags |= Opt::DO;
        self
    }

    fn tcp(mut self) -> Self {
        self.transport = Transport::Tcp;
        self
    }

    fn to(mut self, to: &'static str) -> Self {
        self.to = to;
        self
    }

    fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    fn flags(mut self, flags: Flags) -> Self {
        self.flags = flags;
        self
    }

    fn at(mut self, seconds: f64) -> Self {
        self.at = Duration::from_secs_f64(seconds);
        self
    }

    fn server(&self) -> SocketAddr {
        SocketAddr::new(self.to.parse().unwrap(), 53)
    }

    fn query(&self) -> Vec<u8> {
        let mut buffer = [0; 1024];
        let mut builder = Builder::new(&mut buffer, 0x1234, self.flags).unwrap();
        builder.question(name(self.name).as_wire(), self.rtype, Class::IN).unwrap();
        if let Some(opt) = &self.opt {
            opt.build(&mut builder).unwrap();
        }
        let len = builder.finish();
        buffer[..len].to_vec()
    }

    /// Everything that comes back, in the order of its arrival.
    fn put(&self, world: &mut World) -> Vec<Delivery> {
        let from = SocketAddr::new(
            if self.server().is_ipv6() { "::1" } else { "127.0.0.1" }.parse().unwrap(),
            self.port,
        );
        let mut out = Vec::new();
        let now = Time::ZERO + self.at;
        world.handle(now, self.server(), from, self.transport, &self.query(), &mut out);
        out.sort_by_key(|delivery| delivery.after);
        out
    }

    /// The one answer, from where it was asked.
    #[track_caller]
    fn answer(&self, world: &mut World) -> Answer {
        let mut back = self.put(world);
        assert_eq!(back.len(), 1, "{back:?}");
        let Arrival::Message { from, octets } = back.remove(0).arrival else {
            panic!("no message")
        };
        assert_eq!(from, self.server());
        Answer(octets)
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer(Vec<u8>);

impl Answer {
    #[track_caller]
    fn message(&self) -> Message<'_> {
        Message::parse(&self.0).unwrap()
    }

    fn rcode(&self) -> Rcode {
        self.message().rcode()
    }

    fn has(&self, flag: Flags) -> bool {
        self.message().flags().contains(flag)
    }

    /// `OWNER TYPE` of each record of a section, the OPT record aside.
    fn records(&self, section: Section) -> Vec<String> {
        self.message()
            .records(section)
            .filter(|record| record.rtype != RecordType::OPT)
            .map(|record| format!("{} {}", record.name, record.rtype))
            .collect()
    }

    /// The records of the answer section as text.
    fn text(&self) -> Vec<String> {
        self.message().answers().map(|record| record.to_buf().unwrap().to_string()).collect()
    }

    fn option(&self, code: OptionCode) -> Option<Vec<u8>> {
        let message = self.message();
        let mut options = message.opt()?.options().filter(|(it, _)| *it == code);
        options.next().map(|(_, value)| value.to_vec())
    }
}
