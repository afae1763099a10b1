//! Who guesses at answers, and servers that only look as if they did.

use std::net::SocketAddr;
use std::time::Duration;

use dnsonde::engine::{
    Attempt, Ending, Engine, EngineConfig, ExchangeRequest, Failure, Mismatch, QueryProfile,
    RetryReason, ServerId, SocketId, Stamp, Time, Transmits, Transport, TransportPolicy, Unmatched,
};
use dnsonde::wire::{
    Builder, Class, Flags, HEADER_LEN, Message, NameBuf, Rcode, RecordType, Section,
};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

use crate::network::{Behaviour, FORGED, TRUE};
use crate::{good, run};

const SERVER: &str = "192.0.2.53:53";
const SOCKETS: u16 = 16;

/// One exchange, with its queries in plain sight.
pub struct Watched {
    pub engine: Engine,
    pub sent: Vec<(Transport, SocketId, Vec<u8>)>,
    pub ended: Option<Ended>,
}

#[derive(Debug)]
pub struct Ended {
    pub attempts: Vec<Attempt>,
    pub unmatched: Vec<Unmatched>,
    pub answer: Result<(Rcode, Option<[u8; 4]>), Failure>,
}

impl Watched {
    pub fn new(config: EngineConfig) -> Self {
        let engine = Engine::new(config, &[server()], SOCKETS, [5; 32]);
        let mut watched = Self { engine, sent: Vec::new(), ended: None };
        watched.ask();
        watched
    }

    /// Asks, again or for the first time.
    pub fn ask(&mut self) {
        let name: NameBuf = "victim.example.".parse().unwrap();
        self.engine.submit(&ExchangeRequest::new(0, name.as_wire(), RecordType::A)).unwrap();
        self.ended = None;
        self.transmit(Time::ZERO);
    }

    pub fn transmit(&mut self, now: Time) {
        let mut out = Transmits::default();
        loop {
            self.engine.poll_transmit(now, &mut out);
            if out.is_empty() {
                break;
            }
            for batch in out.batches() {
                self.sent.push((Transport::Udp, batch.socket, out.octets(batch).to_vec()));
            }
            for stream in out.streams() {
                self.sent.push((Transport::Tcp, SocketId(0), out.message(stream).to_vec()));
            }
        }
    }

    /// Lets time pass until the next attempt is sent, or nothing is left to wait for.
    pub fn next_attempt(&mut self) {
        let before = self.sent.len();
        while self.sent.len() == before
            && let Some(at) = self.engine.poll_timeout()
        {
            self.engine.handle_timeout(at, &mut end(&mut self.ended));
            self.transmit(at);
        }
    }

    pub fn now(&self) -> Time {
        self.engine.poll_timeout().unwrap_or(Time::ZERO)
    }

    pub fn datagram(&mut self, now: Time, socket: SocketId, from: SocketAddr, octets: &[u8]) {
        let stamp = Stamp::Kernel;
        self.engine.handle_datagram(now, stamp, socket, from, octets, &mut end(&mut self.ended));
        self.transmit(now);
    }

    /// A datagram to the socket of the last attempt.
    pub fn reply(&mut self, from: SocketAddr, octets: &[u8]) {
        let socket = self.sent.last().unwrap().1;
        self.datagram(Time::ZERO + Duration::from_millis(20), socket, from, octets);
    }

    pub fn stream(&mut self, octets: &[u8]) {
        let now = self.now();
        self.engine.handle_stream_message(now, ServerId(0), octets, &mut end(&mut self.ended));
        self.transmit(now);
    }

    pub fn query(&self) -> Vec<u8> {
        self.sent.last().unwrap().2.clone()
    }

    pub fn transport(&self) -> Transport {
        self.sent.last().unwrap().0
    }
}

pub fn end(ended: &mut Option<Ended>) -> impl FnMut(dnsonde::engine::Finished<'_>) {
    |finished| {
        *ended = Some(Ended {
            attempts: finished.attempts.to_vec(),
            unmatched: finished.unmatched.to_vec(),
            answer: match finished.end {
                Ending::Answered { response, .. } | Ending::Truncated { response, .. } => {
                    let message = response.message;
                    let address = message.answers().find_map(|it| it.rdata().try_into().ok());
                    Ok((message.rcode(), address))
                }
                Ending::Failed(failure) => Err(failure),
            },
        });
    }
}

pub fn server() -> SocketAddr {
    SERVER.parse().unwrap()
}

