//! Verbs that need the settings and perhaps a template, but no AWS account.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Targets;

/// Write the settings file, from the git remote and a few answers
///
/// Fills in the file that comes with the repository, or writes one. A file that somebody has filled in is never touched. What is given as an option is not asked for; without a terminal nothing is.
#[derive(Args, Debug)]
pub struct Init {
    /// Name of the project, in front of names in AWS
    #[arg(long, value_name = "NAME")]
    pub project_name: Option<String>,
    /// Owner of the repository on GitHub
    #[arg(long, value_name = "OWNER")]
    pub github_owner: Option<String>,
    /// Name of the repository on GitHub
    #[arg(long, value_name = "NAME")]
    pub github_repository: Option<String>,
    /// Branch that is deployed to dev on every push
    #[arg(long, value_name = "BRANCH")]
    pub dev_branch: Option<String>,
    /// Branch that releases are made from
    #[arg(long, value_name = "BRANCH")]
    pub prod_branch: Option<String>,
    /// E-mail address that is asked to approve a release
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
}

/// List the stacks, their environments and what depends on what
#[derive(Args, Debug)]
pub struct List {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take a doc comment for a help text")]
    pub targets: Targets,
}

/// Write the CloudFormation templates
///
/// One stack without --out goes to stdout; several go to DIR/STACK.template.json.
#[derive(Args, Debug)]
pub struct Synth {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take a doc comment for a help text")]
    pub targets: Targets,
    /// Folder for the templates [default: infra.out, when there are several]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Show what a deployment would change
///
/// Resource by resource and property by property: what is replaced, what data is lost, and in a table of its own what is opened up.
#[derive(Args, Debug)]
pub struct Diff {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take a doc comment for a help text")]
    pub targets: Targets,
    /// Compare with a template, or a folder of STACK.template.json, instead of what is deployed
    #[arg(long, value_name = "PATH")]
    pub against: Option<PathBuf>,
    /// Also have AWS compare what is deployed with what is there: what was changed by hand
    #[arg(long, conflicts_with = "against")]
    pub drift: bool,
    /// Exit with code 1 if there is a difference
    #[arg(long)]
    pub exit_code: bool,
}

/// Look for everything that would fail later, before touching anything
#[derive(Args, Debug)]
pub struct Check {
    /// Check settings, templates and the files of the images alone, without AWS
    #[arg(long)]
    pub offline: bool,
}

/// Estimate the monthly cost per environment
///
/// What the templates hold, times AWS's prices, with the tasks that always run and with as many as scaling may start.
/// The region is that of the settings, or of --region. Needs no AWS.
#[derive(Args, Debug)]
pub struct Cost {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take a doc comment for a help text")]
    pub targets: Targets,
    /// Requests a month in prod, in millions; dev and staging get a tenth of them each [default: 1]
    #[arg(long, value_name = "MILLIONS", value_parser = amount, allow_negative_numbers = true)]
    pub requests: Option<f64>,
    /// Pushes a month to the dev branch; a tenth of them are released [default: 100]
    #[arg(long, value_name = "NUMBER", value_parser = amount, allow_negative_numbers = true)]
    pub pushes: Option<f64>,
}

/// A number of things: none, some, half a million.
fn amount(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
        _ => Err("give a number that is not below zero".to_owned()),
    }
}

/// Draw the architecture or the pipelines
#[derive(Args, Debug)]
pub struct Diagram {
    /// What to draw
    #[arg(value_name = "WHAT")]
    pub name: DiagramName,
    /// How to draw it
    #[arg(long, value_name = "FORMAT", default_value = "mermaid")]
    pub format: DiagramFormat,
    /// File to write [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What can be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiagramName {
    /// Network, load balancer, service and who may talk to whom
    Architecture,
    /// From a push to production
    Pipelines,
}

/// How a drawing is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiagramFormat {
    /// Text that GitHub draws
    Mermaid,
    /// A picture
    Svg,
}

/// Print a completion script for a shell
#[derive(Args, Debug)]
pub struct Completions {
    /// Which shell
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Shells that complete `infra`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}
