//! The registries of the DNS as newtypes over their integers.
//!
//! Every value of the integer is a value of the type; the known ones have a constant and a
//! mnemonic, and the others are shown in the generic form of RFC 3597 (`TYPE65280`) or as a
//! number. Source: the IANA registry "Domain Name System (DNS) Parameters".

use super::mnemonic::registry;
pub use super::record_type::RecordType;

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
