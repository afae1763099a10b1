//! Writes messages into a buffer of the caller's.

use super::header::{Flags, HEADER_LEN, Header};
use super::registry::{Class, RecordType};
use super::section::Section;

/// The buffer (or the 65,535 octets of a message) has no room for what was to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message does not fit into the buffer")]
pub struct BufferFull;

/// Writes one message from front to back: questions, then answers, authorities, additionals.
///
/// What does not fit leaves the message as it was before: [`BufferFull`] is an answer, not a
/// broken message, and the caller may set TC and finish.
///
/// Names that RFC 3597 §4 lets be compressed are, against suffixes already written below offset
/// 0x4000. The suffixes are found through a small table of hashes that is filled once a name and
/// probed once a label, so the work is linear in the octets written whatever the names are.
pub struct Builder<'b> {
    buffer: &'b mut [u8],
    len: usize,
    header: Header,
    section: u8,
    suffixes: Option<Suffixes>,
}

impl<'b> Builder<'b> {
    /// Begins a message.
    ///
    /// # Errors
    /// [`BufferFull`] if there are fewer than twelve octets.
    #[inline]
    pub fn new(buffer: &'b mut [u8], id: u16, flags: Flags) -> Result<Self, BufferFull> {
        if buffer.len() < HEADER_LEN {
            return Err(BufferFull);
        }
        let limit = buffer.len().min(usize::from(u16::MAX));
        Ok(Self {
            buffer: &mut buffer[..limit],
            len: HEADER_LEN,
            header: Header { id, flags, counts: [0; 4] },
            section: 0,
            suffixes: None,
        })
    }

    /// Adds a question; `name` is in uncompressed wire form.
    ///
    /// # Errors
    /// [`BufferFull`].
    ///
    /// # Panics
    /// If a record was written before it.
    #[inline]
    pub fn question(
        &mut self,
        name: &[u8],
        rtype: RecordType,
        class: Class,
    ) -> Result<(), BufferFull> {
        assert_eq!(self.section, 0, "a question comes before all records");
        let start = self.len;
        let [t0, t1] = rtype.0.to_be_bytes();
        let [c0, c1] = class.0.to_be_bytes();
        if let Err(full) = self.name(name).and_then(|()| self.octets(&[t0, t1, c0, c1])) {
            self.roll_back(start);
            return Err(full);
        }
        self.header.counts[0] += 1;
        Ok(())
    }

    /// Adds a record; `owner` is in uncompressed wire form, and `rdata` writes the RDATA with
    /// [`Builder::octets`] and [`Builder::name`].
    ///
    /// # Errors
    /// [`BufferFull`]; the message is then as it was before.
    ///
    /// # Panics
    /// If a later section was begun before.
    pub fn record(
        &mut self,
        section: Section,
        owner: &[u8],
        rtype: RecordType,
        class: Class,
        ttl: u32,
        rdata: impl FnOnce(&mut Self) -> Result<(), BufferFull>,
    ) -> Result<(), BufferFull> {
        let section = section as u8 + 1;
        assert!(section >= self.section, "sections are written in order");
        let start = self.len;
        let written = (|| {
            self.name(owner)?;
            self.octets(&rtype.0.to_be_bytes())?;
            self.octets(&class.0.to_be_bytes())?;
            self.octets(&ttl.to_be_bytes())?;
            let rdlength = self.len;
            self.octets(&[0, 0])?;
            rdata(self)?;
            let len = (self.len - rdlength - 2) as u16;
            self.buffer[rdlength..rdlength + 2].copy_from_slice(&len.to_be_bytes());
            Ok(())
        })();
        if written.is_err() {
            self.roll_back(start);
            return written;
        }
        let count = &mut self.header.counts[usize::from(section)];
        let Some(more) = count.checked_add(1) else {
            self.roll_back(start);
            return Err(BufferFull);
        };
        *count = more;
        self.section = section;
        Ok(())
    }

    /// Forgets what was written from `start` on, the names in it too: what is written there next
    /// may look like a name and be none.
    #[cold]
    fn roll_back(&mut self, start: usize) {
        self.len = start;
        if let Some(suffixes) = &mut self.suffixes {
            suffixes.forget(start);
        }
    }

    /// Adds octets as they are.
    ///
    /// # Errors
    /// [`BufferFull`].
    #[inline]
    pub fn octets(&mut self, octets: &[u8]) -> Result<(), BufferFull> {
        let end = self.len + octets.len();
        self.buffer.get_mut(self.len..end).ok_or(BufferFull)?.copy_from_slice(octets);
        self.len = end;
        Ok(())
    }

