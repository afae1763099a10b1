//! `dnsonde verify`: why is a verification still pending?

mod plan;
mod wait;

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use clap::{Parser as _, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget};
use tokio::sync::watch;

use super::event_loop::event_loop;
use super::interrupts::Interrupts;
use super::servers::{DNS_PORT, Families};
use super::{COULD_NOT, FINE, PROBLEM, print, shell_word};
use crate::report::judgement::{
    Page, Style, write_report_html, write_report_json, write_report_text,
};
use crate::verify::ask::{Progress, Stage};
use crate::verify::{self, Evidence, Plan, Report, Verdict, judge};

/// Tell why a verification is still pending
///
/// Asks every address of every name server of DOMAIN for each record that should be there, over
/// UDP and TCP, again and again, and what those records lead to; then says what is wrong, who has
/// it wrong, what to do, and how sure that is. Recursive servers are asked for old answers that they
/// still keep.
///
/// Exit status: 0 verified, 1 not verified, only now and then, or interrupted, 2 usage error, 3 could
/// not tell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  dnsonde verify example.com --ses TOKEN1,TOKEN2,TOKEN3
  dnsonde verify example.com --records records.csv          as the console offers for download
  dnsonde verify example.com --dkim selector1 --dmarc
  dnsonde verify example.com --expect '_x1 CNAME _y1.acm-validations.aws'
  dnsonde verify example.com --mail-from mail --mail-from-region eu-west-1
  dnsonde verify example.com --ses T1,T2,T3 --format html > report.html")]
pub(super) struct Args {
    /// The domain
    domain: String,

    /// The three tokens of SES Easy DKIM, with commas between them; may be repeated
    #[arg(long, value_name = "T1,T2,T3", help_heading = "What should be there")]
    ses: Vec<String>,

    /// The zone that the records of --ses point into, as the console shows it
    /// [default: dkim.amazonses.com]
    #[arg(long, value_name = "ZONE", requires = "ses", help_heading = "What should be there")]
    ses_zone: Option<String>,

    /// The DKIM key of this selector, whatever it is, also as SELECTOR._domainkey.DOMAIN; may be repeated
    #[arg(long, value_name = "SELECTOR", help_heading = "What should be there")]
    dkim: Vec<String>,

    /// The MX and SPF records of this MAIL FROM domain of SES, such as `mail` or `mail.example.com`
    #[arg(long, value_name = "NAME", help_heading = "What should be there")]
    mail_from: Option<String>,

    /// The region that the MX record of --mail-from names
    #[arg(
        long,
        value_name = "REGION",
        requires = "mail_from",
        help_heading = "What should be there"
    )]
    mail_from_region: Option<String>,

    /// A validation record of AWS Certificate Manager; may be repeated
    #[arg(long, value_name = "'NAME TARGET'", help_heading = "What should be there")]
    acm: Vec<String>,

    /// A TXT record at _acme-challenge (ACME DNS-01)
    #[arg(long, help_heading = "What should be there")]
    acme: bool,

    /// The response that the challenge wants to see there
    #[arg(long, value_name = "TEXT", help_heading = "What should be there")]
    acme_response: Option<String>,

    /// A certificate authority that CAA records must let issue, such as letsencrypt.org
    #[arg(long, value_name = "DOMAIN", help_heading = "What should be there")]
    issuer: Option<String>,

    /// A DMARC policy
    #[arg(long, help_heading = "What should be there")]
    dmarc: bool,

    /// Any record; without a value, any of its type; may be repeated
    #[arg(long, value_name = "'NAME TYPE VALUE'", help_heading = "What should be there")]
    expect: Vec<String>,

    /// Records from a zone file or a table (CSV) with the columns Name, Type and Value; `-` is
    /// standard input
    #[arg(long, value_name = "FILE", help_heading = "What should be there")]
    records: Vec<PathBuf>,

    /// Recursive servers to ask for what they keep [default: those of the system]; with --wait only
    /// for records that are there, since they would keep that one was not
    #[arg(
        short = 'r',
        long = "resolver",
        value_name = "SERVER",
        value_delimiter = ',',
        help_heading = "Whom to ask"
    )]
    resolvers: Vec<String>,

    /// Ask no recursive server
    #[arg(long, conflicts_with = "resolvers", help_heading = "Whom to ask")]
    no_resolver: bool,

    /// Servers that may have the records although nothing leads to them, such as those of another
    /// provider
    #[arg(long, value_name = "SERVER", value_delimiter = ',', help_heading = "Whom to ask")]
    also_ask: Vec<String>,

    /// The servers of the root, as a zone file; by default those of the Internet
    #[arg(long, value_name = "FILE", help_heading = "Whom to ask")]
    root_hints: Option<PathBuf>,

    /// The port of all authoritative servers
    #[arg(short = 'p', long, value_name = "PORT", default_value_t = DNS_PORT, value_parser = clap::value_parser!(u16).range(1..), help_heading = "Whom to ask")]
    port: u16,

    /// Use IPv4 only
    #[arg(short = '4', conflicts_with = "ipv6", help_heading = "Whom to ask")]
    ipv4: bool,

    /// Use IPv6 only
    #[arg(short = '6', help_heading = "Whom to ask")]
    ipv6: bool,

    /// Let servers see only as many labels of a name as they need (RFC 9156)
    #[arg(long, help_heading = "How to ask")]
    minimise: bool,

    /// Looks at each record at each address [default: enough to see a fault that hits one answer
    /// in five]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = "How to ask")]
    repeat: Option<u32>,

    /// Most questions a second to one address
    #[arg(long, value_name = "QPS", default_value_t = Plan::RATE, value_parser = rate, help_heading = "How to ask")]
    rate: f64,

    /// Ask in the order that this number gives
    #[arg(long, value_name = "N", hide = true)]
    seed: Option<u64>,

    /// Look again until all is right, at most this long (`90m`, `72h`); a line for each change
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Waiting")]
    wait: Option<Duration>,

    /// Time between two looks [default: what TTLs suggest, 1 to 15 minutes]
    #[arg(long, value_name = "DURATION", value_parser = every, requires = "wait", help_heading = "Waiting")]
    every: Option<Duration>,

    /// Keep what was seen in this file, and go on with it after a restart
    #[arg(long, value_name = "FILE", requires = "wait", help_heading = "Waiting")]
    state: Option<PathBuf>,

    /// How to show what was found
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Text,
    /// One JSON object
    Json,
    /// One page, for a provider's support
    Html,
}

