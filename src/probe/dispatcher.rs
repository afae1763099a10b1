//! Between a source of queries and an engine: submits the queries, and hands back their outcomes. The
//! same over the network and under virtual time: no I/O, no clock.

use std::collections::{HashMap, VecDeque};

use super::repeats::Repeats;
use super::source::{QuerySource, ServerQuery};
use crate::engine::{Engine, ProfileId, ServerId, Time};
use crate::net::Unseen;
use crate::walk::{Exchange, ExchangeEnd};

/// The queries of one source that are under way.
#[derive(Debug, Default)]
pub(crate) struct Dispatcher {
    /// The profiles of the source, by [`ServerQuery::profile`].
    profiles: Vec<ProfileId>,
    open: HashMap<u64, ServerQuery>,
    repeats: Repeats,
    repeated: VecDeque<ServerQuery>,
}

impl Dispatcher {
    /// The next query, if the engine has room for it.
    pub(crate) fn next(
        &mut self,
        source: &mut impl QuerySource,
        engine: &Engine,
        now: Time,
    ) -> Option<ServerQuery> {
        if engine.room() == 0 {
            return None;
        }
        self.repeated.pop_front().or_else(|| source.next_query(now))
    }

    /// Submits a query, or hands back at once why its server cannot be asked.
    pub(crate) fn submit(
        &mut self,
        source: &mut impl QuerySource,
        engine: &mut Engine,
        now: Time,
        query: ServerQuery,
        server: Result<ServerId, String>,
    ) {
        while self.profiles.len() <= query.profile {
            self.profiles.push(engine.add_profile(source.profile(self.profiles.len())));
        }
        let submitted = server.and_then(|server| {
            let request = query.request(server, self.profiles[query.profile]);
            engine.submit(&request).map_err(|full| full.to_string())
        });
        match submitted {
            Ok(()) => {
                self.open.insert(query.id, query);
            }
            Err(why) => {
                let end = ExchangeEnd::NotAsked(why);
                let (attempts, unmatched) = (Vec::new(), Vec::new());
                let exchange = Exchange { id: query.id, attempts, unmatched, end, spoiled: false };
                source.handle(now, exchange);
            }
        }
    }

    /// Hands back the exchanges that have ended, except those to repeat because a response may have come
    /// unseen.
    pub(crate) fn hand_back(
        &mut self,
        source: &mut impl QuerySource,
        now: Time,
        unseen: &Unseen,
        finished: &mut Vec<Exchange>,
    ) {
        for mut exchange in finished.drain(..) {
            let query = self.open.remove(&exchange.id);
            if self.repeats.is_due(&mut exchange, unseen) {
                self.repeated.extend(query);
            } else {
                source.handle(now, exchange);
            }
        }
    }
}
