//! The queue in front of one UDP socket: which datagrams are next, and what an error means for
//! them.
//!
//! Pure: a backend asks what to send, tries, and tells what came of it; the queue says how to go
//! on. So that no datagram is lost or sent twice is tested without a socket.

use std::ops::Range;

use super::send_batches::SendBatches;

/// How often one message is tried again after an error that may have been left at the socket by
/// ICMP, on behalf of another message.
const PENDING_TRIES: u8 = 8;

/// How often one message is tried again while the system has no buffers for it. The tries are
/// about a millisecond apart. Those behind it are tried once each, until one is sent.
const NO_BUFFER_TRIES: u8 = 100;

/// Batches that wait for one socket.
#[derive(Debug, Default)]
pub(super) struct SendQueue {
    /// Places in the list of batches.
    batches: Vec<u32>,
    /// How many of them are done.
    done: usize,
    /// How many datagrams of the next one are done.
    datagram: usize,
    /// Whether the kernel may cut batches into datagrams.
    segmentation: bool,
    /// The next batch goes out datagram by datagram, because the kernel refused it as a whole.
    split: bool,
    /// Tries of the next message that failed, by whose fault it seemed.
    pending: u8,
    no_buffer: u8,
}

/// One message: datagrams of one batch that go out together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    /// The place of the batch in the list.
    pub(super) batch: usize,
    /// Which of its datagrams.
    pub(super) datagrams: Range<usize>,
}

/// How to go on after an error.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NextStep {
    /// Send again what is left.
    Again,
    /// Fetch what ICMP left at the socket, then send again what is left.
    FetchErrors,
    /// Wait until the socket has room.
    AwaitRoom,
    /// Wait a moment: the system has no buffers, and does not tell when it has.
    AwaitBuffers,
    /// This message cannot be sent; it is off the queue.
    GiveUp(Chunk),
}

/// How far the batches of one socket got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QueueState {
    /// All are sent or given up.
    Done,
    /// The socket has no room; `poll` will tell when it has.
    AwaitRoom,
    /// The system has no buffers.
    AwaitBuffers,
}

/// What an error number means, in the terms of the system at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SendError {
    /// The socket's send buffer is full.
    Full,
    /// The call was interrupted.
    Interrupted,
    /// The system is out of buffers.
    NoBuffers,
    /// It may be that ICMP caused it, and that it is about another message.
    MaybePending(Subject),
    /// It is about this message.
    Refused(Subject),
}

/// What an error about a batch is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// The destination, or the right to send there: the same for each datagram.
    Destination,
    /// Perhaps that the kernel or the device cannot cut it into datagrams.
    Segmentation,
}

