//! `infra completions`: prints a shell completion script.

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

/// Returns the possible targets: those of the settings, or of the default settings if there are none.
fn targets(global: &Global) -> Vec<String> {
    let settings = settings::load(global)
        .ok()
        .or_else(|| Settings::parse(FIRST).ok());
    settings
        .and_then(|settings| stacks::graph(&settings).ok())
        .map(|graph| graph.targets())
        .unwrap_or_default()
}

/// Returns the grammar without hidden verbs, which the generators would include.
fn visible() -> Command {
    let whole = Cli::command();
    let verbs = whole.get_subcommands().filter(|verb| !verb.is_hide_set());
    Global::augment_args(Command::new("infra"))
        .disable_help_subcommand(true)
        .subcommands(verbs.cloned())
}

/// Restricts targets to known values, for completion only. Parsing accepts any text to report unknown targets itself.
fn with_targets(command: Command, targets: &[String]) -> Command {
    // clap requires `'static` names; the process exits after this.
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
