//! Reads the records of a master file that comes in pieces.

use super::super::record_buf::RecordBuf;
use super::error::{TextError, TextErrorKind as Kind};
use super::lexer::{Lexer, Place};
use super::zone::{State, ZoneOptions, ZoneReader};

/// The longest entry that is kept, in octets: the longest RDATA needs a quarter of it if all of it is
/// written in escapes.
const LONGEST: usize = 1 << 20;
/// How much is looked at together.
const PIECE: usize = 1 << 16;

/// Reads a text of any size in bounded memory; what comes out is what [`ZoneReader`] makes of the
/// whole, but that an entry, and so a line, has at most 1 MiB. `$INCLUDE` is an error.
///
/// ```
/// use dnsonde::wire::{ZoneOptions, ZoneStream};
///
/// let mut stream = ZoneStream::new(&ZoneOptions { ttl: Some(60), ..ZoneOptions::default() });
/// let mut records = Vec::new();
/// for piece in [&b"a. A 192.0"[..], b".2.1\nb. TXT ( x\n", b" y )\n"] {
///     stream.push(piece, &mut |entry| records.push(entry.unwrap().to_string()));
/// }
/// stream.finish(&mut |entry| records.push(entry.unwrap().to_string()));
/// assert_eq!(records, ["a. 60 IN A 192.0.2.1", "b. 60 IN TXT \"x\" \"y\""]);
/// ```
pub struct ZoneStream {
    state: State,
    place: Place,
    /// What is still to be read, from the start of an entry on.
    rest: Vec<u8>,
    /// The rest of a line that is too long is passed over.
    skipping: bool,
}

/// Takes the entries of a text in their order.
type Sink<'s> = dyn FnMut(Result<RecordBuf, TextError>) + 's;

impl ZoneStream {
    /// A text of which nothing was seen yet.
    pub fn new(options: &ZoneOptions) -> Self {
        Self {
            state: State::new(options),
            place: Place::start(options.multiline),
            rest: Vec::new(),
            skipping: false,
        }
    }

    /// Takes more of the text, and hands on the entries that are whole with it.
    pub fn push(&mut self, text: &[u8], sink: &mut Sink<'_>) {
        for piece in text.chunks(PIECE) {
            self.push_piece(piece, sink);
        }
    }

    /// The text ends here: hands on what is left of it.
    pub fn finish(mut self, sink: &mut Sink<'_>) {
        let rest = std::mem::take(&mut self.rest);
        ZoneReader::with_state(Lexer::at(self.place, &rest), self.state).for_each(sink);
    }

    fn push_piece(&mut self, mut piece: &[u8], sink: &mut Sink<'_>) {
        if self.skipping {
            let Some(end) = memchr::memchr(b'\n', piece) else { return };
            piece = &piece[end..];
            self.skipping = false;
        }
        let before = self.rest.len();
        self.rest.extend_from_slice(piece);
        if let Some(end) = memchr::memrchr(b'\n', piece) {
            self.read_lines(before + end + 1, false, sink);
        }
        while self.rest.len() > LONGEST {
            match memchr::memrchr(b'\n', &self.rest) {
                Some(end) => self.read_lines(end + 1, true, sink),
                None => {
                    let line = self.place.line;
                    sink(Err(TextError { line, column: 1, kind: Kind::LineTooLong }));
                    self.rest.clear();
                    self.skipping = true;
                }
            }
        }
    }

    /// Reads the lines before `end`. An entry that needs more of them waits, unless it is the first one
    /// and `give_up`: then nothing closes its parenthesis.
    fn read_lines(&mut self, end: usize, give_up: bool, sink: &mut Sink<'_>) {
        let lexer = Lexer::at(self.place, &self.rest[..end]);
        let mut reader = ZoneReader::with_state(lexer, self.state.clone());
        if give_up {
            reader.next().into_iter().for_each(&mut *sink);
        }
        reader.partial = true;
        reader.by_ref().for_each(sink);
        let (state, place, read) = reader.into_state();
        (self.state, self.place) = (state, place);
        self.rest.drain(..read);
    }
}
