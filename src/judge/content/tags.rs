//! Lists of tags, `v=DKIM1; k=rsa; p=...`: the syntax that DKIM (RFC 6376 §3.2) and DMARC
//! (RFC 7489 §6.4) share.

use crate::wire::excerpt;

/// A list whose syntax was checked: every name is one, none stands twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagList<'t> {
    tags: Vec<Tag<'t>>,
}

/// One tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tag<'t> {
    /// The name; its case counts.
    pub name: &'t str,
    /// The value without the white space around it: printable ASCII, and white space within.
    pub value: &'t str,
    /// Where the value begins in the text, in octets.
    pub offset: usize,
}

/// Why a text is no list of tags.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at octet {offset} {kind}")]
pub struct TagError {
    /// Where in the text, in octets from 0.
    pub offset: usize,
    /// What is wrong there.
    pub kind: TagErrorKind,
}

/// The mistakes in a list of tags.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagErrorKind {
    /// Nothing between two semicolons, or in the whole text.
    #[error("a tag is missing")]
    Empty,
    /// A tag without a value.
    #[error("'{0}' has no '=' behind its name")]
    NoEquals(String),
    /// A name that is not a letter followed by letters, digits and underscores.
    #[error("'{0}' is not the name of a tag")]
    Name(String),
    /// An octet that a value cannot have.
    #[error("the value of {tag}= has the octet {octet:#04x}, which is not printable ASCII")]
    Octet {
        /// The tag.
        tag: String,
        /// The octet.
        octet: u8,
    },
    /// A tag for the second time; that makes the whole list invalid.
    #[error("the tag {0}= stands for the second time")]
    Twice(String),
}

impl<'t> TagList<'t> {
    /// Reads a list.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn parse(text: &'t [u8]) -> Result<Self, TagError> {
        let mut tags: Vec<Tag<'t>> = Vec::new();
        let mut offset = 0;
        let mut specs = text.split(|&octet| octet == b';').peekable();
        while let Some(spec) = specs.next() {
            // One semicolon may end the list.
            if specs.peek().is_none() && !tags.is_empty() && trim(spec).is_empty() {
                break;
            }
            let tag = read_tag(spec, offset)?;
            if tags.iter().any(|earlier| earlier.name == tag.name) {
                let at = offset + blanks(spec);
                let kind = TagErrorKind::Twice(tag.name.to_owned());
                return Err(TagError { offset: at, kind });
            }
            tags.push(tag);
            offset += spec.len() + 1;
        }
        Ok(Self { tags })
    }

    /// The tag of this name.
    pub fn find(&self, name: &str) -> Option<Tag<'t>> {
        self.tags.iter().find(|tag| tag.name == name).copied()
    }

    /// The tag that stands first.
    pub fn first(&self) -> Option<Tag<'t>> {
        self.tags.first().copied()
    }
}

fn read_tag(spec: &[u8], offset: usize) -> Result<Tag<'_>, TagError> {
    let start = offset + blanks(spec);
    let error = |offset, kind| TagError { offset, kind };
    if trim(spec).is_empty() {
        return Err(error(start, TagErrorKind::Empty));
    }
    let Some(equals) = spec.iter().position(|&octet| octet == b'=') else {
        return Err(error(start, TagErrorKind::NoEquals(excerpt(trim(spec)))));
    };
    let (name, value) = (trim(&spec[..equals]), &spec[equals + 1..]);
    let is_name = name.first().is_some_and(u8::is_ascii_alphabetic)
        && name.iter().all(|&octet| octet.is_ascii_alphanumeric() || octet == b'_');
    let value_offset = offset + equals + 1 + blanks(value);
    let value = trim(value);
    let wrong = value.iter().position(|&octet| !matches!(octet, 0x21..=0x7E) && !is_blank(octet));
    match (std::str::from_utf8(name), std::str::from_utf8(value)) {
        (Ok(name), Ok(value)) if is_name && wrong.is_none() => {
            Ok(Tag { name, value, offset: value_offset })
        }
        (Ok(tag), _) if is_name => {
            let at = wrong.unwrap_or_default();
            let octet = value.get(at).copied().unwrap_or_default();
            let kind = TagErrorKind::Octet { tag: tag.to_owned(), octet };
            Err(error(value_offset + at, kind))
        }
        _ => Err(error(start, TagErrorKind::Name(excerpt(name)))),
    }
}

/// White space as it may stand around and within values; a line end only belongs to it when
/// folded, but in a TXT record nobody tells the two apart.
fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'\n')
}

/// How many blanks come first.
fn blanks(octets: &[u8]) -> usize {
    octets.iter().take_while(|&&octet| is_blank(octet)).count()
}

fn trim(octets: &[u8]) -> &[u8] {
    let start = blanks(octets);
    let end = octets.iter().rposition(|&octet| !is_blank(octet)).map_or(start, |at| at + 1);
    &octets[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_with_white_space_where_it_may_be() {
        let list = TagList::parse(b" v = DKIM1 ;\tk=rsa;p=AB \r\n CD; n=a=b ; ").unwrap();
        let value = |name| list.find(name).map(|tag| tag.value);
        assert_eq!(value("v"), Some("DKIM1"));
        assert_eq!(value("p"), Some("AB \r\n CD"));
        assert_eq!(value("n"), Some("a=b"));
        assert_eq!(value("V"), None);
        assert_eq!(list.first().map(|tag| (tag.name, tag.offset)), Some(("v", 5)));
        assert_eq!(TagList::parse(b"p=").unwrap().find("p").unwrap().value, "");
    }

    #[test]
    fn text_that_is_no_list_says_where_and_why() {
        use TagErrorKind as K;
        for (text, offset, kind) in [
            (&b""[..], 0, K::Empty),
            (b"  ", 2, K::Empty),
            (b";", 0, K::Empty),
            (b"v=DKIM1;; p=", 8, K::Empty),
            (b"v=DKIM1; p=;;", 12, K::Empty),
            (b"v=DKIM1; rsa", 9, K::NoEquals("rsa".into())),
            (b"\"v=DKIM1", 0, K::Name("\"v".into())),
            (b"a=1; 1b=2", 5, K::Name("1b".into())),
            (b"a b=2", 0, K::Name("a b".into())),
            (b"=2", 0, K::Name(String::new())),
            (b"p=a\xE2\x80\x9Cb", 3, K::Octet { tag: "p".into(), octet: 0xE2 }),
            (b"p=\0", 2, K::Octet { tag: "p".into(), octet: 0 }),
            (b"p=a; k=rsa; p=b", 12, K::Twice("p".into())),
        ] {
            let found = TagList::parse(text).unwrap_err();
            assert_eq!(found, TagError { offset, kind }, "{}", excerpt(text));
        }
    }
}
