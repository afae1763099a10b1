//! Iterative scanning: a worker's questions go to authoritative servers, from the root on.
//!
//! Stands between the worker and its driver. Names flow in by [`Iteration::submit`], their questions
//! go out by [`Iteration::ask`], what became of those comes back by [`Iteration::take`], and what is
//! settled leaves by [`Iteration::settle`]. [`Resolver`] decides whom to ask what.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::render::{Conclusion, Settled, Status};
use crate::engine::{
    Attempt, Failure, Finished, Outcome, ProfileId, Response, ServerCounts, ServerId, SocketId,
    Time, Window,
};
use crate::net::{Driver, NetError, Unseen};
use crate::probe::{Repeats, ServerQuery};
use crate::report::reason::{icmp_clause, stream_cause_clause};
use crate::walk::{
    self, Exchange, ExchangeEnd, Hints, Relevance, Resolution, ResolutionExchange, Resolved,
    Resolver, Rrset, Unresolved, WalkQuery,
};
use crate::wire::{Builder, Class, Flags, NameBuf, Rcode, RecordType, Section};

/// Names under way at once, where the user does not say how much may be in flight: enough that those
/// whose servers are silent do not hold up the others.
const AT_ONCE: usize = 4096;
/// Names under way at the start. For each exchange that is answered there may be two more: names that
/// begin together know nothing of each other's top-level domain, and all ask the root servers for it.
const AT_START: usize = 16;
/// Servers that a worker knows at once; each takes two kilobytes. More come and go.
const SERVERS: usize = 16_384;
/// How many places are looked at, and how often, for one that was not used for long.
const PLACES_SEEN: usize = 16;
const TRIES: usize = 4;
/// Exchanges over an address family without any answer, while there are answers over the other one,
/// after which it is given up: this machine does not have it, or only seems to.
const FAMILY_PATIENCE: u32 = 32;
/// What the system refuses to send shows that sooner.
const NOT_SENT_WEIGHS: u32 = 8;

/// Where an iterative scan begins, and how it goes on.
#[derive(Debug, Clone)]
pub struct FromRoot {
    /// The root servers.
    pub hints: Hints,
    /// Which servers may be asked, and how much for one name.
    pub walk: walk::WalkConfig,
}

/// The accounting of servers that a scan had met and had no room for any more.
#[derive(Debug, Clone, Default)]
pub struct Others {
    /// How many; one that was met again counts again.
    pub servers: u64,
    /// What happened with them.
    pub counts: Option<Box<ServerCounts>>,
}

impl Others {
    pub(super) fn add(&mut self, servers: u64, counts: &ServerCounts) {
        self.servers += servers;
        match &mut self.counts {
            Some(mine) => mine.add(counts),
            none => *none = Some(Box::new(counts.clone())),
        }
    }
}

/// The names of one worker on their way through the zones.
pub(super) struct Iteration {
    resolver: Resolver,
    at_once: usize,
    /// Exchanges that were answered.
    answered: usize,
    /// Names under way, by tag.
    open: HashMap<u64, (NameBuf, RecordType)>,
    next_tag: u64,
    places: Places,
    /// By family, IPv4 first.
    families: [Family; 2],
    /// Servers that have just been given up for a while.
    fallen: Vec<SocketAddr>,
    /// Exchanges that have ended and were not looked at yet.
    finished: Vec<Exchange>,
    again: Repeats,
    /// What is to be asked once more.
    repeated: Vec<WalkQuery>,
    /// What was asked again until it was enough, by [`WalkQuery::id`]: an absence spoiled it each time.
    unseen: HashSet<u64>,
    /// Room to put a message together in.
    message: Vec<u8>,
}

/// Which servers have the places that the engine has for them.
struct Places {
    /// When each was used last, in uses.
    used: Vec<u64>,
    /// How many there may be.
    most: usize,
    uses: u64,
    rng: StdRng,
    others: Others,
}

#[derive(Debug, Clone, Copy, Default)]
struct Family {
    heard: bool,
    in_vain: u32,
}

