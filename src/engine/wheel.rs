//! A timer wheel: one timer for each index, set, moved and taken away in constant time.

use super::time::Time;

const NONE: u32 = u32::MAX;
/// A tick is 2^20 nanoseconds, a little over a millisecond: timers fire at most that much late.
const TICK_BITS: u32 = 20;
/// 8,192 ticks are 8.6 s; a timer that is further away stays in its bucket for more rounds.
const BUCKETS: usize = 8192;

/// Timers by index. A bucket is a doubly linked list through `nodes`, so nothing is searched and
/// nothing is left behind when a timer is cancelled.
#[derive(Debug)]
pub(super) struct Wheel {
    heads: Vec<u32>,
    /// One bit a bucket: whether it has a timer.
    occupied: Vec<u64>,
    nodes: Vec<Node>,
    /// All ticks before this one have been fired.
    cursor: u64,
    armed: usize,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    prev: u32,
    next: u32,
    /// [`u64::MAX`] when the timer is not set.
    tick: u64,
}

const UNSET: Node = Node { prev: NONE, next: NONE, tick: u64::MAX };

impl Wheel {
    pub(super) fn new() -> Self {
        Self {
            heads: vec![NONE; BUCKETS],
            occupied: vec![0; BUCKETS / 64],
            nodes: Vec::new(),
            cursor: 0,
            armed: 0,
        }
    }

    /// Sets the timer of `index`, in place of the one it may have.
    #[inline]
    pub(super) fn set(&mut self, index: u32, at: Time) {
        self.cancel(index);
        if self.nodes.len() <= index as usize {
            self.nodes.resize(index as usize + 1, UNSET);
        }
        // Rounded up: a timer never fires early. One that is due already fires in the next turn.
        let tick = at.as_nanos().div_ceil(1 << TICK_BITS).max(self.cursor);
        let bucket = tick as usize % BUCKETS;
        let head = self.heads[bucket];
        self.nodes[index as usize] = Node { prev: NONE, next: head, tick };
        if head != NONE {
            self.nodes[head as usize].prev = index;
        }
        self.heads[bucket] = index;
        self.occupied[bucket / 64] |= 1 << (bucket % 64);
        self.armed += 1;
    }

    /// Takes the timer of `index` away, if it has one.
    #[inline]
    pub(super) fn cancel(&mut self, index: u32) {
        let Some(&node) = self.nodes.get(index as usize) else { return };
        if node.tick == u64::MAX {
            return;
        }
        let bucket = node.tick as usize % BUCKETS;
        if node.prev == NONE {
            self.heads[bucket] = node.next;
            if node.next == NONE {
                self.occupied[bucket / 64] &= !(1 << (bucket % 64));
            }
        } else {
            self.nodes[node.prev as usize].next = node.next;
        }
        if node.next != NONE {
            self.nodes[node.next as usize].prev = node.prev;
        }
        self.nodes[index as usize] = UNSET;
        self.armed -= 1;
    }

    /// Takes one timer that is due at `now`; `None` when there is no more.
    pub(super) fn pop_due(&mut self, now: Time) -> Option<u32> {
        let now = now.as_nanos() >> TICK_BITS;
        while self.cursor <= now && self.armed > 0 {
            let Some(distance) = self.next_occupied() else { break };
            if self.cursor + distance > now {
                break;
            }
            self.cursor += distance;
            let mut index = self.heads[self.cursor as usize % BUCKETS];
            while index != NONE {
                let node = self.nodes[index as usize];
                if node.tick <= self.cursor {
                    self.cancel(index);
                    return Some(index);
                }
                index = node.next;
            }
            self.cursor += 1;
        }
        // Nothing is due: later calls need not look at these ticks again. The current one stays
        // open, for a timer that is set for it after this call.
        self.cursor = self.cursor.max(now);
        None
    }

    /// When the next timer may be due; `None` if none is set. Too early by whole rounds of the
    /// wheel for timers that are more than a round away, never too late.
    pub(super) fn next(&self) -> Option<Time> {
        if self.armed == 0 {
            return None;
        }
        let distance = self.next_occupied()?;
        Some(Time::from_nanos((self.cursor + distance) << TICK_BITS))
    }

    /// How many ticks from the cursor to the next bucket with a timer in it.
    fn next_occupied(&self) -> Option<u64> {
        let start = self.cursor as usize % BUCKETS;
        let words = self.occupied.len();
        let first = self.occupied[start / 64] & (u64::MAX << (start % 64));
        let bucket = if first != 0 {
            start / 64 * 64 + first.trailing_zeros() as usize
        } else {
            let word = (1..=words)
                .map(|i| (start / 64 + i) % words)
                .find(|&word| self.occupied[word] != 0)?;
            word * 64 + self.occupied[word].trailing_zeros() as usize
        };
        Some(((bucket + BUCKETS - start) % BUCKETS) as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn at(ms: u64) -> Time {
        Time::ZERO + Duration::from_millis(ms)
    }

    #[test]
    fn a_timer_beyond_one_round_waits_for_its_own_round() {
        let mut wheel = Wheel::new();
        wheel.set(0, at(20_000));
        wheel.set(1, at(20_000 - 8_590));
        assert_eq!(wheel.pop_due(at(11_000)), None);
        assert_eq!(wheel.pop_due(at(11_500)), Some(1));
        assert_eq!(wheel.pop_due(at(19_999)), None);
        assert_eq!(wheel.pop_due(at(20_002)), Some(0));
        assert_eq!(wheel.next(), None);
    }

    proptest! {
        #[test]
        fn timers_fire_once_in_time_and_never_early(
            steps in prop::collection::vec((0u32..40, 0u64..20_000, 0u8..4, 0u64..800), 1..300)
        ) {
            let mut wheel = Wheel::new();
            let mut model: BTreeMap<u32, u64> = BTreeMap::new();
            let mut now = 0;
            for (index, delay, action, step) in steps {
                match action {
                    0 => {
                        wheel.cancel(index);
                        model.remove(&index);
                    }
                    1 | 2 => {
                        wheel.set(index, at(now + delay));
                        model.insert(index, now + delay);
                    }
                    _ => {}
                }
                now += step;
                if let (Some(next), Some(&due)) = (wheel.next(), model.values().min()) {
                    prop_assert!(next <= at(due.max(now - step) + 2), "woken too late");
                }
                while let Some(fired) = wheel.pop_due(at(now)) {
                    let due = model.remove(&fired);
                    prop_assert!(due.is_some_and(|due| due <= now), "early or unset: {due:?}");
                }
                // Two ticks of slack, as documented.
                prop_assert!(model.values().all(|&due| due + 3 > now), "missed at {now}: {model:?}");
            }
        }
    }
}
