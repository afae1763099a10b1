//! The catalog of findings: whatever can be concluded, and nothing else.
//!
//! Judges, reports, `docs/findings.md` and `schemas/report.schema.json` share it. What is not in it
//! cannot be emitted, for a [`FindingId`] is one of its entries; what nothing emits fails a test. An id
//! is a promise to scripts: it is never renamed.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::actor::Actor;
use super::entry::{Class, Effect, Entry, Needs};
use super::severity::Severity;

impl FindingId {
    /// What is known of it.
    pub fn entry(self) -> &'static Entry {
        &ENTRIES[self as usize]
    }

    /// The id, in words joined by hyphens.
    pub fn as_str(self) -> &'static str {
        self.entry().id
    }

    /// What it is called for people.
    pub fn title(self) -> &'static str {
        self.entry().title
    }
}

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text is the id of no finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such finding")]
pub struct UnknownFinding;

impl FromStr for FindingId {
    type Err = UnknownFinding;

    fn from_str(text: &str) -> Result<Self, UnknownFinding> {
        Self::ALL.iter().copied().find(|id| id.as_str() == text).ok_or(UnknownFinding)
    }
}

impl PartialEq<&str> for FindingId {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl Serialize for FindingId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

macro_rules! catalog {
    ($($name:ident = $entry:expr;)*) => {
        /// Which finding it is: an entry of the catalog.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the entries say what each is")]
        pub enum FindingId { $($name,)* }

        impl FindingId {
            /// All of them, in the order of the catalog.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
        }

        static ENTRIES: &[Entry] = &[$($entry,)*];
    };
}

catalog! {
    // The record.
    RecordPresent = Entry::new(
        "record-present",
        Class::Record,
        &[Severity::Info],
        &[Actor::Nobody],
        "The record is published correctly",
        "it is as expected everywhere, every time",
        "RFC 1034 §4.3.2",
    );
    RecordMissing = Entry::new(
        "record-missing",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner, Actor::Service],
        "The record is not there",
        "it is nowhere, and none of the near misses below explains it",
        "RFC 2308 §2",
    );
    RecordMissingOnSome = Entry::new(
        "record-missing-on-some",
        Class::Record,
        &[Severity::Error],
        &[Actor::DnsHost, Actor::DomainOwner],
        "Some servers lack the record",
        "some addresses have it, some constantly do not",
        "RFC 1034 §4.3.5",
    ).depth(8);
    RecordUnstable = Entry::new(
        "record-unstable",
        Class::Record,
        &[Severity::Warning, Severity::Error],
        &[Actor::DnsHost, Actor::Nobody],
        "Responses from one address are inconsistent",
        "responses from one address are inconsistent; a warning where it changed once while it was \
         being checked",
        "RFC 4786 §5",
    );
    OwnerDoubled = Entry::new(
        "owner-doubled",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner],
        "The domain stands twice in the name",
        "it is at the name with the zone's name behind it twice",
        "RFC 1035 §5.1",
    ).depth(11);
    OwnerMistyped = Entry::new(
        "owner-mistyped",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner],
        "The record stands under another name",
        "it is at the name without a label, a dot or an underscore, or at the apex",
        "RFC 1035 §5.1",
    );
    WrongType = Entry::new(
        "wrong-type",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner],
        "The record has the wrong type",
        "its value stands in a record of another type",
        "RFC 1035 §3.3",
    );
    AliasFlattened = Entry::new(
        "alias-flattened",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner],
        "The provider answers in place of the CNAME",
        "a CNAME is expected; there is none, and what it would lead to is answered instead",
        "RFC 1034 §3.6.2",
    );
    TargetDoubled = Entry::new(
        "target-doubled",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner],
        "The domain was appended to the target",
        "the target of the CNAME ends in the owner's zone after the expected target",
        "RFC 1035 §5.1",
    );
    ValueDiffers = Entry::new(
        "value-differs",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner, Actor::Service],
        "The record has another value",
        "there is another value; the first octet that differs is shown",
        "RFC 1035 §3.3",
    ).effect(Effect::NotRight);
    ValueInvalid = Entry::new(
        "value-invalid",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner, Actor::Service],
        "The value is there and not valid",
        "a record is there that was meant for this, and its value is not valid: a semicolon is \
         missing, or a whole line of a zone file was entered",
        "RFC 1035 §3.3",
    ).effect(Effect::NotRight);
    ValueQuoted = Entry::new(
        "value-quoted",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner, Actor::Service],
        "The value contains extra quotation marks",
        "it has quotation marks around it or in it that were not to be entered, and nothing \
         else differs",
        "RFC 1035 §3.3",
    );
    ValueEscaped = Entry::new(
        "value-escaped",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner, Actor::Service],
        "The value contains extra backslashes",
        "it has backslashes that were not to be entered, and nothing else differs",
        "RFC 1035 §3.3",
    );
    ValueWhitespace = Entry::new(
        "value-whitespace",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner, Actor::Service],
        "The value has extra or missing spaces",
        "only spaces or line ends differ",
        "RFC 1035 §3.3",
    );
    ValueNonAscii = Entry::new(
        "value-non-ascii",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner, Actor::Service],
        "The value has characters that look right and are not",
        "characters that look like the right ones stand in their place, and nothing else \
         differs",
        "RFC 1035 §3.3",
    );
    ValueCaseFolded = Entry::new(
        "value-case-folded",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner, Actor::Service],
        "Capital letters of the value were changed",
        "only capital and small letters differ",
        "RFC 1035 §3.3",
    );
    ValueTruncated = Entry::new(
        "value-truncated",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner, Actor::Service],
        "The value is cut short",
        "it ends before the expected value does",
        "RFC 1035 §3.3",
    );
    AliasNotAlone = Entry::new(
        "alias-not-alone",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner],
        "Other records stand beside the CNAME",
        "a CNAME has other data beside it, or the answer depends on the type that is asked for",
        "RFC 2181 §10.1",
    ).effect(Effect::NotRight).depth(10);
    RecordsMultiple = Entry::new(
        "records-multiple",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner, Actor::Service],
        "There are several records where one is required",
        "there are several where one is required",
        "RFC 2181 §10.1",
    );
    WildcardMatch = Entry::new(
        "wildcard-match",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner],
        "A wildcard answers, not the record itself",
        "a random name beside it gets the same answer",
        "RFC 4592 §2.1.1",
    ).effect(Effect::NotRight);
    BelowZoneCut = Entry::new(
        "below-zone-cut",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner],
        "The name belongs to a zone of its own",
        "the name lies in a zone below that is delegated elsewhere",
        "RFC 1034 §4.2",
    ).depth(2);
    AliasBroken = Entry::new(
        "alias-broken",
        Class::Record,
        &[Severity::Notice, Severity::Error],
        &[Actor::DomainOwner, Actor::Service, Actor::Nobody],
        "The CNAME leads nowhere",
        "the alias leads to a name that does not exist, in a circle, or on for too long",
        "RFC 1034 §3.6.2",
    ).effect(Effect::NotRight);
    TargetNotPublishedYet = Entry::new(
        "target-not-published-yet",
        Class::Record,
        &[Severity::Warning],
        &[Actor::DomainOwner],
        "The record is right, and its target is not published yet",
        "the CNAME is exactly as given, and the sound servers where it leads say that there is nothing \
         yet",
        "RFC 1034 §3.6.2",
    ).effect(Effect::NotRight);
    AliasTargetUnreachable = Entry::new(
        "alias-target-unreachable",
        Class::Record,
        &[Severity::Warning, Severity::Error],
        &[Actor::Service, Actor::DnsHost],
        "The servers where the CNAME leads do not answer well",
        "the servers of the alias's target fail, or fail now and then",
        "RFC 1034 §5.3.3",
    ).effect(Effect::Availability);
    TypeThroughAliasFails = Entry::new(
        "type-through-alias-fails",
        Class::Record,
        &[Severity::Error],
        &[Actor::DnsHost],
        "The server fails for what is behind the CNAME",
        "the CNAME is answered, and the type that it is there for is not",
        "RFC 1034 §4.3.2",
    ).effect(Effect::NotRight);
    CaaForbids = Entry::new(
        "caa-forbids",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner, Actor::Service],
        "CAA records forbid the certificate",
        "the CAA records in force exclude this authority or the way in which it checks the domain",
        "RFC 8659 §4",
    ).effect(Effect::NotRight);
    CaaLookupFails = Entry::new(
        "caa-lookup-fails",
        Class::Record,
        &[Severity::Warning, Severity::Error],
        &[Actor::DnsHost],
        "The servers fail when they are asked for CAA records",
        "type 257 alone gets an error or no response, so that an authority must refuse; a warning where \
         only some addresses do so",
        "RFC 8659 §3",
    ).effect(Effect::NotRight).depth(12);
    DkimKeyStandby = Entry::new(
        "dkim-key-standby",
        Class::Record,
        &[Severity::Info],
        &[Actor::Nobody],
        "The key is on standby, as it should be during rotation",
        "an SES key is empty (`\"\"`) while another one is in use: normal rotation",
        "RFC 6376 §3.6.1",
    ).needs(Needs::Tokens);
    DkimAllStandby = Entry::new(
        "dkim-all-standby",
        Class::Record,
        &[Severity::Warning],
        &[Actor::DomainOwner],
        "None of the keys is active",
        "all given SES keys are empty",
        "RFC 6376 §3.6.1",
    ).needs(Needs::Tokens);
    DkimKeyRevoked = Entry::new(
        "dkim-key-revoked",
        Class::Record,
        &[Severity::Warning],
        &[Actor::DomainOwner, Actor::Service],
        "The key is revoked",
        "`p=` is empty in a key that is not on standby",
        "RFC 6376 §3.6.1",
    );
    DkimKeyInvalid = Entry::new(
        "dkim-key-invalid",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner, Actor::Service],
        "The key is not valid",
        "the tags, the base64 or the key itself are malformed, or an RSA key is under 1024 bits",
        "RFC 6376 §3.6.1",
    ).effect(Effect::NotRight);
    KeySplitOverRecords = Entry::new(
        "key-split-over-records",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner, Actor::Service],
        "One key stands in several records",
        "the texts of several TXT records are one usable key only if they are joined",
        "RFC 6376 §3.6.2.2",
    ).effect(Effect::NotRight);
    DkimKeyWeak = Entry::new(
        "dkim-key-weak",
        Class::Record,
        &[Severity::Notice],
        &[Actor::Nobody],
        "The key is short",
        "an RSA key has fewer than 2048 bits",
        "RFC 8301 §3.2",
    );
    SesZoneDiffers = Entry::new(
        "ses-zone-differs",
        Class::Record,
        &[Severity::Notice, Severity::Warning],
        &[Actor::DomainOwner, Actor::Nobody],
        "The CNAME leads to another zone of SES",
        "the published alias has the right token and a target that answers, in another zone of \
         SES than the expected one; a warning where that zone was named with `--ses-zone`",
        "RFC 6376 §3.6.2",
    ).needs(Needs::Tokens);
    NegativeCached = Entry::new(
        "negative-cached",
        Class::Record,
        &[Severity::Warning],
        &[Actor::Nobody],
        "A resolver remembers that the record was missing",
        "every authoritative server has it, and a recursive server still denies it, for so many \
         seconds",
        "RFC 2308 §5",
    ).effect(Effect::NotRight).needs(Needs::Resolver);
    StaleCached = Entry::new(
        "stale-cached",
        Class::Record,
        &[Severity::Warning],
        &[Actor::Nobody],
        "A resolver remembers the old value",
        "a recursive server still has an old value",
        "RFC 1035 §7.4",
    ).effect(Effect::NotRight).needs(Needs::Resolver);
    PublishedElsewhere = Entry::new(
        "published-elsewhere",
        Class::Record,
        &[Severity::Error],
        &[Actor::DomainOwner],
        "The record is on servers that the domain does not use",
        "it is only on servers that nothing leads to (`--also-ask`)",
        "RFC 1034 §4.2.1",
    ).depth(1).needs(Needs::AlsoAsk);
    DomainNotDelegated = Entry::new(
        "domain-not-delegated",
        Class::Record,
        &[Severity::Error],
        &[Actor::Registrar],
        "The domain is not in the DNS",
        "the registry denies the domain, or delegates it to nobody",
        "RFC 8020 §2",
    ).depth(0);
    DnssecBogus = Entry::new(
        "dnssec-bogus",
        Class::Record,
        &[Severity::Error],
        &[Actor::Registrar, Actor::DnsHost, Actor::ResolverOperator],
        "Resolvers that validate DNSSEC reject the domain",
        "a validating recursive server fails, and answers when it is told not to validate",
        "RFC 4035 §5",
    ).effect(Effect::NotRight).needs(Needs::Resolver);
    SplitHorizon = Entry::new(
        "split-horizon",
        Class::Record,
        &[Severity::Warning],
        &[Actor::DomainOwner],
        "Only the local resolver has the record",
        "a recursive server has it, and the authoritative servers do not",
        "RFC 8499 §6",
    ).effect(Effect::NotRight).needs(Needs::Resolver);
    VerifierLag = Entry::new(
        "verifier-lag",
        Class::Record,
        &[Severity::Notice],
        &[Actor::Service],
        "The DNS is right; the service has not checked again",
        "all is right: the verifier has only to look again",
        "RFC 1034 §4.3.2",
    );
    // Authoritative servers.
    ServerUnreachable = Entry::new(
        "server-unreachable",
        Class::Server,
        &[Severity::Error],
        &[Actor::DnsHost, Actor::Local, Actor::ResolverOperator],
        "A name server does not answer at all",
        "no answer at all, over UDP and TCP",
        "RFC 2182 §3.1",
    ).effect(Effect::Availability).depth(5).breaks();
    ServerLame = Entry::new(
        "server-lame",
        Class::Server,
        &[Severity::Error],
        &[Actor::DnsHost, Actor::Registrar, Actor::ResolverOperator],
        "A name server does not serve the zone",
        "REFUSED, SERVFAIL, no authority, or a referral upwards, for the zone",
        "RFC 1912 §2.8",
    ).effect(Effect::Availability).depth(6).breaks();
    ServerStale = Entry::new(
        "server-stale",
        Class::Server,
        &[Severity::Error],
        &[Actor::DnsHost],
        "A name server has an old copy of the zone",
        "its SERIAL is constantly behind the others (RFC 1982)",
        "RFC 1034 §4.3.5",
    ).depth(7);
    InstancesDisagree = Entry::new(
        "instances-disagree",
        Class::Server,
        &[Severity::Error],
        &[Actor::DnsHost],
        "Machines behind one address disagree",
        "one address has several states, told apart by NSID or SERIAL",
        "RFC 4786 §4.4",
    ).depth(9);
    ServerSetMismatch = Entry::new(
        "server-set-mismatch",
        Class::Server,
        &[Severity::Warning],
        &[Actor::Registrar, Actor::DnsHost],
        "The registry and the zone name different servers",
        "parent and child name different name servers",
        "RFC 1034 §4.2.2",
    );
    GlueMismatch = Entry::new(
        "glue-mismatch",
        Class::Server,
        &[Severity::Warning, Severity::Error],
        &[Actor::Registrar],
        "The registry has other addresses of the name servers",
        "glue and authoritative addresses differ; an error where the stale ones are dead",
        "RFC 1912 §2.3",
    );
    ServerNameUnresolvable = Entry::new(
        "server-name-unresolvable",
        Class::Server,
        &[Severity::Error],
        &[Actor::Registrar, Actor::DnsHost, Actor::DomainOwner],
        "The name of a name server has no address",
        "the name of a name server has no address, or is an alias",
        "RFC 1912 §2.8",
    ).depth(4);
    TcpUnavailable = Entry::new(
        "tcp-unavailable",
        Class::Server,
        &[Severity::Warning, Severity::Error],
        &[Actor::DnsHost, Actor::ResolverOperator],
        "A server does not answer over TCP",
        "it answers over UDP and not over TCP; an error where answers are truncated. The \
         sentence and the counts in its evidence tell whether connections are refused \
         (`tcp_refused`), not made in time (`tcp_connect_timed_out`), reset (`tcp_reset`), \
         closed before (`tcp_closed`) or within an answer (`tcp_closed_mid_message`), or made \
         and not answered",
        "RFC 7766 §5",
    ).effect(Effect::Availability);
    LargeAnswerLost = Entry::new(
        "large-answer-lost",
        Class::Server,
        &[Severity::Error],
        &[Actor::DnsHost, Actor::Service, Actor::ResolverOperator],
        "Large responses get lost",
        "answers over a size get lost, and smaller ones arrive",
        "RFC 9715 §3",
    ).effect(Effect::Availability);
    EdnsMishandled = Entry::new(
        "edns-mishandled",
        Class::Server,
        &[Severity::Warning],
        &[Actor::DnsHost, Actor::ResolverOperator],
        "A server mishandles EDNS, the extensions to DNS",
        "plain DNS is fine, and EDNS, an unknown option or an unknown version is not",
        "RFC 6891 §6.1.3, §7",
    );
    CookieMishandled = Entry::new(
        "cookie-mishandled",
        Class::Server,
        &[Severity::Warning],
        &[Actor::DnsHost],
        "A server mishandles DNS cookies",
        "a server cookie that it has just given is refused",
        "RFC 7873 §5.2, RFC 9018 §3",
    );
    CaseNotPreserved = Entry::new(
        "case-not-preserved",
        Class::Server,
        &[Severity::Notice],
        &[Actor::DnsHost],
        "A server changes capital and small letters",
        "the question comes back in another case",
        "RFC 4343 §4.1",
    );
    UnknownTypeMishandled = Entry::new(
        "unknown-type-mishandled",
        Class::Server,
        &[Severity::Warning],
        &[Actor::DnsHost, Actor::ResolverOperator],
        "A server mishandles types that it does not know",
        "a type that it does not know is dropped, refused or denied where the name exists",
        "RFC 3597 §3",
    );
    EmptyNonterminalDenied = Entry::new(
        "empty-nonterminal-denied",
        Class::Server,
        &[Severity::Warning],
        &[Actor::DnsHost],
        "A server denies a name that has names below it",
        "NXDOMAIN for a name that has names below it",
        "RFC 8020 §2, RFC 4592 §2.2.2",
    );
    NegativeAnswerMalformed = Entry::new(
        "negative-answer-malformed",
        Class::Server,
        &[Severity::Warning],
        &[Actor::DnsHost],
        "A server's denials are malformed",
        "a denial without a SOA record, or with one from above the zone",
        "RFC 2308 §3",
    );
    SourceAddressMismatch = Entry::new(
        "source-address-mismatch",
        Class::Server,
        &[Severity::Error],
        &[Actor::DnsHost],
        "Responses come from another address than was asked",
        "answers come from another address or port",
        "RFC 2181 §4.1",
    ).effect(Effect::Availability);
    CacheInFront = Entry::new(
        "cache-in-front",
        Class::Server,
        &[Severity::Notice],
        &[Actor::DnsHost],
        "A cache stands in front of a name server",
        "TTLs of authoritative answers count down",
        "RFC 2181 §5.4.1",
    );
    RateLimited = Entry::new(
        "rate-limited",
        Class::Server,
        &[Severity::Warning],
        &[Actor::DnsHost, Actor::Service, Actor::ResolverOperator],
        "A server limits how often it answers",
        "questions fail when they come fast, and do not when they come slowly",
        "RFC 8906 §3",
    );
    AddressFamilyFails = Entry::new(
        "address-family-fails",
        Class::Server,
        &[Severity::Notice, Severity::Warning],
        &[Actor::DnsHost, Actor::Local],
        "A server answers over one of IPv4 and IPv6 only",
        "the name servers answer over one of IPv4 and IPv6 only, while ours work",
        "RFC 3901 §4",
    ).effect(Effect::Availability).needs(Needs::BothFamilies);
    // Recursive servers.
    ResolverServfail = Entry::new(
        "resolver-servfail",
        Class::Resolver,
        &[Severity::Warning, Severity::Error],
        &[Actor::ResolverOperator],
        "A resolver fails to look up names that exist",
        "SERVFAIL for names that exist: the lower end of the interval is over 0.5 % in both passes (w), \
         or nearly always (e)",
        "RFC 1035 §4.1.1, RFC 8914 §4",
    ).effect(Effect::Availability).breaks();
    UpstreamUnreachable = Entry::new(
        "upstream-unreachable",
        Class::Resolver,
        &[Severity::Error],
        &[Actor::ResolverOperator],
        "A resolver answers from its cache only",
        "names that nobody has asked for before fail, and names in the cache do not",
        "RFC 8914 §4.23",
    ).effect(Effect::Availability).breaks();
    ColdSlow = Entry::new(
        "cold-slow",
        Class::Resolver,
        &[Severity::Notice],
        &[Actor::ResolverOperator],
        "A resolver is slow for names that are not in its cache",
        "the first query for a name is slow, and later ones are not",
        "RFC 1034 §5.3.3",
    );
    NxdomainRewritten = Entry::new(
        "nxdomain-rewritten",
        Class::Resolver,
        &[Severity::Warning],
        &[Actor::ResolverOperator],
        "A resolver gives addresses to names that do not exist",
        "a random name below a top-level domain that does not exist has an address",
        "RFC 6761 §6.4",
    );
    // The path.
    Loss = Entry::new(
        "loss",
        Class::Path,
        &[Severity::Notice, Severity::Warning, Severity::Error],
        &[Actor::DnsHost, Actor::Service, Actor::Local, Actor::Nobody, Actor::ResolverOperator],
        "Packets get lost",
        "the lower end of the interval is over 0.5 % (w) or 5 % (e), and no structure was found",
        "RFC 7680 §2",
    ).effect(Effect::Availability);
    LossBursty = Entry::new(
        "loss-bursty",
        Class::Path,
        &[Severity::Warning, Severity::Error],
        &[Actor::DnsHost, Actor::Service, Actor::Local, Actor::ResolverOperator],
        "Packets get lost in bursts",
        "losses come together",
        "RFC 7680 §2",
    ).effect(Effect::Availability);
    LossPathDependent = Entry::new(
        "loss-path-dependent",
        Class::Path,
        &[Severity::Error],
        &[Actor::DnsHost, Actor::Service, Actor::ResolverOperator],
        "Packets get lost on some of several paths",
        "some source ports lose nearly all, others nothing: about one of so many paths is bad",
        "RFC 2991 §2",
    ).effect(Effect::Availability);
    OnePortDead = Entry::new(
        "one-port-dead",
        Class::Path,
        &[Severity::Warning],
        &[Actor::Local],
        "One source port gets no answers any more",
        "one port that was used for a while fails, and others do not",
        "RFC 4787 §4.3",
    ).effect(Effect::Availability);
    LateAnswers = Entry::new(
        "late-answers",
        Class::Path,
        &[Severity::Warning],
        &[Actor::DnsHost, Actor::Service, Actor::ResolverOperator],
        "Answers come after most clients have given up",
        "answers come after the timeouts that stubs have",
        "RFC 1035 §7.2",
    ).effect(Effect::Availability);
    LatencyBimodal = Entry::new(
        "latency-bimodal",
        Class::Path,
        &[Severity::Notice],
        &[Actor::DnsHost, Actor::ResolverOperator],
        "A server answers at one of two speeds",
        "the latencies have two modes (dip test)",
        "RFC 4786 §4.1",
    );
    LatencyTail = Entry::new(
        "latency-tail",
        Class::Path,
        &[Severity::Notice],
        &[Actor::DnsHost, Actor::ResolverOperator],
        "A few responses take far longer than the others",
        "the 99th percentile is far above the median, beyond what its interval explains",
        "RFC 7679 §3",
    );
    DuplicateAnswers = Entry::new(
        "duplicate-answers",
        Class::Path,
        &[Severity::Notice],
        &[Actor::Nobody],
        "Answers come more than once",
        "more than one answer to a question",
        "RFC 5452 §4.3",
    );
    UnreachableIcmp = Entry::new(
        "unreachable-icmp",
        Class::Path,
        &[Severity::Error],
        &[Actor::DnsHost, Actor::Local, Actor::ResolverOperator],
        "The network reports that the server cannot be reached",
        "the network says that it cannot deliver",
        "RFC 1122 §3.2.2.1",
    ).effect(Effect::Availability).breaks();
    // This machine.
    LocalDrops = Entry::new(
        "local-drops",
        Class::Host,
        &[Severity::Warning],
        &[Actor::Local],
        "This machine dropped packets itself",
        "this machine dropped or could not send messages",
        "RFC 8085 §3.1",
    ).depth(3);
    LocalStall = Entry::new(
        "local-stall",
        Class::Host,
        &[Severity::Notice, Severity::Warning],
        &[Actor::Local],
        "This machine was absent for a while",
        "this program did not run for a quarter of a second or more although it wanted to, or the \
         machine was suspended; what was on its way then is in no other figure, and is asked again if \
         it has no answer",
        "RFC 6298 §5",
    );
    ClockStep = Entry::new(
        "clock-step",
        Class::Host,
        &[Severity::Notice],
        &[Actor::Local],
        "The clock of this machine was set",
        "the wall clock, which the kernel stamps packets with, was set by a quarter of a second or more \
         during the run; what was on its way then is in no other figure",
        "RFC 5905 §11.3",
    );
}

#[cfg(test)]
mod tests;