    /// Adds a name, compressed where an equal suffix stands already; `name` is in uncompressed
    /// wire form. In RDATA only for the types of RFC 1035 (RFC 3597 §4).
    ///
    /// # Errors
    /// [`BufferFull`].
    #[inline]
    pub fn name(&mut self, name: &[u8]) -> Result<(), BufferFull> {
        // The root is shorter than a pointer, and the first name has nothing to point to: its
        // suffixes are noted when a second one comes, so that a plain query pays nothing.
        if name.len() == 1 || self.len == HEADER_LEN {
            return self.octets(name);
        }
        self.compressed_name(name)
    }

    fn compressed_name(&mut self, name: &[u8]) -> Result<(), BufferFull> {
        let mut suffixes = self.suffixes.take().unwrap_or_else(|| {
            let mut suffixes = Suffixes { offsets: [0; SUFFIXES], tags: [0; SUFFIXES] };
            let first = Labels::in_wire(&self.buffer[HEADER_LEN..self.len]);
            for (&start, &hash) in first.starts().zip(&first.hashes) {
                suffixes.insert(hash, HEADER_LEN + usize::from(start));
            }
            suffixes
        });
        let labels = Labels::in_wire(name);
        let written = &self.buffer[..self.len];
        let known = labels.starts().zip(&labels.hashes).find_map(|(&start, &hash)| {
            let suffix = &name[usize::from(start)..];
            Some((usize::from(start), suffixes.find(hash, written, suffix)?))
        });
        let start = self.len;
        let literal = known.map_or(name.len(), |(at, _)| at);
        let result = self.octets(&name[..literal]).and_then(|()| match known {
            Some((_, target)) => self.octets(&(0xC000 | target).to_be_bytes()),
            None => Ok(()),
        });
        if result.is_ok() {
            for (&at, &hash) in labels.starts().zip(&labels.hashes) {
                if usize::from(at) >= literal {
                    break;
                }
                suffixes.insert(hash, start + usize::from(at));
            }
        } else {
            self.len = start;
        }
        self.suffixes = Some(suffixes);
        result
    }

    /// The flags; they may be changed until the message is finished.
    pub fn flags_mut(&mut self) -> &mut Flags {
        &mut self.header.flags
    }

    /// Octets written so far.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing but the header was written.
    pub fn is_empty(&self) -> bool {
        self.len == HEADER_LEN
    }

    /// Writes the header and gives the length of the message.
    #[inline]
    pub fn finish(self) -> usize {
        self.buffer[..HEADER_LEN].copy_from_slice(&self.header.to_octets());
        self.len
    }
}

/// Places in the table of suffixes. More names than that compress less well, and cost no more.
const SUFFIXES: usize = 256;
/// Places that are looked at for one suffix.
const PROBES: usize = 4;

/// Offsets of name suffixes already written, by their hash; 0 is an empty place.
struct Suffixes {
    offsets: [u16; SUFFIXES],
    /// The part of each hash that does not choose the place: suffixes that only begin alike are
    /// told apart without a look at their labels.
    tags: [u16; SUFFIXES],
}

impl Suffixes {
    fn places(hash: u32) -> impl Iterator<Item = usize> {
        (0..PROBES).map(move |i| (hash as usize + i) % SUFFIXES)
    }

    fn tag(hash: u32) -> u16 {
        (hash >> 16) as u16
    }

    fn insert(&mut self, hash: u32, offset: usize) {
        // A pointer has fourteen bits.
        if offset > 0x3FFF {
            return;
        }
        if let Some(place) = Self::places(hash).find(|&place| self.offsets[place] == 0) {
            self.offsets[place] = offset as u16;
            self.tags[place] = Self::tag(hash);
        }
    }

    fn forget(&mut self, start: usize) {
        for offset in self.offsets.iter_mut().filter(|offset| usize::from(**offset) >= start) {
            *offset = 0;
        }
    }

    fn find(&self, hash: u32, written: &[u8], suffix: &[u8]) -> Option<u16> {
        Self::places(hash)
            .take_while(|&place| self.offsets[place] != 0)
            .filter(|&place| self.tags[place] == Self::tag(hash))
            .map(|place| self.offsets[place])
            .find(|&offset| stands_at(written, usize::from(offset), suffix))
    }
}

/// Whether the name at `offset` of `written` is `suffix`, octet for octet: a name is never given
/// the case of another one.
fn stands_at(written: &[u8], mut offset: usize, mut suffix: &[u8]) -> bool {
    while let Some(&octet) = written.get(offset) {
        if octet >= 0xC0 {
            let Some(&low) = written.get(offset + 1) else { return false };
            offset = usize::from(octet & 0x3F) << 8 | usize::from(low);
            continue;
        }
        let len = 1 + usize::from(octet);
        let (Some(label), Some((mine, rest))) =
            (written.get(offset..offset + len), suffix.split_at_checked(len))
        else {
            return false;
        };
        if label != mine {
            return false;
        }
        if octet == 0 {
            return true;
        }
        offset += len;
        suffix = rest;
    }
    false
}

