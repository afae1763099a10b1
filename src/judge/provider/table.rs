//! The providers that are known.
//!
//! A provider whose servers have names below a domain that is obviously its own needs no page for
//! that; for the others `servers_source` has one. What no public page says is left out: some
//! providers are known by name only.

use super::form::{FinalDot, Form, HostForm, Priority};
use crate::wire::NameBuf;

/// Microsoft's page on the forms of a provider.
macro_rules! microsoft {
    ($page:literal) => {
        concat!("https://learn.microsoft.com/microsoft-365/admin/dns/create-dns-records-", $page)
    };
}
/// A provider.
#[derive(Debug, PartialEq, Eq)]
pub struct Provider {
    /// What it is called.
    pub name: &'static str,
    /// What the names of its servers end in; a label may end in `*`.
    pub servers: &'static [&'static str],
    /// The page that says so, where the names do not.
    pub servers_source: Option<&'static str>,
    /// How its form wants a record typed, where a page says so.
    pub form: Option<Form>,
}

impl Provider {
    /// The provider that a name server belongs to, by its name.
    pub fn of_server(name: &NameBuf) -> Option<&'static Self> {
        PROVIDERS.iter().find(|provider| provider.servers.iter().any(|end| ends_in(name, end)))
    }
}

/// Whether the last labels of a name are those of a pattern, and it has more.
fn ends_in(name: &NameBuf, pattern: &str) -> bool {
    let text = name.to_lowercase().to_string();
    let labels: Vec<&str> = text.trim_end_matches('.').split('.').collect();
    let wanted: Vec<&str> = pattern.split('.').collect();
    let is_like = |(label, wanted): (&&str, &&str)| match wanted.strip_suffix('*') {
        Some(start) => label.starts_with(start),
        None => label == wanted,
    };
    labels.len() > wanted.len() && labels.iter().rev().zip(wanted.iter().rev()).all(is_like)
}

/// A form with fields for a short host, a value and, where a record has one, its priority.
const fn usual(apex: &'static str, target: FinalDot, source: &'static str) -> Option<Form> {
    Some(Form {
        host: HostForm::Short,
        apex,
        target,
        priority: Priority::OwnField,
        hint: None,
        source,
    })
}

