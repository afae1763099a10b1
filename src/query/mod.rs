//! One exchange, carried out and kept whole: every attempt, and the octets of the answer.
//!
//! A [`QueryPlan`] goes in, an [`QueryResult`] comes out, and [`show`] turns it into text or JSON. Whatever
//! a server answers is taken as it is: this is for looking at servers, not for getting past them.
//! [`trace`] shows the way from the root to a name in the same spirit.

pub mod show;
pub mod trace;

use std::net::{IpAddr, SocketAddr};
use std::time::SystemTime;

use crate::engine::{
    Attempt, Ending, EngineConfig, ExchangeRequest, Failure, Finished, QueryProfile, Unmatched,
};
use crate::net::{self, Driver, NetError};
use crate::probe::Repeats;
use crate::walk;
use crate::wire::{Class, NameBuf, RecordType};

/// What to ask, whom, and how.
#[derive(Debug, Clone)]
pub struct QueryPlan {
    /// QNAME.
    pub name: NameBuf,
    /// QTYPE.
    pub rtype: RecordType,
    /// QCLASS.
    pub class: Class,
    /// Whom to ask: another one after each failure. Never empty.
    pub servers: Vec<SocketAddr>,
    /// How the exchange is carried out.
    pub engine: EngineConfig,
    /// The local address to ask from; by default the system chooses.
    pub bind: Option<IpAddr>,
}

/// An exchange that has ended.
#[derive(Debug, Clone)]
pub struct QueryResult {
    /// When it began.
    pub started: SystemTime,
    /// QNAME.
    pub name: NameBuf,
    /// QTYPE.
    pub rtype: RecordType,
    /// QCLASS.
    pub class: Class,
    /// The servers, in the order of their [`crate::engine::ServerId`].
    pub servers: Vec<SocketAddr>,
    /// How queries were put.
    pub profile: QueryProfile,
    /// Every attempt, with the local UDP port it was sent from.
    pub attempts: Vec<(Attempt, Option<u16>)>,
    /// The first messages that were not taken for answers.
    pub unmatched: Vec<Unmatched>,
    /// Whether the answer was truncated, and TCP brought none.
    pub truncated: bool,
    /// The octets of the answer and which of the attempts it answers, or why there is none.
    pub end: Result<(Vec<u8>, usize), Failure>,
}

/// Carries out a plan. Must be called in a current-thread tokio runtime with I/O and time enabled.
///
/// # Errors
/// The network side cannot work at all. That nobody answers is no error.
pub async fn run(plan: QueryPlan) -> Result<QueryResult, NetError> {
    let started = SystemTime::now();
    // A retry comes from another port: a path may lose one port and not another.
    let options = net::Options { sockets: 8, bind: plan.bind, ..net::Options::default() };
    let profile = plan.engine.profile.clone();
    let mut driver = Driver::open(plan.engine, &plan.servers, &options)?;
    let ask = ExchangeRequest {
        class: plan.class,
        ..ExchangeRequest::new(0, plan.name.as_wire(), plan.rtype)
    };
    let mut exchange = QueryResult {
        started,
        name: plan.name,
        rtype: plan.rtype,
        class: plan.class,
        servers: plan.servers.clone(),
        profile,
        attempts: Vec::new(),
        unmatched: Vec::new(),
        truncated: false,
        end: Err(Failure::Cancelled),
    };
    let mut again = Repeats::default();
    // An engine that holds nothing has room for one.
    let mut open = driver.engine_mut().submit(&ask).is_ok();
    while open {
        let mut ended = None;
        let mut sink = |finished: Finished<'_>| {
            ended = Some(walk::Exchange::from(&finished));
            let with_port = |attempt: &Attempt| (*attempt, attempt.port);
            exchange.attempts = finished.attempts.iter().map(with_port).collect();
            exchange.unmatched = finished.unmatched.to_vec();
            exchange.truncated = matches!(finished.end, Ending::Truncated { .. });
            exchange.end = match finished.end {
                Ending::Answered { response, attempt }
                | Ending::Truncated { response, attempt } => {
                    Ok((response.octets().to_vec(), attempt))
                }
                Ending::Failed(failure) => Err(failure),
            };
        };
        driver.turn(None, &mut sink).await?;
        if let Some(mut ended) = ended {
            // Nobody was there to see an answer: the server is not to blame.
            let unseen = driver.unseen(ended.unanswered_sockets());
            open = again.is_due(&mut ended, &unseen) && driver.engine_mut().submit(&ask).is_ok();
        }
    }
    Ok(exchange)
}
