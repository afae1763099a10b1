//! From the words of the command line to what is to be found out.

use std::path::Path;

use anyhow::Result;

use super::args::Args;
use crate::cli::cli_error::CliError;
use crate::cli::input::{label_of, read_utf8};
use crate::cli::servers::{self, DNS_PORT, Families, Form, read_hints};
use crate::verify::expect::{
    ExpectError, ExpectErrorKind, Expectation, ExpectationKind, SES_ZONE, acm, acme, dkim_key,
    dmarc_policy, mail_from, mail_from_name, parse_domain, parse_expectation, parse_records, ses,
};
use crate::verify::{SesTokens, VerifyPlan};
use crate::walk::WalkConfig;
use crate::wire::NameBuf;

/// Reads what is asked for; everything that is wrong with it is said here, before anything is sent.
pub(super) fn plan(args: &Args) -> Result<VerifyPlan> {
    let domain = domain_name("the domain", &args.domain)?;
    let mut tokens = None;
    let mut expectations: Vec<Expectation> = Vec::new();
    let zone = match &args.ses_zone {
        Some(zone) => domain_name("--ses-zone", zone)?,
        None => SES_ZONE.parse()?,
    };
    for list in &args.ses {
        let records =
            ses(&domain, list, &zone).map_err(|error| report_error("--ses", list, &error))?;
        let shown = records.first().and_then(|it| it.target()?.parent()).unwrap_or(zone);
        tokens = Some(SesTokens { zone: shown, zone_given: args.ses_zone.is_some() });
        expectations.extend(records);
    }
    for selector in &args.dkim {
        let key = dkim_key(&domain, selector);
        expectations.push(key.map_err(|error| report_error("--dkim", selector, &error))?);
    }
    if let Some(name) = &args.mail_from {
        let from = mail_from_name(&domain, name);
        let from = from.map_err(|error| report_error("--mail-from", name, &error))?;
        let region = args.mail_from_region.as_deref();
        let records = mail_from(&from, region);
        let shown = region.unwrap_or(name);
        expectations
            .extend(records.map_err(|error| report_error("--mail-from-region", shown, &error))?);
    }
    for pair in &args.acm {
        let record = acm(&domain, pair);
        expectations.push(record.map_err(|error| report_error("--acm", pair, &error))?);
    }
    if args.acme || args.acme_response.is_some() || args.issuer.is_some() {
        let (response, issuer) = (args.acme_response.as_deref(), args.issuer.as_deref());
        let records = acme(&domain, response, issuer);
        let (option, text) = match (response, issuer) {
            (Some(response), _) => ("--acme-response", response),
            (None, Some(issuer)) => ("--issuer", issuer),
            (None, None) => ("--acme", ""),
        };
        expectations.extend(records.map_err(|error| report_error(option, text, &error))?);
    }
    if args.dmarc {
        expectations
            .push(dmarc_policy(&domain).map_err(|error| report_error("--dmarc", "", &error))?);
    }
    for text in &args.expect {
        let record = parse_expectation(text, &domain);
        expectations.push(record.map_err(|error| report_error("--expect", text, &error))?);
    }
    for file in &args.records {
        expectations.extend(read_records(file, &domain)?);
    }
    dedup(&mut expectations);
    if expectations.is_empty() {
        return Err(CliError::usage("no expected record given")
            .hint("give the records that should be there: --ses, --dkim, --expect, --records, ...; see --help")
            .into());
    }
    if tokens.is_none() {
        tokens = ses_tokens(&expectations);
    }
    let families = args.families();
    Ok(VerifyPlan {
        ses: tokens,
        resolvers: resolvers(args, families)?,
        // Who waits looks many times, and may look before the record is there.
        spare_caches: args.wait.is_some(),
        also_ask: specs(&args.also_ask, args.port, families)?,
        hints: read_hints(args.root_hints.as_deref())?,
        walk: WalkConfig {
            port: args.port,
            ipv4: families != Families::Only6,
            ipv6: families != Families::Only4,
            minimise: args.minimise,
            seed: args.seed.unwrap_or_else(rand::random),
            ..WalkConfig::default()
        },
        repeat: args.repeat,
        rate: args.rate,
        seed: args.seed.unwrap_or_else(rand::random),
        ..VerifyPlan::new(domain, expectations)
    })
}

