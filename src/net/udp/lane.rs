//! The queue in front of one UDP socket: which datagrams are next, and what an error means for
//! them.
//!
//! Pure: a backend asks what to send, tries, and tells what came of it; the lane says how to go
//! on. So that no datagram is lost or sent twice is tested without a socket.

use std::ops::Range;

use super::train::Trains;

/// How often one message is tried again after an error that may have been left at the socket by
/// ICMP, on behalf of another message.
const SUSPECT_TRIES: u8 = 8;

/// How often one message is tried again while the system has no buffers for it. The tries are
/// about a millisecond apart. Those behind it are tried once each, until one is sent.
const NO_BUFFER_TRIES: u8 = 100;

/// Trains that wait for one socket.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Places in the batch of trains.
    trains: Vec<u32>,
    /// How many of them are done.
    done: usize,
    /// How many datagrams of the next one are done.
    datagram: usize,
    /// Whether the kernel may cut trains into datagrams.
    segmentation: bool,
    /// The next train goes out datagram by datagram, because the kernel refused it as a whole.
    split: bool,
    /// Tries of the next message that failed, by whose fault it seemed.
    suspect: u8,
    no_buffer: u8,
}

/// One message: datagrams of one train that go out together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// The place of the train in the batch.
    pub(super) train: usize,
    /// Which of its datagrams.
    pub(super) datagrams: Range<usize>,
}

/// How to go on after an error.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Send again what is left.
    Again,
    /// Fetch what ICMP left at the socket, then send again what is left.
    FetchErrors,
    /// Wait until the socket has room.
    AwaitRoom,
    /// Wait a moment: the system has no buffers, and does not tell when it has.
    AwaitBuffers,
    /// This message cannot be sent; it is off the queue.
    GiveUp(Piece),
}

/// How far the trains of one socket got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// All are sent or given up.
    Done,
    /// The socket has no room; `poll` will tell when it has.
    AwaitRoom,
    /// The system has no buffers.
    AwaitBuffers,
}

/// What an error number means, in the terms of the system at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
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

/// What an error about a train is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// The destination, or the right to send there: the same for each datagram.
    Destination,
    /// Perhaps that the kernel or the device cannot cut it into datagrams.
    Segmentation,
}

