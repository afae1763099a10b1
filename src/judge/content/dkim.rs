//! DKIM key records: RFC 6376 §3.6.1, with the limits of RFC 8301 and the keys of RFC 8463.

use data_encoding::{Encoding, Specification};

use super::rsa::{self, Encoded};
use super::tags::{Tag, TagError, TagList};
use crate::wire::excerpt;

/// The shortest RSA key that a verifier may accept, in bits (RFC 8301 §3.2).
pub const SHORTEST_RSA: usize = 1024;
/// The shortest RSA key that a signer should use, in bits (RFC 8301 §3.2).
pub const RECOMMENDED_RSA: usize = 2048;
/// The longest RSA key that a verifier has to cope with, in bits (RFC 8301 §3.2).
pub const LONGEST_RSA: usize = 4096;

/// What a key record says, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCheck {
    /// The key.
    pub state: KeyState,
    /// What keeps verifiers from using it; empty for a sound record.
    pub problems: Vec<KeyProblem>,
    /// What is worth knowing and no fault.
    pub notes: Vec<KeyNote>,
}

/// The key in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// The text is empty: with SES, a key on standby.
    Empty,
    /// `p=` is empty: the key was revoked.
    Revoked,
    /// An RSA key.
    Rsa {
        /// The length of its modulus in bits.
        bits: usize,
    },
    /// An Ed25519 key.
    Ed25519,
    /// No key that could be read; the problems say why.
    Unreadable,
}

/// Why verifiers will not use a key. Text from the record is shown in printable form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyProblem {
    /// The text is no list of tags.
    #[error("it is not a list of tags: {0}")]
    Syntax(TagError),
    /// `v=` stands behind another tag.
    #[error("v= must be the first tag")]
    VersionNotFirst,
    /// A version other than DKIM1.
    #[error("v= must be DKIM1, not '{0}'")]
    Version(String),
    /// No `p=`.
    #[error("p=, the key itself, is missing")]
    NoKey,
    /// A key type that is not known.
    #[error("k= must be rsa or ed25519, not '{0}'")]
    KeyType(String),
    /// SHA-256 is not among the hashes.
    #[error("h= must allow sha256, and says '{0}'")]
    Hashes(String),
    /// The key is not for mail.
    #[error("s= must be * or email, and says '{0}'")]
    Service(String),
    /// A list whose items are not words.
    #[error("{tag}= must be words with colons between them, not '{value}'")]
    List {
        /// The tag.
        tag: &'static str,
        /// Its value.
        value: String,
    },
    /// Octets that are not base64.
    #[error("p= is not base64: '{found}' stands at octet {offset} of the record")]
    Base64 {
        /// Where in the text, in octets from 0.
        offset: usize,
        /// What stands there.
        found: String,
    },
    /// Base64 that ends in the middle of an octet, or with bad padding.
    #[error("p= is not base64: its {0} characters do not come out even, so a part is missing")]
    Base64Length(usize),
    /// The armour of a PEM file was left around the key.
    #[error("p= has the lines -----BEGIN and -----END of a key file: leave them out")]
    Armour,
    /// The key says that it is longer than what is there.
    #[error("p= is cut short: the key says that it has {said} octets, and {found} are there")]
    Cut {
        /// Its length by its own account.
        said: usize,
        /// What there is of it.
        found: usize,
    },
    /// The DER structure is broken.
    #[error("p= is not an RSA public key in DER ({0})")]
    Der(String),
    /// A key of another algorithm than `k=` says.
    #[error("k= says {said}, and p= has a key of the algorithm {found}")]
    Algorithm {
        /// What `k=` says or leaves to be rsa.
        said: &'static str,
        /// The algorithm in the key.
        found: String,
    },
    /// Numbers that make no RSA key.
    #[error("p= has an RSA key that cannot be one: {0}")]
    Unsound(&'static str),
    /// An RSA key that verifiers must not accept.
    #[error("p= has an RSA key of {0} bits; verifiers refuse those below 1024")]
    RsaTooShort(usize),
    /// An Ed25519 key of the wrong length.
    #[error("p= has {0} octets; an Ed25519 key has 32")]
    Ed25519Length(usize),
    /// An Ed25519 key in a SubjectPublicKeyInfo.
    #[error("p= has an Ed25519 key wrapped in DER; only its last 32 octets belong there")]
    Ed25519Wrapped,
}

/// What is worth knowing about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyNote {
    /// `t=y`: verifiers may treat signed mail like unsigned.
    Testing,
    /// `t=s`: the key signs for the exact domain, not for those below it.
    StrictDomain,
    /// An RSA key of 1024 to 2047 bits.
    Weak,
    /// An RSA key of more than 4096 bits, which verifiers need not accept.
    TooLong,
    /// An RSAPublicKey without the SubjectPublicKeyInfo that most verifiers expect around it.
    Bare,
    /// Base64 without the padding at its end.
    Unpadded,
    /// `n=` is not written in DKIM's quoted-printable.
    NotesUnquoted,
}

