//! The two octets of length in front of each DNS message on TCP (RFC 1035 §4.2.2).

/// Finds the messages in a stream of octets, however it was cut in pieces.
#[derive(Debug, Default)]
pub(super) struct Framer {
    /// The beginning of a message whose end has not come yet, with its length octets; never longer
    /// than the longest message.
    partial: Vec<u8>,
}

impl Framer {
    /// Takes the next octets and hands each message that is now complete to `each`, without its
    /// length octets. Messages without any octet are skipped.
    pub(super) fn feed(&mut self, mut octets: &[u8], each: &mut dyn FnMut(&[u8])) {
        if !self.partial.is_empty() {
            while self.missing() > 0 {
                if octets.is_empty() {
                    return;
                }
                let (now, rest) = octets.split_at(self.missing().min(octets.len()));
                self.partial.extend_from_slice(now);
                octets = rest;
            }
            if self.partial.len() > 2 {
                each(&self.partial[2..]);
            }
            self.partial.clear();
        }
        while let Some((message, rest)) = split(octets) {
            if !message.is_empty() {
                each(message);
            }
            octets = rest;
        }
        self.partial.extend_from_slice(octets);
    }

    /// Whether the octets so far end within a message.
    pub(super) fn is_mid_message(&self) -> bool {
        !self.partial.is_empty()
    }

    /// How many octets the partial message still needs, as far as is known.
    fn missing(&self) -> usize {
        let wanted = match self.partial[..] {
            [high, low, ..] => 2 + usize::from(u16::from_be_bytes([high, low])),
            _ => 2,
        };
        wanted - self.partial.len()
    }
}

/// The first message of `octets`, if all of it is there, and what follows it.
fn split(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = octets.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))
}

/// Appends `message` with its length octets to `out`. A message of more than 65,535 octets does not
/// exist; the rest of such a thing is left out.
pub(super) fn frame(message: &[u8], out: &mut Vec<u8>) {
    let len = u16::try_from(message.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(&message[..usize::from(len)]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn collect(framer: &mut Framer, octets: &[u8]) -> Vec<Vec<u8>> {
        let mut messages = Vec::new();
        framer.feed(octets, &mut |message| messages.push(message.to_vec()));
        messages
    }

    proptest! {
        #[test]
        fn messages_come_out_whole_however_the_stream_is_cut(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20),
            cuts in prop::collection::vec(1_usize..400, 1..50),
        ) {
            let mut stream = Vec::new();
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
            let expected: Vec<_> = messages.into_iter().filter(|m| !m.is_empty()).collect();
            prop_assert_eq!(found, expected);
            prop_assert!(framer.partial.is_empty());
        }
    }

    #[test]
    fn octet_by_octet() {
        let mut framer = Framer::default();
        let found: Vec<_> = [0, 2, 7, 8, 0, 0, 0, 1, 9]
            .iter()
            .flat_map(|octet| collect(&mut framer, &[*octet]))
            .collect();
        assert_eq!(found, [vec![7, 8], vec![9]]);
    }

    #[test]
    fn the_longest_message_fits() {
        let message = vec![1; usize::from(u16::MAX)];
        let mut stream = Vec::new();
        frame(&message, &mut stream);
        let mut framer = Framer::default();
        assert!(collect(&mut framer, &stream[..40_000]).is_empty());
        assert_eq!(collect(&mut framer, &stream[40_000..]), [message]);
    }
}