impl Lane {
    pub(super) fn new(segmentation: bool) -> Self {
        Self { segmentation, ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.done == self.trains.len()
    }

    /// Whether the kernel is still trusted to cut trains into datagrams.
    pub(super) fn segmentation(&self) -> bool {
        self.segmentation
    }

    /// Adds a train by its place in the batch; a new batch begins when the lane is empty.
    pub(super) fn push(&mut self, train: usize) {
        if self.is_empty() {
            self.trains.clear();
            self.done = 0;
        }
        self.trains.push(train as u32);
    }

    /// The messages to send, in order.
    pub(super) fn pieces<'a>(
        &'a self,
        trains: &'a impl Trains,
    ) -> impl Iterator<Item = Piece> + 'a {
        let mut done = self.done;
        let mut datagram = self.datagram;
        std::iter::from_fn(move || {
            let train = *self.trains.get(done)? as usize;
            let count = trains.count(train);
            let whole = self.segmentation && datagram == 0 && !(self.split && done == self.done);
            let datagrams = datagram..if whole { count } else { datagram + 1 };
            if datagrams.end >= count {
                done += 1;
                datagram = 0;
            } else {
                datagram = datagrams.end;
            }
            Some(Piece { train, datagrams })
        })
    }

    /// The next message to send.
    pub(super) fn next(&self, trains: &impl Trains) -> Option<Piece> {
        self.pieces(trains).next()
    }

    /// The kernel took the first `messages` of the pieces. Returns how many datagrams that is.
    pub(super) fn sent(&mut self, messages: usize, trains: &impl Trains) -> usize {
        let alone = self.split && self.datagram == 0;
        let mut datagrams = 0;
        let mut last = None;
        for piece in self.pieces(trains).take(messages) {
            datagrams += piece.datagrams.len();
            last = Some(piece);
        }
        if let Some(piece) = last {
            self.no_buffer = 0;
            self.move_behind(&piece, trains);
            if alone {
                // The first datagram went through by itself: the segmentation had been refused.
                self.segmentation = false;
            }
        }
        datagrams
    }

    /// The first message failed.
    pub(super) fn failed(&mut self, trouble: Trouble, trains: &impl Trains) -> Verdict {
        match trouble {
            Trouble::Full => return Verdict::AwaitRoom,
            Trouble::Interrupted => return Verdict::Again,
            Trouble::NoBuffers if self.no_buffer < NO_BUFFER_TRIES => {
                self.no_buffer += 1;
                return Verdict::AwaitBuffers;
            }
            Trouble::MaybePending(_) if self.suspect < SUSPECT_TRIES => {
                self.suspect += 1;
                return Verdict::FetchErrors;
            }
            _ => {}
        }
        let Some(piece) = self.next(trains) else { return Verdict::Again };
        if piece.datagrams.len() > 1
            && let Trouble::MaybePending(Subject::Segmentation)
            | Trouble::Refused(Subject::Segmentation) = trouble
        {
            self.split = true;
            self.suspect = 0;
            return Verdict::Again;
        }
        self.move_behind(&piece, trains);
        Verdict::GiveUp(piece)
    }

    /// After [`Verdict::FetchErrors`]: there was none to fetch. The failed call has taken the
    /// error off the socket, if it was ICMP's, so the next one is about the message.
    pub(super) fn nothing_fetched(&mut self) {
        self.suspect = SUSPECT_TRIES;
    }

    fn move_behind(&mut self, piece: &Piece, trains: &impl Trains) {
        self.suspect = 0;
        let place = self.trains[self.done..].iter().position(|&t| t as usize == piece.train);
        self.done += place.unwrap_or(0);
        if place != Some(0) {
            self.split = false;
        }
        self.datagram = piece.datagrams.end;
        if self.datagram >= trains.count(piece.train) {
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
    use crate::net::udp::train::Outgoing;

    /// Trains of these many datagrams.
    struct Counts(Vec<usize>);

    impl Trains for Counts {
        fn len(&self) -> usize {
            self.0.len()
        }

        fn count(&self, train: usize) -> usize {
            self.0[train]
        }

        fn train(&self, _: usize) -> Outgoing<'_> {
            let to = SocketAddr::from(([127, 0, 0, 1], 53));
            Outgoing { socket: SocketId(0), to, segment: 1, octets: &[] }
        }
    }

    fn lane(trains: &Counts, segmentation: bool) -> Lane {
        let mut lane = Lane::new(segmentation);
        for train in 0..trains.0.len() {
            lane.push(train);
        }
        lane
    }

    fn piece(train: usize, datagrams: Range<usize>) -> Piece {
        Piece { train, datagrams }
    }

    fn all(lane: &Lane, trains: &Counts) -> Vec<Piece> {
        lane.pieces(trains).collect()
    }

    #[test]
    fn a_train_is_one_message_with_segmentation_and_many_without() {
        let trains = Counts(vec![3, 1]);
        assert_eq!(all(&lane(&trains, true), &trains), [piece(0, 0..3), piece(1, 0..1)]);
        assert_eq!(
            all(&lane(&trains, false), &trains),
            [piece(0, 0..1), piece(0, 1..2), piece(0, 2..3), piece(1, 0..1)]
        );
    }

    #[test]
    fn what_the_kernel_did_not_take_stays() {
        let trains = Counts(vec![3, 2, 2]);
        let mut lane = lane(&trains, false);
        assert_eq!(lane.sent(4, &trains), 4);
        assert_eq!(lane.failed(Trouble::Full, &trains), Verdict::AwaitRoom);
        assert_eq!(all(&lane, &trains), [piece(1, 1..2), piece(2, 0..1), piece(2, 1..2)]);
        assert_eq!(lane.sent(3, &trains), 3);
        assert!(lane.is_empty());
    }

    #[test]
    fn a_train_that_is_refused_whole_goes_out_in_datagrams_and_ends_segmentation() {
        let trains = Counts(vec![2, 3, 2]);
        let mut lane = lane(&trains, true);
        assert_eq!(lane.sent(1, &trains), 2);
        assert_eq!(lane.failed(Trouble::Refused(Subject::Segmentation), &trains), Verdict::Again);
        assert_eq!(
            all(&lane, &trains),
            [piece(1, 0..1), piece(1, 1..2), piece(1, 2..3), piece(2, 0..2)]
        );
        assert_eq!(lane.sent(1, &trains), 1);
        assert!(!lane.segmentation());
        assert_eq!(lane.sent(4, &trains), 4);
        assert!(lane.is_empty());
    }

    #[test]
    fn a_train_to_a_bad_address_does_not_end_segmentation() {
        let trains = Counts(vec![2, 2]);
        let mut lane = lane(&trains, true);
        assert_eq!(lane.failed(Trouble::Refused(Subject::Segmentation), &trains), Verdict::Again);
        for datagram in 0..2 {
            assert_eq!(
                lane.failed(Trouble::Refused(Subject::Segmentation), &trains),
                Verdict::GiveUp(piece(0, datagram..datagram + 1))
            );
        }
        assert!(lane.segmentation());
        assert_eq!(all(&lane, &trains), [piece(1, 0..2)]);
    }

    #[test]
    fn a_train_that_may_not_be_sent_ends_as_one() {
        let trains = Counts(vec![2, 1]);
        let mut lane = lane(&trains, true);
        assert_eq!(
            lane.failed(Trouble::Refused(Subject::Destination), &trains),
            Verdict::GiveUp(piece(0, 0..2))
        );
        assert_eq!(all(&lane, &trains), [piece(1, 0..1)]);
    }

    #[test]
    fn an_error_without_word_from_icmp_is_believed_the_second_time() {
        let trains = Counts(vec![1]);
        let mut lane = lane(&trains, true);
        let trouble = Trouble::MaybePending(Subject::Destination);
        assert_eq!(lane.failed(trouble, &trains), Verdict::FetchErrors);
        lane.nothing_fetched();
        assert_eq!(lane.failed(trouble, &trains), Verdict::GiveUp(piece(0, 0..1)));
    }

    #[test]
    fn an_error_that_icmp_left_is_fetched_and_the_message_sent_again() {
        let trains = Counts(vec![1]);
        let mut lane = lane(&trains, true);
        assert_eq!(
            lane.failed(Trouble::MaybePending(Subject::Destination), &trains),
            Verdict::FetchErrors
        );
        assert_eq!(all(&lane, &trains), [piece(0, 0..1)]);
        assert_eq!(lane.sent(1, &trains), 1);
        assert!(lane.is_empty());
    }

    #[test]
    fn an_error_that_does_not_go_away_ends_the_message_and_only_that() {
        let trains = Counts(vec![1, 1]);
        for (trouble, tries) in [
            (Trouble::MaybePending(Subject::Destination), SUSPECT_TRIES),
            (Trouble::NoBuffers, NO_BUFFER_TRIES),
        ] {
            let mut lane = lane(&trains, true);
            for _ in 0..tries {
                assert!(!matches!(lane.failed(trouble, &trains), Verdict::GiveUp(_)));
            }
            assert_eq!(lane.failed(trouble, &trains), Verdict::GiveUp(piece(0, 0..1)));
            assert_eq!(all(&lane, &trains), [piece(1, 0..1)]);
        }
    }

    /// An interface that is down takes nothing for seconds: a hundred tries for each message of a
    /// batch would be minutes.
    #[test]
    fn a_lack_of_buffers_is_waited_for_once_until_something_is_sent() {
        let trains = Counts(vec![1, 1, 1, 1]);
        let mut lane = lane(&trains, true);
        for _ in 0..NO_BUFFER_TRIES {
            assert_eq!(lane.failed(Trouble::NoBuffers, &trains), Verdict::AwaitBuffers);
        }
        for train in 0..2 {
            let given_up = Verdict::GiveUp(piece(train, 0..1));
            assert_eq!(lane.failed(Trouble::NoBuffers, &trains), given_up);
        }
        assert_eq!(lane.sent(1, &trains), 1);
        assert_eq!(lane.failed(Trouble::NoBuffers, &trains), Verdict::AwaitBuffers);
    }

    #[test]
    fn a_new_batch_begins_when_the_lane_is_empty() {
        let trains = Counts(vec![2]);
        let mut lane = lane(&trains, true);
        lane.sent(1, &trains);
        lane.push(0);
        assert_eq!(all(&lane, &trains), [piece(0, 0..2)]);
    }
}
