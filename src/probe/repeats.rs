//! Which queries to repeat, because a response may have come that was not seen: this program, or the
//! machine, was absent while they waited, or there was no room for what came.
//!
//! Exchanges that have ended flow in, with [when that was](crate::net::Unseen); what comes out is whether
//! to repeat them. Knows no queries, and asks no socket.

use std::collections::HashMap;

use crate::net::Unseen;
use crate::walk::{Exchange, ExchangeEnd};

/// How often a query is repeated: a machine that is always absent learns nothing, and must come to an
/// end all the same.
const MOST_REPEATS: u8 = 3;

/// The exchanges that were repeated, by [`Exchange::id`].
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    times: HashMap<u64, u8>,
}

impl Repeats {
    /// Notes on an exchange that has ended whether it is spoiled. Returns whether to repeat it: there is
    /// no response, perhaps only because of that.
    pub(crate) fn is_due(&mut self, exchange: &mut Exchange, unseen: &Unseen) -> bool {
        let attempts = &exchange.attempts;
        let failed = matches!(exchange.end, ExchangeEnd::Failed(_));
        exchange.spoiled = attempts.iter().any(|attempt| unseen.is_absence_of(attempt))
            || failed && attempts.iter().any(|attempt| unseen.is_overflow_of(attempt));
        if exchange.is_missing_unseen() {
            let times = self.times.entry(exchange.id).or_default();
            if *times < MOST_REPEATS {
                *times += 1;
                return true;
            }
        }
        self.times.remove(&exchange.id);
        false
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::{Attempt, Failure, Outcome, ServerId, SocketId, Time, Transport};
    use crate::walk::ExchangeEnd;

    fn at(ms: u64) -> Time {
        Time::ZERO + Duration::from_millis(ms)
    }

    /// An exchange that was sent at 100 ms.
    fn exchange(end: ExchangeEnd) -> Exchange {
        let attempt = Attempt {
            server: ServerId(0),
            transport: Transport::Udp,
            socket: SocketId(0),
            port: None,
            id: 1,
            edns: true,
            mixed_case: false,
            edns_off: None,
            sent: at(100),
            outcome: Outcome::TimedOut,
            duplicates: 0,
            mismatched: 0,
            retried_because: None,
        };
        Exchange { id: 7, attempts: vec![attempt], unmatched: Vec::new(), end, spoiled: false }
    }

    fn back(ms: u64) -> Unseen {
        Unseen { back_since: Some(at(ms)), ..Unseen::default() }
    }

    /// There was no room at this socket until then.
    fn full(socket: u16, ms: u64) -> Unseen {
        Unseen { full_until: vec![(SocketId(socket), at(ms))], ..Unseen::default() }
    }

    fn silent() -> Exchange {
        exchange(ExchangeEnd::Failed(Failure::TimedOut))
    }

    #[test]
    fn what_an_absence_left_without_an_answer_is_due_again() {
        let mut repeats = Repeats::default();
        let mut first = silent();
        assert!(repeats.is_due(&mut first, &back(400)));
        assert!(first.spoiled);
        let mut answered =
            exchange(ExchangeEnd::Answered { response: vec![0; 12].into(), attempt: 0 });
        assert!(!repeats.is_due(&mut answered, &back(50)));
        assert!(!answered.spoiled);
        assert!(repeats.times.is_empty(), "what has ended is forgotten");
    }

    #[test]
    fn who_is_always_absent_comes_to_an_end_that_blames_nobody() {
        let mut repeats = Repeats::default();
        for _ in 0..MOST_REPEATS {
            assert!(repeats.is_due(&mut silent(), &back(400)));
        }
        let mut last = silent();
        assert!(!repeats.is_due(&mut last, &back(400)));
        assert!(last.is_missing_unseen());
        assert!(repeats.times.is_empty(), "what has ended is forgotten");
    }

    #[test]
    fn silence_while_nobody_was_absent_is_silence() {
        for unseen in [Unseen::default(), back(99)] {
            let mut exchange = silent();
            assert!(!Repeats::default().is_due(&mut exchange, &unseen));
            assert!(!exchange.spoiled);
        }
    }

    #[test]
    fn what_was_answered_or_given_up_is_not_due() {
        let answered = ExchangeEnd::Answered { response: vec![0; 12].into(), attempt: 0 };
        for end in [answered, ExchangeEnd::Failed(Failure::Cancelled)] {
            assert!(!Repeats::default().is_due(&mut exchange(end), &back(400)));
        }
    }

    #[test]
    fn what_there_was_perhaps_no_room_for_is_due_again() {
        assert!(Repeats::default().is_due(&mut silent(), &full(0, 100)));
        assert!(!Repeats::default().is_due(&mut silent(), &full(0, 99)), "it was sent after that");
        assert!(!Repeats::default().is_due(&mut silent(), &full(1, 400)), "at another socket");
        // Over TCP, what there is no room for waits.
        let mut stream = silent();
        stream.attempts[0].transport = Transport::Tcp;
        assert!(!Repeats::default().is_due(&mut stream, &full(0, 400)));
        // An answer is an answer, whatever was lost beside it.
        let mut answered =
            exchange(ExchangeEnd::Answered { response: vec![0; 12].into(), attempt: 0 });
        assert!(!Repeats::default().is_due(&mut answered, &full(0, 400)));
        assert!(!answered.spoiled);
    }
}