const fn named(name: &'static str, servers: &'static [&'static str]) -> Provider {
    Provider { name, servers, servers_source: None, form: None }
}

/// All of them, by name.
pub const PROVIDERS: &[Provider] = &[
    Provider {
        form: usual("@", FinalDot::Needed, microsoft!("at-123-reg-co-uk")),
        ..named("123 Reg", &["123-reg.co.uk"])
    },
    Provider {
        servers_source: Some("https://github.com/indianajson/can-i-take-over-dns"),
        form: Some(Form {
            host: HostForm::Short,
            apex: "",
            // Microsoft's page wants the dot, Amazon's says that it is optional.
            target: FinalDot::Either,
            priority: Priority::BeforeValue,
            hint: Some(("TXT", "type texts without quotation marks: the form adds them")),
            source: microsoft!("at-aws"),
        }),
        ..named(
            "Amazon Route 53",
            &["awsdns-*.com", "awsdns-*.net", "awsdns-*.org", "awsdns-*.co.uk"],
        )
    },
    Provider {
        servers_source: Some("https://github.com/indianajson/can-i-take-over-dns"),
        form: usual("@", FinalDot::Absent, microsoft!("for-azure-dns-zones")),
        ..named("Azure DNS", &["azure-dns.com", "azure-dns.net", "azure-dns.org", "azure-dns.info"])
    },
    Provider {
        form: usual("@", FinalDot::Absent, microsoft!("at-bluehost")),
        ..named("Bluehost", &["bluehost.com"])
    },
    Provider {
        form: Some(Form {
            host: HostForm::Short,
            apex: "@",
            target: FinalDot::Absent,
            priority: Priority::OwnField,
            hint: Some((
                "CNAME",
                "turn the proxy off for the record (the cloud must be grey, not orange)",
            )),
            source: microsoft!("at-cloudflare"),
        }),
        ..named("Cloudflare", &["ns.cloudflare.com"])
    },
    named("ClouDNS", &["cloudns.net"]),
    Provider {
        form: usual("", FinalDot::Absent, microsoft!("at-crazy-domains")),
        ..named("Crazy Domains", &["crazydomains.com"])
    },
    named("deSEC", &["desec.io", "desec.org"]),
    named("DigitalOcean", &["digitalocean.com"]),
    Provider {
        form: usual("", FinalDot::Needed, microsoft!("at-dnsmadeeasy")),
        ..named("DNS Made Easy", &["dnsmadeeasy.com"])
    },
    named("DNSimple", &["dnsimple.com"]),
    Provider {
        form: Some(Form {
            host: HostForm::Short,
            apex: "",
            target: FinalDot::Needed,
            priority: Priority::BeforeValue,
            hint: None,
            source: microsoft!("at-dreamhost"),
        }),
        ..named("DreamHost", &["dreamhost.com"])
    },
    Provider {
        form: usual(
            "@",
            FinalDot::Needed,
            "https://learn.microsoft.com/microsoft-365/admin/dns/set-up-dns-records-at-easydns",
        ),
        ..named("easyDNS", &["easydns.com", "easydns.net", "easydns.org"])
    },
    Provider {
        form: Some(Form {
            host: HostForm::Short,
            apex: "@",
            target: FinalDot::Needed,
            priority: Priority::Unsaid,
            hint: None,
            source: "https://docs.gandi.net/fr/noms_domaine/operations_courantes/\
                     enregistrements_dns.html",
        }),
        ..named("Gandi", &["gandi.net"])
    },
    Provider {
        form: usual("@", FinalDot::Absent, microsoft!("at-godaddy")),
        ..named("GoDaddy", &["domaincontrol.com"])
    },
    Provider {
        form: Some(Form {
            host: HostForm::Short,
            apex: "@",
            target: FinalDot::Needed,
            priority: Priority::Unsaid,
            hint: None,
            source: "https://docs.hetzner.com/networking/dns/faq/records",
        }),
        ..named("Hetzner", &["ns.hetzner.com", "ns.hetzner.de"])
    },
    Provider {
        form: Some(Form {
            host: HostForm::Full,
            apex: "",
            target: FinalDot::Absent,
            priority: Priority::OwnField,
            hint: None,
            source: microsoft!("at-hostgator"),
        }),
        ..named("HostGator", &["hostgator.com"])
    },
    Provider {
        form: usual("@", FinalDot::Absent, microsoft!("at-hover")),
        ..named("Hover", &["hover.com"])
    },
    named("Infomaniak", &["infomaniak.com", "infomaniak.ch"]),
    named("INWX", &["inwx.de", "inwx.com", "inwx.eu"]),
    Provider {
        servers_source: Some(
            "https://ionos.it/aiuto/domini/glossario-temi-relativi-ai-domini-spiegati-brevemente/\
             name-server",
        ),
        form: usual("", FinalDot::Absent, microsoft!("at-ionos-com")),
        ..named("IONOS", &["ui-dns.com", "ui-dns.de", "ui-dns.org", "ui-dns.biz"])
    },
    Provider {
        form: Some(Form {
            host: HostForm::Short,
            apex: "",
            target: FinalDot::Either,
            priority: Priority::OwnField,
            hint: Some((
                "TXT",
                "type texts in one piece and without quotation marks: the form splits and quotes them",
            )),
            source: "https://github.com/linode/docs/tree/develop/docs/products/networking/\
                     dns-manager/guides",
        }),
        ..named("Linode", &["linode.com"])
    },
    named("Loopia", &["loopia.se", "loopia.com"]),
    Provider {
        form: usual("", FinalDot::Absent, microsoft!("at-name-com")),
        ..named("Name.com", &["name.com"])
    },
    Provider {
        servers_source: Some(
            "https://www.namecheap.com/support/knowledgebase/article.aspx/767/10/how-to-change-dns-for-a-domain/",
        ),
        form: usual("@", FinalDot::Needed, microsoft!("at-namecheap")),
        ..named("Namecheap", &["registrar-servers.com"])
    },
    Provider {
        form: usual("", FinalDot::Needed, microsoft!("at-ovh")),
        ..named("OVHcloud", &["ovh.net"])
    },
    named("Porkbun", &["porkbun.com"]),
    Provider {
        form: usual("@", FinalDot::Absent, microsoft!("at-register-com")),
        ..named("Register.com", &["register.com"])
    },
    named("TransIP", &["transip.nl", "transip.net", "transip.eu"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::brief::FormEntry;
    use crate::wire::RecordBuf;

    fn of(server: &str) -> Option<&'static str> {
        Provider::of_server(&server.parse().unwrap()).map(|provider| provider.name)
    }

    #[test]
    fn servers_are_known_by_the_ends_of_their_names() {
        for (server, name) in [
            ("ns51.DomainControl.com", Some("GoDaddy")),
            ("ada.ns.cloudflare.com", Some("Cloudflare")),
            ("ns-1033.awsdns-01.org", Some("Amazon Route 53")),
            ("ns-2001.awsdns-58.co.uk", Some("Amazon Route 53")),
            ("ns1-07.azure-dns.com", Some("Azure DNS")),
            ("hydrogen.ns.hetzner.com", Some("Hetzner")),
            // Names that only look alike.
            ("ns1.notdomaincontrol.com", None),
            ("domaincontrol.com", None),
            ("ns1.domaincontrol.com.example.com", None),
            ("ns-1033.awsdns-01.example", None),
            ("www.cloudflare.com", None),
            ("ns1.example.com", None),
            (".", None),
        ] {
            assert_eq!(of(server), name, "{server}");
        }
    }

    #[test]
    fn the_table_is_in_order_and_no_server_is_of_two() {
        let names: Vec<String> = PROVIDERS.iter().map(|it| it.name.to_lowercase()).collect();
        assert!(names.is_sorted(), "{names:?}");
        for provider in PROVIDERS {
            for end in provider.servers {
                let server = format!("ns1.{}", end.replace('*', "01"));
                assert_eq!(of(&server), Some(provider.name), "{server}");
            }
            let source = provider.form.as_ref().map(|form| form.source);
            for page in source.into_iter().chain(provider.servers_source) {
                assert!(page.starts_with("https://") && !page.contains(' '), "{page}");
            }
        }
    }

    fn form(name: &str) -> &'static Form {
        let provider = PROVIDERS.iter().find(|it| it.name == name);
        provider.and_then(|it| it.form.as_ref()).expect("a provider with a form")
    }

    #[test]
    fn records_are_typed_as_each_form_wants_them() {
        let zone: NameBuf = "example.com".parse().unwrap();
        const CNAME: &str = "t1._domainkey.example.com. CNAME t1.dkim.amazonses.com.";
        const MX: &str = "example.com. MX 10 mx.example.net.";
        for (provider, text, expected) in [
            ("GoDaddy", CNAME, "host t1._domainkey, type CNAME, value t1.dkim.amazonses.com"),
            ("Namecheap", CNAME, "host t1._domainkey, type CNAME, value t1.dkim.amazonses.com."),
            (
                "HostGator",
                CNAME,
                "host t1._domainkey.example.com., type CNAME, value t1.dkim.amazonses.com",
            ),
            ("GoDaddy", MX, "host @, type MX, priority 10, value mx.example.net"),
            ("OVHcloud", MX, "host (leave it empty), type MX, priority 10, value mx.example.net."),
            ("DreamHost", MX, "host (leave it empty), type MX, value 10 mx.example.net."),
            ("GoDaddy", "example.com. TXT \"v=spf1 -all\"", "host @, type TXT, value v=spf1 -all"),
        ] {
            let record = RecordBuf::from_text(text.as_bytes(), &NameBuf::root(), 300).unwrap();
            assert_eq!(form(provider).typed(&record, &zone).to_string(), expected, "{provider}");
        }
    }

    #[test]
    fn what_a_form_wants_is_said_of_the_types_at_hand() {
        let entry = |rtype: &str| FormEntry {
            host: String::new(),
            rtype: rtype.to_owned(),
            priority: None,
            value: String::new(),
        };
        for (provider, rtype, expected) in [
            ("GoDaddy", "TXT", "wants the host without the domain"),
            (
                "GoDaddy",
                "MX",
                "wants the host without the domain, the value without a dot at its end and the \
                 priority in a field of its own",
            ),
            (
                "Cloudflare",
                "CNAME",
                "wants the host without the domain and the value without a dot at its end; turn the \
                 proxy off for the record (the cloud must be grey, not orange)",
            ),
            ("Cloudflare", "TXT", "wants the host without the domain"),
        ] {
            assert_eq!(form(provider).words(&[entry(rtype)]), expected, "{provider} {rtype}");
        }
    }
}
