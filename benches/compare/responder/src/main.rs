//! Thousands of name servers in one process, one an address, each with a delay, a loss and a limit
//! of queries a second that are known: what `benches/compare/run` measures scans of resolvers by.
//!
//!     responder SPECIFICATION SUMMARY [PORT]
//!
//! One wildcard UDP socket takes the queries to every address that the routing table calls local.
//! It prints `ready` once it listens. On SIGTERM it writes to SUMMARY, as JSON, what came and what
//! became of it in each second since the first query, beside the most that the servers could have
//! answered in it, and ends.
//!
//! Each line of SPECIFICATION is a group of servers with consecutive addresses:
//!
//!     FIRST-ADDRESS COUNT BEHAVIOUR [limit=QPS] [burst=QUERIES] [over=drop|refuse]
//!         [delay=MS] [jitter=MS] [loss=SHARE] [at=SECOND:QPS]...
//!
//! BEHAVIOUR is `good` (any A question has the answer 192.0.2.1), `refuse`, `servfail` or `dead`.
//! `limit` is a token bucket that holds `burst` queries; what is over it is dropped, or refused.
//! `jitter` is the mean of an exponential delay on top of the fixed one. `loss` is the share of the
//! queries that get lost on their way, before the limit sees them. `at` changes the limit.
//!
//! The time of a query is the kernel's stamp: a responder that had to wait for the processor still
//! limits by when queries came.

mod message;
mod servers;
mod summary;
mod udp;
mod wheel;

use std::process::ExitCode;

use servers::{Servers, Verdict};
use summary::Summary;
use udp::{Batch, Socket};
use wheel::{Reply, Wheel};

/// Batches to read before the replies that are due leave.
const BATCHES_A_TURN: usize = 4;

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<(), String> {
    let (specification, output, port) = match args {
        [specification, output] => (specification, output, 53),
        [specification, output, port] => {
            (specification, output, port.parse().map_err(|_| "PORT is not a number".to_string())?)
        }
        _ => return Err("usage: responder SPECIFICATION SUMMARY [PORT]".into()),
    };
    let text = std::fs::read_to_string(specification)
        .map_err(|error| format!("cannot read {specification}: {error}"))?;
    let mut servers = Servers::parse(&text)?;
    udp::stop_on_signals();
    let socket = Socket::bind(port).map_err(|error| format!("cannot listen: {error}"))?;
    println!("ready");

    let mut summary = Summary::default();
    serve(&socket, &mut servers, &mut summary).map_err(|error| format!("cannot serve: {error}"))?;
    std::fs::write(output, summary.json(&servers))
        .map_err(|error| format!("cannot write {output}: {error}"))
}

fn serve(socket: &Socket, servers: &mut Servers, summary: &mut Summary) -> std::io::Result<()> {
    let mut incoming = Batch::new();
    let mut outgoing = Batch::new();
    let mut wheel = Wheel::new(udp::now_ns());
    let mut due = Vec::new();
    while !udp::stopped() {
        for _ in 0..BATCHES_A_TURN {
            let count = socket.receive(&mut incoming)?;
            for index in 0..count {
                take(&incoming, index, servers, summary, &mut wheel);
            }
            if count < udp::BATCH {
                break;
            }
        }
        summary.overflow = incoming.overflow;
        let now = udp::now_ns();
        wheel.expire(now, &mut due);
        for replies in due.chunks(udp::BATCH) {
            for (index, reply) in replies.iter().enumerate() {
                outgoing.put(index, reply.peer, reply.local, reply.octets());
            }
            summary.not_sent += socket.send(&mut outgoing, replies.len());
        }
        due.clear();
        socket.wait(wheel.wait_ns(now))?;
    }
    Ok(())
}

fn take(
    incoming: &Batch,
    index: usize,
    servers: &mut Servers,
    summary: &mut Summary,
    wheel: &mut Wheel,
) {
    let query = incoming.get(index);
    let Some(question) = message::Question::read(query.octets) else {
        summary.malformed += 1;
        return;
    };
    let start = summary.start(query.at_ns);
    let second = summary.second(query.at_ns);
    second.queries += 1;
    let (verdict, delay_ns) = servers.admit(query.local, query.at_ns, start);
    match verdict {
        Verdict::Answer => second.answered += 1,
        Verdict::Lost => second.lost += 1,
        Verdict::OverLimit | Verdict::RefuseOverLimit => second.over_limit += 1,
        Verdict::Refuse | Verdict::ServFail | Verdict::Silent => second.useless += 1,
    }
    summary.note_name(query.at_ns, question.number, verdict == Verdict::Answer);
    let rcode = match verdict {
        Verdict::Answer => message::NOERROR,
        Verdict::ServFail => message::SERVFAIL,
        Verdict::Refuse | Verdict::RefuseOverLimit => message::REFUSED,
        Verdict::Lost | Verdict::OverLimit | Verdict::Silent => return,
    };
    let mut reply = Reply::new(query.peer, query.local);
    reply.length = question.answer(query.octets, rcode, &mut reply.message);
    wheel.insert(query.at_ns + delay_ns, reply);
}
