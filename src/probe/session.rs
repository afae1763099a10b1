//! The scheduler: walks first, puts queries when they are due, and has a [`Planner`] say what to ask
//! next. Without I/O, like a walk: [`ServerQuery`]s flow out, exchanges flow in, and at the end there is a
//! [`ProbeLog`].

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::form;
use super::log::ProbeLog;
use super::query::{ProbeQuery, QueryForm};
use super::result::Probe;
use super::source::{QuerySource, ServerQuery};
use crate::engine::{QueryProfile, Time};
use crate::walk::{self, Exchange, Walk};
use crate::wire::OptionCode;

/// Probes of one session, whatever servers say.
const MOST_PROBES: usize = 100_000;

/// Who knows what to ask.
pub trait Planner {
    /// What to ask now that nothing is out any more and nothing waits; nothing if all was asked.
    fn next_round(&mut self, log: &ProbeLog) -> Vec<ProbeQuery>;

    /// What to ask at once because of a response.
    fn react(&mut self, probe: &Probe) -> Vec<ProbeQuery>;

    /// What the queries that are out are for.
    fn stage(&self) -> Stage;
}

/// A run of probes on its way; see the [module](self).
#[derive(Debug)]
pub struct Session<P> {
    planner: P,
    /// The way to the names, until it is gone.
    walk: Option<Walk>,
    log: ProbeLog,
    /// What is to be asked, the earliest first.
    queue: BinaryHeap<Reverse<(Time, u64)>>,
    waiting: HashMap<u64, ProbeQuery>,
    open: HashMap<u64, ProbeQuery>,
    /// How queries are put, by number; number 0 is the walk's.
    forms: Vec<QueryForm>,
    last_id: u64,
}

/// How far a session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeProgress {
    /// Queries that have come to an end, those of the walk included.
    pub ended: usize,
    /// Queries that are out or will be put, as far as is known yet.
    pub ahead: usize,
    /// What is being done.
    pub stage: Stage,
}

/// What a session is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Finding the servers.
    Walk,
    /// Asking every one of them.
    Baseline,
    /// Telling causes apart.
    FollowUp,
}

impl<P: Planner> Session<P> {
    /// Begins with a walk; the planner is asked once that is done.
    pub fn new(walk: Walk, planner: P) -> Self {
        let mut session = Self {
            planner,
            walk: Some(walk),
            log: ProbeLog::default(),
            queue: BinaryHeap::new(),
            waiting: HashMap::new(),
            open: HashMap::new(),
            forms: Vec::new(),
            last_id: 0,
        };
        session.end_walk_if_done();
        session
    }

    /// How far it has come.
    pub fn progress(&self) -> ProbeProgress {
        if let Some(walk) = &self.walk {
            let (open, asked) = walk.progress();
            return ProbeProgress { ended: asked - open, ahead: open, stage: Stage::Walk };
        }
        ProbeProgress {
            ended: self.log.walk.evidence.exchanges.len() + self.log.probes.len(),
            ahead: self.waiting.len() + self.open.len(),
            stage: self.planner.stage(),
        }
    }

    /// Ends the session as it stands; `why` is one sentence.
    pub fn stop(&mut self, why: &str) {
        self.log.cut_short.get_or_insert_with(|| why.to_owned());
        if let Some(walk) = self.walk.take() {
            self.log.walk = walk.into_report();
        }
        self.queue.clear();
        self.waiting.clear();
        self.open.clear();
    }

    /// Hands over the planner and what was found.
    pub fn into_parts(mut self) -> (P, ProbeLog) {
        if let Some(walk) = self.walk.take() {
            self.log.walk = walk.into_report();
        }
        (self.planner, self.log)
    }

    fn end_walk_if_done(&mut self) {
        if let Some(walk) = self.walk.take_if(|walk| walk.is_done()) {
            self.log.walk = walk.into_report();
            self.plan_if_idle();
        }
    }

    fn plan_if_idle(&mut self) {
        if self.walk.is_none()
            && self.waiting.is_empty()
            && self.open.is_empty()
            && self.log.cut_short.is_none()
        {
            let queries = self.planner.next_round(&self.log);
            self.put_all(queries);
        }
    }

