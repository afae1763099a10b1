//! Puts the fragments of IP datagrams together again (RFC 791 §3.2, RFC 8200 §4.5).

use std::collections::VecDeque;

use super::item::Origin;
use super::packet::{Fragment, FragmentKey};

/// Datagrams that are waited for at a time; the oldest one goes first.
const MOST_DATAGRAMS: usize = 64;
/// Fragments of one datagram: one of 64 KiB has about 50 on Ethernet.
const MOST_PIECES: usize = 256;
const LONGEST: usize = 65_535;

#[derive(Debug, Default)]
pub(super) struct Fragments {
    waiting: VecDeque<Datagram>,
}

/// A datagram with holes in it.
#[derive(Debug)]
pub(super) struct Datagram {
    pub(super) key: FragmentKey,
    /// The first packet of it that was seen.
    pub(super) origin: Origin,
    /// Parts with their offsets, in order and without overlap.
    pieces: Vec<(usize, Vec<u8>)>,
    total: Option<usize>,
}

/// What a fragment leads to.
#[derive(Debug)]
pub(super) enum Reassembly {
    Waiting,
    /// All that IP carries.
    Whole(Vec<u8>),
    /// The datagram is given up.
    Bad(&'static str),
}

impl Datagram {
    /// The ports, if the first part is there.
    pub(super) fn ports(&self) -> Option<[u16; 2]> {
        let (0, octets) = self.pieces.first()? else { return None };
        let &[a, b, c, d] = octets.first_chunk()?;
        Some([u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])])
    }

    fn add(&mut self, fragment: &Fragment<'_>) -> Reassembly {
        let (start, end) = (fragment.offset, fragment.offset + fragment.octets.len());
        if end > LONGEST {
            return Reassembly::Bad("its fragments reach beyond 65,535 octets");
        }
        if fragment.more && !fragment.octets.len().is_multiple_of(8) {
            return Reassembly::Bad(
                "a fragment other than the last is not a multiple of 8 octets long",
            );
        }
        if !fragment.more && self.total.replace(end).is_some_and(|total| total != end) {
            return Reassembly::Bad("two fragments claim to be the last, at different offsets");
        }
        let at = self.pieces.partition_point(|(offset, _)| *offset < start);
        let same =
            |(offset, octets): &(usize, Vec<u8>)| *offset == start && octets == fragment.octets;
        if self.pieces.get(at).is_some_and(same) {
            // The capture saw it twice.
            return Reassembly::Waiting;
        }
        let before = at.checked_sub(1).map_or(0, |i| self.pieces[i].0 + self.pieces[i].1.len());
        if before > start || self.pieces.get(at).is_some_and(|(offset, _)| *offset < end) {
            // Never put together from parts that contradict each other (RFC 5722).
            return Reassembly::Bad("its fragments overlap");
        }
        if self.pieces.len() >= MOST_PIECES {
            return Reassembly::Bad("it has too many fragments");
        }
        if !fragment.octets.is_empty() {
            self.pieces.insert(at, (start, fragment.octets.to_vec()));
        }
        let Some(total) = self.total else { return Reassembly::Waiting };
        let there: usize = self.pieces.iter().map(|(_, octets)| octets.len()).sum();
        match self.pieces.last() {
            Some((offset, octets)) if offset + octets.len() > total => {
                Reassembly::Bad("a fragment lies beyond the last one")
            }
            _ if there == total => {
                Reassembly::Whole(self.pieces.drain(..).flat_map(|(_, octets)| octets).collect())
            }
            _ => Reassembly::Waiting,
        }
    }
}

impl Fragments {
    /// Takes a fragment. Where another datagram has to make room for it, that one comes back too.
    pub(super) fn add(
        &mut self,
        fragment: &Fragment<'_>,
        origin: Origin,
    ) -> (Reassembly, Option<Datagram>) {
        let found = self.waiting.iter().position(|datagram| datagram.key == fragment.key);
        let mut evicted = None;
        let at = found.unwrap_or_else(|| {
            if self.waiting.len() >= MOST_DATAGRAMS {
                evicted = self.waiting.pop_front();
            }
            let key = fragment.key;
            self.waiting.push_back(Datagram { key, origin, pieces: Vec::new(), total: None });
            self.waiting.len() - 1
        });
        let progress = self.waiting[at].add(fragment);
        if !matches!(progress, Reassembly::Waiting) {
            self.waiting.remove(at);
        }
        (progress, evicted)
    }

    /// What is left when no more packets come.
    pub(super) fn finish(&mut self) -> impl Iterator<Item = Datagram> + use<> {
        std::mem::take(&mut self.waiting).into_iter()
    }
}
