//! Reads the medians that criterion has left behind, and prints how they compare.

use std::path::{Path, PathBuf};

use crate::inputs::SIZES_KIB;

/// The libraries that dnsonde is compared with.
const OTHERS: [&str; 2] = ["hickory-proto", "domain"];

/// Where criterion puts its results: below the folder of the build.
fn results() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let target = program.ancestors().find(|path| path.join("criterion").is_dir())?;
    Some(target.join("criterion"))
}

/// The median of a measurement in nanoseconds.
fn median_ns(results: &Path, id: &str) -> Option<f64> {
    let estimates = std::fs::read(results.join(id).join("new/estimates.json")).ok()?;
    let estimates: serde_json::Value = serde_json::from_slice(&estimates).ok()?;
    estimates["median"]["point_estimate"].as_f64()
}

/// Prints a line for each comparison of which both sides were measured, now or before.
pub fn print() {
    let Some(results) = results() else { return };
    let compared = |what: &str, size: &str| {
        let id = |library: &str| {
            if size.is_empty() {
                format!("{what}_{library}")
            } else {
                format!("{what}/{library}/{size}")
            }
        };
        let Some(ours) = median_ns(&results, &id("dnsonde")) else { return };
        println!("{what} {size}: dnsonde {ours:.1} ns");
        for other in OTHERS {
            if let Some(theirs) = median_ns(&results, &id(other)) {
                let ratio = ours / theirs;
                println!(
                    "{what} {size}: {other} {theirs:.1} ns; dnsonde / {other} = {ratio:.3}, {:.1} times as fast",
                    1.0 / ratio
                );
            }
        }
    };
    for what in ["build", "walk", "json", "json-0x20", "csv", "csv-quoted", "pointers"] {
        compared(what, "");
    }
    for what in ["smallest", "compress"] {
        for kib in SIZES_KIB {
            compared(what, &kib.to_string());
        }
    }
}
