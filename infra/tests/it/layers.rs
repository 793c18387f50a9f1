//! Import rules of the crate: layers, no circles, restricted names.

#[path = "../../../.ci/imports.rs"]
mod imports;

use std::path::{Path, PathBuf};

/// Top-level modules, highest first. A module may import from its own line and from lines below.
const LAYERS: [&[&str]; 11] = [
    &["main", "lib"],
    &["commands"],
    &["cli", "workflows"],
    &["aws"],
    &["check", "compose_file", "cost", "diagram", "docker", "local"],
    &["report"],
    &["deployment", "logs", "pipelines", "releases", "service_status"],
    &["inventory"],
    &["plan", "stacks"],
    &["settings"],
    &["cfn", "console", "dns", "exit", "service", "timestamps"],
];

fn graph() -> imports::Graph {
    imports::Graph::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

#[test]
fn modules_import_downward_without_a_circle() {
    graph().assert_layers(&LAYERS);
}

#[test]
fn drawing_in_the_documentation_matches_the_imports() {
    graph().assert_drawn_in_section("infra");
}

/// A name, the files and directories of `src/` that may use it, and the reason.
const RULES: [(&str, &[&str], &str); 8] = [
    (
        "clap",
        &["main.rs", "cli", "cli.rs", "commands/completions.rs"],
        "only verbs use raw arguments",
    ),
    (
        "crate::cli",
        &["cli", "cli.rs", "commands", "commands.rs"],
        "the domain is independent of the command line",
    ),
    (
        "crate::commands",
        &["commands", "commands.rs"],
        "lower layers do not call verbs",
    ),
    ("aws_sdk_", &["aws", "aws.rs"], "only this module calls AWS"),
    ("aws_config", &["aws", "aws.rs"], "only this module calls AWS"),
    (
        "std::process::Command",
        &["local", "commands"],
        "other modules start no programs",
    ),
    (
        "env::var",
        &["console/options.rs", "settings", "settings.rs", "aws"],
        "environment variables are read in one place",
    ),
    ("ExitCode", &["main.rs", "exit.rs"], "exit codes are in one place"),
];

#[test]
fn names_stay_in_their_layer() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&source, &mut files);
    assert!(files.len() > 20, "sources not found: {files:?}");
    let mut strays = Vec::new();
    for file in files {
        let name = file.strip_prefix(&source).unwrap();
        let text = fs_err::read_to_string(&file).unwrap();
        for (number, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            for (word, homes, why) in RULES {
                if line.contains(word) && !homes.iter().any(|home| name.starts_with(home)) {
                    strays.push(format!("src/{}:{}: {word}: {why}", name.display(), number + 1));
                }
            }
        }
    }
    assert!(strays.is_empty(), "{}", strays.join("\n"));
}

#[test]
fn service_imports_only_std() {
    let text = fs_err::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/service.rs")).unwrap();
    let uses: Vec<_> = text.lines().filter(|line| line.starts_with("use ")).collect();
    assert!(
        !uses.is_empty() && uses.iter().all(|line| line.starts_with("use std::")),
        "{uses:?}"
    );
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
