//! That the house stands as it was planned: a folder imports only from those before it, no file imports
//! back into one that imports it, and no file has grown out of hand. Read from the `use` lines.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The folders of `src/`, from the bottom to the top; `main.rs` and `lib.rs` stand above them.
const FOLDERS: [&str; 18] = [
    "wire",
    "stats",
    "engine",
    "net",
    "walk",
    "probe",
    "judge",
    "report",
    "names",
    "decode",
    "crew",
    "scan",
    "bench",
    "verify",
    "diagnose",
    "query",
    "playground",
    "cli",
];
const MOST_LINES: usize = 800;
const MOST_LINES_OF_MOD: usize = 150;

/// A source file by the path of its module, such as `judge::path::loss`.
struct File {
    path: PathBuf,
    /// Without tests and comments.
    code: String,
    lines: usize,
}

/// One name that a file uses, from the root of the crate on, and whether it hands it on.
struct Use {
    path: Vec<String>,
    public: bool,
}

fn files() -> BTreeMap<String, File> {
    fn visit(folder: &Path, module: &str, all: &mut BTreeMap<String, File>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let below = if module.is_empty() { name.clone() } else { format!("{module}::{name}") };
            if path.is_dir() {
                visit(&path, &below, all);
            } else if path.extension().is_some_and(|it| it == "rs") && !module.is_empty() {
                let text = std::fs::read_to_string(&path).unwrap();
                let lines = text.lines().count();
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap().lines();
                let code = code.map(|line| line.split("//").next().unwrap());
                let code: String = code.map(|line| format!("{line}\n")).collect();
                let module = if name == "mod" { module.to_owned() } else { below };
                all.insert(module, File { path, code, lines });
            }
        }
    }
    let mut all = BTreeMap::new();
    visit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut all);
    all
}

/// Every path of a use tree.
fn paths(tree: &str) -> Vec<String> {
    let Some((before, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap();
        return vec![path.split_whitespace().collect()];
    };
    let inner = &rest[..rest.rfind('}').unwrap()];
    let (mut depth, mut begin, mut parts) = (0, 0, Vec::new());
    for (at, character) in inner.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[begin..]);
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| paths(&format!("{before}{}", part.trim()))).collect()
}

fn uses(module: &str, file: &File, modules: &BTreeMap<String, File>) -> Vec<Use> {
    let mut all = Vec::new();
    for statement in file.code.split(';') {
        let lines = statement.lines().map(str::trim_start);
        let begin = lines.scan(0, |at, line| Some((std::mem::replace(at, *at + 1), line)));
        let is_use = |line: &str| {
            line.starts_with("use ") || line.starts_with("pub") && line.contains(" use ")
        };
        let Some((number, line)) = begin.into_iter().find(|(_, line)| is_use(line)) else {
            continue;
        };
        let public = line.starts_with("pub");
        let rest: Vec<&str> = statement.lines().skip(number).collect();
        let rest = rest.join(" ");
        let tree = rest.split_once("use ").unwrap().1;
        for path in paths(tree) {
            let mut parts: Vec<&str> = path.split("::").collect();
            let mut base: Vec<&str> = module.split("::").collect();
            match parts[0] {
                "crate" => base.clear(),
                "self" => {}
                "super" => {
                    while parts[0] == "super" {
                        parts.remove(0);
                        base.pop();
                    }
                    parts.insert(0, "");
                }
                // A module below this one, or a crate.
                first if modules.contains_key(&format!("{module}::{first}")) => parts.insert(0, ""),
                _ => continue,
            }
            let path = base.iter().chain(&parts[1..]).filter(|part| **part != "self");
            all.push(Use { path: path.map(|part| (*part).to_owned()).collect(), public });
        }
    }
    all
}

/// The file that a path names, followed through what the `mod.rs` on its way hands on.
fn target(
    path: &[String],
    modules: &BTreeMap<String, File>,
    handed_on: &BTreeMap<(String, String), String>,
) -> Option<String> {
    let (length, module) = (1..=path.len())
        .rev()
        .map(|length| (length, path[..length].join("::")))
        .find(|(_, module)| modules.contains_key(module))?;
    let name = path.get(length).cloned().unwrap_or_default();
    Some(handed_on.get(&(module.clone(), name)).cloned().unwrap_or(module))
}

/// Which files each file imports from.
fn arrows(modules: &BTreeMap<String, File>) -> BTreeMap<String, BTreeSet<String>> {
    let all: BTreeMap<&String, Vec<Use>> =
        modules.iter().map(|(module, file)| (module, uses(module, file, modules))).collect();
    let mut handed_on = BTreeMap::new();
    // What is handed on may have been handed on before.
    for _ in 0..3 {
        for (module, uses) in &all {
            for it in uses.iter().filter(|it| it.public) {
                if let Some(found) = target(&it.path, modules, &handed_on) {
                    let name = it.path.last().unwrap().clone();
                    handed_on.insert(((*module).clone(), name), found);
                }
            }
        }
    }
    let is_mod = |module: &str| modules[module].path.ends_with("mod.rs");
    all.into_iter()
        .map(|(module, uses)| {
            let private = uses.into_iter().filter(|it| !(it.public && is_mod(module)));
            let found = private.filter_map(|it| target(&it.path, modules, &handed_on));
            (module.clone(), found.filter(|found| found != module).collect())
        })
        .collect()
}

fn folder(module: &str) -> &str {
    module.split("::").next().unwrap()
}

#[test]
fn a_folder_imports_only_from_those_before_it() {
    let modules = files();
    let place = |module: &str| {
        let place = FOLDERS.iter().position(|it| *it == folder(module));
        place.unwrap_or_else(|| panic!("the folder of {module} has no place in the house"))
    };
    let up: Vec<String> = arrows(&modules)
        .iter()
        .flat_map(|(from, all)| all.iter().map(move |to| (from, to)))
        .filter(|(from, to)| place(to) > place(from))
        .map(|(from, to)| format!("{from} imports from {to}"))
        .collect();
    assert!(up.is_empty(), "{}", up.join("\n"));
}

#[test]
fn no_file_imports_back_into_one_that_imports_it() {
    let arrows = arrows(&files());
    let mut circles = BTreeSet::new();
    for start in arrows.keys() {
        // Whatever can be reached from here, and from where it was reached.
        let mut from: BTreeMap<&String, &String> = BTreeMap::new();
        let mut next = vec![start];
        while let Some(module) = next.pop() {
            for to in &arrows[module] {
                if !from.contains_key(to) {
                    from.insert(to, module);
                    next.push(to);
                }
            }
        }
        if from.contains_key(start) {
            circles.insert(format!("{start}, by way of {}", from[start]));
        }
    }
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn no_file_has_two_subjects_and_no_mod_rs_has_any() {
    let mut long = Vec::new();
    for (module, file) in files() {
        let most = match file.path.ends_with("mod.rs") {
            true => MOST_LINES_OF_MOD,
            false => MOST_LINES,
        };
        if file.lines > most {
            long.push(format!("{} has {} lines, and at most {most} are good", module, file.lines));
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}
