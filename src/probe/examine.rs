//! A session from its begin to its log, over the network.

use super::log::ProbeLog;
use super::runner;
use super::session::{Planner, ProbeProgress, Session};
use crate::engine::{EngineConfig, Time, Window};
use crate::net::{Driver, NetError, Options};
use crate::walk::engine_config;

/// Attempts in flight at once; the rate for each address is what limits.
const WINDOW: usize = 16_384;

/// How an engine for probes is set up; `rate` is the most queries a second to one address.
pub fn engine(rate: f64) -> EngineConfig {
    // Which port a response came to is evidence: sockets stay what they are.
    EngineConfig {
        window: Window::Fixed(WINDOW),
        socket_life: None,
        ends_at_icmp: true,
        ..engine_config(Some(rate))
    }
}

/// Carries a session out, from so many UDP sockets for each address family; gives its planner back, and
/// what was found. Must be called in a current-thread tokio runtime with I/O and time enabled. `watch`
/// sees the progress after each response, and ends the session by a sentence that says why.
///
/// # Errors
/// [`NetError`]: the network side cannot work at all.
pub async fn examine<P: Planner>(
    engine: EngineConfig,
    sockets: u16,
    begin: impl FnOnce(Time) -> Session<P>,
    watch: &mut dyn FnMut(ProbeProgress) -> Option<&'static str>,
) -> Result<(P, ProbeLog), NetError> {
    let options = Options { sockets, ..Options::default() };
    let mut driver = Driver::open(engine, &[], &options)?;
    let mut session = begin(driver.now());
    runner::run(&mut driver, &mut session, &mut |session| {
        if let Some(why) = watch(session.progress()) {
            session.stop(why);
        }
    })
    .await?;
    let (planner, mut log) = session.into_parts();
    log.add_engine(driver.engine(), &|socket| driver.port(socket));
    driver.compare_clocks();
    log.local = driver.local_counts();
    Ok((planner, log))
}