    fn put_all(&mut self, queries: Vec<ProbeQuery>) {
        for query in queries {
            if self.log.probes.len() + self.waiting.len() + self.open.len() >= MOST_PROBES {
                let why = format!("more than {MOST_PROBES} questions would have been needed");
                self.log.cut_short.get_or_insert(why);
                return;
            }
            self.last_id += 1;
            self.queue.push(Reverse((query.not_before, self.last_id)));
            self.waiting.insert(self.last_id, query);
        }
    }

    /// What must be asked at once because of a response.
    fn react(&mut self, probe: &Probe) {
        let queries = self.planner.react(probe);
        self.put_all(queries);
        let query = probe.query;
        let Some(reply) = &probe.reply else { return };
        // A resolver asks again over TCP, so this query is not over.
        if probe.is_udp()
            && probe.is_truncated()
            && (query.form == QueryForm::Udp || query.purpose.is_sampled())
        {
            self.put_all(vec![ProbeQuery { form: QueryForm::Tcp, socket: None, ..query }]);
        }
        if query.form == QueryForm::Cookie
            && reply.option(OptionCode::COOKIE).is_some_and(form::has_server_cookie)
        {
            self.put_all(vec![ProbeQuery { form: QueryForm::CookieBack, ..query }]);
        }
    }

    fn profile_number(&mut self, form: QueryForm) -> usize {
        let place = self.forms.iter().position(|known| *known == form).unwrap_or_else(|| {
            self.forms.push(form);
            self.forms.len() - 1
        });
        place + 1
    }
}

impl<P: Planner> QuerySource for Session<P> {
    fn profile(&self, number: usize) -> QueryProfile {
        let Some(&form) = number.checked_sub(1).and_then(|place| self.forms.get(place)) else {
            return walk::profile();
        };
        form::profile(form)
    }

    fn next_query(&mut self, now: Time) -> Option<ServerQuery> {
        if let Some(walk) = &mut self.walk {
            return walk.poll_query().map(ServerQuery::from);
        }
        let Reverse((not_before, id)) = *self.queue.peek()?;
        if not_before > now {
            return None;
        }
        self.queue.pop();
        let query = self.waiting.remove(&id)?;
        self.open.insert(id, query);
        let ProbeQuery { server, name, rtype, form, socket, .. } = query;
        Some(ServerQuery { id, server, name, rtype, profile: self.profile_number(form), socket })
    }

    fn handle(&mut self, now: Time, exchange: Exchange) {
        if let Some(walk) = &mut self.walk {
            walk.handle(now, exchange);
            self.end_walk_if_done();
            return;
        }
        let Some(query) = self.open.remove(&exchange.id) else { return };
        let probe = Probe::new(query, exchange, now);
        self.react(&probe);
        self.log.probes.push(probe);
        self.plan_if_idle();
    }

    fn is_done(&self) -> bool {
        self.walk.is_none() && self.waiting.is_empty() && self.open.is_empty()
    }

