//! The registries of the DNS as newtypes over their integers.
//!
//! Every value of the integer is a value of the type; the known ones have a constant and a
//! mnemonic, and the others are shown in the generic form of RFC 3597 (`TYPE65280`) or as a
//! number. Source: the IANA registry "Domain Name System (DNS) Parameters".

use std::fmt;
use std::str::FromStr;

/// A mnemonic that its registry does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a known {registry}")]
pub struct UnknownMnemonic {
    /// The text as it was given, cut to 40 characters.
    pub text: String,
    /// What it was looked up as.
    pub registry: &'static str,
}

macro_rules! registry {
    (
        $(#[$meta:meta])*
        $name:ident($int:ty), $what:literal, generic $generic:literal {
            $( $(#[$cmeta:meta])* $constant:ident = $value:literal, $mnemonic:literal; )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $int);

        impl $name {
            $( $(#[$cmeta])* #[doc = concat!("`", $mnemonic, "`")]
               pub const $constant: Self = Self($value); )*

            /// Every value that has a name, in the order of the registry.
            pub const KNOWN: &'static [Self] = &[$(Self($value)),*];

            /// The registered mnemonic, if there is one.
            pub const fn mnemonic(self) -> Option<&'static str> {
                match self.0 {
                    $( $value => Some($mnemonic), )*
                    _ => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.mnemonic() {
                    Some(mnemonic) => f.pad(mnemonic),
                    None => f.pad(&format!("{}{}", $generic, self.0)),
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = UnknownMnemonic;

            /// Takes a mnemonic without regard to case, or the generic form.
            fn from_str(text: &str) -> Result<Self, UnknownMnemonic> {
                $( if text.eq_ignore_ascii_case($mnemonic) { return Ok(Self($value)); } )*
                let generic: &str = $generic;
                if let Some((head, digits)) = text.split_at_checked(generic.len())
                    && head.eq_ignore_ascii_case(generic)
                    && digits.bytes().all(|b| b.is_ascii_digit())
                    && let Ok(value) = digits.parse()
                {
                    return Ok(Self(value));
                }
                Err(UnknownMnemonic { text: text.chars().take(40).collect(), registry: $what })
            }
        }
    };
}

registry! {
    /// A resource record type (RFC 1035 §3.2.2 and the IANA registry).
    RecordType(u16), "record type", generic "TYPE" {
        A = 1, "A"; NS = 2, "NS"; MD = 3, "MD"; MF = 4, "MF"; CNAME = 5, "CNAME"; SOA = 6, "SOA";
        MB = 7, "MB"; MG = 8, "MG"; MR = 9, "MR"; NULL = 10, "NULL"; WKS = 11, "WKS";
        PTR = 12, "PTR"; HINFO = 13, "HINFO"; MINFO = 14, "MINFO"; MX = 15, "MX"; TXT = 16, "TXT";
        RP = 17, "RP"; AFSDB = 18, "AFSDB"; X25 = 19, "X25"; ISDN = 20, "ISDN"; RT = 21, "RT";
        NSAP = 22, "NSAP"; NSAP_PTR = 23, "NSAP-PTR"; SIG = 24, "SIG"; KEY = 25, "KEY";
        PX = 26, "PX"; GPOS = 27, "GPOS"; AAAA = 28, "AAAA"; LOC = 29, "LOC"; NXT = 30, "NXT";
        EID = 31, "EID"; NIMLOC = 32, "NIMLOC"; SRV = 33, "SRV"; ATMA = 34, "ATMA";
        NAPTR = 35, "NAPTR"; KX = 36, "KX"; CERT = 37, "CERT"; A6 = 38, "A6"; DNAME = 39, "DNAME";
        SINK = 40, "SINK"; OPT = 41, "OPT"; APL = 42, "APL"; DS = 43, "DS"; SSHFP = 44, "SSHFP";
        IPSECKEY = 45, "IPSECKEY"; RRSIG = 46, "RRSIG"; NSEC = 47, "NSEC"; DNSKEY = 48, "DNSKEY";
        DHCID = 49, "DHCID"; NSEC3 = 50, "NSEC3"; NSEC3PARAM = 51, "NSEC3PARAM"; TLSA = 52, "TLSA";
        SMIMEA = 53, "SMIMEA"; HIP = 55, "HIP"; NINFO = 56, "NINFO"; RKEY = 57, "RKEY";
        TALINK = 58, "TALINK"; CDS = 59, "CDS"; CDNSKEY = 60, "CDNSKEY";
        OPENPGPKEY = 61, "OPENPGPKEY"; CSYNC = 62, "CSYNC"; ZONEMD = 63, "ZONEMD";
        SVCB = 64, "SVCB"; HTTPS = 65, "HTTPS"; DSYNC = 66, "DSYNC"; HHIT = 67, "HHIT";
        BRID = 68, "BRID"; SPF = 99, "SPF"; UINFO = 100, "UINFO"; UID = 101, "UID";
        GID = 102, "GID"; UNSPEC = 103, "UNSPEC"; NID = 104, "NID"; L32 = 105, "L32";
        L64 = 106, "L64"; LP = 107, "LP"; EUI48 = 108, "EUI48"; EUI64 = 109, "EUI64";
        NXNAME = 128, "NXNAME"; TKEY = 249, "TKEY"; TSIG = 250, "TSIG"; IXFR = 251, "IXFR";
        AXFR = 252, "AXFR"; MAILB = 253, "MAILB"; MAILA = 254, "MAILA"; ANY = 255, "ANY";
        URI = 256, "URI"; CAA = 257, "CAA"; AVC = 258, "AVC"; DOA = 259, "DOA";
        AMTRELAY = 260, "AMTRELAY"; RESINFO = 261, "RESINFO"; WALLET = 262, "WALLET";
        CLA = 263, "CLA"; IPN = 264, "IPN"; TA = 32768, "TA"; DLV = 32769, "DLV";
    }
}

registry! {
    /// A class (RFC 1035 §3.2.4).
    Class(u16), "class", generic "CLASS" {
        IN = 1, "IN"; CH = 3, "CH"; HS = 4, "HS"; NONE = 254, "NONE"; ANY = 255, "ANY";
    }
}

registry! {
    /// A response code, with the eight extra bits of EDNS where there are any (RFC 6891 §6.1.3).
    Rcode(u16), "response code", generic "RCODE" {
        NOERROR = 0, "NOERROR"; FORMERR = 1, "FORMERR"; SERVFAIL = 2, "SERVFAIL";
        NXDOMAIN = 3, "NXDOMAIN"; NOTIMP = 4, "NOTIMP"; REFUSED = 5, "REFUSED";
        YXDOMAIN = 6, "YXDOMAIN"; YXRRSET = 7, "YXRRSET"; NXRRSET = 8, "NXRRSET";
        NOTAUTH = 9, "NOTAUTH"; NOTZONE = 10, "NOTZONE"; DSOTYPENI = 11, "DSOTYPENI";
        BADVERS = 16, "BADVERS"; BADKEY = 17, "BADKEY"; BADTIME = 18, "BADTIME";
        BADMODE = 19, "BADMODE"; BADNAME = 20, "BADNAME"; BADALG = 21, "BADALG";
        BADTRUNC = 22, "BADTRUNC"; BADCOOKIE = 23, "BADCOOKIE";
    }
}

registry! {
    /// An operation code (RFC 1035 §4.1.1).
    Opcode(u8), "operation code", generic "OPCODE" {
        QUERY = 0, "QUERY"; IQUERY = 1, "IQUERY"; STATUS = 2, "STATUS"; NOTIFY = 4, "NOTIFY";
        UPDATE = 5, "UPDATE"; DSO = 6, "DSO";
    }
}

registry! {
    /// An EDNS option code (RFC 6891 §6.1.2).
    OptionCode(u16), "EDNS option", generic "OPT" {
        LLQ = 1, "LLQ"; UPDATE_LEASE = 2, "UPDATE-LEASE"; NSID = 3, "NSID"; OWNER = 4, "OWNER";
        DAU = 5, "DAU";
        DHU = 6, "DHU"; N3U = 7, "N3U"; ECS = 8, "ECS"; EXPIRE = 9, "EXPIRE";
        COOKIE = 10, "COOKIE"; KEEPALIVE = 11, "KEEPALIVE"; PADDING = 12, "PADDING";
        CHAIN = 13, "CHAIN"; KEY_TAG = 14, "KEY-TAG"; EDE = 15, "EDE"; CLIENT_TAG = 16, "CLIENT-TAG";
        SERVER_TAG = 17, "SERVER-TAG"; REPORT_CHANNEL = 18, "REPORT-CHANNEL";
        ZONEVERSION = 19, "ZONEVERSION"; MQTYPE_QUERY = 20, "MQTYPE-QUERY";
        UMBRELLA_IDENT = 20292, "UMBRELLA-IDENT"; DEVICE_ID = 26946, "DEVICE-ID";
    }
}

registry! {
    /// The code of an extended DNS error (RFC 8914 §5.2); the mnemonic is the registered purpose.
    EdeCode(u16), "extended DNS error", generic "EDE" {
        OTHER = 0, "Other Error";
        UNSUPPORTED_DNSKEY_ALGORITHM = 1, "Unsupported DNSKEY Algorithm";
        UNSUPPORTED_DS_DIGEST_TYPE = 2, "Unsupported DS Digest Type";
        STALE_ANSWER = 3, "Stale Answer";
        FORGED_ANSWER = 4, "Forged Answer";
        DNSSEC_INDETERMINATE = 5, "DNSSEC Indeterminate";
        DNSSEC_BOGUS = 6, "DNSSEC Bogus";
        SIGNATURE_EXPIRED = 7, "Signature Expired";
        SIGNATURE_NOT_YET_VALID = 8, "Signature Not Yet Valid";
        DNSKEY_MISSING = 9, "DNSKEY Missing";
        RRSIGS_MISSING = 10, "RRSIGs Missing";
        NO_ZONE_KEY_BIT_SET = 11, "No Zone Key Bit Set";
        NSEC_MISSING = 12, "NSEC Missing";
        CACHED_ERROR = 13, "Cached Error";
        NOT_READY = 14, "Not Ready";
        BLOCKED = 15, "Blocked";
        CENSORED = 16, "Censored";
        FILTERED = 17, "Filtered";
        PROHIBITED = 18, "Prohibited";
        STALE_NXDOMAIN_ANSWER = 19, "Stale NXDOMAIN Answer";
        NOT_AUTHORITATIVE = 20, "Not Authoritative";
        NOT_SUPPORTED = 21, "Not Supported";
        NO_REACHABLE_AUTHORITY = 22, "No Reachable Authority";
        NETWORK_ERROR = 23, "Network Error";
        INVALID_DATA = 24, "Invalid Data";
        SIGNATURE_EXPIRED_BEFORE_VALID = 25, "Signature Expired before Valid";
        TOO_EARLY = 26, "Too Early";
        UNSUPPORTED_NSEC3_ITERATIONS_VALUE = 27, "Unsupported NSEC3 Iterations Value";
        UNABLE_TO_CONFORM_TO_POLICY = 28, "Unable to conform to policy";
        SYNTHESIZED = 29, "Synthesized";
        INVALID_QUERY_TYPE = 30, "Invalid Query Type";
        RATE_LIMITED = 31, "Rate Limited";
        OVER_QUOTA = 32, "Over Quota";
    }
}

registry! {
    /// A key of a service parameter (RFC 9460 §14.3).
    SvcParamKey(u16), "service parameter", generic "key" {
        MANDATORY = 0, "mandatory"; ALPN = 1, "alpn"; NO_DEFAULT_ALPN = 2, "no-default-alpn";
        PORT = 3, "port"; IPV4HINT = 4, "ipv4hint"; ECH = 5, "ech"; IPV6HINT = 6, "ipv6hint";
        DOHPATH = 7, "dohpath"; OHTTP = 8, "ohttp";
        TLS_SUPPORTED_GROUPS = 9, "tls-supported-groups";
    }
}

impl RecordType {
    /// Whether no zone has records of this type: OPT, and the types 128 to 255 (RFC 6895 §3.1).
    ///
    /// Some stand in messages: OPT (RFC 6891), TKEY (RFC 2930) and TSIG (RFC 8945). IXFR, AXFR,
    /// MAILB, MAILA and ANY are asked for; of them, only updates have records, without RDATA
    /// (RFC 2136 §2.4 and §2.5). NXNAME only stands in the type bitmap of an NSEC record
    /// (RFC 9824 §3).
    pub const fn is_meta(self) -> bool {
        self.0 == Self::OPT.0 || (self.0 >= 128 && self.0 <= 255)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mnemonics_and_generic_forms_read_back() {
        for &known in RecordType::KNOWN {
            assert_eq!(known.to_string().parse(), Ok(known));
        }
        assert_eq!("type65280".parse(), Ok(RecordType(65280)));
        assert_eq!(RecordType(65280).to_string(), "TYPE65280");
        assert_eq!("TYPE1".parse(), Ok(RecordType::A));
        assert_eq!("CLASS32".parse(), Ok(Class(32)));
        assert!("TYPE65536".parse::<RecordType>().is_err());
        assert!("TYPE+1".parse::<RecordType>().is_err());
        assert!("TYPE".parse::<RecordType>().is_err());
        assert!("AAAAA".parse::<RecordType>().is_err());
    }
}
