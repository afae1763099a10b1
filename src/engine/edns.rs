//! Whether a server takes EDNS, as its responses show.

use std::time::Duration;

use super::time::Time;
use crate::wire::Rcode;

/// Names in a row that a server answers without EDNS only, before it is taken to know plain DNS
/// only: one FORMERR may have other reasons, and may come from one instance of many.
const NAMES: u8 = 4;

/// How long that is taken for granted. Then one query with EDNS shows whether it still holds.
const HOLDS: Duration = Duration::from_secs(60);

/// What one server was seen to make of EDNS.
#[derive(Debug, Default)]
pub(super) struct EdnsSupport {
    /// Names in a row that needed plain DNS.
    plain_names: u8,
    /// The server knows plain DNS only: how it said so, and until when that is taken for granted.
    off: Option<(Rcode, Time)>,
}

impl EdnsSupport {
    /// How the server refused EDNS, if the next query should go without.
    #[inline]
    pub(super) fn off(&mut self, now: Time) -> Option<Rcode> {
        let (rcode, until) = self.off?;
        if now < until {
            return Some(rcode);
        }
        // This one query tries EDNS again; the others wait for what comes of it.
        self.off = Some((rcode, now + HOLDS));
        None
    }

    /// A query with EDNS had a useful response.
    #[inline]
    pub(super) fn on_answer_with(&mut self) {
        *self = Self::default();
    }

    /// A query without EDNS had a useful response, after the server said `rcode` to one with EDNS.
    pub(super) fn on_answer_without(&mut self, rcode: Rcode, now: Time) {
        self.plain_names = self.plain_names.saturating_add(1);
        if self.plain_names >= NAMES {
            self.off = Some((rcode, now + HOLDS));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_names_in_a_row_decide_and_one_query_a_minute_tries_again() {
        let mut support = EdnsSupport::default();
        let at = |seconds| Time::ZERO + Duration::from_secs(seconds);
        for _ in 1..NAMES {
            support.on_answer_without(Rcode::FORMERR, at(0));
        }
        support.on_answer_with();
        for _ in 1..NAMES {
            support.on_answer_without(Rcode::FORMERR, at(0));
            assert_eq!(support.off(at(0)), None);
        }
        support.on_answer_without(Rcode::NOTIMP, at(0));
        assert_eq!(support.off(at(59)), Some(Rcode::NOTIMP));
        assert_eq!((support.off(at(60)), support.off(at(60))), (None, Some(Rcode::NOTIMP)));
        // Nothing came of the try, so there is another one a minute later.
        assert_eq!((support.off(at(119)), support.off(at(120))), (Some(Rcode::NOTIMP), None));
        support.on_answer_with();
        assert_eq!(support.off(at(121)), None);
    }
}