/// An answer to `query` with this address.
pub fn answer(query: &[u8], address: [u8; 4]) -> Vec<u8> {
    let message = Message::parse(query).unwrap();
    let question = message.question().unwrap();
    let name = question.name.to_buf();
    let mut buffer = [0; 512];
    let flags = Flags::QR.with(Flags::RA);
    let mut builder = Builder::new(&mut buffer, message.id(), flags).unwrap();
    builder.question(name.as_wire(), question.rtype, question.class).unwrap();
    builder
        .record(Section::Answer, name.as_wire(), RecordType::A, Class::IN, 60, |rdata| {
            rdata.octets(&address)
        })
        .unwrap();
    let len = builder.finish();
    buffer[..len].to_vec()
}

/// A header alone.
pub fn bare(query: &[u8], flags: Flags) -> Vec<u8> {
    let mut octets = vec![0; HEADER_LEN];
    octets[..2].copy_from_slice(&query[..2]);
    octets[2..4].copy_from_slice(&flags.with(Flags::QR).0.to_be_bytes());
    octets
}

/// Every port is known, every attempt still counts, and only the message IDs are to be guessed.
#[test]
fn a_forger_who_knows_all_ports_is_not_believed() {
    for seed in 0..3 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut watched = Watched::new(EngineConfig::default());
        let mut forged = answer(&watched.query(), FORGED);
        while watched.sent.len() < 5 {
            watched.next_attempt();
        }
        let now = watched.now();
        let mut tries = 0;
        while tries < 800_000 && watched.ended.is_none() && watched.transport() == Transport::Udp {
            forged[..2].copy_from_slice(&(rng.next_u32() as u16).to_be_bytes());
            let socket = SocketId(rng.random_range(0..SOCKETS));
            watched.datagram(now, socket, server(), &forged);
            tries += 1;
        }
        // He has guessed right by now, or the last attempt is over.
        if watched.transport() == Transport::Udp {
            watched.next_attempt();
        }
        assert!(watched.ended.is_none(), "{:?} after {tries} tries", watched.ended);
        assert_eq!(watched.transport(), Transport::Tcp);
        let truth = answer(&watched.query(), TRUE);
        watched.stream(&truth);
        let ended = watched.ended.as_ref().unwrap();
        assert_eq!(ended.answer, Ok((Rcode::NOERROR, Some(TRUE))));
        let reasons = ended.attempts.iter().filter_map(|attempt| attempt.retried_because);
        assert!(reasons.into_iter().any(|reason| reason == RetryReason::Mismatched));
        assert_eq!(watched.engine.totals().suspected, 1);
    }
}

#[test]
fn a_late_answer_is_not_used_once_a_message_came_that_did_not_fit() {
    for mismatch in [false, true] {
        let mut watched = Watched::new(EngineConfig::default());
        let (_, socket, first) = watched.sent[0].clone();
        watched.next_attempt();
        let now = watched.now();
        if mismatch {
            // A wrong ID at any of the ports; nothing but the question says what it is meant for.
            let mut wrong = answer(&first, FORGED);
            wrong[0] ^= 0xFF;
            watched.datagram(now, SocketId((socket.0 + 7) % SOCKETS), server(), &wrong);
        }
        watched.datagram(now, socket, server(), &answer(&first, FORGED));
        assert_eq!(watched.ended.is_some(), !mismatch);
        if mismatch {
            let last = watched.sent.last().unwrap().clone();
            watched.datagram(now, last.1, server(), &answer(&last.2, TRUE));
            let ended = watched.ended.unwrap();
            assert_eq!(ended.answer, Ok((Rcode::NOERROR, Some(TRUE))));
            let why: Vec<_> = ended.unmatched.iter().map(|it| (it.attempt, it.why)).collect();
            assert_eq!(why, [(None, Mismatch::OtherId), (Some(0), Mismatch::LateAndDoubtful)]);
        }
    }
}

#[test]
fn what_comes_after_the_end_is_late_only_if_it_answers_what_was_asked() {
    let profile = QueryProfile { retries: 0, ..QueryProfile::default() };
    let mut watched = Watched::new(EngineConfig { profile, ..EngineConfig::default() });
    let reply = answer(&watched.query(), TRUE);
    watched.next_attempt();
    assert_eq!(watched.ended.as_ref().unwrap().answer, Err(Failure::TimedOut));
    let class = HEADER_LEN + "victim.example".len() + 5;
    for (octet, value) in [(13, b'x'), (class - 2, 28), (class, 3)] {
        let mut other = reply.clone();
        other[octet] = value;
        watched.reply(server(), &other);
    }
    let counts = watched.engine.server(ServerId(0)).counts;
    assert_eq!((counts.late, counts.mismatched), (0, 3));
    watched.reply(server(), &reply);
    assert_eq!(watched.engine.server(ServerId(0)).counts.late, 1);
}

