//! The grammar of the command line. Scripts and fingers rely on it, so each help text is a snapshot.

use clap::{Command, CommandFactory as _};
use infra::cli::Cli;

/// The long help of every verb and sub-verb, as an 80-column terminal shows it.
fn help(path: &[&str], command: &Command, texts: &mut Vec<(String, String)>) {
    let mut command = command.clone().term_width(80);
    texts.push((path.join(" "), command.render_long_help().to_string()));
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        let deeper: Vec<_> = path.iter().copied().chain([verb.get_name()]).collect();
        help(&deeper, verb, texts);
    }
}

#[test]
fn the_grammar_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_help_text_reads_well_at_80_columns() {
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
