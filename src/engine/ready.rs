//! Exchanges that wait for any server, sorted by the length of their query.
//!
//! Queries of one length to one server can leave in one system call, so those that wait are kept
//! by length. The lengths take turns: no name waits long because its length is rare. Exchanges that
//! were asked before go first, and so travel in the same calls as new ones of their length.

const NONE: u32 = u32::MAX;
const LENGTHS: usize = 256;

/// Exchanges that wait: those that are asked again before those that are new.
#[derive(Debug)]
pub(super) struct Ready {
    again: Lengths,
    new: Lengths,
    /// Whether the new ones have the next turn.
    new_first: bool,
}

/// Queues of slots, one for each length of a name in wire form; links are kept by slot.
#[derive(Debug)]
struct Lengths {
    heads: [u32; LENGTHS],
    tails: [u32; LENGTHS],
    occupied: [u64; LENGTHS / 64],
    next: Vec<u32>,
    turn: usize,
    len: usize,
}

impl Ready {
    pub(super) fn new() -> Self {
        Self { again: Lengths::new(), new: Lengths::new(), new_first: false }
    }

    pub(super) fn len(&self) -> usize {
        self.again.len + self.new.len
    }

    /// Those that are new.
    pub(super) fn new_len(&self) -> usize {
        self.new.len
    }

    /// One that waits.
    pub(super) fn first(&self) -> Option<u32> {
        self.new.first().or_else(|| self.again.first())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts `slot` at the end of the queue for names of `length` octets.
    #[inline]
    pub(super) fn push(&mut self, slot: u32, length: usize) {
        self.new.push(slot, length);
    }

    /// The same for an exchange that is asked again.
    #[inline]
    pub(super) fn push_again(&mut self, slot: u32, length: usize) {
        self.again.push(slot, length);
    }

    /// The length whose turn it is; the next call gives another one, if there is another. Those that
    /// are asked again and those that are new have their turns alternately.
    pub(super) fn next_length(&mut self) -> Option<usize> {
        let (first, second) = if self.new_first {
            (&mut self.new, &mut self.again)
        } else {
            (&mut self.again, &mut self.new)
        };
        first.next_length().or_else(|| second.next_length())
    }

    /// Something was sent: the others have the next turn.
    #[inline]
    pub(super) fn turn(&mut self) {
        self.new_first = !self.new_first;
    }

    /// The slots of a length, in the order they will be taken.
    #[inline]
    pub(super) fn peek(&self, length: usize) -> impl Iterator<Item = u32> {
        let (first, second) = self.in_turn();
        first.peek(length).chain(second.peek(length))
    }

    #[inline]
    fn in_turn(&self) -> (&Lengths, &Lengths) {
        if self.new_first { (&self.new, &self.again) } else { (&self.again, &self.new) }
    }

    /// Takes the first slot of a length.
    #[inline]
    pub(super) fn pop(&mut self, length: usize) -> Option<u32> {
        let (first, second) = if self.new_first {
            (&mut self.new, &mut self.again)
        } else {
            (&mut self.again, &mut self.new)
        };
        first.pop(length).or_else(|| second.pop(length))
    }

    /// Takes all slots.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = u32> {
        std::iter::from_fn(|| {
            let length = self.next_length()?;
            self.pop(length)
        })
    }
}

impl Lengths {
    const fn new() -> Self {
        Self {
            heads: [NONE; LENGTHS],
            tails: [NONE; LENGTHS],
            occupied: [0; LENGTHS / 64],
            next: Vec::new(),
            turn: 0,
            len: 0,
        }
    }

    #[inline]
    fn push(&mut self, slot: u32, length: usize) {
        if self.next.len() <= slot as usize {
            self.next.resize(slot as usize + 1, NONE);
        }
        self.next[slot as usize] = NONE;
        match self.tails[length] {
            NONE => self.heads[length] = slot,
            tail => self.next[tail as usize] = slot,
        }
        self.tails[length] = slot;
        self.occupied[length / 64] |= 1 << (length % 64);
        self.len += 1;
    }

    fn next_length(&mut self) -> Option<usize> {
        if self.len == 0 {
            return None;
        }
        let length = (0..LENGTHS)
            .map(|i| (self.turn + i) % LENGTHS)
            .find(|&length| self.occupied[length / 64] & 1 << (length % 64) != 0)?;
        self.turn = (length + 1) % LENGTHS;
        Some(length)
    }

    fn first(&self) -> Option<u32> {
        let word = self.occupied.iter().position(|&word| word != 0)?;
        let length = word * 64 + self.occupied[word].trailing_zeros() as usize;
        Some(self.heads[length])
    }

    #[inline]
    fn peek(&self, length: usize) -> impl Iterator<Item = u32> {
        let mut slot = self.heads[length];
        std::iter::from_fn(move || {
            let current = slot;
            (current != NONE).then(|| slot = self.next[current as usize]).map(|()| current)
        })
    }

    #[inline]
    fn pop(&mut self, length: usize) -> Option<u32> {
        let slot = self.heads[length];
        if slot == NONE {
            return None;
        }
        let next = self.next[slot as usize];
        self.heads[length] = next;
        if next == NONE {
            self.tails[length] = NONE;
            self.occupied[length / 64] &= !(1 << (length % 64));
        }
        self.len -= 1;
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_turns_and_keep_their_order() {
        let mut ready = Ready::new();
        for (slot, length) in [(0, 20), (1, 20), (2, 7), (3, 255), (4, 20)] {
            ready.push(slot, length);
        }
        let lengths: Vec<_> = (0..4).map(|_| ready.next_length().unwrap()).collect();
        assert_eq!(lengths, [7, 20, 255, 7]);
        assert_eq!(
            [ready.pop(20), ready.pop(20), ready.pop(20), ready.pop(20)],
            [Some(0), Some(1), Some(4), None]
        );
        ready.push(1, 20);
        assert_eq!(ready.pop(20), Some(1));
        let mut rest: Vec<_> = ready.drain().collect();
        rest.sort_unstable();
        assert_eq!((rest, ready.next_length()), (vec![2, 3], None));
        assert!(ready.is_empty());
    }

    #[test]
    fn what_is_asked_again_goes_first_and_takes_new_ones_of_its_length_along() {
        let mut ready = Ready::new();
        for (slot, length) in [(0, 7), (1, 20), (2, 20)] {
            ready.push(slot, length);
        }
        ready.push_again(3, 20);
        assert_eq!((ready.len(), ready.next_length()), (4, Some(20)));
        assert_eq!(ready.peek(20).collect::<Vec<_>>(), [3, 1, 2]);
        assert_eq!([ready.pop(20), ready.pop(20)], [Some(3), Some(1)]);
        assert_eq!(ready.drain().collect::<Vec<_>>(), [0, 2]);
    }
}