impl Iteration {
    pub(super) fn new(from: &FromRoot, window: Window) -> Self {
        let config = walk::WalkConfig { seed: rand::random(), ..from.walk.clone() };
        Self {
            resolver: Resolver::new(&from.hints, &config),
            at_once: window.fixed().unwrap_or(AT_ONCE),
            answered: 0,
            open: HashMap::new(),
            next_tag: 0,
            places: Places {
                used: Vec::new(),
                most: SERVERS,
                uses: 0,
                rng: StdRng::seed_from_u64(rand::random()),
                others: Others::default(),
            },
            families: [Family::default(); 2],
            fallen: Vec::new(),
            finished: Vec::new(),
            again: Repeats::default(),
            repeated: Vec::new(),
            unseen: HashSet::new(),
            message: Vec::new(),
        }
    }

    /// Opens what it takes to ask the root servers.
    ///
    /// # Errors
    /// None of them can be asked from here.
    pub(super) fn begin(&mut self, from: &FromRoot, driver: &mut Driver) -> Result<(), NetError> {
        let walk::WalkConfig { port, ipv4, ipv6, .. } = from.walk;
        let mut failed = None;
        for &address in from.hints.servers().flat_map(|(_, addresses)| addresses) {
            let wanted = if address.is_ipv6() { ipv6 } else { ipv4 };
            if wanted {
                let server = SocketAddr::new(address, port);
                failed = self.places.of(driver, server).err().or(failed);
            }
        }
        failed.filter(|_| self.places.used.is_empty()).map_or(Ok(()), Err)
    }

    /// How many more names may be under way.
    pub(super) fn room(&self) -> usize {
        let most = self.at_once.min(AT_START + 2 * self.answered);
        most.saturating_sub(self.open.len())
    }

    /// How many names are under way.
    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    /// The servers that had to make room for others.
    pub(super) fn others(&mut self) -> Others {
        std::mem::take(&mut self.places.others)
    }

    /// Begins to resolve a name, which is in uncompressed wire form.
    pub(super) fn submit(&mut self, now: Time, name: &[u8], rtype: RecordType) {
        // The reader makes nothing but names.
        let name = NameBuf::from_wire(name).unwrap_or_else(|_| NameBuf::root());
        self.next_tag += 1;
        self.open.insert(self.next_tag, (name, rtype));
        self.resolver.submit(now, self.next_tag, name, rtype);
    }

    /// Hands questions to the driver, as long as its engine has room. Whether the driver took them:
    /// those that it refused have ended.
    pub(super) fn ask(&mut self, driver: &mut Driver) -> bool {
        let mut taken = true;
        for server in self.fallen.drain(..) {
            let Some(id) = driver.engine().server_id(server) else { continue };
            // What waits for it may go to others.
            let (now, finished) = (driver.now(), &mut self.finished);
            let mut sink = |exchange: Finished<'_>| finished.push(Exchange::from(&exchange));
            driver.engine_mut().recall(id, now, &mut sink);
            taken &= self.finished.is_empty();
        }
        while driver.engine().room() > 0
            && let Some(query) = self.poll_query()
        {
            let asked = self.places.of(driver, query.server).map(|server| {
                let request = ServerQuery::from(query);
                let request = request.request(server, ProfileId::DEFAULT);
                driver.engine_mut().submit(&request).is_ok()
            });
            if !asked.unwrap_or(false) {
                taken = false;
                // This system has no such sockets, say.
                self.note(query.server, false, NOT_SENT_WEIGHS);
                self.resolver.withdraw(driver.now(), query.id);
            }
        }
        taken
    }

    fn poll_query(&mut self) -> Option<WalkQuery> {
        self.repeated.pop().or_else(|| self.resolver.poll_query())
    }

    /// Takes an exchange that has ended.
    pub(super) fn take(&mut self, finished: &Finished<'_>) {
        self.finished.push(Exchange::from(finished));
    }

    /// Whether an exchange that has ended, and was not looked at yet, has no answer: whether one may have
    /// come unseen decides what that means.
    pub(super) fn misses_answers(&self) -> bool {
        self.finished.iter().any(|exchange| matches!(exchange.end, ExchangeEnd::Failed(_)))
    }

    /// The sockets at which these answers may have found no room.
    pub(super) fn unanswered_sockets(&self) -> impl Iterator<Item = SocketId> {
        self.finished.iter().flat_map(Exchange::unanswered_sockets)
    }