impl KeyProblem {
    /// Whether the end of the key is missing.
    pub fn is_cut(&self) -> bool {
        matches!(self, Self::Cut { .. } | Self::Base64Length(_))
    }

    /// The tag that the problem is in.
    pub fn tag(&self) -> Option<&'static str> {
        match self {
            Self::Syntax(_) => None,
            Self::VersionNotFirst | Self::Version(_) => Some("v"),
            Self::KeyType(_) => Some("k"),
            Self::Hashes(_) => Some("h"),
            Self::Service(_) => Some("s"),
            Self::List { tag, .. } => Some(tag),
            _ => Some("p"),
        }
    }
}

impl KeyCheck {
    /// Whether verifiers can use the key.
    pub fn is_usable(&self) -> bool {
        matches!(self.state, KeyState::Rsa { .. } | KeyState::Ed25519) && self.problems.is_empty()
    }

    /// Whether it is usable but weaker than it should be.
    pub fn is_weak(&self) -> bool {
        self.is_usable() && self.notes.contains(&KeyNote::Weak)
    }

    fn of(state: KeyState) -> Self {
        Self { state, problems: Vec::new(), notes: Vec::new() }
    }
}

/// Checks the text of a key record: all strings of the TXT record joined.
///
/// ```
/// use dnsonde::judge::content::dkim::{KeyState, check_key};
///
/// let check = check_key(b"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
/// assert_eq!(check.state, KeyState::Ed25519);
/// assert!(check.is_usable());
/// ```
pub fn check_key(text: &[u8]) -> KeyCheck {
    if text.is_empty() {
        return KeyCheck::of(KeyState::Empty);
    }
    let tags = match TagList::parse(text) {
        Ok(tags) => tags,
        Err(error) => {
            let mut check = KeyCheck::of(KeyState::Unreadable);
            check.problems.push(KeyProblem::Syntax(error));
            return check;
        }
    };
    let mut check = KeyCheck::of(KeyState::Unreadable);
    check.version(&tags);
    check.hashes(&tags);
    check.services(&tags);
    check.flags(&tags);
    check.human_notes(&tags);
    check.key(&tags);
    check
}

impl KeyCheck {
    fn version(&mut self, tags: &TagList<'_>) {
        let Some(version) = tags.find("v") else { return };
        if version.value != "DKIM1" {
            self.problems.push(KeyProblem::Version(excerpt(version.value.as_bytes())));
        }
        if tags.first().is_some_and(|first| first.name != "v") {
            self.problems.push(KeyProblem::VersionNotFirst);
        }
    }

    /// The words of a tag that is a list; `None` without the tag or if it is malformed.
    fn words<'t>(&mut self, tags: &TagList<'t>, tag: &'static str) -> Option<Vec<&'t str>> {
        let found = tags.find(tag)?;
        let words: Vec<&str> = found.value.split(':').map(str::trim).collect();
        if words.iter().all(|word| is_word(word) || (tag == "s" && *word == "*")) {
            return Some(words);
        }
        let value = excerpt(found.value.as_bytes());
        self.problems.push(KeyProblem::List { tag, value });
        None
    }

    fn hashes(&mut self, tags: &TagList<'_>) {
        if let Some(words) = self.words(tags, "h")
            && !words.contains(&"sha256")
        {
            self.problems.push(KeyProblem::Hashes(excerpt(words.join(":").as_bytes())));
        }
    }

    fn services(&mut self, tags: &TagList<'_>) {
        if let Some(words) = self.words(tags, "s")
            && !words.iter().any(|word| ["*", "email"].contains(word))
        {
            self.problems.push(KeyProblem::Service(excerpt(words.join(":").as_bytes())));
        }
    }

    fn flags(&mut self, tags: &TagList<'_>) {
        // An empty list of flags is written now and then, and means none.
        if tags.find("t").is_none_or(|tag| tag.value.is_empty()) {
            return;
        }
        let Some(words) = self.words(tags, "t") else { return };
        for (word, note) in [("y", KeyNote::Testing), ("s", KeyNote::StrictDomain)] {
            if words.contains(&word) {
                self.notes.push(note);
            }
        }
    }

    fn human_notes(&mut self, tags: &TagList<'_>) {
        let Some(notes) = tags.find("n") else { return };
        // Each = is the start of two upper-case hexadecimal digits (RFC 6376 §2.11).
        let quoted = notes.value.split('=').skip(1).all(|behind| {
            let digits = behind.as_bytes().get(..2).unwrap_or_default();
            digits.len() == 2
                && digits.iter().all(|octet| matches!(octet, b'0'..=b'9' | b'A'..=b'F'))
        });
        if !quoted {
            self.notes.push(KeyNote::NotesUnquoted);
        }
    }

