//! Ctrl-C, and other wishes that the program should end.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Hears every interrupt from the moment it listens: one that comes while nobody waits for it is there
/// for whoever waits next.
pub(super) struct Interrupts {
    /// SIGINT and SIGTERM; `None` where the system does not let us listen.
    #[cfg(unix)]
    signals: [Option<Signal>; 2],
}

#[cfg(unix)]
impl Interrupts {
    /// Begins to listen. Must be called in a tokio runtime.
    pub(super) fn listen() -> Self {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
        Self { signals: kinds.map(|kind| signal(kind).ok()) }
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
        let [interrupted, terminated] = &mut self.signals;
        tokio::select! {
            () = one(interrupted) => {}
            () = one(terminated) => {}
        }
    }
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
