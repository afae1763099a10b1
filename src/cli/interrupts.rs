//! Ctrl-C, and other wishes that the program should end.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Hears every interrupt from the moment it listens: one that comes while nobody waits for it is there
/// for whoever waits next.
pub(super) struct Interrupts {
    /// SIGINT, SIGTERM and SIGHUP; `None` where the system does not let us listen, or where whoever
    /// started the program has SIGHUP ignored (`nohup`).
    #[cfg(unix)]
    signals: [Option<Signal>; 3],
}

#[cfg(unix)]
impl Interrupts {
    /// Begins to listen. Must be called in a tokio runtime.
    pub(super) fn listen() -> Self {
        let hangup = Some(SignalKind::hangup()).filter(|kind| !is_ignored(kind.as_raw_value()));
        let kinds = [Some(SignalKind::interrupt()), Some(SignalKind::terminate()), hangup];
        Self { signals: kinds.map(|kind| kind.and_then(|kind| signal(kind).ok())) }
    }

    /// Comes back when someone wants, or wanted since the last time, the program to end.
    pub(super) async fn next(&mut self) {
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
impl Interrupts {
    /// Begins to listen. Must be called in a tokio runtime.
    pub(super) fn listen() -> Self {
        Self {}
    }

    /// Comes back when someone wants the program to end.
    pub(super) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
