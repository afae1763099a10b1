//! What a server is about to say, as data that faults can still change, and its octets.

use super::cookie;
use super::query::{Query, formerr, reply_flags};
use crate::wire::{
    BufferFull, Builder, EdeCode, Flags, NameBuf, Opcode, Opt, OptBuf, OptionCode, Rcode,
    RecordBuf, Section,
};

/// A response before it is octets.
#[derive(Debug, Clone)]
pub(super) struct Response {
    /// AA, RA, AD and TC.
    pub flags: Flags,
    pub rcode: Rcode,
    pub answers: Vec<RecordBuf>,
    pub authorities: Vec<RecordBuf>,
    /// Addresses without which a referral is of no use: if they do not fit, the response is
    /// truncated (RFC 9471 §3.1).
    pub glue: Vec<RecordBuf>,
    /// Addresses that are left out if they do not fit.
    pub extras: Vec<RecordBuf>,
    /// Name and serial of the zone that it is from.
    pub zone: Option<(NameBuf, u32)>,
    /// Whether the name exists and has nothing but descendants.
    pub empty_nonterminal: bool,
    pub ede: Option<EdeCode>,
}

/// Who says it, as far as EDNS shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identity<'i> {
    pub nsid: Option<&'i str>,
    /// The largest UDP response, in octets.
    pub max_udp: u16,
    pub cookies: cookie::Place,
    /// Whether OPT records are answered with one.
    pub edns: bool,
}

impl Response {
    /// Nothing but a response code.
    pub fn error(rcode: Rcode) -> Self {
        Self {
            flags: Flags::default(),
            rcode,
            answers: Vec::new(),
            authorities: Vec::new(),
            glue: Vec::new(),
            extras: Vec::new(),
            zone: None,
            empty_nonterminal: false,
            ede: None,
        }
    }

    /// What is said to a query that is not looked into any further: another operation, another
    /// version of EDNS (RFC 6891 §6.1.3), a malformed cookie (RFC 7873 §5.2.2).
    pub fn refusal(query: &Query<'_>) -> Option<Self> {
        if query.message.flags().opcode() != Opcode::QUERY {
            return Some(Self::error(Rcode::NOTIMP));
        }
        let opt = query.message.opt()?;
        if opt.version() != 0 {
            return Some(Self::error(Rcode::BADVERS));
        }
        let mut cookies = opt.options().filter(|(code, _)| *code == OptionCode::COOKIE);
        let malformed = cookies.any(|(_, value)| cookie::client(value).is_none());
        malformed.then(|| Self::error(Rcode::FORMERR))
    }

    /// The octets: at most `limit`, else an empty answer with TC.
    pub fn octets(&self, query: &Query<'_>, identity: &Identity<'_>, limit: usize) -> Vec<u8> {
        let mut buffer = vec![0; limit];
        let len = self
            .write(query, identity, true, &mut buffer)
            .or_else(|_| self.write(query, identity, false, &mut buffer))
            .or_else(|_| self.truncated().write(query, identity, false, &mut buffer));
        // Only a question with more options than anyone needs leaves no room for anything.
        let Ok(len) = len else { return formerr(query.message.header()) };
        buffer.truncate(len);
        buffer
    }

    /// The same without records, and with TC.
    pub fn truncated(&self) -> Self {
        let flags = self.flags.with(Flags::TC);
        Self { flags, zone: self.zone, ede: self.ede, ..Self::error(self.rcode) }
    }

    fn write(
        &self,
        query: &Query<'_>,
        identity: &Identity<'_>,
        extras: bool,
        buffer: &mut [u8],
    ) -> Result<usize, BufferFull> {
        let flags = reply_flags(query.message.flags()).with(self.flags).with_rcode(self.rcode);
        let mut builder = Builder::new(buffer, query.message.id(), flags)?;
        builder.question(query.name.as_wire(), query.rtype, query.class)?;
        let sections = [
            (Section::Answer, &self.answers),
            (Section::Authority, &self.authorities),
            (Section::Additional, &self.glue),
        ];
        for (section, records) in sections {
            records.iter().try_for_each(|record| record.build(section, &mut builder))?;
        }
        if extras {
            self.extras
                .iter()
                .try_for_each(|record| record.build(Section::Additional, &mut builder))?;
        }
        if identity.edns
            && let Some(asked) = query.message.opt()
        {
            self.opt(&asked, identity).build(&mut builder)?;
        }
        Ok(builder.finish())
    }

    fn opt(&self, asked: &Opt<'_>, identity: &Identity<'_>) -> OptBuf {
        let mut opt = OptBuf::new(identity.max_udp);
        opt.extended_rcode = (self.rcode.0 >> 4) as u8;
        opt.flags = asked.flags() & Opt::DO;
        if asked.version() != 0 {
            return opt;
        }
        for (code, value) in asked.options() {
            match code {
                OptionCode::NSID => {
                    if let Some(nsid) = identity.nsid {
                        opt.option(code, nsid.as_bytes());
                    }
                }
                OptionCode::COOKIE => {
                    if let Some(client) = cookie::client(value) {
                        opt.cookie(client, &identity.cookies.server_cookie(client));
                    }
                }
                OptionCode::ZONEVERSION => {
                    if let Some((zone, serial)) = &self.zone {
                        let labels = zone.labels().count() as u8;
                        let [a, b, c, d] = serial.to_be_bytes();
                        opt.option(code, &[labels, 0, a, b, c, d]);
                    }
                }
                _ => {}
            }
        }
        if let Some(ede) = self.ede {
            opt.option(OptionCode::EDE, &ede.0.to_be_bytes());
        }
        opt
    }
}
