//! What is to be put once more, because this program, or the machine, was absent while it waited.
//!
//! Exchanges that have ended flow in, with the time of the [last return](crate::net::Driver::back_since);
//! what comes out is whether to put them again. Knows neither queries nor sockets.

use std::collections::HashMap;

use crate::engine::Time;
use crate::walk::Exchange;

/// How often a query is put again: one that is never there finds out nothing, and must come to an end
/// all the same.
const AGAIN: u8 = 3;

/// The exchanges that were put again, by [`Exchange::id`].
#[derive(Debug, Default)]
pub(crate) struct Again {
    times: HashMap<u64, u8>,
}

impl Again {
    /// Notes on an exchange that has ended whether an absence spoiled it. Whether it is to be put again:
    /// there is no answer, perhaps only because of that.
    pub(crate) fn is_due(&mut self, exchange: &mut Exchange, back_since: Option<Time>) -> bool {
        exchange.note_absence(back_since);
        if exchange.is_missing_by_absence() {
            let times = self.times.entry(exchange.id).or_default();
            if *times < AGAIN {
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
        let mut again = Again::default();
        let mut first = silent();
        assert!(again.is_due(&mut first, Some(at(400))));
        assert!(first.spoiled);
        let mut answered =
            exchange(ExchangeEnd::Answered { response: vec![0; 12].into(), attempt: 0 });
        assert!(!again.is_due(&mut answered, Some(at(50))));
        assert!(!answered.spoiled);
        assert!(again.times.is_empty(), "what has ended is forgotten");
    }

    #[test]
    fn who_is_always_absent_comes_to_an_end_that_blames_nobody() {
        let mut again = Again::default();
        for _ in 0..AGAIN {
            assert!(again.is_due(&mut silent(), Some(at(400))));
        }
        let mut last = silent();
        assert!(!again.is_due(&mut last, Some(at(400))));
        assert!(last.is_missing_by_absence());
        assert!(again.times.is_empty(), "what has ended is forgotten");
    }

    #[test]
    fn silence_while_nobody_was_absent_is_silence() {
        for back_since in [None, Some(at(99))] {
            let mut exchange = silent();
            assert!(!Again::default().is_due(&mut exchange, back_since));
            assert!(!exchange.spoiled);
        }
    }

    #[test]
    fn what_was_answered_or_given_up_is_not_due() {
        let answered = ExchangeEnd::Answered { response: vec![0; 12].into(), attempt: 0 };
        for end in [answered, ExchangeEnd::Failed(Failure::Cancelled)] {
            assert!(!Again::default().is_due(&mut exchange(end), Some(at(400))));
        }
    }
}