    /// Goes on by what has ended, and hands on each name that is settled. What has no answer that may have
    /// come unseen is asked again. If nothing is asked any more, that
    /// settles nothing, nor do exchanges that were cancelled.
    pub(super) fn settle(
        &mut self,
        now: Time,
        unseen: &Unseen,
        asking: bool,
        each: &mut dyn FnMut(&Settled<'_>),
    ) {
        let mut finished = std::mem::take(&mut self.finished);
        for mut exchange in finished.drain(..) {
            let due = self.again.is_due(&mut exchange, unseen);
            if due {
                self.repeated.extend(self.resolver.query(exchange.id).filter(|_| asking));
            } else {
                self.handle(now, asking, &mut exchange);
            }
        }
        self.finished = finished;
        while let Some(resolution) = self.resolver.poll_resolution() {
            let Some((name, rtype)) = self.open.remove(&resolution.tag) else { continue };
            let reason;
            let end = match &resolution.outcome {
                Ok(resolved) => message(&resolution, resolved, &name, &mut self.message)
                    .map(Conclusion::Answered),
                Err(unresolved) => {
                    let (status, text) = why(unresolved, &resolution.exchanges, &mut self.unseen);
                    reason = text;
                    Some(Conclusion::Unresolved { status, error: &reason })
                }
            };
            let end = end.unwrap_or(Conclusion::Unresolved {
                status: Status::Rcode(Rcode::SERVFAIL),
                error: "the result is larger than a message can be",
            });
            let exchanges = &resolution.exchanges;
            each(&Settled { name: name.as_wire(), rtype, exchanges, end, at: now });
        }
    }

    fn handle(&mut self, now: Time, asking: bool, exchange: &mut Exchange) {
        let query = self.resolver.query(exchange.id).copied();
        if let Some(query) = &query {
            exchange.restore_case(&query.name);
        }
        let response = match &exchange.end {
            ExchangeEnd::Answered { response, .. } => Some(response),
            ExchangeEnd::Failed(Failure::Cancelled) if !asking => return,
            ExchangeEnd::Failed(_) | ExchangeEnd::NotAsked(_) => None,
        };
        if exchange.is_missing_unseen() {
            self.unseen.insert(exchange.id);
            return self.resolver.withdraw(now, exchange.id);
        }
        if exchange.attempts.is_empty() {
            return self.resolver.withdraw(now, exchange.id);
        }
        let server = query.map(|query| query.server);
        let not_sent = |attempt: &Attempt| matches!(attempt.outcome, Outcome::NotSent(_));
        let weight = if exchange.attempts.iter().all(not_sent) { NOT_SENT_WEIGHS } else { 1 };
        self.answered += usize::from(response.is_some());
        let answer = response.map(|octets| (octets, exchange.rtt().unwrap_or(Duration::ZERO)));
        let Exchange { id, attempts, unmatched, .. } = &*exchange;
        self.resolver.handle(now, *id, attempts, unmatched, answer);
        if let Some(server) = server {
            self.note(server, response.is_some(), weight);
            if response.is_none() && self.resolver.is_down(now, server) {
                self.fallen.push(server);
            }
        }
    }

    /// Notes whether an address family works, and gives up one that does not.
    fn note(&mut self, server: SocketAddr, answered: bool, weight: u32) {
        let ipv6 = server.is_ipv6();
        let family = &mut self.families[usize::from(ipv6)];
        family.heard |= answered;
        if answered || family.heard {
            return;
        }
        family.in_vain = family.in_vain.saturating_add(weight);
        if family.in_vain >= FAMILY_PATIENCE && self.families[usize::from(!ipv6)].heard {
            self.resolver.give_up_family(ipv6);
        }
    }
}

impl Places {
    /// The engine's number for a server, which gets the place of another one if there are too many.
    fn of(&mut self, driver: &mut Driver, server: SocketAddr) -> Result<ServerId, NetError> {
        self.uses += 1;
        if let Some(id) = driver.engine().server_id(server) {
            self.used[id.0 as usize] = self.uses;
            return Ok(id);
        }
        if self.used.len() >= self.most {
            for _ in 0..TRIES {
                let seen = (0..PLACES_SEEN).map(|_| self.rng.random_range(0..self.used.len()));
                let Some(place) = seen.min_by_key(|&place| self.used[place]) else { break };
                let id = ServerId(place as u32);
                if let Some((_, counts)) = driver.replace_server(id, server)? {
                    self.others.add(1, &counts);
                    self.used[place] = self.uses;
                    return Ok(id);
                }
            }
        }
        let id = driver.add_server(server)?;
        self.used.push(self.uses);
        Ok(id)
    }
}

/// The message that answers a question: the one that was received for it, with the aliases in front
/// that led to it, or one made of what was known.
fn message<'a>(
    resolution: &'a Resolution,
    resolved: &Resolved,
    name: &NameBuf,
    room: &'a mut Vec<u8>,
) -> Option<Response<'a>> {
    let received = resolution.response.as_deref().and_then(Response::read).and_then(|response| {
        let walk::WalkQuery { zone, name, rtype, .. } = &resolution.exchanges.last()?.query;
        Some((response, *name, Relevance::new(&response.message, zone, name, *rtype)))
    });
    if let Some((response, asked, relevance)) = &received
        && asked == name
        && relevance.keeps_all(&response.message)
    {
        return Some(*response);
    }
    // Those aliases that the message itself does not have.
    let asked = received.as_ref().map(|(_, asked, _)| *asked);
    let cnames = resolution.chain.iter().take_while(|cname| Some(cname.name) != asked);
    let received = received.map(|(response, _, relevance)| (response, relevance));
    room.resize(usize::from(u16::MAX), 0);
    let written = compose(resolution, resolved, received, cnames, name, room)?;
    Response::read(&room[..written])
}

