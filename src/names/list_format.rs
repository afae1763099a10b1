//! What a list looks like whose lines mostly cannot be asked.

use std::mem::discriminant;

use super::error::LineError;

/// Lines after which a list is judged, blank ones and comments not counted.
const LINES: u32 = 1000;

/// Counts the first lines of a list, and why they cannot be asked.
#[derive(Debug, Default)]
pub struct FormatCheck {
    lines: u32,
    invalid: u32,
    /// The first error of each kind, and how many there are.
    kinds: Vec<(LineError, u32)>,
}

/// A list of which more than half of the first lines cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{invalid} of the first {lines} lines are invalid; the list looks like {}",
    self.error.looks_like()
)]
pub struct WrongListFormat {
    lines: u32,
    invalid: u32,
    /// One of the most frequent kind.
    error: LineError,
}

impl WrongListFormat {
    /// What to do about it.
    pub fn hint(&self) -> String {
        self.error.remedy()
    }
}

impl FormatCheck {
    /// Takes a line that can be asked.
    #[inline]
    pub fn take_valid(&mut self) {
        self.lines += u32::from(self.lines < LINES);
    }

    /// Takes a line that cannot.
    pub fn take_invalid(&mut self, error: &LineError) {
        if self.lines == LINES {
            return;
        }
        self.lines += 1;
        self.invalid += 1;
        let kind = discriminant(error);
        match self.kinds.iter_mut().find(|(first, _)| discriminant(first) == kind) {
            Some((_, count)) => *count += 1,
            None => self.kinds.push((error.clone(), 1)),
        }
    }

    /// Whether so many lines were taken that no more are.
    #[inline]
    pub const fn is_complete(&self) -> bool {
        self.lines == LINES
    }

    /// What the list looks like, if more than half of the lines so far cannot be asked.
    pub fn wrong_format(&self) -> Option<WrongListFormat> {
        if self.invalid <= self.lines / 2 {
            return None;
        }
        let (error, _) = self.kinds.iter().rev().max_by_key(|(_, count)| *count)?;
        Some(WrongListFormat { lines: self.lines, invalid: self.invalid, error: error.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_error_says_what_a_list_looks_like() {
        let mut check = FormatCheck::default();
        for number in 0..1000 {
            assert!(!check.is_complete());
            match number {
                ..499 => check.take_valid(),
                499..600 => check.take_invalid(&LineError::Quote),
                _ => check.take_invalid(&LineError::Url("example.org".to_owned())),
            }
        }
        assert!(check.is_complete());
        // Later lines change nothing.
        (0..5000).for_each(|_| check.take_valid());
        let wrong_format = check.wrong_format().unwrap();
        assert_eq!(
            wrong_format.to_string(),
            "501 of the first 1000 lines are invalid; the list looks like a list of URLs"
        );
        assert!(wrong_format.hint().starts_with("keep the hosts: sed"));
    }

    #[test]
    fn a_list_with_as_many_good_lines_is_none() {
        let mut check = FormatCheck::default();
        assert_eq!(check.wrong_format(), None);
        for _ in 0..500 {
            check.take_invalid(&LineError::Json);
            check.take_valid();
        }
        assert_eq!(check.wrong_format(), None);
    }
}
