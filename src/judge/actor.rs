//! Who must act on a finding.

use serde::Serialize;

/// On whose side the change has to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Actor {
    /// The owner of the domain, in the records of the zone.
    DomainOwner,
    /// The owner of the domain, at the registrar: name servers, their addresses there, DS records.
    Registrar,
    /// Whoever runs the authoritative servers of the zone.
    DnsHost,
    /// Whoever gave out the record, or runs what it leads to: SES, ACM, a certification authority.
    Service,
    /// Whoever runs this machine and its network.
    Local,
    /// Whoever runs the recursive server.
    ResolverOperator,
    /// Nobody: it is for information, or waiting is enough.
    Nobody,
}

impl Actor {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::DomainOwner,
        Self::Registrar,
        Self::DnsHost,
        Self::Service,
        Self::Local,
        Self::ResolverOperator,
        Self::Nobody,
    ];

    /// The word, as in the output contracts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DomainOwner => "domain-owner",
            Self::Registrar => "registrar",
            Self::DnsHost => "dns-host",
            Self::Service => "service",
            Self::Local => "local",
            Self::ResolverOperator => "resolver-operator",
            Self::Nobody => "nobody",
        }
    }

    /// Who it is, for people: what stands after "Who must act:".
    pub const fn words(self) -> &'static str {
        match self {
            Self::DomainOwner => "you, in the records of your zone",
            Self::Registrar => "you, at the registrar of the domain",
            Self::DnsHost => "the DNS host, who runs the name servers",
            Self::Service => "the service that the record is for",
            Self::Local => "whoever runs this machine and its network",
            Self::ResolverOperator => "whoever runs the resolver",
            Self::Nobody => "nobody",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_contract_are_those_that_are_serialized() {
        for actor in Actor::ALL {
            assert_eq!(serde_json::to_value(actor).unwrap(), actor.as_str());
        }
    }
}
