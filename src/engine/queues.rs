//! Which queue an exchange waits in, for any server or for a certain one.

use super::engine::Engine;
use super::exchange::{ServerChoice, ServerId};

impl Engine {
    /// Puts an exchange into the queue of the one server that is to have it. One that is asked again
    /// goes first: else a server that is silent is found out only when all have been asked once.
    pub(super) fn enqueue(&mut self, index: u32, id: ServerId) {
        let server = &mut self.servers[id.0 as usize];
        let slot = &mut self.slots[index];
        slot.queued = true;
        if slot.attempts.is_empty() && slot.own.is_none() {
            server.queue.push_back(index);
        } else {
            server.queue.push_front(index);
        }
        if !server.queued {
            server.queued = true;
            self.queued.push(id);
        }
    }

    /// Puts an exchange among those that any server may have.
    #[inline]
    pub(super) fn make_ready(&mut self, index: u32) {
        let slot = &mut self.slots[index];
        slot.queued = true;
        let length = slot.name().len();
        if slot.attempts.is_empty() {
            self.ready.push(index, length);
        } else {
            self.ready.push_again(index, length);
        }
    }

    /// The same for one that the servers with room now do not suit: it waits behind all others.
    pub(super) fn make_ready_last(&mut self, index: u32) {
        let slot = &mut self.slots[index];
        slot.queued = true;
        let length = slot.name().len();
        self.ready.push(index, length);
    }

    /// Takes exchanges that have ended out of the queues.
    pub(super) fn sweep_queues(&mut self) {
        let ready: Vec<u32> = self.ready.drain().collect();
        for index in ready {
            if !self.slots.left_queue(index) {
                self.make_ready(index);
            }
        }
        for server in &mut self.servers {
            server.queue.retain(|&index| {
                let ended = self.slots.left_queue(index);
                self.slots[index].queued = !ended;
                !ended
            });
        }
    }

    /// Lets others have the exchanges that wait for this server and may go anywhere.
    pub(super) fn move_queue(&mut self, id: ServerId) {
        let server = &mut self.servers[id.0 as usize];
        let (movable, staying) = std::mem::take(&mut server.queue)
            .into_iter()
            .partition::<std::collections::VecDeque<u32>, _>(|&index| {
            self.slots[index].servers == ServerChoice::Any
        });
        server.queue = staying;
        for index in movable {
            if !self.slots.left_queue(index) {
                self.slots[index].plan.server = None;
                self.make_ready(index);
            }
        }
    }
}
