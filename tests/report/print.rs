//! How a page prints, by Chromium. `DNSONDE_REQUIRE_TOOLS` makes it a failure that it is not there, as in
//! CI.

use std::process::{Command, Stdio};

use super::worlds::reports;
use super::{PAGE, as_html};

/// How many sheets a page takes; `None` if Chromium is not there.
fn sheets(page: &str) -> Option<usize> {
    let folder = tempfile::tempdir().unwrap();
    let (html, pdf) = (folder.path().join("report.html"), folder.path().join("report.pdf"));
    std::fs::write(&html, page).unwrap();
    let mut chromium = Command::new("chromium");
    chromium
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"])
        // Not a packet but to this machine.
        .args(["--disable-background-networking", "--disable-component-update"])
        .arg("--host-resolver-rules=MAP * ~NOTFOUND")
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg("--no-pdf-header-footer")
        .arg(format!("--print-to-pdf={}", pdf.display()))
        .arg(&html)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    match chromium.status() {
        Ok(status) => assert!(status.success(), "Chromium does not print"),
        Err(error) => {
            let required = std::env::var_os("DNSONDE_REQUIRE_TOOLS").is_some();
            assert!(!required, "Chromium cannot be run: {error}");
            eprintln!("skipped: Chromium cannot be run: {error}");
            return None;
        }
    }
    let pdf = std::fs::read(&pdf).unwrap();
    let text = String::from_utf8_lossy(&pdf);
    // "/Type /Pages" is the list of them.
    Some(text.matches("/Type /Page\n").count())
}

#[test]
fn the_seed_story_prints_on_at_most_two_sheets() {
    let report = &reports().iter().find(|it| it.scenario.name == "seed-story").unwrap().report;
    let page = as_html(report, PAGE);
    let Some(count) = sheets(&page) else { return };
    assert!((1..=2).contains(&count), "{count} sheets");
    // A longer one takes more: what counts them sees that.
    let paragraphs = "<p>Another line.</p>\n".repeat(300);
    let longer = page.replace("</main>", &format!("{paragraphs}</main>"));
    assert!(sheets(&longer).is_some_and(|more| more > count));
}
