//! Queries, and the exchanges that they became: the evidence of a walk.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::engine::{
    Attempt, Ending, Failure, Finished, Outcome, SocketId, Time, Transport, Unmatched,
};
use crate::wire::{HEADER_LEN, NameBuf, RecordType};

/// A query to send to one server, as one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalkQuery {
    /// Comes back in [`Exchange::id`].
    pub id: u64,
    /// Whom to ask.
    pub server: SocketAddr,
    /// As a server of which zone; nothing that it says beyond this zone is believed.
    pub zone: NameBuf,
    /// QNAME.
    pub name: NameBuf,
    /// QTYPE; the class is IN.
    pub rtype: RecordType,
    /// Why it is asked.
    pub purpose: WalkPurpose,
}

/// Why a query is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WalkPurpose {
    /// The query that the walk is for, or what an alias of it led to.
    Subject,
    /// A shorter name on the way to it (RFC 9156).
    Minimised,
    /// Whether a zone cut hides between the zone and the name.
    ZoneCut,
    /// What the servers of the parent say about a delegation.
    Delegation,
    /// What a server of the zone says about its own apex: NS set and SOA.
    Apex,
    /// On the way to the address of a name server.
    ServerAddress,
}

/// What became of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// [`WalkQuery::id`].
    pub id: u64,
    /// Every attempt, in the order they were sent.
    pub attempts: Vec<Attempt>,
    /// Messages that came and were not taken for answers.
    pub unmatched: Vec<Unmatched>,
    /// How it ended.
    pub end: ExchangeEnd,
    /// This program, or the machine, was absent while it waited, or had no room for its response: that
    /// there is none says nothing of the server, or of the path to it.
    pub spoiled: bool,
}

/// How an exchange ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExchangeEnd {
    /// There is a response.
    Answered {
        /// The message.
        response: Bytes,
        /// Which of the attempts it answers.
        attempt: usize,
    },
    /// There is none.
    Failed(Failure),
    /// The local system cannot ask this server at all; why, in one sentence.
    NotAsked(String),
}

impl From<&Finished<'_>> for Exchange {
    fn from(finished: &Finished<'_>) -> Self {
        Self {
            id: finished.tag,
            attempts: finished.attempts.to_vec(),
            unmatched: finished.unmatched.to_vec(),
            end: match finished.end {
                Ending::Answered { response, attempt } => ExchangeEnd::Answered {
                    response: Bytes::copy_from_slice(response.octets()),
                    attempt,
                },
                // What is truncated is no response (RFC 2181 §9); the attempts tell of it.
                Ending::Truncated { .. } => ExchangeEnd::Failed(Failure::TimedOut),
                Ending::Failed(failure) => ExchangeEnd::Failed(failure),
            },
            spoiled: false,
        }
    }
}

impl Exchange {
    /// Gives the question of the response the case of the name that was asked for, which 0x20 has
    /// mixed: most names of the records point to it.
    pub fn restore_case(&mut self, name: &NameBuf) {
        let name = name.as_wire();
        let place = HEADER_LEN..HEADER_LEN + name.len();
        if let ExchangeEnd::Answered { response, .. } = &mut self.end
            && let Some(question) = response.get(place.clone())
            && question != name
            && question.eq_ignore_ascii_case(name)
        {
            // Nobody else has it yet, so that this copies nothing.
            let mut octets = BytesMut::from(std::mem::take(response));
            octets[place].copy_from_slice(name);
            *response = octets.freeze();
        }
    }

    /// The UDP sockets at which an answer to it may have found no room, if there is none.
    pub fn unanswered_sockets(&self) -> impl Iterator<Item = SocketId> {
        let failed = matches!(self.end, ExchangeEnd::Failed(_));
        let attempts = self.attempts.iter().filter(move |attempt| {
            failed && (attempt.transport, attempt.outcome) == (Transport::Udp, Outcome::TimedOut)
        });
        attempts.map(|attempt| attempt.socket)
    }

    /// Whether there is no response, perhaps only because it could not be seen: it is to be asked again.
    pub fn is_missing_unseen(&self) -> bool {
        self.spoiled
            && matches!(&self.end, ExchangeEnd::Failed(failure) if *failure != Failure::Cancelled)
    }

    /// The round-trip time of the attempt that brought the response.
    pub fn rtt(&self) -> Option<Duration> {
        rtt(&self.attempts, &self.end)
    }
}

impl ExchangeRecord {
    /// The round-trip time of the attempt that brought the response.
    pub fn rtt(&self) -> Option<Duration> {
        rtt(&self.attempts, &self.end)
    }

    /// The response, if there is one.
    pub fn response(&self) -> Option<&[u8]> {
        match &self.end {
            ExchangeEnd::Answered { response, .. } => Some(response),
            _ => None,
        }
    }
}

fn rtt(attempts: &[Attempt], end: &ExchangeEnd) -> Option<Duration> {
    let ExchangeEnd::Answered { attempt, .. } = end else { return None };
    Some(attempts.get(*attempt)?.answer()?.rtt)
}

/// A finished exchange with its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeRecord {
    /// What was asked whom, and why.
    pub query: WalkQuery,
    /// Every attempt, in the order they were sent.
    pub attempts: Vec<Attempt>,
    /// How it ended.
    pub end: ExchangeEnd,
    /// When the walk learned of its end.
    pub finished: Time,
}

/// Every exchange of a walk, in the order of their ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The exchanges.
    pub exchanges: Vec<ExchangeRecord>,
}