impl SendQueue {
    pub(super) fn new(segmentation: bool) -> Self {
        Self { segmentation, ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.done == self.batches.len()
    }

    /// Whether the kernel is still trusted to cut batches into datagrams.
    pub(super) fn segmentation(&self) -> bool {
        self.segmentation
    }

    /// Adds a batch by its place in the list; a new list begins when the queue is empty.
    pub(super) fn push(&mut self, batch: usize) {
        if self.is_empty() {
            self.batches.clear();
            self.done = 0;
        }
        self.batches.push(batch as u32);
    }

    /// The messages to send, in order.
    pub(super) fn chunks<'a>(
        &'a self,
        batches: &'a impl SendBatches,
    ) -> impl Iterator<Item = Chunk> + 'a {
        let mut done = self.done;
        let mut datagram = self.datagram;
        std::iter::from_fn(move || {
            let batch = *self.batches.get(done)? as usize;
            let count = batches.count(batch);
            let whole = self.segmentation && datagram == 0 && !(self.split && done == self.done);
            let datagrams = datagram..if whole { count } else { datagram + 1 };
            if datagrams.end >= count {
                done += 1;
                datagram = 0;
            } else {
                datagram = datagrams.end;
            }
            Some(Chunk { batch, datagrams })
        })
    }

    /// The next message to send.
    pub(super) fn next(&self, batches: &impl SendBatches) -> Option<Chunk> {
        self.chunks(batches).next()
    }

    /// The kernel took the first `messages` of the chunks. Returns how many datagrams that is.
    pub(super) fn sent(&mut self, messages: usize, batches: &impl SendBatches) -> usize {
        let alone = self.split && self.datagram == 0;
        let mut datagrams = 0;
        let mut last = None;
        for chunk in self.chunks(batches).take(messages) {
            datagrams += chunk.datagrams.len();
            last = Some(chunk);
        }
        if let Some(chunk) = last {
            self.no_buffer = 0;
            self.move_behind(&chunk, batches);
            if alone {
                // The first datagram went through by itself: the segmentation had been refused.
                self.segmentation = false;
            }
        }
        datagrams
    }

    /// The first message failed.
    pub(super) fn failed(&mut self, send_error: SendError, batches: &impl SendBatches) -> NextStep {
        match send_error {
            SendError::Full => return NextStep::AwaitRoom,
            SendError::Interrupted => return NextStep::Again,
            SendError::NoBuffers if self.no_buffer < NO_BUFFER_TRIES => {
                self.no_buffer += 1;
                return NextStep::AwaitBuffers;
            }
            SendError::MaybePending(_) if self.pending < PENDING_TRIES => {
                self.pending += 1;
                return NextStep::FetchErrors;
            }
            _ => {}
        }
        let Some(chunk) = self.next(batches) else { return NextStep::Again };
        if chunk.datagrams.len() > 1
            && let SendError::MaybePending(Subject::Segmentation)
            | SendError::Refused(Subject::Segmentation) = send_error
        {
            self.split = true;
            self.pending = 0;
            return NextStep::Again;
        }
        self.move_behind(&chunk, batches);
        NextStep::GiveUp(chunk)
    }

    /// After [`NextStep::FetchErrors`]: there was none to fetch. The failed call has taken the
    /// error off the socket, if it was ICMP's, so the next one is about the message.
    pub(super) fn nothing_fetched(&mut self) {
        self.pending = PENDING_TRIES;
    }

    fn move_behind(&mut self, chunk: &Chunk, batches: &impl SendBatches) {
        self.pending = 0;
        let place = self.batches[self.done..].iter().position(|&t| t as usize == chunk.batch);
        self.done += place.unwrap_or(0);
        if place != Some(0) {
            self.split = false;
        }
        self.datagram = chunk.datagrams.end;
        if self.datagram >= batches.count(chunk.batch) {
            self.done += 1;
            self.datagram = 0;
            self.split = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::engine::SocketId;
    use crate::net::udp::send_batches::Outgoing;

    /// Batches of these many datagrams.
    struct Counts(Vec<usize>);

    impl SendBatches for Counts {
        fn len(&self) -> usize {
            self.0.len()
        }

        fn count(&self, batch: usize) -> usize {
            self.0[batch]
        }

        fn batch(&self, _: usize) -> Outgoing<'_> {
            let to = SocketAddr::from(([127, 0, 0, 1], 53));
            Outgoing { socket: SocketId(0), to, segment: 1, octets: &[] }
        }
    }

    fn queue(batches: &Counts, segmentation: bool) -> SendQueue {
        let mut queue = SendQueue::new(segmentation);
        for batch in 0..batches.0.len() {
            queue.push(batch);
        }
        queue
    }

    fn chunk(batch: usize, datagrams: Range<usize>) -> Chunk {
        Chunk { batch, datagrams }
    }

    fn all(queue: &SendQueue, batches: &Counts) -> Vec<Chunk> {
        queue.chunks(batches).collect()
    }

    #[test]
    fn a_batch_is_one_message_with_segmentation_and_many_without() {
        let batches = Counts(vec![3, 1]);
        assert_eq!(all(&queue(&batches, true), &batches), [chunk(0, 0..3), chunk(1, 0..1)]);
        assert_eq!(
            all(&queue(&batches, false), &batches),
            [chunk(0, 0..1), chunk(0, 1..2), chunk(0, 2..3), chunk(1, 0..1)]
        );
    }

    #[test]
    fn what_the_kernel_did_not_take_stays() {
        let batches = Counts(vec![3, 2, 2]);
        let mut queue = queue(&batches, false);
        assert_eq!(queue.sent(4, &batches), 4);
        assert_eq!(queue.failed(SendError::Full, &batches), NextStep::AwaitRoom);
        assert_eq!(all(&queue, &batches), [chunk(1, 1..2), chunk(2, 0..1), chunk(2, 1..2)]);
        assert_eq!(queue.sent(3, &batches), 3);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_batch_that_is_refused_whole_goes_out_in_datagrams_and_ends_segmentation() {
        let batches = Counts(vec![2, 3, 2]);
        let mut queue = queue(&batches, true);
        assert_eq!(queue.sent(1, &batches), 2);
        assert_eq!(
            queue.failed(SendError::Refused(Subject::Segmentation), &batches),
            NextStep::Again
        );
        assert_eq!(
            all(&queue, &batches),
            [chunk(1, 0..1), chunk(1, 1..2), chunk(1, 2..3), chunk(2, 0..2)]
        );
        assert_eq!(queue.sent(1, &batches), 1);
        assert!(!queue.segmentation());
        assert_eq!(queue.sent(4, &batches), 4);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_batch_to_a_bad_address_does_not_end_segmentation() {
        let batches = Counts(vec![2, 2]);
        let mut queue = queue(&batches, true);
        assert_eq!(
            queue.failed(SendError::Refused(Subject::Segmentation), &batches),
            NextStep::Again
        );
        for datagram in 0..2 {
            assert_eq!(
                queue.failed(SendError::Refused(Subject::Segmentation), &batches),
                NextStep::GiveUp(chunk(0, datagram..datagram + 1))
            );
        }
        assert!(queue.segmentation());
        assert_eq!(all(&queue, &batches), [chunk(1, 0..2)]);
    }

    #[test]
    fn a_batch_that_may_not_be_sent_ends_as_one() {
        let batches = Counts(vec![2, 1]);
        let mut queue = queue(&batches, true);
        assert_eq!(
            queue.failed(SendError::Refused(Subject::Destination), &batches),
            NextStep::GiveUp(chunk(0, 0..2))
        );
        assert_eq!(all(&queue, &batches), [chunk(1, 0..1)]);
    }

    #[test]
    fn an_error_without_an_icmp_error_is_believed_the_second_time() {
        let batches = Counts(vec![1]);
        let mut queue = queue(&batches, true);
        let send_error = SendError::MaybePending(Subject::Destination);
        assert_eq!(queue.failed(send_error, &batches), NextStep::FetchErrors);
        queue.nothing_fetched();
        assert_eq!(queue.failed(send_error, &batches), NextStep::GiveUp(chunk(0, 0..1)));
    }

    #[test]
    fn an_error_that_icmp_left_is_fetched_and_the_message_sent_again() {
        let batches = Counts(vec![1]);
        let mut queue = queue(&batches, true);
        assert_eq!(
            queue.failed(SendError::MaybePending(Subject::Destination), &batches),
            NextStep::FetchErrors
        );
        assert_eq!(all(&queue, &batches), [chunk(0, 0..1)]);
        assert_eq!(queue.sent(1, &batches), 1);
        assert!(queue.is_empty());
    }

    #[test]
    fn an_error_that_does_not_go_away_ends_the_message_and_only_that() {
        let batches = Counts(vec![1, 1]);
        for (send_error, tries) in [
            (SendError::MaybePending(Subject::Destination), PENDING_TRIES),
            (SendError::NoBuffers, NO_BUFFER_TRIES),
        ] {
            let mut queue = queue(&batches, true);
            for _ in 0..tries {
                assert!(!matches!(queue.failed(send_error, &batches), NextStep::GiveUp(_)));
            }
            assert_eq!(queue.failed(send_error, &batches), NextStep::GiveUp(chunk(0, 0..1)));
            assert_eq!(all(&queue, &batches), [chunk(1, 0..1)]);
        }
    }

    /// An interface that is down takes nothing for seconds: a hundred tries for each message of a
    /// batch would be minutes.
    #[test]
    fn a_lack_of_buffers_is_waited_for_once_until_something_is_sent() {
        let batches = Counts(vec![1, 1, 1, 1]);
        let mut queue = queue(&batches, true);
        for _ in 0..NO_BUFFER_TRIES {
            assert_eq!(queue.failed(SendError::NoBuffers, &batches), NextStep::AwaitBuffers);
        }
        for batch in 0..2 {
            let given_up = NextStep::GiveUp(chunk(batch, 0..1));
            assert_eq!(queue.failed(SendError::NoBuffers, &batches), given_up);
        }
        assert_eq!(queue.sent(1, &batches), 1);
        assert_eq!(queue.failed(SendError::NoBuffers, &batches), NextStep::AwaitBuffers);
    }

    #[test]
    fn a_new_list_begins_when_the_queue_is_empty() {
        let batches = Counts(vec![2]);
        let mut queue = queue(&batches, true);
        queue.sent(1, &batches);
        queue.push(0);
        assert_eq!(all(&queue, &batches), [chunk(0, 0..2)]);
    }
}
