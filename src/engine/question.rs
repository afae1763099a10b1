//! The question of a message, read before anything else of it: whether the message may be meant for an
//! attempt shows there.

use crate::wire::{Class, HEADER_LEN, Header, RecordType};

/// What a message asks, its name in wire form.
#[derive(Clone, Copy)]
pub(super) struct QuestionSeen<'a> {
    pub(super) name: &'a [u8],
    pub(super) rtype: RecordType,
    pub(super) class: Class,
}

impl QuestionSeen<'_> {
    pub(super) fn hash(self) -> u16 {
        question_hash(self.name, self.rtype, self.class)
    }
}

/// The one question of a message, its name in wire form; `None` unless there is exactly one.
#[inline]
pub(super) fn question_of(octets: &[u8], header: Header) -> Option<QuestionSeen<'_>> {
    if header.counts[0] != 1 {
        return None;
    }
    let mut end = HEADER_LEN;
    loop {
        let len = *octets.get(end)?;
        end += 1 + usize::from(len);
        match len {
            0 => break,
            1..=63 => {}
            // The first name of a message has nothing to point to.
            _ => return None,
        }
    }
    let name = &octets[HEADER_LEN..end];
    let rest = octets.get(end..end + 4)?;
    Some(QuestionSeen {
        name,
        rtype: RecordType(u16::from_be_bytes([rest[0], rest[1]])),
        class: Class(u16::from_be_bytes([rest[2], rest[3]])),
    })
}

/// Sixteen bits that depend on a question, without the case of its name.
pub(super) fn question_hash(name: &[u8], rtype: RecordType, class: Class) -> u16 {
    let mut hash =
        (u64::from(class.0) << 16 | u64::from(rtype.0)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    for chunk in name.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        // Setting bit 5 makes both cases of a letter one; that other octets meet too is no harm.
        let word = u64::from_le_bytes(word) | 0x2020_2020_2020_2020;
        hash = (hash ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    }
    (hash >> 48) as u16 ^ hash as u16
}
