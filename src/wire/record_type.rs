//! The record types: the one place where a type is added.

use super::mnemonic::registry;

/// Calls a macro with a line for each type, which has a constant, the number, the mnemonic, and,
/// where the RDATA has a text of its own, the classes and the fields. [`RecordType`] is made of the
/// first three, the table of [`super::rdata`] of the rest.
macro_rules! record_types {
    ($then:ident) => {
        $then! {
            A = 1, "A", internet [IPV4];
            NS = 2, "NS", any [OLD_NAME];
            MD = 3, "MD", any [OLD_NAME];
            MF = 4, "MF", any [OLD_NAME];
            CNAME = 5, "CNAME", any [OLD_NAME];
            SOA = 6, "SOA", any [OLD_NAME OLD_NAME U32 PERIOD PERIOD PERIOD PERIOD];
            MB = 7, "MB", any [OLD_NAME];
            MG = 8, "MG", any [OLD_NAME];
            MR = 9, "MR", any [OLD_NAME];
            NULL = 10, "NULL";
            WKS = 11, "WKS", internet [IPV4 SERVICES];
            PTR = 12, "PTR", any [OLD_NAME];
            HINFO = 13, "HINFO", any [STRING STRING];
            MINFO = 14, "MINFO", any [OLD_NAME OLD_NAME];
            MX = 15, "MX", any [U16 OLD_NAME];
            TXT = 16, "TXT", any [STRINGS];
            RP = 17, "RP", any [READ_NAME READ_NAME];
            AFSDB = 18, "AFSDB", any [U16 READ_NAME];
            X25 = 19, "X25", any [STRING];
            ISDN = 20, "ISDN", any [STRING OPTIONAL_STRING];
            RT = 21, "RT", any [U16 READ_NAME];
            NSAP = 22, "NSAP", internet [NSAP];
            NSAP_PTR = 23, "NSAP-PTR", internet [NAME];
            SIG = 24, "SIG", any [TYPE U8 U8 U32 TIME TIME U16 READ_NAME BASE64];
            KEY = 25, "KEY", any [U16 U8 ALGORITHM OPTIONAL_BASE64];
            PX = 26, "PX", internet [U16 READ_NAME READ_NAME];
            GPOS = 27, "GPOS", any [STRING STRING STRING];
            AAAA = 28, "AAAA", internet [IPV6];
            LOC = 29, "LOC", any [LOCATION];
            NXT = 30, "NXT", any [READ_NAME NXT_TYPES];
            EID = 31, "EID";
            NIMLOC = 32, "NIMLOC";
            SRV = 33, "SRV", internet [U16 U16 U16 READ_NAME];
            ATMA = 34, "ATMA", internet [ATM_ADDRESS];
            NAPTR = 35, "NAPTR", internet [U16 U16 STRING STRING STRING READ_NAME];
            KX = 36, "KX", internet [U16 LOWER_NAME];
            CERT = 37, "CERT", any [CERT_TYPE U16 ALGORITHM BASE64];
            A6 = 38, "A6", internet [A6];
            DNAME = 39, "DNAME", any [LOWER_NAME];
            SINK = 40, "SINK", any [U8 U8 U8 OPTIONAL_BASE64];
            OPT = 41, "OPT";
            APL = 42, "APL", internet [PREFIXES];
            DS = 43, "DS", any [U16 ALGORITHM U8 HEX];
            SSHFP = 44, "SSHFP", any [U8 U8 HEX];
            IPSECKEY = 45, "IPSECKEY", any [IPSEC_GATEWAY OPTIONAL_BASE64];
            RRSIG = 46, "RRSIG", any [TYPE ALGORITHM U8 PERIOD TIME TIME U16 LOWER_NAME BASE64];
            NSEC = 47, "NSEC", any [NAME TYPES];
            DNSKEY = 48, "DNSKEY", any [U16 U8 ALGORITHM BASE64];
            DHCID = 49, "DHCID", internet [BASE64];
            NSEC3 = 50, "NSEC3", any [U8 U8 U16 SALT NEXT_HASH TYPES];
            NSEC3PARAM = 51, "NSEC3PARAM", any [U8 U8 U16 SALT];
            TLSA = 52, "TLSA", any [U8 U8 U8 HEX];
            SMIMEA = 53, "SMIMEA", any [U8 U8 U8 HEX];
            HIP = 55, "HIP", any [HOST_IDENTITY];
            NINFO = 56, "NINFO", any [STRINGS];
            RKEY = 57, "RKEY", any [U16 U8 ALGORITHM BASE64];
            TALINK = 58, "TALINK", any [NAME NAME];
            CDS = 59, "CDS", any [U16 ALGORITHM U8 HEX];
            CDNSKEY = 60, "CDNSKEY", any [U16 U8 ALGORITHM BASE64];
            OPENPGPKEY = 61, "OPENPGPKEY", any [BASE64];
            CSYNC = 62, "CSYNC", any [U32 U16 TYPES];
            ZONEMD = 63, "ZONEMD", any [U32 U8 U8 HEX];
            SVCB = 64, "SVCB", internet [U16 NAME SERVICE_PARAMETERS];
            HTTPS = 65, "HTTPS", internet [U16 NAME SERVICE_PARAMETERS];
            DSYNC = 66, "DSYNC", any [TYPE DSYNC_SCHEME U16 NAME];
            HHIT = 67, "HHIT", any [BASE64];
            BRID = 68, "BRID", any [BASE64];
            SPF = 99, "SPF", any [STRINGS];
            UINFO = 100, "UINFO";
            UID = 101, "UID";
            GID = 102, "GID";
            UNSPEC = 103, "UNSPEC";
            NID = 104, "NID", any [U16 NODE];
            L32 = 105, "L32", any [U16 IPV4];
            L64 = 106, "L64", any [U16 NODE];
            LP = 107, "LP", any [U16 NAME];
            EUI48 = 108, "EUI48", any [EUI48];
            EUI64 = 109, "EUI64", any [EUI64];
            NXNAME = 128, "NXNAME";
            TKEY = 249, "TKEY", any [NAME TIME TIME U16 ERROR LONG_BASE64 LONG_BASE64];
            TSIG = 250, "TSIG", any [NAME U48 U16 LONG_BASE64 U16 ERROR LONG_BASE64];
            IXFR = 251, "IXFR";
            AXFR = 252, "AXFR";
            MAILB = 253, "MAILB";
            MAILA = 254, "MAILA";
            ANY = 255, "ANY";
            URI = 256, "URI", any [U16 U16 QUOTED_REST];
            CAA = 257, "CAA", any [U8 TAG QUOTED_REST];
            AVC = 258, "AVC", any [STRINGS];
            DOA = 259, "DOA", any [U32 U32 U8 STRING DASH_BASE64];
            AMTRELAY = 260, "AMTRELAY", any [RELAY];
            RESINFO = 261, "RESINFO", any [STRINGS];
            WALLET = 262, "WALLET", any [STRINGS];
            CLA = 263, "CLA";
            IPN = 264, "IPN";
            TA = 32768, "TA", any [U16 ALGORITHM U8 HEX];
            DLV = 32769, "DLV", any [U16 ALGORITHM U8 HEX];
        }
    };
}

pub(super) use record_types;

macro_rules! numbers {
    ($(
        $constant:ident = $value:literal, $mnemonic:literal
        $(, $classes:ident [$($field:ident)*])?;
    )*) => {
        registry! {
            /// A resource record type (RFC 1035 §3.2.2 and the IANA registry).
            RecordType(u16), "record type", generic "TYPE" {
                $( $constant = $value, $mnemonic; )*
            }
        }
    };
}

record_types!(numbers);

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