    fn key(&mut self, tags: &TagList<'_>) {
        let key_type = tags.find("k").map_or("rsa", |tag| tag.value);
        let known = ["rsa", "ed25519"].into_iter().find(|known| *known == key_type);
        if known.is_none() {
            self.problems.push(KeyProblem::KeyType(excerpt(key_type.as_bytes())));
        }
        let Some(key) = tags.find("p") else {
            self.problems.push(KeyProblem::NoKey);
            return;
        };
        if key.value.is_empty() {
            self.state = KeyState::Revoked;
            return;
        }
        let octets = match self.base64(key) {
            Ok(octets) => octets,
            Err(problem) => {
                self.problems.push(problem);
                return;
            }
        };
        match known {
            Some("rsa") => self.rsa(&octets),
            Some(_) => self.ed25519(&octets),
            None => {}
        }
    }

    fn base64(&mut self, key: Tag<'_>) -> Result<Vec<u8>, KeyProblem> {
        if key.value.contains("-----") {
            return Err(KeyProblem::Armour);
        }
        let is_digit = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'+' || octet == b'/';
        let mut digits = String::with_capacity(key.value.len());
        let mut padding = 0;
        for (at, octet) in key.value.bytes().enumerate() {
            match octet {
                b'=' => padding += 1,
                octet if octet.is_ascii_whitespace() => {}
                octet if is_digit(octet) && padding == 0 => digits.push(char::from(octet)),
                _ => {
                    let found = excerpt(&key.value.as_bytes()[at..=at]);
                    return Err(KeyProblem::Base64 { offset: key.offset + at, found });
                }
            }
        }
        let wanted = (4 - digits.len() % 4) % 4;
        let octets = lenient_base64().and_then(|base64| base64.decode(digits.as_bytes()).ok());
        match octets {
            Some(octets) if padding == wanted => Ok(octets),
            Some(octets) if padding == 0 => {
                self.notes.push(KeyNote::Unpadded);
                Ok(octets)
            }
            _ => Err(KeyProblem::Base64Length(digits.len() + padding)),
        }
    }

    fn rsa(&mut self, octets: &[u8]) {
        match rsa::read(octets) {
            Ok(Encoded::Rsa { bits, bare, unsound }) => {
                self.state = KeyState::Rsa { bits };
                if let Some(why) = unsound {
                    self.problems.push(KeyProblem::Unsound(why));
                }
                if bare {
                    self.notes.push(KeyNote::Bare);
                }
                match bits {
                    ..SHORTEST_RSA => self.problems.push(KeyProblem::RsaTooShort(bits)),
                    SHORTEST_RSA..RECOMMENDED_RSA => self.notes.push(KeyNote::Weak),
                    RECOMMENDED_RSA..=LONGEST_RSA => {}
                    _ => self.notes.push(KeyNote::TooLong),
                }
            }
            Ok(Encoded::Other(oid)) => self.other_algorithm("rsa", oid),
            Err(_) if octets.len() == 32 => {
                let found = "Ed25519 (32 octets)".to_owned();
                self.problems.push(KeyProblem::Algorithm { said: "rsa", found });
            }
            Err(why) => self.problems.push(match rsa::missing(octets) {
                Some(said) => KeyProblem::Cut { said, found: octets.len() },
                None => KeyProblem::Der(why),
            }),
        }
    }

    fn ed25519(&mut self, octets: &[u8]) {
        if octets.len() == 32 {
            self.state = KeyState::Ed25519;
            return;
        }
        match rsa::read(octets) {
            Ok(Encoded::Rsa { .. }) => {
                let found = "RSA".to_owned();
                self.problems.push(KeyProblem::Algorithm { said: "ed25519", found });
            }
            Ok(Encoded::Other(rsa::ED25519)) => self.problems.push(KeyProblem::Ed25519Wrapped),
            Ok(Encoded::Other(oid)) => self.other_algorithm("ed25519", oid),
            Err(_) => self.problems.push(KeyProblem::Ed25519Length(octets.len())),
        }
    }

    fn other_algorithm(&mut self, said: &'static str, oid: spki::ObjectIdentifier) {
        let found = if oid == rsa::ED25519 { "Ed25519".to_owned() } else { oid.to_string() };
        self.problems.push(KeyProblem::Algorithm { said, found });
    }
}

/// Base64 without padding that does not mind what the unused bits at the end are: verifiers
/// don't.
fn lenient_base64() -> Option<Encoding> {
    let mut specification = Specification::new();
    specification
        .symbols
        .push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    specification.check_trailing_bits = false;
    specification.encoding().ok()
}

/// A hyphenated-word of RFC 6376 §2.10.
fn is_word(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_alphabetic())
        && !word.ends_with('-')
        && word.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
}

#[cfg(test)]
mod tests;