/// Puts a message together, of what bears on the question; `None` if it would be too large, or has
/// RDATA that cannot be moved.
fn compose<'a>(
    resolution: &Resolution,
    resolved: &Resolved,
    received: Option<(Response<'_>, Relevance)>,
    cnames: impl Iterator<Item = &'a Rrset>,
    name: &NameBuf,
    room: &mut [u8],
) -> Option<usize> {
    let flags = match (&received, resolved) {
        (Some((response, _)), _) => response.message.flags(),
        (None, Resolved::NxDomain) => Flags::QR.with_rcode(Rcode::NXDOMAIN),
        (None, Resolved::Records(_) | Resolved::NoData) => Flags::QR,
    };
    let mut builder = Builder::new(room, 0, flags).ok()?;
    builder.question(name.as_wire(), resolution.rtype, Class::IN).ok()?;
    for record in cnames.flat_map(Rrset::records) {
        record.build(Section::Answer, &mut builder).ok()?;
    }
    match (received, resolved) {
        (Some((response, relevance)), _) => {
            for section in [Section::Answer, Section::Authority, Section::Additional] {
                let records = response.message.records(section);
                for record in records.filter(|record| relevance.keeps(section, record)) {
                    record.to_buf().ok()?.build(section, &mut builder).ok()?;
                }
            }
        }
        (None, Resolved::Records(set)) => {
            for record in set.records() {
                record.build(Section::Answer, &mut builder).ok()?;
            }
        }
        (None, Resolved::NoData | Resolved::NxDomain) => {}
    }
    Some(builder.finish())
}

