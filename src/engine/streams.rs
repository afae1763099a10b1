//! What a driver says of the TCP connections that attempts wait on.

use super::engine::Engine;
use super::exchange::{AttemptKey, Outcome, RetryReason, Sink, StreamFailure};
use super::slot::Timer;
use super::time::Time;

impl Engine {
    /// Notes that the TCP connection of an attempt is made and its query on its way: the time that
    /// it has for its response begins.
    pub fn handle_stream_sent(&mut self, now: Time, key: AttemptKey) {
        let Some((index, attempt)) = self.waiting(key) else { return };
        let deadline = now + self.profile(index).timeout;
        let strict = self.config.window.is_strict();
        let slot = &mut self.slots[index];
        if strict {
            // The handshake is measured apart.
            slot.attempts[attempt].sent = now;
        }
        let current = attempt + 1 == slot.attempts.len() && slot.timer == Timer::Deadline;
        if current && deadline < slot.deadline {
            slot.deadline = deadline;
            self.timers.set(index, deadline);
        }
    }

    /// Handles the failure of a TCP connection that an attempt was waiting on.
    pub fn handle_stream_failed(
        &mut self,
        now: Time,
        key: AttemptKey,
        failure: StreamFailure,
        sink: &mut Sink<'_>,
    ) {
        let Some((index, attempt)) = self.waiting(key) else { return };
        let server = self.slots[index].attempts[attempt].server;
        let state = &mut self.servers[server.0 as usize];
        state.counts.stream_failed += 1;
        if failure.cause.is_unmade() {
            state.on_stream_unmade(now);
        }
        let reason = if failure.cause.is_rejection() {
            RetryReason::Unreachable
        } else {
            RetryReason::StreamFailed
        };
        self.attempt_failed(index, Outcome::StreamFailed(failure), reason, now, sink);
    }
}
