//! The sections of a message.

/// The sections that hold records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Records that answer the question.
    Answer,
    /// Records that point towards an authority.
    Authority,
    /// Records that may be of use; OPT and TSIG live here.
    Additional,
}

impl Section {
    /// All three, in the order of the wire.
    pub const ALL: [Self; 3] = [Self::Answer, Self::Authority, Self::Additional];
}
