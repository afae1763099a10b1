//! Conditions under which a measurement counts as failed: `p99>50ms`, `loss>0.1%`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::report::ServerReport;
use crate::wire::Rcode;

/// A condition under which a measurement counts as failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    measure: Measure,
    relation: Relation,
    /// Seconds of a latency, else what it is.
    limit: f64,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Measure {
    Min,
    Mean,
    Deviation,
    Quantile(f64),
    Max,
    Loss,
    Errors,
    Rate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// What can be measured, by the name in a condition.
const MEASURES: [(&str, Measure); 13] = [
    ("min", Measure::Min),
    ("mean", Measure::Mean),
    ("stddev", Measure::Deviation),
    ("p50", Measure::Quantile(0.5)),
    ("p90", Measure::Quantile(0.9)),
    ("p95", Measure::Quantile(0.95)),
    ("p99", Measure::Quantile(0.99)),
    ("p99.9", Measure::Quantile(0.999)),
    ("p999", Measure::Quantile(0.999)),
    ("max", Measure::Max),
    ("loss", Measure::Loss),
    ("errors", Measure::Errors),
    ("qps", Measure::Rate),
];

/// Longer ones first: the first that fits is taken.
const RELATIONS: [(&str, Relation); 4] = [
    (">=", Relation::AtLeast),
    ("<=", Relation::AtMost),
    (">", Relation::Above),
    ("<", Relation::Below),
];

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let at = text.find(['<', '>']).ok_or("not a condition such as p99>50ms or loss>0.1%")?;
        let (name, rest) = text.split_at(at);
        let (sign, relation) = *RELATIONS
            .iter()
            .find(|(sign, _)| rest.starts_with(sign))
            .ok_or("not a condition such as p99>50ms or loss>0.1%")?;
        let name = name.trim();
        let (_, measure) = *MEASURES.iter().find(|(known, _)| *known == name).ok_or_else(|| {
            let names: Vec<&str> = MEASURES.iter().map(|(name, _)| *name).collect();
            format!("'{name}' is not measured: write one of {}", names.join(", "))
        })?;
        let value = rest[sign.len()..].trim();
        let limit = match measure {
            Measure::Loss | Measure::Errors => share(value)?,
            Measure::Rate => number(value)?,
            _ => seconds(value)?,
        };
        Ok(Self { measure, relation, limit, text: text.trim().to_owned() })
    }
}

fn number(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
        _ => Err(format!("'{text}' is not a number")),
    }
}

/// A share as a percentage or as a fraction.
fn share(text: &str) -> Result<f64, String> {
    let share = match text.strip_suffix('%') {
        Some(percent) => number(percent.trim_end())? / 100.0,
        None => number(text)?,
    };
    if share <= 1.0 { Ok(share) } else { Err(format!("'{text}' is more than all")) }
}

fn seconds(text: &str) -> Result<f64, String> {
    // The longer unit is looked for first: ms ends with s.
    for (unit, scale) in [("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0)] {
        if let Some(figure) = text.strip_suffix(unit) {
            return Ok(number(figure.trim_end())? * scale);
        }
    }
    Err(format!("'{text}' has no unit: write 50ms, 900us or 1.5s"))
}

impl Condition {
    /// What was measured, in words, if the condition holds; `None` if it does not.
    ///
    /// # Errors
    /// There is no figure to compare: nothing was answered.
    pub fn check(&self, report: &ServerReport) -> Result<Option<String>, NoFigure> {
        let measured = self.measure.of(report).ok_or(NoFigure)?;
        let holds = match self.relation {
            Relation::Above => measured > self.limit,
            Relation::AtLeast => measured >= self.limit,
            Relation::Below => measured < self.limit,
            Relation::AtMost => measured <= self.limit,
        };
        Ok(holds.then(|| self.measure.shown(measured)))
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// There is no figure that a condition could be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no figure for it")]
pub struct NoFigure;

impl Measure {
    fn of(self, report: &ServerReport) -> Option<f64> {
        let latency = &report.latency;
        let span = match self {
            Self::Min => latency.min(),
            Self::Mean => latency.mean(),
            Self::Deviation => latency.deviation(),
            Self::Quantile(quantile) => latency.quantile(quantile),
            Self::Max => latency.max(),
            Self::Loss => return report.loss().map(|(share, _)| share),
            Self::Errors => return errors(report),
            Self::Rate => return Some(report.rate()),
        };
        span.as_ref().map(Duration::as_secs_f64)
    }

    fn shown(self, measured: f64) -> String {
        match self {
            Self::Loss | Self::Errors => format!("{:.3} %", measured * 100.0),
            Self::Rate => format!("{measured:.1}"),
            _ => format!("{:.3} ms", measured * 1e3),
        }
    }
}

/// The share of responses that are SERVFAIL or REFUSED.
fn errors(report: &ServerReport) -> Option<f64> {
    let counts = &report.counts;
    let failed: u64 = [Rcode::SERVFAIL, Rcode::REFUSED]
        .iter()
        .map(|code| counts.rcodes[usize::from(code.0)])
        .sum();
    (counts.answered() > 0).then(|| failed as f64 / counts.answered() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_a_measure_a_relation_and_a_limit_with_its_unit() {
        for (text, measure, relation, limit) in [
            ("p99>50ms", Measure::Quantile(0.99), Relation::Above, 0.05),
            (" p99.9 >= 1.5 s ", Measure::Quantile(0.999), Relation::AtLeast, 1.5),
            ("max<900us", Measure::Max, Relation::Below, 9e-4),
            ("loss>0.1%", Measure::Loss, Relation::Above, 0.001),
            ("loss>=0.25", Measure::Loss, Relation::AtLeast, 0.25),
            ("errors > 1 %", Measure::Errors, Relation::Above, 0.01),
            ("qps<1000", Measure::Rate, Relation::Below, 1000.0),
        ] {
            let read: Condition = text.parse().unwrap();
            assert_eq!((read.measure, read.relation), (measure, relation), "{text}");
            assert!((read.limit - limit).abs() < 1e-12, "{text}: {}", read.limit);
            assert_eq!(read.to_string(), text.trim());
        }
    }

    #[test]
    fn what_is_no_condition_says_why() {
        for (text, error) in [
            ("p99", "not a condition such as p99>50ms or loss>0.1%"),
            ("p99=5ms", "not a condition such as p99>50ms or loss>0.1%"),
            ("p98>5ms", "'p98' is not measured: write one of min, mean, "),
            ("p99>50", "'50' has no unit: write 50ms, 900us or 1.5s"),
            ("p99>fastms", "'fast' is not a number"),
            ("loss>200%", "'200%' is more than all"),
            ("loss>-1%", "'-1' is not a number"),
            ("qps<many", "'many' is not a number"),
        ] {
            let told = text.parse::<Condition>().unwrap_err();
            assert!(told.starts_with(error), "{text}: {told}");
        }
    }
}
