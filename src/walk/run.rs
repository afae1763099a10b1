//! Carries the questions of a walk, or of anyone who asks like it, to a driver.

use std::time::Duration;

use super::descent::Walk;
use super::evidence::{Exchange, ExchangeEnd, Order};
use crate::engine::{Config, Edns, Finished, Manner, MannerId, Time};
use crate::net::{Driver, NetError};

/// An empty NSID option: which instance answers (RFC 5001)?
const NSID: [u8; 4] = [0, 3, 0, 0];

/// How often whoever watches is heard, if nothing comes in.
const TICK: Duration = Duration::from_millis(100);

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
        manner()
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

/// How the questions of a walk are put: without recursion, and each server has four chances.
///
/// An authoritative server knows its answer at once, so only the way takes time; and a walk has
/// many steps one after the other, each of which waits for the slowest server.
pub fn manner() -> Manner {
    Manner {
        timeout: Duration::from_millis(800),
        retries: 3,
        edns: Some(Edns { options: NSID.to_vec(), ..Edns::default() }),
        recursion_desired: false,
        ..Manner::default()
    }
}

/// How the engine of a walk's driver should be set up: [`manner`], and each server is asked at most
/// `rate_per_server` questions a second.
pub fn engine_config(rate_per_server: Option<f64>) -> Config {
    Config { manner: manner(), rate_per_server, ..Config::default() }
}

/// Asks until `asker` is done. The engine of `driver` must have no exchanges of others. `watch`
/// sees the asker after each turn, and ten times a second if nothing comes in; it may have it stop.
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
    while !asker.is_done() {
        while driver.engine().room() > 0
            && let Some(order) = asker.poll_order(driver.now())
        {
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
                asker.handle(now, Exchange { id: order.id, attempts: Vec::new(), end });
            }
        }
        if asker.is_done() {
            break;
        }
        let mut sink = |exchange: Finished<'_>| finished.push(Exchange::from(&exchange));
        let tick = driver.now() + TICK;
        let wake = asker.poll_timeout().map_or(tick, |at| at.min(tick));
        driver.turn(Some(wake), &mut sink).await?;
        let now = driver.now();
        for exchange in finished.drain(..) {
            asker.handle(now, exchange);
        }
        watch(asker);
    }
    Ok(())
}
