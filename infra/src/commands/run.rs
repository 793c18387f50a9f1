//! `infra run`: runs a command once in an environment.

use anyhow::Result;

use super::{session, settings};
use crate::cli::{Global, Run};
use crate::console::Console;
use crate::exit::{ExitStatus, Failure};
use crate::logs::parse_duration;
use crate::workflows::run;

/// Runs the command and returns its exit code.
pub(super) fn run(arguments: &Run, global: &Global, console: &Console) -> Result<ExitStatus> {
    let timeout = arguments.timeout.as_deref();
    let timeout = timeout
        .map(|text| parse_duration("--timeout", text))
        .transpose()
        .map_err(|bad| Failure::new(ExitStatus::Usage, bad.to_string()).hint("example: `--timeout 10m`"))?;
    let (_, graph) = settings::graph(global)?;
    let environment = session::environment(arguments.environment);
    let Some(stack) = graph.app(environment).map(session::stack_spec) else {
        return Err(Failure::failed(format!("{environment} has no app stack")).into());
    };
    let request = run::Request {
        environment: environment.as_str().to_owned(),
        stack: stack.clone(),
        definition_in: None,
        command: arguments.command.clone(),
        timeout,
        timeout_name: "--timeout",
        tempo: run::Tempo::default(),
    };
    session::connect(global, &[stack], console, false, async |context| {
        run::run(context, &request).await
    })
}