/// Where the labels of a name begin, and a hash of the name from each of them on.
struct Labels {
    starts: [u8; 128],
    hashes: [u32; 128],
    count: usize,
}

impl Labels {
    /// Reads the name at the start of `wire`.
    fn in_wire(wire: &[u8]) -> Self {
        let mut labels = Self { starts: [0; 128], hashes: [0; 128], count: 0 };
        let mut at = 0;
        while let Some(&len) = wire.get(at)
            && len != 0
            && labels.count < labels.starts.len()
        {
            labels.starts[labels.count] = at as u8;
            labels.count += 1;
            at += 1 + usize::from(len);
        }
        // From right to left, so that a suffix has the same hash in whatever name it stands.
        let mut hash = 0x811C_9DC5_u32;
        for i in (0..labels.count).rev() {
            let start = usize::from(labels.starts[i]);
            for &octet in &wire[start..=start + usize::from(wire[start])] {
                hash = (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193);
            }
            labels.hashes[i] = hash;
        }
        labels
    }

    fn starts(&self) -> std::slice::Iter<'_, u8> {
        self.starts[..self.count].iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Message, NameBuf};

    fn wire(text: &str) -> NameBuf {
        text.parse().unwrap()
    }

    #[test]
    fn names_are_compressed_against_the_longest_suffix_with_their_case() {
        let mut buffer = [0; 512];
        let mut builder = Builder::new(&mut buffer, 1, Flags::QR).unwrap();
        let owner = wire("www.example.org");
        builder.question(owner.as_wire(), RecordType::CNAME, Class::IN).unwrap();
        for target in ["mail.example.org", "www.EXAMPLE.org"] {
            builder
                .record(
                    Section::Answer,
                    owner.as_wire(),
                    RecordType::CNAME,
                    Class::IN,
                    300,
                    |rdata| rdata.name(wire(target).as_wire()),
                )
                .unwrap();
        }
        let len = builder.finish();
        let message = Message::parse(&buffer[..len]).unwrap();
        let records: Vec<_> = message.answers().collect();
        assert_eq!(records[0].rdata(), b"\x04mail\xC0\x10");
        assert_eq!(records[1].rdata(), b"\x03www\x07EXAMPLE\xC0\x18");
        assert!(records.iter().all(|record| record.name == owner));
    }

    #[test]
    fn what_does_not_fit_leaves_the_message_whole() {
        let mut buffer = [0; 40];
        let mut builder = Builder::new(&mut buffer, 1, Flags::QR).unwrap();
        let owner = wire("example.org");
        builder.question(owner.as_wire(), RecordType::A, Class::IN).unwrap();
        let full = builder.record(
            Section::Answer,
            owner.as_wire(),
            RecordType::A,
            Class::IN,
            60,
            |rdata| rdata.octets(&[192, 0, 2, 1]),
        );
        assert_eq!(full, Err(BufferFull));
        let len = builder.finish();
        let message = Message::parse(&buffer[..len]).unwrap();
        assert_eq!((message.header().counts, len), ([1, 0, 0, 0], 29));
    }

    #[test]
    fn a_name_that_was_taken_back_is_never_pointed_to() {
        let (owner, target) = (wire("example.org"), wire("a.b"));
        let mut buffer = [0; 120];
        let mut builder = Builder::new(&mut buffer, 1, Flags::QR).unwrap();
        builder.question(owner.as_wire(), RecordType::A, Class::IN).unwrap();
        let mut add = |rtype, rdata: &dyn Fn(&mut Builder<'_>) -> Result<(), BufferFull>| {
            builder.record(Section::Answer, owner.as_wire(), rtype, Class::IN, 60, rdata)
        };
        // Its RDATA begins where the name stood, and is a pointer to itself.
        let full = add(RecordType::CNAME, &|rdata| {
            rdata.name(target.as_wire())?;
            rdata.octets(&[0; 100])
        });
        assert_eq!(full, Err(BufferFull));
        add(RecordType(65280), &|rdata| rdata.octets(b"\xC0\x29\xC0\x29\x00")).unwrap();
        add(RecordType::CNAME, &|rdata| rdata.name(target.as_wire())).unwrap();
        let len = builder.finish();
        let record = Message::parse(&buffer[..len]).unwrap().answers().last().unwrap();
        assert_eq!(record.rdata(), target.as_wire());
    }
}
