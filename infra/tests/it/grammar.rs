//! Help texts of the command line, as snapshots.

use std::path::Path;

use clap::error::ErrorKind;
use clap::{Command, CommandFactory as _, Parser as _};
use infra::cli::Cli;

/// Collects the long help of every verb at 80 columns.
fn help(path: &[&str], command: &Command, texts: &mut Vec<(String, String)>) {
    let mut command = command.clone().term_width(80);
    texts.push((path.join(" "), command.render_long_help().to_string()));
    // `infra help VERB` prints the same text.
    let verbs = command.get_subcommands();
    for verb in verbs.filter(|verb| !verb.is_hide_set() && verb.get_name() != "help") {
        let deeper: Vec<_> = path.iter().copied().chain([verb.get_name()]).collect();
        help(&deeper, verb, texts);
    }
}

#[test]
fn command_definition_is_valid() {
    Cli::command().debug_assert();
}

#[test]
fn help_fits_80_columns() {
    let mut root = Cli::command();
    root.build();
    let mut texts = Vec::new();
    help(&["infra"], &root, &mut texts);
    for (path, text) in texts {
        for line in text.lines() {
            assert!(
                line.chars().count() <= 80,
                "`{path} --help` is wider than the terminal: {line}"
            );
        }
        insta::assert_snapshot!(format!("help {path}").replace(' ', "_"), text);
    }
}

/// The commands that a document shows: code spans, and lines of shell blocks.
fn commands(document: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for (index, part) in document.split("```").enumerate() {
        let shown: Vec<_> = match part.strip_prefix("sh\n") {
            Some(block) if index % 2 == 1 => block.lines().collect(),
            _ if index % 2 == 1 => Vec::new(),
            _ => part.split('`').skip(1).step_by(2).collect(),
        };
        let of_infra = shown.into_iter().filter(|text| text.starts_with("infra "));
        commands.extend(of_infra.map(|text| text.split(" #").next().unwrap_or(text).replace('\n', " ")));
    }
    commands
}

#[test]
fn commands_in_documents_are_understood() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("README.md"), root.join("../README.md")];
    let docs = fs_err::read_dir(root.join("docs")).unwrap();
    files.extend(
        docs.map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "md")),
    );
    let (mut number, mut wrong) = (0, Vec::new());
    for file in files {
        for command in commands(&fs_err::read_to_string(&file).unwrap()) {
            // `infra VERB --help` is about any verb; what follows `>` or `(` is the shell's.
            let typed = command.split(['>', '|', '"', '\'']).next().unwrap();
            if typed.contains("VERB") {
                continue;
            }
            number += 1;
            let mut words: Vec<_> = typed.split_whitespace().collect();
            if words.last() == Some(&"--comment") {
                words.push("text");
            }
            if let Err(error) = Cli::try_parse_from(&words)
                // A verb alone is the subject of a sentence.
                && !(words.len() == 2 && error.kind() == ErrorKind::MissingRequiredArgument)
            {
                wrong.push(format!("{}: `{command}`: {error}", file.display()));
            }
        }
    }
    assert!(number > 60, "only {number} commands");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
