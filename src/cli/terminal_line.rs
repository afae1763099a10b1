//! The line of progress: as much of what there is to say as the terminal has room for.

use std::time::{Duration, Instant};

use super::notes;
use super::style::{can_redraw, terminal_columns};
use super::summary::grouped;

/// Between two drawings.
const INTERVAL: Duration = Duration::from_millis(200);
/// Between two parts.
const GAP: &str = "  ";
/// Columns that stay free: a line that ends in the last column may wrap, and Ctrl-C is echoed as `^C`.
const SPARE: usize = 3;

/// A part of the line. It is shown whole or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Parts of the highest rank are left out first.
    rank: u8,
    text: String,
}

/// A part of the line.
pub(super) fn part(rank: u8, text: impl Into<String>) -> Part {
    Part { rank, text: text.into() }
}

/// "3,401 answered"; nothing if there are none.
pub(super) fn count(rank: u8, number: u64, what: &str) -> Option<Part> {
    (number > 0).then(|| part(rank, format!("{} {what}", grouped(number))))
}

/// A line of progress on a terminal. It goes when it is dropped.
#[derive(Debug)]
pub(super) struct TerminalLine {
    drawn: Option<Instant>,
}

impl TerminalLine {
    /// `None` where none is to be drawn: standard error is no terminal, or a dumb one, or nobody wants
    /// it.
    pub(super) fn open() -> Option<Self> {
        (can_redraw() && !notes::is_quiet()).then_some(Self { drawn: None })
    }

    /// Draws the line anew, if it is time to. What comes in `parts` may depend on how many columns there
    /// are.
    pub(super) fn show(&mut self, parts: impl FnOnce(usize) -> Vec<Part>) {
        if self.drawn.is_some_and(|drawn| drawn.elapsed() < INTERVAL) {
            return;
        }
        let columns = terminal_columns().saturating_sub(SPARE);
        notes::draw_progress(&fitted(parts(columns), columns));
        self.drawn = Some(Instant::now());
    }
}

impl Drop for TerminalLine {
    fn drop(&mut self) {
        notes::erase_progress();
    }
}

/// The parts for which there is room.
fn fitted(mut parts: Vec<Part>, columns: usize) -> String {
    loop {
        let texts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
        let line = texts.join(GAP);
        if textwrap::core::display_width(&line) <= columns {
            return line;
        }
        // Of several, the one that stands behind the others.
        let least = (0..parts.len()).max_by_key(|&at| parts[at].rank);
        let Some(least) = least else { return String::new() };
        parts.remove(least);
    }
}

/// A bar of so many columns.
pub(super) fn bar(share: f64, columns: usize) -> String {
    let inner = columns.saturating_sub(2);
    let done = (share.clamp(0.0, 1.0) * inner as f64) as usize;
    let head = if done < inner { ">" } else { "" };
    let bar = format!("{}{head}", "=".repeat(done));
    format!("[{bar:inner$}]")
}

/// A span of time as a clock shows it.
pub(super) fn clock(span: Duration) -> String {
    let seconds = span.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_left_out_whole_the_least_first() {
        let parts = vec![part(0, " 12 %"), part(3, "0:07"), part(1, "3,401 answered")];
        for (columns, expected) in [
            (27, " 12 %  0:07  3,401 answered"),
            (26, " 12 %  3,401 answered"),
            (20, " 12 %"),
            (4, ""),
            (0, ""),
        ] {
            assert_eq!(fitted(parts.clone(), columns), expected, "{columns} columns");
        }
    }

    #[test]
    fn of_equal_parts_the_last_is_left_out_first() {
        let parts = vec![part(1, "one"), part(1, "two"), part(0, "three")];
        assert_eq!(fitted(parts, 10), "one  three");
    }

    #[test]
    fn a_bar_has_the_columns_that_it_is_given() {
        for (share, expected) in [
            (0.0, "[>   ]"),
            (0.5, "[==> ]"),
            (0.99, "[===>]"),
            (1.0, "[====]"),
            (7.0, "[====]"),
            (f64::NAN, "[>   ]"),
        ] {
            assert_eq!(bar(share, 6), expected, "{share}");
        }
    }

    #[test]
    fn clocks_have_hours_only_where_there_are_some() {
        assert_eq!(clock(Duration::from_secs(7)), "0:07");
        assert_eq!(clock(Duration::from_secs(600)), "10:00");
        assert_eq!(clock(Duration::from_secs(360_061)), "100:01:01");
    }
}
