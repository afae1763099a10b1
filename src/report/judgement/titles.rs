//! What findings are called for people.

/// The title of a finding by its id; the id itself if it has none.
///
/// ```
/// use dnsonde::report::judgement::title;
///
/// assert_eq!(title("record-missing-on-some"), "Some servers lack the record");
/// assert_eq!(title("never-heard-of"), "never-heard-of");
/// ```
pub fn title(id: &str) -> &str {
    TITLES.iter().find(|(known, _)| *known == id).map_or(id, |(_, title)| title)
}

const TITLES: &[(&str, &str)] = &[
    // The record.
    ("record-present", "The record is published correctly"),
    ("record-missing", "The record is not there"),
    ("record-missing-on-some", "Some servers lack the record"),
    ("record-unstable", "One address answers now one way, now another"),
    ("owner-doubled", "The domain was appended to the name twice"),
    ("owner-mistyped", "The record stands under another name"),
    ("wrong-type", "The record has the wrong type"),
    ("alias-flattened", "The provider answers in place of the alias (CNAME)"),
    ("target-doubled", "The domain was appended to the target"),
    ("value-differs", "The record has another value"),
    ("value-quoted", "The value has quotation marks too many"),
    ("value-escaped", "The value has backslashes too many"),
    ("value-whitespace", "The value has other spaces or line ends"),
    ("value-non-ascii", "The value has characters that look right and are not"),
    ("value-case-folded", "Capital letters of the value were changed"),
    ("value-truncated", "The value is cut off"),
    ("alias-not-alone", "Other records stand beside the alias (CNAME)"),
    ("records-multiple", "There are several records where one is required"),
    ("wildcard-match", "A wildcard answers, not the record itself"),
    ("below-zone-cut", "The name belongs to a zone of its own"),
    ("alias-broken", "The alias (CNAME) leads nowhere"),
    ("alias-target-unreachable", "The servers that the alias leads to do not answer well"),
    ("type-through-alias-fails", "The server cannot answer for the alias (CNAME)"),
    ("dkim-key-standby", "The key is on standby, as it should be during rotation"),
    ("dkim-all-standby", "None of the keys is active"),
    ("dkim-key-revoked", "The key is revoked"),
    ("dkim-key-invalid", "The key is not valid"),
    ("dkim-key-weak", "The key is short"),
    ("ses-zone-differs", "The alias (CNAME) leads to another zone of SES"),
    ("negative-cached", "A resolver remembers that the record was missing"),
    ("stale-cached", "A resolver remembers the old value"),
    ("published-elsewhere", "The record is on servers that the domain does not use"),
    ("domain-not-delegated", "The domain is not in the DNS"),
    ("dnssec-bogus", "Resolvers that validate DNSSEC reject the domain"),
    ("split-horizon", "Only the local resolver has the record"),
    ("verifier-lag", "The DNS is right; the verifier has not looked again"),
    // Authoritative servers.
    ("server-unreachable", "A name server does not answer at all"),
    ("server-lame", "A name server does not serve the zone"),
    ("server-stale", "A name server has an old copy of the zone"),
    ("instances-disagree", "Machines behind one address disagree"),
    ("server-set-mismatch", "The registry and the zone name different servers"),
    ("glue-mismatch", "The registry has other addresses of the name servers"),
    ("server-name-unresolvable", "The name of a name server has no address"),
    ("tcp-unavailable", "A server does not answer over TCP"),
    ("large-answer-lost", "Large answers get lost"),
    ("edns-mishandled", "A server mishandles EDNS, the extensions to DNS"),
    ("cookie-mishandled", "A server mishandles DNS cookies"),
    ("case-not-preserved", "A server changes the case of the question"),
    ("unknown-type-mishandled", "A server mishandles types that it does not know"),
    ("empty-nonterminal-denied", "A server denies a name that has names below it"),
    ("negative-answer-malformed", "A server's denials are malformed"),
    ("source-address-mismatch", "Answers come from another address than was asked"),
    ("cache-in-front", "A cache stands in front of a name server"),
    ("rate-limited", "A server limits how often it answers"),
    ("address-family-fails", "A server answers over one of IPv4 and IPv6 only"),
    // Recursive servers.
    ("resolver-servfail", "A resolver reports failures of its own (SERVFAIL)"),
    ("caches-disagree", "A resolver has several caches that disagree"),
    ("serves-stale", "A resolver serves answers that have expired"),
    ("cold-slow", "The first question for a name is slow"),
    ("upstream-unreachable", "A resolver does not reach the servers it asks"),
    ("nxdomain-rewritten", "A resolver invents answers for names that do not exist"),
    ("intercepted", "Something on the way answers instead of the server"),
    ("pair-query-drop", "Questions for A and AAAA sent together get lost"),
    ("quota-hit", "A resolver answers only so many questions at a time"),
    // The path.
    ("loss", "Packets get lost"),
    ("loss-bursty", "Packets get lost in bursts"),
    ("loss-path-dependent", "Packets get lost on some of several paths"),
    ("loss-size-dependent", "Large packets get lost"),
    ("loss-rate-dependent", "Packets get lost when there are many"),
    ("one-port-dead", "One source port gets no answers any more"),
    ("latency-bimodal", "Answers are either fast or slow"),
    ("latency-tail", "A few answers are very slow"),
    ("late-answers", "Answers come after most clients have given up"),
    ("duplicate-answers", "Answers come more than once"),
    ("unreachable-icmp", "The network reports that the server cannot be reached"),
    ("local-drops", "This machine dropped packets itself"),
    ("clock-step", "The clock of this machine was changed during the run"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_are_well_formed_and_no_two_findings_share_one_or_a_title() {
        let mut seen = HashSet::new();
        for (id, title) in TITLES {
            assert!(id.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'-')), "{id}");
            assert!(seen.insert(id) && seen.insert(title), "{id}: {title}");
            assert!(!title.ends_with('.') && title.len() <= 60, "{title}");
        }
    }
}
