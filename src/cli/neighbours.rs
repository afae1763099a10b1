//! The likeliest words for one that was mistyped.

/// How many are offered.
const MOST: usize = 3;

/// The candidates that differ least from a word, the likeliest first: at most one slip in three
/// letters, where two letters in the wrong order are one slip.
pub(super) fn neighbours<'c>(
    word: &str,
    candidates: impl Iterator<Item = &'c str>,
) -> Vec<&'c str> {
    // Nobody mistypes so much.
    let mut word = letters(word);
    word.truncate(64);
    let most = word.len().div_ceil(3).min(3);
    let mut found: Vec<(usize, &str)> = candidates
        .map(|candidate| (distance(&word, &letters(candidate)), candidate))
        .filter(|&(slips, candidate)| slips <= most && slips < candidate.len().min(word.len()))
        .collect();
    found.sort_by_key(|&(slips, _)| slips);
    let least = found.first().map_or(0, |&(slips, _)| slips);
    let close = found.into_iter().filter(|&(slips, _)| slips <= least + 1);
    close.map(|(_, candidate)| candidate).take(MOST).collect()
}

fn letters(text: &str) -> Vec<char> {
    text.chars().map(|c| c.to_ascii_lowercase()).collect()
}

/// Letters to insert, delete, replace or swap with their neighbour.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut rows = vec![(0..=other.len()).collect::<Vec<usize>>()];
    for (i, &c) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &d) in other.iter().enumerate() {
            let mut slips =
                (rows[i][j] + usize::from(c != d)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && c == other[j - 1] && one[i - 1] == d {
                slips = slips.min(rows[i - 1][j - 1] + 1);
            }
            row.push(slips);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_is_understood() {
        let commands =
            ["query", "verify", "scan", "demo", "playground", "decode", "rrcheck", "man"];
        for (word, likeliest) in [
            ("scna", "scan"),
            ("sacn", "scan"),
            ("scann", "scan"),
            ("SCAN", "scan"),
            ("qurey", "query"),
            ("queryy", "query"),
            ("verfiy", "verify"),
            ("veriffy", "verify"),
            ("dcode", "decode"),
            ("rrchek", "rrcheck"),
            ("playgruond", "playground"),
        ] {
            assert_eq!(neighbours(word, commands.into_iter()).first(), Some(&likeliest), "{word}");
        }
        for word in ["", "x", "example", "localhost", "nonsense"] {
            assert_eq!(neighbours(word, commands.into_iter()), [""; 0], "{word}");
        }
    }
}
