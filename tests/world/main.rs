//! The playground's worlds, as those see them who look from outside.

mod walks;
