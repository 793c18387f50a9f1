//! `infra check`: validates settings, templates and the AWS account before deploying.

mod online;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::settings as files;
use crate::check::{self, Finding, Level};
use crate::cli::{Check, Global};
use crate::console::{Console, Paint, Style, wrapped};
use crate::exit::ExitStatus;
use crate::local::workspace;
use crate::service::Service;
use crate::settings::Settings;
use crate::stacks;

/// Columns left of 80 beside the level.
const WIDTH: usize = 71;

/// Runs all checks, then prints the findings.
pub(super) fn run(arguments: &Check, global: &Global, console: &Console) -> Result<ExitStatus> {
    let file = files::file(global)?;
    let read = Settings::load(&file);
    let mut findings = check::settings(&file, read.as_ref());
    let mut status = match &read {
        Ok(settings) if settings.placeholders().is_empty() => ExitStatus::Done,
        _ => ExitStatus::SettingsInvalid,
    };
    if let Ok(settings) = &read {
        files::refuse_other_region(settings, global)?;
        findings.extend(check::advice(settings));
        findings.extend(check::templates(stacks::graph(settings).as_ref()));
    }
    let here = std::env::current_dir().context("cannot read the current directory")?;
    if let Ok(root) = workspace::find(&here) {
        let default = Service::default();
        let service = read.as_ref().map_or(&default, Settings::local_service);
        findings.extend(check::checkout(root, service));
        findings.extend(check::images(root, service));
        let tests = read
            .as_ref()
            .ok()
            .and_then(|settings| settings.source.tests.as_ref());
        findings.extend(check::workflow(root, tests));
    }
    match &read {
        // With invalid settings, the wrong account or region would be checked.
        Ok(settings) if !arguments.offline && status == ExitStatus::Done => {
            findings.extend(online::findings(settings, global)?);
        }
        _ => {}
    }
    let failed = findings.iter().any(|finding| finding.level == Level::Error);
    if failed && status == ExitStatus::Done {
        status = ExitStatus::Failed;
    }
    print(&findings, console)?;
    Ok(status)
}

/// Prints findings in the order of the checks.
fn print(findings: &[Finding], console: &Console) -> Result<()> {
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let (errors, warnings) = (count(Level::Error), count(Level::Warning));
    let text = if console.json() {
        let document = json!({ "findings": findings, "errors": errors, "warnings": warnings });
        format!("{document:#}\n")
    } else {
        findings
            .iter()
            .map(|finding| lines(finding, console.paint_out()))
            .collect()
    };
    console.data(text).context("cannot print the findings")?;
    console.info(match (errors, warnings) {
        (0, 0) => "no problems found".to_owned(),
        (0, warnings) => counted(warnings, "warning"),
        (errors, 0) => counted(errors, "error"),
        (errors, warnings) => format!("{}, {}", counted(errors, "error"), counted(warnings, "warning")),
    });
    Ok(())
}

fn counted(count: usize, word: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {word}{s}")
}

/// Formats a finding, with its hint below it.
fn lines(finding: &Finding, paint: Paint) -> String {
    let style = match finding.level {
        Level::Ok => Style::Green,
        Level::Warning => Style::Yellow,
        Level::Error => Style::Red,
    };
    let word = paint.apply(style, &format!("{:<8}", finding.level.word()));
    let said = wrapped(&format!("{}: {}", finding.about, finding.message), WIDTH);
    let said = said.into_iter().enumerate().map(|(index, line)| {
        let before = if index == 0 { word.as_str() } else { "        " };
        format!("{before} {line}\n")
    });
    let remedy = finding
        .remedy
        .iter()
        .flat_map(|remedy| wrapped(remedy, WIDTH - 2));
    let remedy = remedy.map(|line| format!("           {}\n", paint.apply(Style::Dim, &line)));
    said.chain(remedy).collect()
}