fn domain_name(what: &str, text: &str) -> Result<NameBuf, CliError> {
    parse_domain(text).map_err(|error| CliError::usage(format!("{what}: {}", error.kind)))
}

fn report_error(option: &str, text: &str, error: &ExpectError) -> CliError {
    let at_start = error.line == 1 && error.column == 1;
    let cli_error = CliError::usage(if text.is_empty() || at_start {
        format!("{option}: {}", error.kind)
    } else if text.trim().contains('\n') {
        format!("{option}, {error}")
    } else {
        format!("{option} '{text}', column {}: {}", error.column, error.kind)
    });
    match error.kind {
        ExpectErrorKind::AcmPair(_) => {
            cli_error.hint("write --acm '_x1.example.com _y1.acm-validations.aws'")
        }
        ExpectErrorKind::Missing(_) | ExpectErrorKind::Type(_) | ExpectErrorKind::TypeFirst => {
            cli_error.hint("write --expect 'NAME TYPE VALUE', such as 'www A 192.0.2.1'")
        }
        _ => cli_error,
    }
}

/// How many mistakes of a file are told.
const MISTAKES_TOLD: usize = 5;

fn read_records(file: &Path, domain: &NameBuf) -> Result<Vec<Expectation>, CliError> {
    let text = read_utf8(file)?;
    parse_records(&text, domain).map_err(|errors| {
        let told: Vec<String> =
            errors.iter().take(MISTAKES_TOLD).map(ToString::to_string).collect();
        let more = match errors.len().saturating_sub(MISTAKES_TOLD) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let cli_error = CliError::in_file(&label_of(file), told.join("; ") + &more);
        let is_understood = |error: &ExpectError| {
            matches!(
                error.kind,
                ExpectErrorKind::Outside(_)
                    | ExpectErrorKind::NoFinalDot { .. }
                    | ExpectErrorKind::Priority { .. }
            )
        };
        if errors.iter().all(is_understood) {
            return cli_error;
        }
        cli_error.hint("give a zone file, or a table with the columns Name, Type and Value")
    })
}

/// What is expected twice is one expectation: the first, which knows best what it is for.
fn dedup(expectations: &mut Vec<Expectation>) {
    let mut kept: Vec<Expectation> = Vec::new();
    for expectation in expectations.drain(..) {
        let same = |other: &Expectation| {
            (other.owner, other.rtype, &other.value)
                == (expectation.owner, expectation.rtype, &expectation.value)
        };
        if !kept.iter().any(same) {
            kept.push(expectation);
        }
    }
    *expectations = kept;
}

/// The tokens in a table that the console of SES offers, if there are any: their targets say the
/// zone.
fn ses_tokens(expectations: &[Expectation]) -> Option<SesTokens> {
    let mut zones = expectations.iter().filter_map(|expectation| {
        let rotates = expectation.kind == ExpectationKind::DkimCname { rotates: true };
        expectation.target().filter(|_| rotates)?.parent()
    });
    zones.next().map(|zone| SesTokens { zone, zone_given: true })
}

fn resolvers(args: &Args, families: Families) -> Result<Vec<std::net::SocketAddr>, CliError> {
    if !args.resolvers.is_empty() {
        return specs(&args.resolvers, DNS_PORT, families);
    }
    // The system's resolvers know nothing of a world with a root of its own.
    if args.no_resolver || args.root_hints.is_some() {
        return Ok(Vec::new());
    }
    // Without one, the authoritative servers are asked all the same.
    Ok(servers::of_the_system(DNS_PORT, families).unwrap_or_default())
}

/// Verify asks over both transports by itself.
const FORM: Form = Form { server: "-r SERVER", tcp: "", list: None };

fn specs(
    texts: &[String],
    port: u16,
    families: Families,
) -> Result<Vec<std::net::SocketAddr>, CliError> {
    let mut servers = Vec::new();
    for text in texts {
        let spec = servers::parse_server(text, FORM)?;
        if spec.tcp {
            let sentence = format!("'{text}': verify always uses both UDP and TCP");
            return Err(CliError::usage(sentence).hint("leave out tcp://"));
        }
        for server in servers::resolve(&spec, port, families)? {
            if !servers.contains(&server) {
                servers.push(server);
            }
        }
    }
    Ok(servers)
}
