//! Reads the records of a master file, one after the other.

use super::super::name::NameBuf;
use super::super::rdata::from_tokens;
use super::super::record_buf::RecordBuf;
use super::super::registry::{Class, RecordType};
use super::error::{TextError, TextErrorKind as Kind};
use super::lexer::{Lexer, Place, Token};
use super::printable::excerpt;
use super::source::Source;

/// The longest TTL (RFC 2181 §8).
const LONGEST_TTL: u32 = i32::MAX as u32;
/// What is expected where a TTL stands.
const TTL: &str = "a TTL from 0 to 2147483647 seconds";
/// How deep files may include each other.
const DEEPEST: usize = 16;

/// Loads a file that `$INCLUDE` names: gives its octets, or one sentence why it cannot be had.
pub type IncludeLoader<'l> = dyn FnMut(&str) -> Result<Vec<u8>, String> + 'l;

/// What a text starts from.
#[derive(Debug, Clone)]
pub struct ZoneOptions {
    /// Completes names without a final dot until `$ORIGIN` says another one.
    pub origin: NameBuf,
    /// The TTL of records without one until `$TTL` says another; with `None` the last one that an
    /// earlier record gave.
    pub ttl: Option<u32>,
    /// The class of records without one; with `None` the last one that an earlier record gave,
    /// IN before that.
    pub class: Option<Class>,
    /// Whether parentheses may hold an entry together over several lines; if not, each line is an
    /// entry, and one broken line never takes others with it.
    pub multiline: bool,
    /// Whether records that only messages have are taken too: OPT, TKEY, TSIG, and those of
    /// updates (RFC 2136 §2.4 and §2.5). They stand in a class that no zone has, as ANY or, for
    /// OPT, `CLASS1232`; in IN, CH and HS their types are refused all the same.
    pub messages: bool,
}

impl Default for ZoneOptions {
    fn default() -> Self {
        Self { origin: NameBuf::root(), ttl: None, class: None, multiline: true, messages: false }
    }
}

/// Iterator over the records of a text. An entry that cannot be read is an error in its place,
/// and the iterator goes on behind it.
pub struct ZoneReader<'t, 'l> {
    lexer: Lexer<'t>,
    state: State,
    loader: Option<&'l mut IncludeLoader<'l>>,
    /// Records of an included file, the last one first.
    included: Vec<Result<RecordBuf, TextError>>,
    /// Whether more lines may follow, in which a parenthesis may be closed: the entry that it opens
    /// ends the reading, and the cursor stays before it.
    pub(super) partial: bool,
}

/// What an entry takes from those before it.
#[derive(Clone)]
pub(super) struct State {
    origin: NameBuf,
    owner: Option<NameBuf>,
    ttl: Option<u32>,
    last_ttl: Option<u32>,
    class: Option<Class>,
    last_class: Class,
    messages: bool,
    depth: usize,
}

impl State {
    pub(super) fn new(options: &ZoneOptions) -> Self {
        Self {
            origin: options.origin,
            owner: None,
            ttl: options.ttl,
            last_ttl: None,
            class: options.class,
            last_class: Class::IN,
            messages: options.messages,
            depth: 0,
        }
    }
}

impl<'t, 'l> ZoneReader<'t, 'l> {
    /// Reads `text`; `$INCLUDE` is an error.
    pub fn new(text: &'t [u8], options: &ZoneOptions) -> Self {
        Self::with_state(Lexer::new(text, options.multiline), State::new(options))
    }

    pub(super) fn with_state(lexer: Lexer<'t>, state: State) -> Self {
        Self { lexer, state, loader: None, included: Vec::new(), partial: false }
    }

    /// What is needed to go on behind the last entry, and how many octets were read.
    pub(super) fn into_state(self) -> (State, Place, usize) {
        let (place, read) = self.lexer.place();
        (self.state, place, read)
    }

    /// Lets `$INCLUDE` load files through `loader`.
    #[must_use]
    pub fn with_include(mut self, loader: &'l mut IncludeLoader<'l>) -> Self {
        self.loader = Some(loader);
        self
    }

