//! How many messages came for a question that no query of it explains.
//!
//! Who forges answers has to guess a message ID, and nearly all of his messages have a wrong one:
//! they cannot be told to belong to an exchange, but they name the question that they are meant
//! to answer. So they are counted by the question. As long as nothing of the kind comes, there is
//! no table, and a response costs one comparison.

use std::time::Duration;

use super::time::Time;

/// How long a message is remembered, at least: longer than an exchange usually takes.
const SPAN: Duration = Duration::from_secs(30);

/// Counts by the hash of the question. That two questions may share a place costs one of them a
/// TCP query.
#[derive(Debug, Default)]
pub(super) struct Suspicion {
    /// Those of this span and those of the one before.
    counts: [Vec<u8>; 2],
    since: Time,
}

impl Suspicion {
    /// Whether there is nothing to be asked about.
    #[inline]
    pub(super) fn is_quiet(&self) -> bool {
        self.counts[0].is_empty()
    }

    /// A message came for this question, and none of its queries explains it.
    #[cold]
    pub(super) fn note(&mut self, question: u16, now: Time) {
        let age = now.since(self.since);
        if self.is_quiet() || age >= 2 * SPAN {
            self.counts = [vec![0; 1 << 16], Vec::new()];
            self.since = now;
        } else if age >= SPAN {
            self.counts.swap(0, 1);
            self.counts[0].clear();
            self.counts[0].resize(1 << 16, 0);
            self.since = now;
        }
        let count = &mut self.counts[0][usize::from(question)];
        *count = count.saturating_add(1);
    }

    /// How many such messages came lately.
    #[cold]
    pub(super) fn about(&mut self, question: u16, now: Time) -> u16 {
        if now.since(self.since) >= 2 * SPAN {
            self.counts = Default::default();
        }
        let at = usize::from(question);
        self.counts.iter().filter_map(|counts| counts.get(at)).map(|&count| u16::from(count)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_remembered_for_a_while_and_then_the_table_goes() {
        let mut suspicion = Suspicion::default();
        let at = |seconds| Time::ZERO + Duration::from_secs(seconds);
        assert!(suspicion.is_quiet());
        for second in [100, 101, 129] {
            suspicion.note(7, at(second));
        }
        assert_eq!((suspicion.about(7, at(129)), suspicion.about(8, at(129))), (3, 0));
        suspicion.note(7, at(131));
        assert_eq!(suspicion.about(7, at(159)), 4);
        suspicion.note(9, at(165));
        assert_eq!((suspicion.about(7, at(165)), suspicion.about(9, at(165))), (1, 1));
        assert_eq!(suspicion.about(9, at(225)), 0);
        assert!(suspicion.is_quiet());
        for _ in 0..1000 {
            suspicion.note(1, at(300));
        }
        assert_eq!(suspicion.about(1, at(300)), 255);
    }
}
