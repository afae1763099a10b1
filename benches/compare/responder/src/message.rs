//! As much of DNS as the responder needs.

pub const NOERROR: u8 = 0;
pub const SERVFAIL: u8 = 2;
pub const REFUSED: u8 = 5;

const HEADER: usize = 12;
const TYPE_A: u16 = 1;
/// Name as a pointer to the question, A, IN, 300 s, 192.0.2.1.
const RECORD: [u8; 16] = [0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 1];
/// An empty OPT that offers 1232 octets.
const OPT: [u8; 11] = [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0];
/// Longest question that is answered: what is left of a reply's room.
const LONGEST_QUESTION: usize = REPLY - HEADER - RECORD.len() - OPT.len();
/// Room for a reply.
pub const REPLY: usize = 200;

/// The one question of a query.
pub struct Question {
    end: usize,
    is_a: bool,
    /// The number behind the first letter of the name: which line of the list it is.
    pub number: Option<u32>,
}

impl Question {
    /// `None` if this is no query with one question, or one too long for the responder.
    pub fn read(message: &[u8]) -> Option<Self> {
        if message.len() < HEADER || message[2] & 0x80 != 0 || message[4..6] != [0, 1] {
            return None;
        }
        let mut at = HEADER;
        loop {
            let length = usize::from(*message.get(at)?);
            at += 1 + length;
            match length {
                0 => break,
                1..64 => {}
                _ => return None,
            }
        }
        let kind = message.get(at..at + 4)?;
        (at + 4 - HEADER <= LONGEST_QUESTION).then(|| Self {
            end: at + 4,
            is_a: u16::from_be_bytes([kind[0], kind[1]]) == TYPE_A,
            number: number(message),
        })
    }

    /// Writes the answer to the query that this was read from; its length.
    pub fn answer(&self, query: &[u8], rcode: u8, reply: &mut [u8; REPLY]) -> usize {
        let with_record = rcode == NOERROR && self.is_a;
        let with_opt = query[10..12] != [0, 0];
        let mut length = self.end;
        reply[..length].copy_from_slice(&query[..length]);
        // QR, and RD and the opcode as they came; RA.
        reply[2] = 0x80 | query[2] & 0x79;
        reply[3] = 0x80 | rcode;
        reply[6..12].copy_from_slice(&[0, u8::from(with_record), 0, 0, 0, u8::from(with_opt)]);
        if with_record {
            reply[length..length + RECORD.len()].copy_from_slice(&RECORD);
            length += RECORD.len();
        }
        if with_opt {
            reply[length..length + OPT.len()].copy_from_slice(&OPT);
            length += OPT.len();
        }
        length
    }
}

fn number(message: &[u8]) -> Option<u32> {
    let digits = message.get(HEADER + 2..HEADER + 1 + usize::from(message[HEADER]))?;
    let mut number = None;
    for &digit in digits.iter().take_while(|octet| octet.is_ascii_digit()).take(9) {
        number = Some(number.unwrap_or(0) * 10 + u32::from(digit - b'0'));
    }
    number
}