    /// Reads one entry: a record, or nothing for a directive or an empty line.
    fn entry(&mut self) -> Result<Option<RecordBuf>, TextError> {
        let owner_left_out = self.lexer.is_at_blank();
        let Some(first) = self.lexer.peek()? else { return Ok(None) };
        if !owner_left_out {
            self.lexer.token()?;
            if first.raw.first() == Some(&b'$') && !first.quoted {
                self.directive(&first)?;
                return Ok(None);
            }
            let source = Source { lexer: &mut self.lexer, origin: &self.state.origin };
            self.state.owner = Some(source.name_from(&first)?);
        }
        let name = self.state.owner.ok_or_else(|| first.error(Kind::NoOwner))?;
        let mut source = Source { lexer: &mut self.lexer, origin: &self.state.origin };
        let (mut ttl, mut class) = (None, None);
        let (token, rtype) = loop {
            let token = source.token("a record type")?;
            if token.quoted {
                return Err(token.expected("a TTL, a class or a record type"));
            }
            if ttl.is_none() && token.raw.first().is_some_and(u8::is_ascii_digit) {
                ttl = Some((token.period(u32::MAX, TTL)?, token));
                continue;
            }
            if class.is_none()
                && let Some(Ok(found)) = token.text().map(str::parse::<Class>)
                && (found != Class::ANY || self.state.messages && is_before_type(&source)?)
            {
                class = Some(found);
                continue;
            }
            break (token, token.parse::<RecordType>("a TTL, a class or a record type")?);
        };
        let class = class.or(self.state.class).unwrap_or(self.state.last_class);
        let of_zones = matches!(class, Class::IN | Class::CH | Class::HS);
        if rtype.is_meta() && (of_zones || !self.state.messages) {
            return Err(token.error(Kind::MetaType(rtype)));
        }
        let ttl = match ttl {
            // In the place of a TTL, OPT has flags (RFC 6891 §6.1.3).
            Some((seconds, token)) if seconds > LONGEST_TTL && rtype != RecordType::OPT => {
                return Err(token.expected(TTL));
            }
            ttl => ttl.map(|(seconds, _)| seconds),
        };
        let rdata = from_tokens(rtype, class, &mut source)?;
        // What an entry says counts for those behind it once it was read as a whole.
        let taken = self.state.ttl.or(self.state.last_ttl);
        let ttl = ttl.or(taken).ok_or_else(|| token.error(Kind::NoTtl))?;
        self.state.last_ttl = Some(ttl);
        self.state.last_class = class;
        Ok(Some(RecordBuf { name, ttl, class, rtype, rdata }))
    }

    fn directive(&mut self, word: &Token<'_>) -> Result<(), TextError> {
        let mut source = Source { lexer: &mut self.lexer, origin: &self.state.origin };
        if word.raw.eq_ignore_ascii_case(b"$ORIGIN") {
            let origin = source.name()?;
            source.end()?;
            self.state.origin = origin;
        } else if word.raw.eq_ignore_ascii_case(b"$TTL") {
            let token = source.token("a TTL")?;
            let ttl = token.period(LONGEST_TTL, TTL)?;
            source.end()?;
            self.state.ttl = Some(ttl);
        } else if word.raw.eq_ignore_ascii_case(b"$INCLUDE") {
            let file = source.token("the name of a file")?;
            let origin = match source.optional()? {
                Some(token) => source.name_from(&token)?,
                None => self.state.origin,
            };
            source.end()?;
            self.include(&file, origin)?;
        } else if word.raw.eq_ignore_ascii_case(b"$GENERATE") {
            return Err(word.error(Kind::GenerateRefused));
        } else {
            return Err(word.error(Kind::Directive(excerpt(word.raw))));
        }
        Ok(())
    }

    /// Reads a whole file in place of the directive; its origin and owner end with it
    /// (RFC 1035 §5.1).
    fn include(&mut self, file: &Token<'_>, origin: NameBuf) -> Result<(), TextError> {
        let Some(loader) = self.loader.as_mut() else {
            return Err(file.error(Kind::IncludeRefused));
        };
        let refused =
            |reason: String| file.error(Kind::Include { file: excerpt(file.raw), reason });
        if self.state.depth >= DEEPEST {
            return Err(refused(format!("files are included more than {DEEPEST} levels deep")));
        }
        let octets = file.octets()?;
        let path =
            String::from_utf8(octets).map_err(|_| refused("its name is not UTF-8".to_owned()))?;
        let text = loader(&path).map_err(refused)?;
        let state = State { origin, depth: self.state.depth + 1, ..self.state.clone() };
        let lexer = Lexer::new(&text, self.lexer.is_multiline());
        let mut reader =
            ZoneReader { loader: Some(&mut **loader), ..ZoneReader::with_state(lexer, state) };
        // A mistake in there is shown at the place that includes it.
        let located = |error: TextError| refused(error.to_string());
        self.included = reader.by_ref().map(|entry| entry.map_err(located)).collect();
        self.included.reverse();
        self.state.last_ttl = reader.state.last_ttl;
        Ok(())
    }
}

/// Whether a type may follow, so that ANY is a class here; as a type it has the generic form or
/// nothing behind it.
fn is_before_type(source: &Source<'_, '_>) -> Result<bool, TextError> {
    Ok(source.peek()?.is_some_and(|token| token.raw != b"\\#"))
}

impl Iterator for ZoneReader<'_, '_> {
    type Item = Result<RecordBuf, TextError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.included.pop() {
                return Some(record);
            }
            if self.lexer.is_at_end() {
                return None;
            }
            let before = self.partial.then(|| self.lexer.clone());
            let entry = self.entry();
            let entry = match (self.lexer.end_entry(), before) {
                (Some(_), Some(before)) => {
                    self.lexer = before;
                    return None;
                }
                (Some(unclosed), None) => Err(unclosed),
                (None, _) => entry,
            };
            match entry {
                Ok(None) => {}
                Ok(Some(record)) => return Some(Ok(record)),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
