//! `dnsonde playground`: the list, a world that is served, and what is said of a wrong one.

use super::{Files, run};

#[test]
fn without_a_scenario_those_that_are_built_in_are_listed() {
    let run = run(&["playground"]);
    run.assert_code(0);
    assert!(run.stdout.lines().count() >= 3);
    let healthy = run.stdout.lines().find(|line| line.starts_with("healthy ")).unwrap();
    assert!(healthy.ends_with("Everything is as it should be"), "{healthy}");
}

#[test]
fn the_list_fits_a_narrow_terminal() {
    let output = super::dnsonde(&["playground"]).env("COLUMNS", "40").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("healthy\n    Everything is as it should be\n"), "{text}");
    assert_eq!(text.lines().find(|line| line.chars().count() > 40), None);
}

#[test]
fn what_is_no_scenario_is_a_usage_error() {
    run(&["playground", "no-such"]).assert_code(2).assert_stderr("unknown scenario 'no-such'");
    run(&["playground", "./no-such.toml"]).assert_code(2).assert_stderr("cannot be opened");
    let files = Files::new();
    let broken = files.write("broken.toml", "title = 'x'\nstorey = 'y'\n");
    run(&["playground", &broken])
        .assert_code(2)
        .assert_stderr("broken.toml, line 2, column 1: unknown field `storey`");
}

#[cfg(target_os = "linux")]
#[test]
fn a_world_whose_root_is_elsewhere_is_not_served() {
    let files = Files::new();
    let far = "base = 'ses'\ntitle = 'x'\nstory = 'y'\nexpect = { verdict = 'verified' }\n\
        servers.root.addresses = '192.0.2.1'\n\
        zone = [{ name = '.', remove = 'a.root A', add = 'a.root A 192.0.2.1' }]\n";
    let far = files.write("far.toml", far);
    // Were it served all the same, this would end it.
    let taken = std::net::UdpSocket::bind("127.53.1.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    run(&["playground", &far, "--port", &port]).assert_code(2).assert_stderr(
        "far.toml: the scenario has no usable root server: no root server with an address",
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_world_is_served_until_it_is_interrupted() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};

    use super::{Run, dnsonde};

    let files = Files::new();
    let mine = files.write(
        "mine.toml",
        "base = 'ses'\ntitle = 'Mine'\nstory = 'A test.'\n[verify]\nargs = ['example.com', '--expect', 'www A']\n\
         [expect]\nfindings = ['record-missing']\nverdict = 'pending'\n",
    );
    let mut child = dnsonde(&["playground", &mine])
        .env("TMPDIR", files.path(""))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said: Vec<String> = lines.take_while(|line| !line.starts_with("It should find")).collect();
    assert_eq!(said[0], "Mine");
    assert!(
        said.iter().any(|line| line.contains("127.53.9.1") && line.ends_with("recursive resolver"))
    );
    let command = said.iter().find(|line| line.contains(" verify ")).unwrap();
    assert!(command.contains(" example.com --expect 'www A' --root-hints "), "{command}");
    let word_after = |flag: &str| {
        let mut words = command.split(' ').skip_while(|word| *word != flag);
        words.nth(1).unwrap().to_owned()
    };
    let (hints, port) = (word_after("--root-hints"), word_after("--port"));
    assert_eq!(word_after("-r"), format!("127.53.9.1:{port}"));

    // It runs as it stands, wherever the program is.
    let examined = Command::new("sh").args(["-c", &format!("{command} --format json")]).output();
    let examined = Run::of(examined.unwrap());
    examined.assert_code(0);
    let report: serde_json::Value = serde_json::from_str(&examined.stdout).unwrap();
    assert_eq!(report["verdict"], "verified");

    // So does the command that a page has for whoever wants to repeat it.
    let page = Command::new("sh").args(["-c", &format!("{command} --format html")]).output();
    let page = Run::of(page.unwrap());
    let (_, repeat) = page.stdout.split_once("How to repeat this</h3>\n<pre><code>").unwrap();
    let (repeat, _) = repeat.split_once("</code>").unwrap();
    let repeat = repeat.replace("&#39;", "'").replace("&quot;", "\"").replace("&amp;", "&");
    let repeated = Command::new("sh").args(["-c", &repeat]).output();
    Run::of(repeated.unwrap()).assert_code(0);

    let answer = run(&["query", "@127.53.9.1", "-p", &port, "www.example.com", "A", "+short"]);
    answer.assert_code(0);
    assert_eq!(answer.stdout, "example.com.\n192.0.2.80\n");
    let trace = ["query", "--trace", "--root-hints", &hints, "--port", &port, "mail.example.com"];
    let trace = run(&trace);
    trace.assert_code(0);
    assert!(trace.stdout.contains("192.0.2.25"), "{}", trace.stdout);

    let interrupt = ["-INT", &child.id().to_string()];
    assert!(Command::new("kill").args(interrupt).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!std::path::Path::new(&hints).exists(), "the hints are gone");
}

#[cfg(target_os = "linux")]
#[test]
fn a_quiet_world_says_the_command_that_examines_it_and_nothing_else() {
    use std::io::Read as _;
    use std::process::{Command, Stdio};

    use super::dnsonde;

    let mut child =
        dnsonde(&["playground", "healthy", "--quiet"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut first = Vec::new();
    while !first.ends_with(b"\n") {
        let mut octet = [0];
        stdout.read_exact(&mut octet).unwrap();
        first.extend(octet);
    }
    let interrupt = ["-INT", &child.id().to_string()];
    assert!(Command::new("kill").args(interrupt).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    let first = String::from_utf8(first).unwrap();
    assert!(first.contains(" verify example.com --ses "), "{first}");
    assert_eq!(rest, "");
}
