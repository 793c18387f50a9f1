//! The layers of the crate, as ARCHITECTURE.md promises them: who may name what.

use std::path::{Path, PathBuf};

/// A name, the only files and folders of `src/` whose code may mention it, and why.
const RULES: [(&str, &[&str], &str); 8] = [
    (
        "clap",
        &["main.rs", "cli", "cli.rs", "commands/completions.rs"],
        "raw arguments end where a verb begins",
    ),
    (
        "crate::cli",
        &["cli", "cli.rs", "commands", "commands.rs"],
        "the domain does not know what was typed",
    ),
    (
        "crate::commands",
        &["commands", "commands.rs"],
        "nothing below a verb calls a verb",
    ),
    ("aws_sdk_", &["aws", "aws.rs"], "one folder talks to AWS"),
    ("aws_config", &["aws", "aws.rs"], "one folder talks to AWS"),
    (
        "std::process::Command",
        &["local", "commands"],
        "templates, plans and settings start no programs",
    ),
    (
        "env::var",
        &["console/options.rs", "settings", "settings.rs", "aws"],
        "one place reads a variable",
    ),
    ("ExitCode", &["main.rs", "exit.rs"], "one place knows exit codes"),
];

#[test]
fn names_stay_in_their_layer() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&source, &mut files);
    assert!(files.len() > 20, "these are not the sources: {files:?}");
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
fn the_description_of_the_service_depends_on_nothing() {
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