impl Args {
    fn families(&self) -> Families {
        Families::of(self.ipv4, self.ipv6)
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= 100_000.0 => Ok(rate),
        _ => Err("not a number of queries a second, more than 0 and at most 100000".to_owned()),
    }
}

fn every(text: &str) -> Result<Duration, String> {
    let every = duration(text)?;
    if every < Duration::from_secs(1) {
        return Err("less than a second; write 1s or more".to_owned());
    }
    Ok(every)
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| {
        "not a duration; write a number and its unit, such as 90s, 30m or 72h".to_owned()
    })
}

/// The plan that `dnsonde verify` makes of the words behind it.
///
/// # Errors
/// What is wrong with them, in one sentence.
pub fn plan_of(
    words: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> anyhow::Result<Plan> {
    #[derive(clap::Parser)]
    #[command(no_binary_name = true)]
    struct Words {
        #[command(flatten)]
        args: Args,
    }
    plan::plan(&Words::try_parse_from(words)?.args)
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let plan = plan::plan(args)?;
    let runtime = event_loop()?;
    let (report, interrupted) = runtime.block_on(async {
        let interrupt = Interrupt::listen();
        let report = match args.wait {
            None => check(plan, &interrupt).await?.1,
            Some(long) => {
                let wait = wait::Wait { long, every: args.every, state: args.state.as_deref() };
                wait::until_verified(&plan, &wait, &interrupt).await?
            }
        };
        anyhow::Ok((report, interrupt.is_set()))
    })?;
    show(&report, args.format)?;
    Ok(ExitCode::from(exit(&report, interrupted)))
}

/// Writes a report to standard output.
pub(super) fn show(report: &Report, format: Format) -> anyhow::Result<ExitCode> {
    let mut out = Vec::new();
    match format {
        Format::Text => write_report_text(report, style(), &mut out),
        Format::Json => write_report_json(report, &mut out),
        Format::Html => {
            let command_line = &command_line(std::env::args_os().skip(1));
            write_report_html(report, Page { command_line }, &mut out);
        }
    }
    print(&out)
}

/// As wide as the terminal; in colour only there, and not for those who want none.
pub(super) fn style() -> Style {
    let columns = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
    Style::new(columns, wanted && std::io::stdout().is_terminal())
}

/// The command as it can be typed again.
fn command_line(words: impl Iterator<Item = OsString>) -> String {
    let mut line = String::from("dnsonde");
    for word in words {
        line.push(' ');
        line.push_str(&shell_word(&word.to_string_lossy()));
    }
    line
}

/// Looks once, with progress, and judges.
pub(super) async fn check(plan: Plan, interrupt: &Interrupt) -> anyhow::Result<(Evidence, Report)> {
    let (began, wall) = (Instant::now(), SystemTime::now());
    let line = Line::new();
    let mut watch = |progress: Progress| {
        line.show(progress);
        interrupt.is_set().then_some("it was interrupted")
    };
    let evidence = verify::run(plan, &mut watch).await;
    line.clear();
    let evidence = evidence?;
    let started = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let report = judge::judge(&evidence, started, began.elapsed());
    Ok((evidence, report))
}

/// Ctrl-C and its like: the first one ends the search and shows what was found, the second one
/// everything.
pub(super) struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    pub(super) fn listen() -> Self {
        let (set, seen) = watch::channel(false);
        let mut interrupts = Interrupts::listen();
        tokio::spawn(async move {
            loop {
                interrupts.next().await;
                if set.send_replace(true) {
                    std::process::exit(PROBLEM.into());
                }
            }
        });
        Self(seen)
    }

    fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Sleeps; gives whether an interrupt ended it early.
    async fn sleep(&self, long: Duration) -> bool {
        let mut seen = self.0.clone();
        tokio::time::timeout(long, seen.wait_for(|set| *set)).await.is_ok()
    }
}

fn exit(report: &Report, interrupted: bool) -> u8 {
    let unfinished = report.verdict != Verdict::Verified || report.effort.cut_short.is_some();
    match report.verdict {
        _ if interrupted && unfinished => PROBLEM,
        Verdict::Verified => FINE,
        Verdict::Flaky | Verdict::Pending => PROBLEM,
        Verdict::Inconclusive => COULD_NOT,
    }
}

/// How far it has come, on one line of a terminal.
struct Line(Option<ProgressBar>);

impl Line {
    fn new() -> Self {
        let draws = std::io::stderr().is_terminal();
        Self(draws.then(|| {
            let bar = ProgressBar::new_spinner();
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(5));
            bar
        }))
    }

    fn show(&self, Progress { ended, ahead, stage }: Progress) {
        let Some(bar) = &self.0 else { return };
        let what = match stage {
            Stage::Walk => "finding the name servers",
            Stage::Survey => "asking every one of them for every record",
            Stage::FollowUp => "telling causes apart",
        };
        bar.set_message(format!("{what}: {ended} answers, {ahead} ahead"));
        bar.tick();
    }

    fn clear(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