/// What a resolver would say of a name that cannot be resolved, and why.
fn why(
    unresolved: &Unresolved,
    exchanges: &[ResolutionExchange],
    unseen: &mut HashSet<u64>,
) -> (Status, String) {
    let mut text = unresolved.to_string();
    let Unresolved::NoUsefulAnswer { zone } = unresolved else {
        return (Status::Rcode(Rcode::SERVFAIL), text);
    };
    let mut said: Vec<(String, usize)> = Vec::new();
    let (mut answered, mut delivered) = (false, false);
    for asked in exchanges.iter().filter(|asked| asked.query.zone == *zone) {
        let last = asked.attempts.iter().rev().find_map(Attempt::answer);
        answered |= last.is_some();
        let unseen = unseen.remove(&asked.query.id);
        if asked.attempts.is_empty() && !unseen {
            continue;
        }
        let undelivered = !unseen && asked.attempts.iter().all(Attempt::is_undeliverable);
        delivered |= !undelivered;
        let word = match last {
            Some(answer) if asked.answered && answer.rcode != Rcode::NOERROR => {
                answer.rcode.to_string()
            }
            Some(answer) if asked.answered && answer.malformed => "malformed".to_owned(),
            _ if unseen => "queried while this program did not run, or had no room".to_owned(),
            _ if asked.answered => "lame".to_owned(),
            Some(_) => match asked.attempts.last().map(|attempt| attempt.outcome) {
                Some(Outcome::StreamFailed(failure)) => {
                    format!("truncated ({})", stream_cause_clause(failure.cause))
                }
                _ => "truncated (no response over TCP)".to_owned(),
            },
            _ if undelivered => match asked.attempts.last().map(|attempt| attempt.outcome) {
                Some(Outcome::Unreachable(error)) => {
                    format!("unreachable ({})", icmp_clause(error))
                }
                _ => "unreachable".to_owned(),
            },
            _ => "silent".to_owned(),
        };
        match said.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => said.push((word, 1)),
        }
    }
    if said.is_empty() {
        text.push_str(": they have never answered, and were not queried again");
        return (Status::Timeout, text);
    }
    for (i, (word, count)) in said.iter().enumerate() {
        let _ = write!(text, "{} {count} {word}", if i == 0 { ":" } else { "," });
    }
    let status = match (answered, delivered) {
        (true, _) => Status::Rcode(Rcode::SERVFAIL),
        (false, true) => Status::Timeout,
        (false, false) => Status::Unreachable,
    };
    (status, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{EngineConfig, ExchangeRequest, ServerChoice, SocketId, Transport};
    use crate::net::Options;

    const HINTS: &[u8] = b". NS a.root.\na.root. A 192.0.2.1\na.root. AAAA 2001:db8::1\n";

    fn iteration() -> Iteration {
        let hints = Hints::from_text(HINTS).unwrap();
        let from = FromRoot { hints, walk: walk::WalkConfig::default() };
        Iteration::new(&from, Window::Adaptive)
    }

    /// The servers that the root's questions for so many names go to.
    fn asked(iteration: &mut Iteration) -> Vec<SocketAddr> {
        for _ in 0..64 {
            let name: NameBuf = format!("n{}.example", iteration.next_tag).parse().unwrap();
            iteration.submit(Time::ZERO, name.as_wire(), RecordType::A);
        }
        std::iter::from_fn(|| iteration.resolver.poll_query()).map(|q| q.server).collect()
    }

    #[test]
    fn a_family_without_any_answer_is_given_up_if_the_other_one_works() {
        for (other_works, uses_both) in [(false, true), (true, false)] {
            let mut iteration = iteration();
            let of = |server: &str| server.parse().unwrap();
            for _ in 0..FAMILY_PATIENCE {
                assert!(asked(&mut iteration).iter().any(SocketAddr::is_ipv6));
                iteration.note(of("192.0.2.1:53"), other_works, 1);
                iteration.note(of("[2001:db8::1]:53"), false, 1);
            }
            assert_eq!(asked(&mut iteration).iter().any(SocketAddr::is_ipv6), uses_both);
        }
    }

    #[test]
    fn a_family_that_has_answered_once_is_never_given_up() {
        let mut iteration = iteration();
        let mut queries = asked(&mut iteration).into_iter();
        let (four, six) = (queries.find(SocketAddr::is_ipv4), queries.find(SocketAddr::is_ipv6));
        iteration.note(four.unwrap(), true, 1);
        iteration.note(six.unwrap(), true, 1);
        for _ in 0..2 * FAMILY_PATIENCE {
            iteration.note(six.unwrap(), false, NOT_SENT_WEIGHS);
        }
        assert!(asked(&mut iteration).iter().any(SocketAddr::is_ipv6));
    }

    /// How an exchange about `question` ends without an answer; it was sent at once.
    fn silence(query: &WalkQuery) -> Exchange {
        let attempt = Attempt {
            server: ServerId(0),
            transport: Transport::Udp,
            socket: SocketId(0),
            port: None,
            id: 1,
            edns: true,
            mixed_case: false,
            edns_off: None,
            sent: Time::ZERO,
            outcome: Outcome::TimedOut,
            duplicates: 0,
            mismatched: 0,
            retried_because: None,
        };
        let (attempts, unmatched) = (vec![attempt], Vec::new());
        let end = ExchangeEnd::Failed(Failure::TimedOut);
        Exchange { id: query.id, attempts, unmatched, end, spoiled: false }
    }

    /// The line's status and reason for a name of which nothing is heard, and how often its servers were
    /// asked, if this program was last back from an absence at `back_since`.
    fn unheard(back_since: Option<Time>) -> (Status, String, usize) {
        let mut iteration = iteration();
        let name: NameBuf = "www.example".parse().unwrap();
        iteration.submit(Time::ZERO, name.as_wire(), RecordType::A);
        let (mut said, mut asked) = (None, 0);
        while said.is_none() {
            let query = iteration.poll_query().expect("it goes on, or comes to an end");
            asked += 1;
            iteration.finished.push(silence(&query));
            let now = Time::ZERO + Duration::from_secs(1);
            assert!(iteration.misses_answers());
            let unseen = Unseen { back_since, ..Unseen::default() };
            iteration.settle(now, &unseen, true, &mut |settled: &Settled<'_>| {
                let Conclusion::Unresolved { status, error } = settled.end else { panic!() };
                said = Some((status, error.to_owned()));
            });
        }
        let (status, reason) = said.unwrap();
        (status, reason, asked)
    }

    #[test]
    fn what_an_absence_left_without_an_answer_is_asked_again_and_blames_no_server() {
        let silent = unheard(None);
        assert_eq!(silent.0, Status::Timeout);
        assert!(silent.1.ends_with(": 2 silent"), "{}", silent.1);
        let absent = unheard(Some(Time::ZERO));
        assert_eq!(absent.0, Status::Timeout);
        let unseen = ": 2 queried while this program did not run, or had no room";
        assert!(absent.1.ends_with(unseen), "{}", absent.1);
        assert_eq!(absent.2, 4 * silent.2, "each is asked three times more");
    }

    #[test]
    fn an_absence_does_not_give_up_a_server() {
        let mut iteration = iteration();
        let name: NameBuf = "www.example".parse().unwrap();
        iteration.submit(Time::ZERO, name.as_wire(), RecordType::A);
        let query = iteration.poll_query().unwrap();
        iteration.finished.push(silence(&query));
        let unseen = Unseen { back_since: Some(Time::ZERO), ..Unseen::default() };
        iteration.settle(Time::ZERO, &unseen, true, &mut |_: &Settled<'_>| panic!());
        assert_eq!(iteration.poll_query(), Some(query), "the same is asked again");
        // Once nothing is asked any more, it settles nothing.
        iteration.finished.push(silence(&query));
        iteration.settle(Time::ZERO, &unseen, false, &mut |_: &Settled<'_>| panic!());
        assert_eq!((iteration.poll_query(), iteration.open()), (None, 1));
    }

    #[tokio::test]
    async fn servers_that_were_not_used_for_long_make_room_and_stay_accounted_for() {
        let mut places = iteration().places;
        places.most = 3;
        let mut driver = Driver::open(EngineConfig::default(), &[], &Options::default()).unwrap();
        let server = |i: u8| SocketAddr::from(([192, 0, 2, i], 53));
        for i in 0..3 {
            places.of(&mut driver, server(i)).unwrap();
        }
        // The first one is used again, so one of the others goes.
        places.of(&mut driver, server(0)).unwrap();
        let new = places.of(&mut driver, server(9)).unwrap();
        assert_ne!(driver.engine().server_id(server(0)), Some(new));
        assert_eq!(driver.engine().servers().count(), 3);
        assert_eq!((places.others.servers, driver.engine().server_id(server(9))), (1, Some(new)));
        // Where every server is waited for, there are more for a while.
        for i in 0..3 {
            let servers = ServerChoice::Only(ServerId(i));
            let request =
                ExchangeRequest { servers, ..ExchangeRequest::new(0, &[0], RecordType::NS) };
            driver.engine_mut().submit(&request).unwrap();
        }
        assert_eq!(places.of(&mut driver, server(10)).unwrap(), ServerId(3));
    }
}