/// IDs remember a server by its place, which may be another's by now.
#[test]
fn what_a_server_answers_that_was_never_asked_moves_no_attempt_of_its_own() {
    let profile = QueryProfile { retries: 0, ..QueryProfile::default() };
    let mut watched = Watched::new(EngineConfig { profile, ..EngineConfig::default() });
    let reply = answer(&watched.query(), TRUE);
    watched.next_attempt();
    assert_eq!(watched.ended.as_ref().unwrap().answer, Err(Failure::TimedOut));
    let other = SocketAddr::from(([192, 0, 2, 99], 53));
    assert!(watched.engine.replace_server(ServerId(0), other).is_some());
    watched.reply(other, &reply);
    let counts = watched.engine.server(ServerId(0)).counts;
    assert_eq!((counts.sent, counts.late, counts.lost, counts.mismatched), (0, 0, 0, 1));
}

/// In time or not, right or not: after some guesses only TCP is believed, if it may be used.
#[test]
fn after_some_guesses_an_answer_is_confirmed_over_tcp() {
    for transport in [TransportPolicy::UdpThenTcp, TransportPolicy::UdpOnly] {
        let profile = QueryProfile { transport, ..QueryProfile::default() };
        let mut watched = Watched::new(EngineConfig { profile, ..EngineConfig::default() });
        let query = watched.query();
        for guess in 1..4 {
            let mut wrong = answer(&query, FORGED);
            wrong[1] ^= guess;
            watched.reply(server(), &wrong);
        }
        watched.reply(server(), &answer(&query, TRUE));
        if transport == TransportPolicy::UdpOnly {
            assert_eq!(watched.ended.unwrap().answer, Ok((Rcode::NOERROR, Some(TRUE))));
        } else {
            assert!(watched.ended.is_none() && watched.transport() == Transport::Tcp);
        }
    }
}

/// The case of a question is 20 bits that a forger has to guess as well: he must not be able to
/// talk us out of them.
#[test]
fn a_near_miss_never_leads_to_plain_case_by_itself() {
    let mut watched = Watched::new(EngineConfig { mixed_case: true, ..EngineConfig::default() });
    let query = watched.query();
    let name = Message::parse(&query).unwrap().question().unwrap().name.to_buf();
    let mut near = answer(&query, FORGED);
    near[HEADER_LEN..][..name.as_wire().len()].make_ascii_lowercase();
    assert_ne!(near[HEADER_LEN..][..name.as_wire().len()], *name.as_wire());
    watched.reply(server(), &near);
    assert!(watched.ended.is_none());
    watched.next_attempt();
    let again = Message::parse(&watched.query()).unwrap().question().unwrap().name.to_buf();
    assert_eq!(watched.transport(), Transport::Tcp);
    assert_eq!(again.as_wire(), name.as_wire(), "the case is still mixed");
    let truth = answer(&watched.query(), TRUE);
    watched.stream(&truth);
    assert_eq!(watched.ended.unwrap().answer, Ok((Rcode::NOERROR, Some(TRUE))));
}

#[test]
fn a_server_that_changes_case_over_tcp_too_is_asked_in_plain_case_from_then_on() {
    let config = EngineConfig { mixed_case: true, ..EngineConfig::default() };
    let lowering = Behaviour { lowers_case: true, ..good() };
    let network = run(config.clone(), vec![lowering, good()], 3_000, 9);
    assert_eq!(network.unanswered(), 0);
    assert_eq!(network.engine.totals().suspected, 0, "no alarm where only the case is wrong");
    let mut confirmed = 0;
    for result in &network.results {
        let [first, ref rest @ ..] = result.attempts[..] else { unreachable!() };
        assert!(first.mixed_case || first.server == ServerId(0), "{result:?}");
        if first.mismatched > 0 {
            assert_eq!(first.retried_because, Some(RetryReason::CaseChanged));
            assert_eq!((rest[0].transport, rest[0].mixed_case), (Transport::Tcp, true));
            confirmed += 1;
        }
    }
    assert!((1..600).contains(&confirmed), "{confirmed} of 3000 names confirmed it");
    let network = run(config, vec![good()], 500, 9);
    assert_eq!(network.engine.totals().attempts, 500);
}

