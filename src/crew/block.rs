//! Questions on their way from the feeder to a worker, in few allocations.

use crate::wire::RecordType;

/// Questions in a block when it is handed over.
pub const QUESTIONS: usize = 512;

/// A run of questions: all names one after the other, and small entries that point to them.
#[derive(Debug, Default)]
pub struct Block {
    names: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    start: u32,
    len: u8,
    rtype: RecordType,
}

impl Block {
    /// Adds one question for each type; `write` appends the name in uncompressed wire form, at
    /// most 255 octets, or leaves nothing and says why.
    pub fn push<E>(
        &mut self,
        types: &[RecordType],
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.names.len();
        write(&mut self.names)?;
        let len = (self.names.len() - start) as u8;
        let start = start as u32;
        self.entries.extend(types.iter().map(|&rtype| Entry { start, len, rtype }));
        Ok(())
    }

    /// How many questions there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The name and type of one question.
    #[inline]
    pub fn question(&self, index: usize) -> Option<(&[u8], RecordType)> {
        let entry = self.entries.get(index)?;
        let start = entry.start as usize;
        Some((&self.names[start..start + usize::from(entry.len)], entry.rtype))
    }

    /// Empties the block and keeps its memory.
    pub fn clear(&mut self) {
        self.names.clear();
        self.entries.clear();
    }
}
