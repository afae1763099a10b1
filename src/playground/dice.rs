//! Seeded dice, and the hashes that they begin with.

use crate::wire::NameBuf;

/// A stream of pseudo-random numbers (splitmix64).
#[derive(Debug)]
pub(super) struct Dice {
    state: u64,
}

impl Dice {
    pub const fn new(seed: u64, which: u64) -> Self {
        Self { state: mix(seed ^ mix(which.wrapping_add(0x9E37_79B9_7F4A_7C15))) }
    }

    pub fn falls(&mut self, share: f64) -> bool {
        // A point is below 1, so a share of 1 always falls.
        self.point() < share
    }

    /// A number from 0 (included) to 1 (excluded).
    pub fn point(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        // 53 bits are what a float holds exactly.
        (mix(self.state) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A hash of the name that does not see its case.
pub fn hash(name: &NameBuf) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    for &octet in name.to_lowercase().as_wire() {
        hash = (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01B3);
    }
    mix(hash)
}

/// Spreads the bits of a number over all others (the finish of splitmix64).
pub(super) const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ bits >> 31
}
