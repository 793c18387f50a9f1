//! `infra completions`: a script that completes `infra` in a shell.

use anyhow::{Context as _, Result};
use clap::builder::PossibleValuesParser;
use clap::{Args as _, Command, CommandFactory as _};
use clap_complete::Shell as Script;

use super::settings;
use crate::cli::{Cli, Completions, Global, Shell};
use crate::console::Console;
use crate::exit::ExitStatus;
use crate::settings::Settings;
use crate::settings::first::FIRST;
use crate::stacks;

/// Prints the script.
pub(super) fn run(arguments: &Completions, global: &Global, console: &Console) -> Result<ExitStatus> {
    let shell = match arguments.shell {
        Shell::Bash => Script::Bash,
        Shell::Elvish => Script::Elvish,
        Shell::Fish => Script::Fish,
        Shell::Powershell => Script::PowerShell,
        Shell::Zsh => Script::Zsh,
    };
    let mut command = with_targets(visible(), &targets(global));
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "infra", &mut script);
    console
        .data(String::from_utf8_lossy(&script))
        .context("cannot print the script")?;
    Ok(ExitStatus::Done)
}

/// All that can be typed as a target, of the settings there are; of those that a fork begins with if there are none.
fn targets(global: &Global) -> Vec<String> {
    let settings = settings::load(global)
        .ok()
        .or_else(|| Settings::parse(FIRST).ok());
    settings
        .and_then(|settings| stacks::graph(&settings).ok())
        .map(|graph| graph.targets())
        .unwrap_or_default()
}

/// The grammar without what people do not type; the scripts would offer it all the same.
fn visible() -> Command {
    let whole = Cli::command();
    let verbs = whole.get_subcommands().filter(|verb| !verb.is_hide_set());
    Global::augment_args(Command::new("infra"))
        .disable_help_subcommand(true)
        .subcommands(verbs.cloned())
}

/// The grammar takes any text as a target, so that a wrong one is answered by name; for completing there is a list.
fn with_targets(command: Command, targets: &[String]) -> Command {
    // clap wants names that live as long as the program, and it ends after this.
    let targets: Vec<&'static str> = targets.iter().map(|target| &*target.clone().leak()).collect();
    command.mut_subcommands(|verb| {
        if verb
            .get_arguments()
            .any(|argument| argument.get_id() == "targets")
        {
            let values = PossibleValuesParser::new(targets.clone());
            verb.mut_arg("targets", |argument| argument.value_parser(values))
        } else {
            verb
        }
    })
}
