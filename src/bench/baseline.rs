//! An earlier run to compare with: what is read of its result, and what differs in the conditions.

use serde_json::Value;

use super::comparison::{Comparison, Figures, MEASURES, compare_runs};
use super::report::{Report, ServerReport};

/// An earlier run of one server.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// When it began, as the result has it.
    pub started: String,
    /// The server.
    pub server: String,
    figures: Vec<Figures>,
    result: Value,
}

/// Why a file is no baseline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoBaseline {
    /// It is no result.
    #[error("is not the JSON of a bench run")]
    NoResult,
    /// It has several servers, and none of them is the one that is asked.
    #[error("has results of several servers, and none of {0}")]
    OtherServers(String),
}

impl Baseline {
    /// Reads the result of an earlier run, as JSON: of the server that is called so, or of the only one.
    ///
    /// # Errors
    /// It is no such result.
    pub fn read(text: &[u8], server: &str) -> Result<Self, NoBaseline> {
        let result: Value = serde_json::from_slice(text).map_err(|_| NoBaseline::NoResult)?;
        if result["command"] != "bench" || result["schema"] != 1 {
            return Err(NoBaseline::NoResult);
        }
        let servers = result["servers"].as_array().ok_or(NoBaseline::NoResult)?;
        let named = |it: &&Value| it["server"] == server;
        let before = match (servers.iter().find(named), &servers[..]) {
            (Some(before), _) | (None, [before]) => before,
            (None, _) => return Err(NoBaseline::OtherServers(server.to_owned())),
        };
        let blocks = before["blocks"].as_object().ok_or(NoBaseline::NoResult)?;
        let figures = MEASURES.map(|measure| {
            let values = blocks.get(&measure.key()).and_then(Value::as_array);
            let values = values.into_iter().flatten().filter_map(Value::as_f64);
            Figures { measure, of_blocks: values.map(|it| it / measure.scale()).collect() }
        });
        let text =
            |value: &Value| value.as_str().map(ToOwned::to_owned).ok_or(NoBaseline::NoResult);
        let (started, server) = (text(&result["started"])?, text(&before["server"])?);
        Ok(Self { started, server, figures: figures.into(), result })
    }

    /// How a server compares with what was measured then: it is the first one of each comparison.
    pub fn compare(&self, now: &ServerReport) -> Vec<Comparison> {
        compare_runs(&now.figures(), &self.figures)
    }

    /// How far a comparison may be trusted: what was different then, a sentence each.
    pub fn conditions(&self, now: &Report) -> Vec<String> {
        let before = &self.result;
        let mut all = vec![
            "the runs were made at different times: what hit one of them as a whole, such as other load on \
             the machine, the server or the network, is in the differences"
                .to_owned(),
        ];
        let mode = if now.wanted.open_loop.is_some() { "open" } else { "closed" };
        let transport = now.wanted.transport.as_str();
        let address = now.servers.first().map(|it| it.server.to_string()).unwrap_or_default();
        let transport_before = &before["servers"][0]["transport"];
        for (what, then, today) in [
            ("the server", &self.server.as_str().into(), address.into()),
            ("the system", &before["client"]["system"], system().into()),
            ("the number of processors", &before["client"]["processors"], processors().into()),
            ("the number of threads", &before["client"]["threads"], now.client.threads.into()),
            ("the loop", &before["mode"], mode.into()),
            ("the limit of queries a second", &before["target_qps"], now.wanted.rate.into()),
            (
                "the limit of queries outstanding",
                &before["outstanding"],
                now.wanted.outstanding.into(),
            ),
            ("the transport", transport_before, transport.into()),
            ("the number of queries in the file", &before["queries"], now.input.queries.into()),
            (
                "stamping of responses by the kernel",
                &before["client"]["kernel_timestamps"],
                now.client.local.kernel_timestamps.into(),
            ),
        ] {
            if !same(then, &today) {
                all.push(format!("{what} was {} then, and is {} now", shown(then), shown(&today)));
            }
        }
        let warnings = before["client"]["warnings"].as_array();
        for warning in warnings.into_iter().flatten().filter_map(|it| it["summary"].as_str()) {
            all.push(format!("a warning was given then: {warning}"));
        }
        for warning in now.warnings() {
            all.push(format!("a warning is given now: {}", warning.summary));
        }
        all
    }
}

/// Numbers are the same whether or not they are written with a fraction.
fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() < 1e-9,
        _ => one == other,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "on".to_owned(),
        Value::Bool(false) => "off".to_owned(),
        other => other.to_string(),
    }
}

/// The operating system and the architecture.
pub(super) fn system() -> String {
    format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)
}

/// Processors that the program may use.
pub(super) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}
