//! What came in each second, and what became of it.

use std::fmt::Write as _;

use crate::servers::Servers;

#[derive(Default, Clone)]
pub struct Second {
    pub queries: u64,
    /// Lost on their way.
    pub lost: u64,
    pub over_limit: u64,
    pub answered: u64,
    /// To servers that are dead, refuse or fail.
    pub useless: u64,
    /// Names that came for the first time.
    names_asked: u64,
    /// Names that were answered for the first time.
    names_answered: u64,
}

#[derive(Default)]
pub struct Summary {
    start_ns: Option<u64>,
    seconds: Vec<Second>,
    asked: Numbers,
    answered: Numbers,
    pub malformed: u64,
    /// Queries that this process was too slow for: with any, the figures are its own, not those of
    /// who asked.
    pub overflow: u32,
    /// Replies that the kernel did not take.
    pub not_sent: usize,
}

impl Summary {
    /// When the first query came, if this is not the first.
    pub fn start(&mut self, at_ns: u64) -> u64 {
        *self.start_ns.get_or_insert(at_ns)
    }

    pub fn second(&mut self, at_ns: u64) -> &mut Second {
        let second = (at_ns.saturating_sub(self.start(at_ns)) / 1_000_000_000) as usize;
        if self.seconds.len() <= second {
            self.seconds.resize(second + 1, Second::default());
        }
        &mut self.seconds[second]
    }

    pub fn note_name(&mut self, at_ns: u64, number: Option<u32>, answered: bool) {
        let Some(number) = number else { return };
        if self.asked.insert(number) {
            self.second(at_ns).names_asked += 1;
        }
        if answered && self.answered.insert(number) {
            self.second(at_ns).names_answered += 1;
        }
    }

    pub fn json(&self, servers: &Servers) -> String {
        let mut text = format!(
            "{{\"overflow\":{},\"not_sent\":{},\"malformed\":{},\"seconds\":[",
            self.overflow, self.not_sent, self.malformed
        );
        for (number, second) in self.seconds.iter().enumerate() {
            let capacity = servers.capacity(number as u64);
            let capacity = if capacity.is_finite() { capacity.to_string() } else { "null".into() };
            let _ = write!(
                text,
                "{}\n{{\"second\":{number},\"capacity\":{capacity},\"queries\":{},\"lost\":{},\
                 \"over_limit\":{},\"answered\":{},\"useless\":{},\"names_asked\":{},\
                 \"names_answered\":{}}}",
                if number == 0 { "" } else { "," },
                second.queries,
                second.lost,
                second.over_limit,
                second.answered,
                second.useless,
                second.names_asked,
                second.names_answered
            );
        }
        text.push_str("\n]}\n");
        text
    }
}

/// A set of numbers, of which most are there in the end.
#[derive(Default)]
struct Numbers(Vec<u64>);

impl Numbers {
    /// Whether it was not there before.
    fn insert(&mut self, number: u32) -> bool {
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        if self.0.len() <= word {
            self.0.resize((word + 1).next_power_of_two(), 0);
        }
        let new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        new
    }
}
