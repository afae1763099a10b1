//! Which queries to repeat, because this program, or the machine, was absent while they waited.
//!
//! Exchanges that have ended flow in, with the time of the [last return](crate::net::Driver::back_since);
//! what comes out is whether to repeat them. Knows neither queries nor sockets.

use std::collections::HashMap;

use crate::engine::Time;
use crate::walk::Exchange;

/// How often a query is repeated: a machine that is always absent learns nothing, and must come to an
/// end all the same.
const MOST_REPEATS: u8 = 3;

/// The exchanges that were repeated, by [`Exchange::id`].
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    times: HashMap<u64, u8>,
}

impl Repeats {
    /// Notes on an exchange that has ended whether an absence spoiled it. Returns whether to repeat it:
    /// there is no response, perhaps only because of that.
    pub(crate) fn is_due(&mut self, exchange: &mut Exchange, back_since: Option<Time>) -> bool {
        exchange.note_absence(back_since);
        if exchange.is_missing_by_absence() {
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
    use crate::engine::{Attempt, Failure, Outcome, ServerId, SocketId, Transport};
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
            outcome: Outcome::Waiting,
            duplicates: 0,
            mismatched: 0,
            retried_because: None,
        };
        Exchange { id: 7, attempts: vec![attempt], unmatched: Vec::new(), end, spoiled: false }
    }

    fn silent() -> Exchange {
        exchange(ExchangeEnd::Failed(Failure::TimedOut))
    }

    #[test]
    fn what_an_absence_left_without_an_answer_is_due_again() {
        let mut repeats = Repeats::default();
        let mut first = silent();
        assert!(repeats.is_due(&mut first, Some(at(400))));
        assert!(first.spoiled);
        let mut answered =
            exchange(ExchangeEnd::Answered { response: vec![0; 12].into(), attempt: 0 });
        assert!(!repeats.is_due(&mut answered, Some(at(50))));
        assert!(!answered.spoiled);
        assert!(repeats.times.is_empty(), "what has ended is forgotten");
    }

    #[test]
    fn who_is_always_absent_comes_to_an_end_that_blames_nobody() {
        let mut repeats = Repeats::default();
        for _ in 0..MOST_REPEATS {
            assert!(repeats.is_due(&mut silent(), Some(at(400))));
        }
        let mut last = silent();
        assert!(!repeats.is_due(&mut last, Some(at(400))));
        assert!(last.is_missing_by_absence());
        assert!(repeats.times.is_empty(), "what has ended is forgotten");
    }

    #[test]
    fn silence_while_nobody_was_absent_is_silence() {
        for back_since in [None, Some(at(99))] {
            let mut exchange = silent();
            assert!(!Repeats::default().is_due(&mut exchange, back_since));
            assert!(!exchange.spoiled);
        }
    }

    #[test]
    fn what_was_answered_or_given_up_is_not_due() {
        let answered = ExchangeEnd::Answered { response: vec![0; 12].into(), attempt: 0 };
        for end in [answered, ExchangeEnd::Failed(Failure::Cancelled)] {
            assert!(!Repeats::default().is_due(&mut exchange(end), Some(at(400))));
        }
    }
}
