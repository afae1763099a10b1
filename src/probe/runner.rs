//! Sends the queries of a source, such as a walk, through a driver.

use std::time::Duration;

use super::dispatcher::Dispatcher;
use super::source::QuerySource;
use crate::engine::Finished;
use crate::net::{Driver, NetError};
use crate::walk::Exchange;

/// How often whoever watches is heard, if nothing comes in.
const TICK: Duration = Duration::from_millis(100);

/// Asks until `source` is done. The engine of `driver` must have no exchanges of others. `watch`
/// sees the source after each turn, and ten times a second if nothing comes in; it may have it stop.
///
/// What has no response, and waited while this program, or the machine, was absent, or had no room for what
/// came, is asked again; what comes of the last time is marked as [spoiled](Exchange::spoiled), as is a
/// response that came about an absence.
///
/// A server that this system cannot ask (it has no IPv6, say) is an outcome of its exchange.
///
/// # Errors
/// [`NetError`] if there are no sockets to be had, or they cannot be used any more.
pub async fn run<A: QuerySource>(
    driver: &mut Driver,
    source: &mut A,
    watch: &mut dyn FnMut(&mut A),
) -> Result<(), NetError> {
    let mut dispatcher = Dispatcher::default();
    let mut finished: Vec<Exchange> = Vec::new();
    while !source.is_done() {
        while let Some(query) = dispatcher.next(source, driver.engine(), driver.now()) {
            let server = match driver.add_server(query.server) {
                Err(error) if !error.is_of_family() => return Err(error),
                server => server.map_err(|error| error.to_string()),
            };
            let now = driver.now();
            dispatcher.submit(source, driver.engine_mut(), now, query, server);
        }
        if source.is_done() {
            break;
        }
        let mut sink = |exchange: Finished<'_>| finished.push(Exchange::from(&exchange));
        let tick = driver.now() + TICK;
        let wake = source.poll_timeout().map_or(tick, |at| at.min(tick));
        driver.turn(Some(wake), &mut sink).await?;
        if !finished.is_empty() {
            let unseen = driver.unseen(finished.iter().flat_map(Exchange::unanswered_sockets));
            dispatcher.hand_back(source, driver.now(), &unseen, &mut finished);
        }
        watch(source);
    }
    Ok(())
}