/// Where TCP brings nothing, and nothing but the case was ever wrong, it is the server's doing.
#[test]
fn a_server_that_changes_case_and_has_no_tcp_is_asked_in_plain_case() {
    let config = EngineConfig { mixed_case: true, ..EngineConfig::default() };
    let lowering = Behaviour { lowers_case: true, stream_breaks: 1.0, ..good() };
    let network = run(config, vec![lowering], 50, 9);
    assert_eq!(network.unanswered(), 0);
    for result in &network.results {
        let case: Vec<_> = result.attempts.iter().map(|a| (a.transport, a.mixed_case)).collect();
        let expected = [(Transport::Udp, true), (Transport::Tcp, true), (Transport::Udp, false)];
        assert_eq!(case, expected);
    }
}

/// As BIND and Unbound do. The server asks for TCP, or says that it cannot read the query; what
/// has no question and claims to be an answer is none.
#[test]
fn a_message_without_a_question_is_taken_for_what_it_can_be() {
    let refused = |rcode: Rcode| Flags::default().with_rcode(rcode);
    for (flags, upper, next) in [
        (Flags::TC, 0, Some(RetryReason::Truncated)),
        (refused(Rcode::FORMERR), 0, Some(RetryReason::WithoutEdns)),
        (refused(Rcode::NOTIMP), 0, Some(RetryReason::WithoutEdns)),
        // BADVERS is 16: the upper bits are in the OPT record.
        (Flags::default(), 1, Some(RetryReason::WithoutEdns)),
        (refused(Rcode::SERVFAIL), 0, Some(RetryReason::ServerFailure)),
        (refused(Rcode::REFUSED), 0, Some(RetryReason::Refused)),
        (Flags::default(), 0, None),
        (refused(Rcode::NXDOMAIN), 0, None),
    ] {
        let mut watched = Watched::new(EngineConfig::default());
        let query = watched.query();
        let mut octets = bare(&query, flags);
        if upper > 0 {
            octets[11] = 1;
            octets.extend([0, 0, 41, 4, 208, upper, 0, 0, 0, 0, 0]);
        }
        watched.reply(server(), &octets);
        watched.next_attempt();
        let truth = answer(&watched.query(), TRUE);
        match watched.transport() {
            Transport::Tcp => watched.stream(&truth),
            Transport::Udp => watched.reply(server(), &truth),
        }
        let ended = watched.ended.unwrap();
        assert_eq!(ended.answer, Ok((Rcode::NOERROR, Some(TRUE))));
        let because = next.unwrap_or(RetryReason::Timeout);
        assert_eq!(ended.attempts[0].retried_because, Some(because), "{octets:02x?}");
        let why: Vec<_> = ended.unmatched.iter().map(|it| it.why).collect();
        assert_eq!(why.is_empty(), next.is_some(), "{why:?}");
        assert!(why.iter().all(|&why| why == Mismatch::NoQuestion));
    }
}

#[test]
fn each_message_that_is_not_taken_is_kept_with_the_reason_up_to_a_bound() {
    let profile = QueryProfile { transport: TransportPolicy::UdpOnly, ..QueryProfile::default() };
    let mut watched =
        Watched::new(EngineConfig { profile, mixed_case: true, ..EngineConfig::default() });
    let query = watched.query();
    let good = answer(&query, TRUE);
    let with = |at: usize, octet: u8| {
        let mut octets = good.clone();
        octets[at] ^= octet;
        octets
    };
    let other_address: SocketAddr = "198.51.100.1:53".parse().unwrap();
    let other_port: SocketAddr = "192.0.2.53:54".parse().unwrap();
    for (from, octets) in [
        (server(), good[..11].to_vec()),
        (server(), with(2, 0x80)),
        (other_address, good.clone()),
        (other_port, good.clone()),
        (server(), with(0, 0x55)),
        (server(), with(5, 3)),
        (server(), with(13, 0x01)),
        (server(), with(13, 0x20)),
        (server(), with(13, 0x20)),
    ] {
        watched.reply(from, &octets);
    }
    watched.reply(server(), &good);
    let ended = watched.ended.unwrap();
    let kept: Vec<_> = ended.unmatched.iter().map(|it| (it.from, it.attempt, it.why)).collect();
    assert_eq!(
        kept,
        [
            (server(), Some(0), Mismatch::TooShort),
            (server(), Some(0), Mismatch::NotAResponse),
            (other_address, Some(0), Mismatch::OtherAddress),
            (other_port, Some(0), Mismatch::OtherPort),
            (server(), None, Mismatch::OtherId),
            (server(), Some(0), Mismatch::SeveralQuestions),
            (server(), Some(0), Mismatch::OtherQuestion),
            (server(), Some(0), Mismatch::CaseChanged),
        ]
    );
    assert_eq!(ended.attempts[0].mismatched, 8, "the one too many is counted");
    assert_eq!(ended.unmatched[0].header, None);
    assert_eq!(ended.unmatched[2].size as usize, good.len());
}
