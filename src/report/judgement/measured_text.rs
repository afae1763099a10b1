//! Measurements as text for a terminal: a table of servers, pictures, groups, experiments, and what could
//! not be seen.

use super::layout::{Row, Tone, Writer, plain, span};
use super::measurement::{GroupReport, MeasuredServer, Measurement};
use super::report::{Report, Verdict};
use super::words::{address, milliseconds, sentence};
use crate::stats::{Latency, LatencyQuantile, Proportion};

/// Steps of a picture, the lowest first.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Appends what was measured, if anything was.
pub fn write_measurement<V: Verdict>(report: &Report<V>, out: &mut Writer<'_>) {
    let Some(measurement) = &report.measurement else { return };
    let Measurement { servers, experiments, not_visible } = measurement;
    if !servers.is_empty() {
        heading("What was measured", out);
        let head =
            ["address", "sent", "answered", "late", "lost", "refused", "median", "p90", "p99"];
        out.table(2, &head, &servers.iter().map(row).collect::<Vec<_>>());
        for server in servers {
            write_server(server, out);
        }
    }
    if !experiments.is_empty() {
        heading("What was tried to tell causes apart", out);
        for experiment in experiments {
            let what = format!(
                "{} at {} ({} queries): {}",
                experiment.id,
                address(experiment.server),
                experiment.sent,
                sentence(&experiment.result)
            );
            out.paragraph(2, 4, &[plain(what)]);
        }
    }
    if !not_visible.is_empty() {
        heading("What this run could not have seen", out);
        for what in not_visible {
            out.paragraph(2, 4, &[plain(sentence(what))]);
        }
    }
}

fn heading(text: &str, out: &mut Writer<'_>) {
    out.blank();
    out.paragraph(0, 0, &[span(Tone::Strong, text)]);
}

fn row(server: &MeasuredServer) -> Row {
    let counted = |count: u64| if count == 0 { String::new() } else { count.to_string() };
    let [median, p90, p99] = server.quantiles.map(|it| it.map(quantile).unwrap_or_default());
    let mut notes = Vec::new();
    if server.loss.is_some() {
        let (lost, sent) = server.lost_of;
        notes.push(format!("over UDP {}", Proportion::new(lost, sent).text("lost")));
    }
    if server.duplicates > 0 {
        notes.push(format!("{} responses came more than once", server.duplicates));
    }
    if server.mismatched > 0 {
        notes.push(format!("{} messages answered nothing that was asked", server.mismatched));
    }
    Row {
        cells: vec![
            address(server.server),
            server.sent.to_string(),
            server.answered.to_string(),
            counted(server.late),
            counted(server.lost),
            counted(server.refused),
            median,
            p90,
            p99,
        ],
        notes,
    }
}

/// `12.3 ms (11–14)`: an estimate with its interval, as far as there is one.
fn quantile(quantile: LatencyQuantile) -> String {
    let ms = |us: u64| milliseconds(us as f64 / 1000.0);
    let bare = |us: u64| ms(us).trim_end_matches(" ms").to_owned();
    let estimate = match quantile.estimate {
        Latency::Measured(us) => ms(us),
        Latency::AtLeast(us) => format!("over {}", ms(us)),
    };
    match (quantile.low, quantile.high) {
        (Some(low), Some(high)) => format!("{estimate} ({}–{})", bare(low), bare(high)),
        (Some(low), None) => format!("{estimate} ({} or more)", bare(low)),
        _ => estimate,
    }
}

fn write_server(server: &MeasuredServer, out: &mut Writer<'_>) {
    let longest = server.over_time.iter().flatten().max().copied().unwrap_or(0);
    if longest > 0 {
        let picture: String = server
            .over_time
            .iter()
            .map(|us| us.map_or(' ', |us| bar(us as f64 / longest as f64)))
            .collect();
        out.blank();
        out.paragraph(
            2,
            4,
            &[
                plain(format!("{}: median over time,", address(server.server))),
                plain(format!(" at most {}", milliseconds(longest as f64 / 1000.0))),
            ],
        );
        out.literal(4, &picture);
    }
    if server.by_port.iter().any(|(lost, _)| *lost > 0) {
        out.paragraph(2, 4, &[plain("Loss by source port (a dot: none lost; a full bar: all)")]);
        let picture: String = server
            .by_port
            .iter()
            .map(|&(lost, sent)| match lost {
                0 => '·',
                _ => bar(lost as f64 / sent.max(1) as f64),
            })
            .collect();
        out.literal(4, &picture);
    }
    // Ports are in the picture.
    let groups: Vec<&GroupReport> =
        server.groups.iter().filter(|group| group.by != "port").collect();
    if !groups.is_empty() {
        let rows = groups.iter().map(|group| Row {
            cells: vec![
                format!("{} {}", group.by, group.value),
                format!("{}/{}", group.answered, group.sent),
                if group.lost == 0 { String::new() } else { group.lost.to_string() },
                group.p50_us.map_or_else(String::new, |us| milliseconds(us as f64 / 1000.0)),
            ],
            notes: Vec::new(),
        });
        let rows: Vec<Row> = rows.collect();
        out.table(4, &["", "answered", "lost", "median"], &rows);
    }
}

/// A bar for a share of the highest one.
fn bar(share: f64) -> char {
    let step = (share * BARS.len() as f64).ceil() as usize;
    BARS[step.clamp(1, BARS.len()) - 1]
}
