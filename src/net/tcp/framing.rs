//! The two octets of length in front of each DNS message on TCP (RFC 1035 §4.2.2).

use bytes::{Buf, BytesMut};

/// Octets that there is room for at each reading. No more is reserved because a peer announces more.
const READ: usize = 16_384;

/// Finds the messages in a stream of octets, however it was cut in chunks.
#[derive(Debug, Default)]
pub(super) struct Framer {
    /// What was read and is no whole message yet: never more than the longest message and one
    /// reading.
    octets: BytesMut,
}

impl Framer {
    /// Where the next octets go, with room for some.
    pub(super) fn space(&mut self) -> &mut BytesMut {
        self.octets.reserve(READ);
        &mut self.octets
    }

    /// Hands each message that is complete to `each`, without its length octets.
    pub(super) fn take_messages(&mut self, mut each: impl FnMut(&[u8])) {
        let mut rest = &self.octets[..];
        while let Some((message, behind)) = split(rest) {
            each(message);
            rest = behind;
        }
        let used = self.octets.len() - rest.len();
        self.octets.advance(used);
        shrink(&mut self.octets);
    }

    /// Whether the octets so far end within a message.
    pub(super) fn is_mid_message(&self) -> bool {
        !self.octets.is_empty()
    }
}

/// The first message of `octets`, if all of it is there, and what follows it.
fn split(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = octets.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))
}

/// Appends `message` with its length octets to `out`. A message of more than 65,535 octets does not
/// exist; the rest of such a thing is left out.
pub(super) fn frame(message: &[u8], out: &mut BytesMut) {
    let len = u16::try_from(message.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(&message[..usize::from(len)]);
}

/// Gives the memory of a large message back once it is worked off.
pub(super) fn shrink(octets: &mut BytesMut) {
    if octets.is_empty() && octets.capacity() > 2 * READ {
        *octets = BytesMut::new();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn collect(framer: &mut Framer, octets: &[u8]) -> Vec<Vec<u8>> {
        let mut messages = Vec::new();
        framer.space().extend_from_slice(octets);
        framer.take_messages(|message| messages.push(message.to_vec()));
        messages
    }

    proptest! {
        #[test]
        fn messages_come_out_whole_however_the_stream_is_cut(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20),
            cuts in prop::collection::vec(1_usize..400, 1..50),
        ) {
            let mut stream = BytesMut::new();
            for message in &messages {
                frame(message, &mut stream);
            }
            let mut framer = Framer::default();
            let mut found = Vec::new();
            let mut rest = &stream[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                found.extend(collect(&mut framer, now));
                rest = later;
            }
            prop_assert_eq!(found, messages);
            prop_assert!(!framer.is_mid_message());
        }
    }

    #[test]
    fn octet_by_octet() {
        let mut framer = Framer::default();
        let found: Vec<_> = [0, 2, 7, 8, 0, 0, 0, 1, 9]
            .iter()
            .flat_map(|octet| collect(&mut framer, &[*octet]))
            .collect();
        assert_eq!(found, [vec![7, 8], vec![], vec![9]]);
    }

    #[test]
    fn the_longest_message_fits_and_its_memory_is_given_back() {
        let message = vec![1; usize::from(u16::MAX)];
        let mut stream = BytesMut::new();
        frame(&message, &mut stream);
        let mut framer = Framer::default();
        assert!(collect(&mut framer, &stream[..40_000]).is_empty());
        assert!(framer.is_mid_message());
        assert_eq!(collect(&mut framer, &stream[40_000..]), [message]);
        assert!(framer.octets.capacity() <= 2 * READ);
    }

    #[test]
    fn an_announced_length_reserves_nothing() {
        let mut framer = Framer::default();
        assert!(collect(&mut framer, &[0xFF, 0xFF, 1]).is_empty());
        assert!(framer.space().capacity() <= 2 * READ);
    }
}