    fn poll_timeout(&self) -> Option<Time> {
        self.queue.peek().map(|Reverse((not_before, _))| *not_before)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::time::Duration;

    use super::*;
    use crate::engine::Failure;
    use crate::probe::purpose::{Job, Purpose};
    use crate::probe::query::Role;
    use crate::walk::{ExchangeEnd, Hints, WalkConfig};
    use crate::wire::{NameBuf, RecordType};

    /// Asks rounds that are given, and notes what it was asked for.
    #[derive(Default)]
    struct Rounds {
        left: Vec<Vec<ProbeQuery>>,
        /// Probes in the log at the begin of each round.
        seen: Vec<usize>,
        reactions: usize,
    }

    impl Planner for Rounds {
        fn next_round(&mut self, log: &ProbeLog) -> Vec<ProbeQuery> {
            self.seen.push(log.probes.len());
            if self.left.is_empty() { Vec::new() } else { self.left.remove(0) }
        }

        fn react(&mut self, _: &Probe) -> Vec<ProbeQuery> {
            self.reactions += 1;
            Vec::new()
        }

        fn stage(&self) -> Stage {
            Stage::Baseline
        }
    }

    fn query(last: u8, form: QueryForm) -> ProbeQuery {
        let server = (Ipv4Addr::new(192, 0, 2, last), 53).into();
        let purpose = Purpose::Job(Job { number: 0, sampled: true });
        let root = NameBuf::root();
        ProbeQuery::new(server, Role::Other, root, root, RecordType::SOA, form, purpose)
    }

    /// A session without a way to walk.
    fn session(left: Vec<Vec<ProbeQuery>>) -> Session<Rounds> {
        let hints = Hints::built_in();
        let walk = Walk::to_several(Time::ZERO, &[], RecordType::A, &hints, WalkConfig::default());
        Session::new(walk, Rounds { left, ..Rounds::default() })
    }

    /// What became of a query: this response, or none.
    fn finish(session: &mut Session<Rounds>, query: ServerQuery, response: Option<Vec<u8>>) {
        let end = match response {
            Some(response) => ExchangeEnd::Answered { response: response.into(), attempt: 0 },
            None => ExchangeEnd::Failed(Failure::TimedOut),
        };
        session.handle(
            Time::ZERO,
            Exchange {
                id: query.id,
                attempts: Vec::new(),
                unmatched: Vec::new(),
                end,
                spoiled: false,
            },
        );
    }

    #[test]
    fn a_round_begins_when_all_of_the_one_before_has_ended() {
        let udp = |last| query(last, QueryForm::Udp);
        let mut session = session(vec![vec![udp(1), udp(2)], vec![udp(3)]]);
        let first = session.next_query(Time::ZERO).unwrap();
        let second = session.next_query(Time::ZERO).unwrap();
        finish(&mut session, first, None);
        assert_eq!(session.next_query(Time::ZERO), None, "one of the round is still out");
        finish(&mut session, second, None);
        let third = session.next_query(Time::ZERO).unwrap();
        assert_eq!(third.server.to_string(), "192.0.2.3:53");
        finish(&mut session, third, None);
        assert!(session.is_done());
        let (planner, log) = session.into_parts();
        assert_eq!((planner.seen, planner.reactions, log.probes.len()), (vec![0, 2, 3], 3, 3));
    }

    #[test]
    fn a_query_waits_for_its_time_and_does_not_hold_up_others() {
        let at = Time::ZERO + Duration::from_millis(300);
        let late = ProbeQuery { not_before: at, ..query(1, QueryForm::Udp) };
        let mut session = session(vec![vec![late, query(2, QueryForm::Udp)]]);
        assert_eq!(session.next_query(Time::ZERO).unwrap().server.to_string(), "192.0.2.2:53");
        assert_eq!((session.next_query(Time::ZERO), session.poll_timeout()), (None, Some(at)));
        assert_eq!(session.next_query(at).unwrap().server.to_string(), "192.0.2.1:53");
    }

    #[test]
    fn what_is_truncated_goes_on_over_tcp_and_the_round_waits_for_it() {
        let mut session = session(vec![vec![query(1, QueryForm::Udp)]]);
        let query = session.next_query(Time::ZERO).unwrap();
        // A header with QR, AA and TC, and the query for the SOA of the root.
        let octets = b"\0\0\x86\0\0\x01\0\0\0\0\0\0\0\0\x06\0\x01".to_vec();
        finish(&mut session, query, Some(octets));
        let again = session.next_query(Time::ZERO).unwrap();
        assert_eq!((again.server, again.name), (query.server, query.name));
        assert_ne!(again.profile, query.profile);
        finish(&mut session, again, None);
        assert!(session.is_done());
        let forms: Vec<QueryForm> = session.log.probes.iter().map(|it| it.query.form).collect();
        assert_eq!(forms, [QueryForm::Udp, QueryForm::Tcp]);
    }

    #[test]
    fn a_planner_without_measure_is_cut_short() {
        let endless = vec![query(1, QueryForm::Udp); MOST_PROBES + 1];
        let session = session(vec![endless, vec![query(2, QueryForm::Udp)]]);
        assert_eq!(session.progress().ahead, MOST_PROBES);
        assert!(session.log.cut_short.is_some());
    }
}
