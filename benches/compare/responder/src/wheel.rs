//! Replies that wait until their delay is over.

use crate::message::REPLY;
use crate::udp::Peer;

const TICK_NS: u64 = 100_000;
/// 3.27 s.
const SLOTS: u64 = 32_768;
/// How long to wait for queries while nothing is due.
const IDLE_NS: u64 = 50_000_000;

pub struct Reply {
    pub peer: Peer,
    /// The address that was asked, and answers.
    pub local: u32,
    pub message: [u8; REPLY],
    pub length: usize,
}

impl Reply {
    pub fn new(peer: Peer, local: u32) -> Self {
        Self { peer, local, message: [0; REPLY], length: 0 }
    }

    pub fn octets(&self) -> &[u8] {
        &self.message[..self.length]
    }
}

pub struct Wheel {
    slots: Vec<Vec<Reply>>,
    /// Every slot before this tick is empty.
    tick: u64,
    waiting: usize,
}

impl Wheel {
    pub fn new(now_ns: u64) -> Self {
        Self { slots: (0..SLOTS).map(|_| Vec::new()).collect(), tick: now_ns / TICK_NS, waiting: 0 }
    }

    pub fn insert(&mut self, at_ns: u64, reply: Reply) {
        let tick = at_ns.div_ceil(TICK_NS).clamp(self.tick, self.tick + SLOTS - 1);
        self.slots[(tick % SLOTS) as usize].push(reply);
        self.waiting += 1;
    }

    /// Moves what is due to the end of `due`.
    pub fn expire(&mut self, now_ns: u64, due: &mut Vec<Reply>) {
        let now = now_ns / TICK_NS;
        while self.waiting > 0 && self.tick <= now {
            let slot = &mut self.slots[(self.tick % SLOTS) as usize];
            self.waiting -= slot.len();
            due.append(slot);
            self.tick += 1;
        }
        self.tick = self.tick.max(now);
    }

    /// How long nothing becomes due.
    pub fn wait_ns(&self, now_ns: u64) -> u64 {
        if self.waiting == 0 {
            return IDLE_NS;
        }
        let horizon = self.tick + IDLE_NS / TICK_NS;
        let next =
            (self.tick..horizon).find(|tick| !self.slots[(tick % SLOTS) as usize].is_empty());
        (next.unwrap_or(horizon) * TICK_NS).saturating_sub(now_ns)
    }
}
