//! This machine's part of the network under virtual time: TCP connections, refused sends, stalls,
//! queries of several profiles.

use std::time::Duration;

use dnsonde::engine::{
    EngineConfig, Failure, Outcome, QueryProfile, StreamCause, Time, Transport, TransportPolicy,
};
use dnsonde::playground::VirtualNet;
use dnsonde::probe::{QuerySource, ServerQuery};
use dnsonde::walk::{Exchange, ExchangeEnd};
use dnsonde::wire::{Message, RecordType as T};

use super::{NS, name, world_with};

const UDP: usize = 0;
const TCP: usize = 1;
const ENETUNREACH: i32 = 101;

/// Puts some questions, once each, as soon as it is their time.
struct Questions {
    /// When to put it, and how.
    waiting: Vec<(Time, usize, &'static str)>,
    next: u64,
    ended: Vec<Exchange>,
}

impl Questions {
    fn at_once(profile: usize, names: &[&'static str]) -> Self {
        // An absence is one of a program that was seen to run before.
        let waiting = names.iter().map(|name| (after(1), profile, *name)).collect();
        Self { waiting, next: 0, ended: Vec::new() }
    }

    /// What came of a question, by its place.
    fn end(&self, id: u64) -> &Exchange {
        self.ended.iter().find(|exchange| exchange.id == id).unwrap()
    }
}

impl QuerySource for Questions {
    fn profile(&self, number: usize) -> QueryProfile {
        let transport = [TransportPolicy::UdpOnly, TransportPolicy::TcpOnly][number];
        QueryProfile { transport, retries: 0, ..QueryProfile::default() }
    }

    fn next_query(&mut self, now: Time) -> Option<ServerQuery> {
        let (at, profile, text) = *self.waiting.get(self.next as usize)?;
        if at > now {
            return None;
        }
        self.next += 1;
        let server = (NS.parse::<std::net::IpAddr>().unwrap(), 53).into();
        let (id, name, rtype) = (self.next - 1, name(text), T::A);
        Some(ServerQuery { id, server, name, rtype, profile, socket: None })
    }

    fn handle(&mut self, _now: Time, exchange: Exchange) {
        self.ended.push(exchange);
    }

    fn is_done(&self) -> bool {
        self.ended.len() == self.waiting.len()
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.waiting.get(self.next as usize).map(|(at, ..)| *at)
    }
}

fn net(faults: &str) -> VirtualNet {
    VirtualNet::new(world_with(faults), EngineConfig::default(), 1)
}

fn is_answered(exchange: &Exchange) -> bool {
    match &exchange.end {
        ExchangeEnd::Answered { response, .. } => Message::parse(response).is_ok(),
        _ => false,
    }
}

fn after(ms: u64) -> Time {
    Time::ZERO + Duration::from_millis(ms)
}

#[test]
fn each_query_has_the_profile_that_it_names() {
    let mut net = net("");
    let mut questions = Questions::at_once(UDP, &["www.example.com"; 4]);
    questions.waiting[1].1 = TCP;
    questions.waiting[3].1 = TCP;
    net.run(&mut questions);
    for (id, transport) in [Transport::Udp, Transport::Tcp].into_iter().cycle().take(4).enumerate()
    {
        let exchange = questions.end(id as u64);
        assert!(is_answered(exchange), "{exchange:?}");
        assert_eq!(exchange.attempts[0].transport, transport);
    }
}

#[test]
fn queries_share_a_connection_while_it_is_used_and_a_new_one_is_begun_after() {
    let mut net = net("");
    let mut questions = Questions::at_once(TCP, &["www.example.com"; 5]);
    // The third one finds the connection in use, the fourth one idle, the fifth one closed.
    questions.waiting[2].0 = after(30);
    questions.waiting[3].0 = after(5_000);
    questions.waiting[4].0 = after(20_000);
    net.run(&mut questions);
    assert!(questions.ended.iter().all(is_answered), "{:?}", questions.ended);
    assert_eq!(net.streams().begun(), 2);
}

#[test]
fn queries_fail_with_the_connection_that_they_share() {
    // What is asked first is answered last.
    let mut net = net("[[faults]]\nname = 'www.example.com'\neffect = { delay = { ms = 500 } }\n\
         [[faults]]\nname = 'mx.example.com'\neffect = 'reset_tcp'\n");
    let names = ["www.example.com", "mx.example.com"];
    let mut questions = Questions::at_once(TCP, &names);
    net.run(&mut questions);
    for id in 0..2 {
        let Outcome::StreamFailed(failure) = questions.end(id).attempts[0].outcome else {
            panic!("{:?}", questions.end(id));
        };
        assert_eq!(failure.cause, StreamCause::Reset, "{}", names[id as usize]);
    }
    assert_eq!(net.streams().begun(), 1);
}

#[test]
fn a_send_that_the_system_refuses_is_no_silence_of_the_server() {
    let mut net = net("");
    net.refuse(NS.parse().unwrap(), ENETUNREACH);
    let mut questions = Questions::at_once(UDP, &["www.example.com", "mx.example.com"]);
    questions.waiting[1].1 = TCP;
    net.run(&mut questions);
    for exchange in &questions.ended {
        assert_eq!(exchange.end, ExchangeEnd::Failed(Failure::Unreachable), "{exchange:?}");
        assert_eq!(exchange.attempts[0].outcome, Outcome::NotSent(ENETUNREACH));
    }
    assert_eq!(net.local_counts().send_errors, 2);
    assert_eq!(net.world().counts().queries(), 0);
}

#[test]
fn answers_that_came_while_this_program_did_not_run_keep_the_time_of_their_arrival() {
    let mut net = net("");
    net.stall(after(10), Duration::from_secs(5));
    let mut questions = Questions::at_once(UDP, &["www.example.com"]);
    net.run(&mut questions);
    assert!(net.now() >= after(5_010));
    let exchange = questions.end(0);
    let Outcome::Answered(answer) = exchange.attempts[0].outcome else { panic!("{exchange:?}") };
    assert!(answer.rtt < Duration::from_millis(25), "{answer:?}");
    assert_eq!(net.local_counts().absences.stalls, 1);
}

#[test]
fn what_a_stall_left_without_an_answer_is_asked_again() {
    // Whatever is sent before the stall is lost.
    let mut net = net("[[faults]]\nuntil_s = 0.01\neffect = 'drop'\n");
    net.stall(after(10), Duration::from_secs(5));
    let mut questions = Questions::at_once(UDP, &["www.example.com"]);
    net.run(&mut questions);
    assert!(is_answered(questions.end(0)), "{:?}", questions.end(0));
    assert_eq!(net.world().counts().udp_queries, 2);

    let mut net = self::net("[[faults]]\nuntil_s = 0.01\neffect = 'drop'\n");
    let mut questions = Questions::at_once(UDP, &["www.example.com"]);
    net.run(&mut questions);
    assert_eq!(questions.end(0).end, ExchangeEnd::Failed(Failure::TimedOut));
}
