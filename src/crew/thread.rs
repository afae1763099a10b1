//! Threads that tell of their end, whichever way they end.

use std::thread;

use tokio::sync::mpsc;

use super::error::CrewError;

/// Tells of the end of a thread.
pub(super) struct Post<E> {
    events: mpsc::UnboundedSender<E>,
    /// What is told if the thread panics; it has lost its counts then.
    panic: Option<E>,
}

impl<E> Post<E> {
    pub(super) fn new(events: &mpsc::UnboundedSender<E>, panic: E) -> Self {
        Self { events: events.clone(), panic: Some(panic) }
    }

    fn send(self, event: E) {
        let _ = self.events.send(event);
    }
}

impl<E> Drop for Post<E> {
    fn drop(&mut self) {
        if thread::panicking()
            && let Some(event) = self.panic.take()
        {
            let _ = self.events.send(event);
        }
    }
}

/// Starts a thread whose end is told.
///
/// # Errors
/// The system gives no thread.
pub(super) fn spawn<E: Send + 'static>(
    role: &str,
    post: Post<E>,
    work: impl FnOnce() -> E + Send + 'static,
) -> Result<(), CrewError> {
    let thread = thread::Builder::new().name(role.to_owned());
    let started = thread.spawn(move || {
        let end = work();
        post.send(end);
    });
    started.map(|_| ()).map_err(CrewError::Thread)
}
