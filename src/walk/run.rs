//! Runs a walk on a driver.

use std::time::Duration;

use super::descent::Walk;
use super::evidence::{Exchange, ExchangeEnd};
use crate::engine::{Ask, Config, Edns, Finished, Manner, MannerId, Servers};
use crate::net::{Driver, NetError};
use crate::wire::Class;

/// An empty NSID option: which instance answers (RFC 5001)?
const NSID: [u8; 4] = [0, 3, 0, 0];

/// How the engine of a walk's driver should be set up: no recursion, each server is given three
/// chances and asked at most `rate_per_server` questions a second.
pub fn engine_config(rate_per_server: Option<f64>) -> Config {
    Config {
        manner: Manner {
            timeout: Duration::from_millis(1500),
            retries: 2,
            edns: Some(Edns { options: NSID.to_vec(), ..Edns::default() }),
            recursion_desired: false,
            ..Manner::default()
        },
        rate_per_server,
        ..Config::default()
    }
}

/// Takes a walk to its end. The engine of `driver` must not have been set to ask for recursion,
/// and must have no exchanges of others.
///
/// A server that this system cannot ask (it has no IPv6, say) is an outcome of its exchange.
///
/// # Errors
/// [`NetError`] if the sockets cannot be used any more.
pub async fn resolve_with(driver: &mut Driver, walk: &mut Walk) -> Result<(), NetError> {
    let mut finished: Vec<Exchange> = Vec::new();
    while !walk.is_done() {
        while driver.engine().room() > 0
            && let Some(question) = walk.poll_question()
        {
            let now = driver.now();
            let not_asked = |why: String| Exchange {
                id: question.id,
                attempts: Vec::new(),
                end: ExchangeEnd::NotAsked(why),
            };
            let server = match driver.add_server(question.server) {
                Ok(server) => server,
                Err(error) => {
                    walk.handle(now, not_asked(error.to_string()));
                    continue;
                }
            };
            let ask = Ask {
                tag: question.id,
                name: question.name.as_wire(),
                rtype: question.rtype,
                class: Class::IN,
                servers: Servers::Only(server),
                manner: MannerId::DEFAULT,
                socket: None,
            };
            if let Err(full) = driver.engine_mut().submit(&ask) {
                walk.handle(now, not_asked(full.to_string()));
            }
        }
        if walk.is_done() {
            break;
        }
        let mut sink = |exchange: Finished<'_>| finished.push(Exchange::from(&exchange));
        driver.turn(None, &mut sink).await?;
        let now = driver.now();
        for exchange in finished.drain(..) {
            walk.handle(now, exchange);
        }
    }
    Ok(())
}
