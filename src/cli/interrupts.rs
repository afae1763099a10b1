//! Ctrl-C, and other wishes that the program should end.
//!
//! A thread of its own hears them, whatever the others do: one may wait for a pipe or a terminal that
//! takes nothing, another one be at work on a report.

use std::thread;
use std::time::Duration;

use anyhow::Context as _;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::event_loop::event_loop;
use super::exit::PROBLEM;
use super::notes::{leave, note};
use super::output;

/// What is told at the last interrupt if the output was not read.
const CUT: &str = "interrupted; not all that was finished is written";

/// What to tell at an interrupt that waits for standard output: who must read it.
pub(super) fn waits_for_reader(_number: u32) -> Option<&'static str> {
    let waits = "stopping; waiting for the reader of the output (Ctrl-C again: do not wait)";
    output::is_printing().then_some(waits)
}

/// Hears every interrupt from the moment it listens: one that comes while nobody waits for it is there
/// for whoever waits next.
#[derive(Debug)]
pub(super) struct Interrupts(watch::Receiver<u32>);

impl Interrupts {
    /// Begins to listen. `each` is called with the number of each interrupt, the first one being 1, and
    /// gives what to tell the user about it; the interrupt with number `last` ends the program, whatever
    /// it does.
    ///
    /// # Errors
    /// The system has no thread, or no file descriptors, for it.
    pub(super) fn listen(
        last: u32,
        mut each: impl FnMut(u32) -> Option<&'static str> + Send + 'static,
    ) -> anyhow::Result<Self> {
        let (count, heard) = watch::channel(0);
        let runtime = event_loop()?;
        let mut signals = {
            let _inside = runtime.enter();
            Signals::new()
        };
        let listener = move || {
            for number in 1.. {
                runtime.block_on(signals.next());
                count.send_replace(number);
                if number >= last {
                    leave(PROBLEM, output::is_printing().then_some(CUT));
                }
                if let Some(text) = each(number) {
                    // Elsewhere: standard error may hold up whoever writes there.
                    let _ = thread::Builder::new().spawn(move || note(text));
                }
            }
        };
        thread::Builder::new()
            .name("interrupts".to_owned())
            .spawn(listener)
            .context("cannot start a thread that listens for interrupts")?;
        Ok(Self(heard))
    }

    /// Comes back when someone wants, or wanted since the last time, the program to end.
    pub(super) async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }

    /// Whether someone wanted the program to end.
    pub(super) fn is_set(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Sleeps; gives whether an interrupt ended it early.
    pub(super) async fn sleep(&self, long: Duration) -> bool {
        let mut heard = self.0.clone();
        tokio::time::timeout(long, heard.wait_for(|&count| count > 0)).await.is_ok()
    }
}

/// What the system tells of interrupts.
struct Signals {
    /// SIGINT, SIGTERM and SIGHUP; `None` where the system does not let us listen, or where whoever
    /// started the program has SIGHUP ignored (`nohup`).
    #[cfg(unix)]
    signals: [Option<Signal>; 3],
}

#[cfg(unix)]
impl Signals {
    /// To be called in a tokio runtime.
    fn new() -> Self {
        let hangup = Some(SignalKind::hangup()).filter(|kind| !is_ignored(kind.as_raw_value()));
        let kinds = [Some(SignalKind::interrupt()), Some(SignalKind::terminate()), hangup];
        Self { signals: kinds.map(|kind| kind.and_then(|kind| signal(kind).ok())) }
    }

    async fn next(&mut self) {
        async fn one(signal: &mut Option<Signal>) {
            if let Some(signal) = signal
                && signal.recv().await.is_some()
            {
                return;
            }
            std::future::pending().await
        }
        let [interrupted, terminated, hung_up] = &mut self.signals;
        tokio::select! {
            () = one(interrupted) => {}
            () = one(terminated) => {}
            () = one(hung_up) => {}
        }
    }
}

#[cfg(target_os = "linux")]
fn is_ignored(signal: i32) -> bool {
    crate::net::process::is_ignored(signal).unwrap_or(false)
}

#[cfg(all(unix, not(target_os = "linux")))]
fn is_ignored(_signal: i32) -> bool {
    false
}

#[cfg(not(unix))]
impl Signals {
    fn new() -> Self {
        Self {}
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
