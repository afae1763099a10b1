//! Carries the questions of a walk, or of anyone who asks like it, to a driver.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use super::again::Again;
use crate::engine::{Ask, Finished, Manner, MannerId, ServerId, Servers, Time};
use crate::net::{Driver, NetError};
use crate::walk::{self, Exchange, ExchangeEnd, Question, Walk};
use crate::wire::{NameBuf, RecordType};

/// How often whoever watches is heard, if nothing comes in.
const TICK: Duration = Duration::from_millis(100);

/// A question as it is put to a server: what those who carry it out must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Comes back in [`Exchange::id`].
    pub id: u64,
    /// Whom to ask.
    pub server: SocketAddr,
    /// QNAME.
    pub name: NameBuf,
    /// QTYPE; the class is IN.
    pub rtype: RecordType,
    /// How: what [`Asker::manner`] gives for this number.
    pub manner: usize,
    /// From which UDP socket, as in [`crate::engine::Ask::socket`].
    pub socket: Option<u16>,
}

impl From<Question> for Order {
    fn from(question: Question) -> Self {
        let Question { id, server, name, rtype, .. } = question;
        Self { id, server, name, rtype, manner: 0, socket: None }
    }
}

impl Order {
    /// The question for an engine that has the server and the manner under these numbers.
    pub fn ask(&self, server: ServerId, manner: MannerId) -> Ask<'_> {
        let servers = Servers::Only(server);
        let ask = Ask::new(self.id, self.name.as_wire(), self.rtype);
        Ask { servers, manner, socket: self.socket, ..ask }
    }
}

/// Who has questions for certain servers, and goes on by their answers.
///
/// Without I/O: [`carry_out`] carries the questions to a driver, and a test to a simulated world.
pub trait Asker {
    /// How questions with this [`Order::manner`] are put. Asked once for each, from 0 on.
    fn manner(&self, number: usize) -> Manner;

    /// The next question that may be put at `now`.
    fn poll_order(&mut self, now: Time) -> Option<Order>;

    /// Takes the outcome of a question.
    fn handle(&mut self, now: Time, exchange: Exchange);

    /// Whether there is nothing left to ask or to wait for.
    fn is_done(&self) -> bool;

    /// When to call [`Asker::poll_order`] again, if no outcome comes before.
    fn poll_timeout(&self) -> Option<Time> {
        None
    }
}

impl Asker for Walk {
    fn manner(&self, _number: usize) -> Manner {
        walk::manner()
    }

    fn poll_order(&mut self, _now: Time) -> Option<Order> {
        self.poll_question().map(Order::from)
    }

    fn handle(&mut self, now: Time, exchange: Exchange) {
        Walk::handle(self, now, exchange);
    }

    fn is_done(&self) -> bool {
        Walk::is_done(self)
    }
}

/// Asks until `asker` is done. The engine of `driver` must have no exchanges of others. `watch`
/// sees the asker after each turn, and ten times a second if nothing comes in; it may have it stop.
///
/// What has no answer, and waited while this program, or the machine, was absent, is asked again; what
/// comes of the last time is marked as [spoiled](Exchange::spoiled), as is an answer.
///
/// A server that this system cannot ask (it has no IPv6, say) is an outcome of its exchange.
///
/// # Errors
/// [`NetError`] if there are no sockets to be had, or they cannot be used any more.
pub async fn carry_out<A: Asker>(
    driver: &mut Driver,
    asker: &mut A,
    watch: &mut dyn FnMut(&mut A),
) -> Result<(), NetError> {
    let mut manners: Vec<MannerId> = Vec::new();
    let mut finished: Vec<Exchange> = Vec::new();
    let mut open: HashMap<u64, Order> = HashMap::new();
    let mut again = Again::default();
    let mut repeated: VecDeque<Order> = VecDeque::new();
    while !asker.is_done() {
        while driver.engine().room() > 0
            && let Some(order) = repeated.pop_front().or_else(|| asker.poll_order(driver.now()))
        {
            open.insert(order.id, order);
            while manners.len() <= order.manner {
                let manner = asker.manner(manners.len());
                manners.push(driver.engine_mut().add_manner(manner));
            }
            let submitted = match driver.add_server(order.server) {
                Ok(server) => {
                    let ask = order.ask(server, manners[order.manner]);
                    driver.engine_mut().submit(&ask).map_err(|full| full.to_string())
                }
                Err(error) if error.is_of_family() => Err(error.to_string()),
                Err(error) => return Err(error),
            };
            if let Err(why) = submitted {
                let end = ExchangeEnd::NotAsked(why);
                let now = driver.now();
                open.remove(&order.id);
                let (attempts, unmatched) = (Vec::new(), Vec::new());
                asker.handle(
                    now,
                    Exchange { id: order.id, attempts, unmatched, end, spoiled: false },
                );
            }
        }
        if asker.is_done() {
            break;
        }
        let mut sink = |exchange: Finished<'_>| finished.push(Exchange::from(&exchange));
        let tick = driver.now() + TICK;
        let wake = asker.poll_timeout().map_or(tick, |at| at.min(tick));
        driver.turn(Some(wake), &mut sink).await?;
        if !finished.is_empty() {
            let back_since = driver.back_since();
            let now = driver.now();
            for mut exchange in finished.drain(..) {
                let order = open.remove(&exchange.id);
                if again.is_due(&mut exchange, back_since) {
                    repeated.extend(order);
                } else {
                    asker.handle(now, exchange);
                }
            }
        }
        watch(asker);
    }
    Ok(())
}
