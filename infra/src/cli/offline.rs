//! Verbs that need the settings and templates, but no AWS account (except `check` and `diff` by default).

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Targets;

/// Create the settings file from the git remote and a few questions
///
/// Fills in the settings file of the repository, or creates one. Never overwrites settings that are already filled in. Values given as options are not asked for. Without a terminal, every value must come from an option or a default.
#[derive(Args, Debug)]
pub struct Init {
    /// Project name, used as a prefix of AWS resource names
    #[arg(long, value_name = "NAME")]
    pub project_name: Option<String>,
    /// Owner of the GitHub repository
    #[arg(long, value_name = "OWNER")]
    pub github_owner: Option<String>,
    /// Name of the GitHub repository
    #[arg(long, value_name = "NAME")]
    pub github_repository: Option<String>,
    /// Branch that is deployed to dev on every push
    #[arg(long, value_name = "BRANCH")]
    pub dev_branch: Option<String>,
    /// Branch that releases are built from
    #[arg(long, value_name = "BRANCH")]
    pub prod_branch: Option<String>,
    /// E-mail address that receives approval requests
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// Dockerfile of the app, relative to the workspace
    #[arg(long, value_name = "FILE")]
    pub dockerfile: Option<String>,
    /// Port that the app listens on
    #[arg(long, value_name = "PORT")]
    pub app_port: Option<String>,
    /// Path that answers 200 once the app is ready; for an app with its own Dockerfile
    #[arg(long, value_name = "PATH")]
    pub health_path: Option<String>,
    /// Domain of prod, whose hosted zone is in Route 53 of the account; `none` if there is none yet
    #[arg(long, value_name = "DOMAIN")]
    pub domain: Option<String>,
    /// Name or ID of the hosted zone of the domain
    #[arg(long, value_name = "ZONE")]
    pub hosted_zone: Option<String>,
}

/// List stacks, environments and dependencies
#[derive(Args, Debug)]
pub struct List {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take a doc comment for a help text")]
    pub targets: Targets,
}

/// Write the CloudFormation templates
///
/// A single stack without --out is printed to stdout; several are written to DIR/STACK.template.json.
#[derive(Args, Debug)]
pub struct Synth {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take a doc comment for a help text")]
    pub targets: Targets,
    /// Output directory [default: infra.out if there are several stacks]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Show what a deployment would change
///
/// Lists changed resources and properties, replacements, data loss and, in a separate table, wider access.
#[derive(Args, Debug)]
pub struct Diff {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take a doc comment for a help text")]
    pub targets: Targets,
    /// Compare with a template file, or a directory of STACK.template.json files, instead of the deployed stacks
    #[arg(long, value_name = "PATH")]
    pub against: Option<PathBuf>,
    /// Also detect manual changes (drift)
    #[arg(long, conflicts_with = "against")]
    pub drift: bool,
    /// Exit with code 1 if there are differences
    #[arg(long)]
    pub exit_code: bool,
}

/// Validate settings, templates and the AWS account before deploying
#[derive(Args, Debug)]
pub struct Check {
    /// Check only local files: settings, templates and Dockerfiles
    #[arg(long)]
    pub offline: bool,
}

/// Estimate the monthly cost per environment
///
/// Multiplies the resources of the templates by AWS list prices, for the minimum and the maximum number of tasks.
/// The region comes from the settings or --region. Does not call AWS.
#[derive(Args, Debug)]
pub struct Cost {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would take a doc comment for a help text")]
    pub targets: Targets,
    /// Requests per month in prod, in millions; dev and staging each get a tenth [default: 1]
    #[arg(long, value_name = "MILLIONS", value_parser = amount, allow_negative_numbers = true)]
    pub requests: Option<f64>,
    /// Pushes per month to the dev branch; a tenth of them are released [default: 100]
    #[arg(long, value_name = "NUMBER", value_parser = amount, allow_negative_numbers = true)]
    pub pushes: Option<f64>,
}

/// Parses a number that is not negative.
fn amount(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
        _ => Err("expected a number of at least 0".to_owned()),
    }
}

/// Draw the architecture or the pipelines
#[derive(Args, Debug)]
pub struct Diagram {
    /// Diagram to draw
    #[arg(value_name = "WHAT")]
    pub name: DiagramName,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "mermaid")]
    pub format: DiagramFormat,
    /// Output file [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Diagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiagramName {
    /// Network, load balancer, service and allowed connections
    Architecture,
    /// Pipeline stages from a push to production
    Pipelines,
}

/// Diagram formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiagramFormat {
    /// Mermaid source, rendered by GitHub
    Mermaid,
    /// SVG image
    Svg,
}

/// Print a completion script for a shell
#[derive(Args, Debug)]
pub struct Completions {
    /// Shell to generate the script for
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Supported shells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}
