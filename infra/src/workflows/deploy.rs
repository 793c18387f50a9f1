//! Deployment of stacks: plan, show, ask once, execute what was shown, follow, report.

mod before;
mod conclusion;
mod consent;
mod execution;
mod keep;
mod rollout;

use anyhow::Result;

pub(super) use self::conclusion::Outcome;
use self::consent::{Agreed, agree, create_roles, report_normal_mode};
use self::execution::execute;
pub(super) use self::execution::run_change_set;
use self::keep::keep_images;
use super::Context;
use super::connection::Connection;
use super::planning::{Planned, Planner};
use super::run::Tempo;
use crate::deployment::stack_spec::{DeployOptions, StackSpec};
use crate::exit::{ExitStatus, Failure};
use crate::pipelines::ConnectionState;

/// Input of a deployment.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The stacks in dependency order.
    pub stacks: Vec<StackSpec>,
    /// Release for app stacks.
    pub release: Option<String>,
    /// Create and show the change sets without executing them.
    pub no_execute: bool,
    /// How change sets are executed.
    pub options: DeployOptions,
    /// The pipelines among the stacks.
    pub pipelines: Option<Pipelines>,
    /// Repositories in which the images of the release are tagged as released, so that their lifecycle policies keep them.
    pub keep_in: Vec<String>,
    /// Waiting times while following the command before a release.
    pub tempo: Tempo,
}

/// The pipelines among the stacks.
#[derive(Clone, Debug)]
pub struct Pipelines {
    /// Names of the stacks that hold a pipeline, each with what its first run does.
    pub first_runs: Vec<(String, String)>,
    /// How they get at their source.
    pub connection: Connection,
}

impl Request {
    /// Returns the client for the region of the first stack, for account-wide resources.
    fn region(&self) -> Option<&str> {
        self.stacks.first()?.region.as_deref()
    }

    /// What the first run of a new pipeline does, if the stack holds a pipeline. AWS starts it when it creates the pipeline.
    fn first_run(&self, spec: &StackSpec) -> Option<&str> {
        let pipelines = self.pipelines.as_ref()?;
        let mut runs = pipelines.first_runs.iter();
        let (_, run) = runs.find(|(name, _)| *name == spec.name)?;
        Some(run)
    }

    /// Runs the command before a release, and checks the connection before a pipeline is created.
    async fn may_begin(&self, context: &Context<'_>, planned: &Planned<'_>) -> Result<()> {
        if planned.creates() && self.first_run(planned.spec).is_some() {
            self.must_be_connected(context, planned.spec).await?;
        }
        before::run(context, planned, self.tempo).await
    }

    /// Rejects new pipelines while the connection is pending: their first run would fail and never be retried.
    async fn must_be_connected(&self, context: &Context<'_>, spec: &StackSpec) -> Result<()> {
        let Some(Pipelines { connection, .. }) = &self.pipelines else {
            return Ok(());
        };
        let cloud = context.cloud(spec.region.as_deref())?;
        if connection.state(cloud).await? != Some(ConnectionState::Pending) {
            return Ok(());
        }
        let name = &spec.name;
        Err(Failure::failed(format!(
            "{name}: the connection to GitHub is PENDING; a pipeline created now would not start"
        ))
        .hint(format!(
            "complete it: choose `Update pending connection` at {}",
            cloud.connection_link()
        ))
        .hint("then run `infra deploy pipelines`")
        .into())
    }
}

/// Deploys the stacks.
///
/// # Errors
/// A failed stack, a question without a terminal, or AWS out of reach.
pub async fn deploy(context: &Context<'_>, request: &Request) -> Result<ExitStatus> {
    let _handling = context.interrupts.handle();
    let planner = Planner::new(
        context,
        &request.stacks,
        request.release.as_deref(),
        request.options,
        request.no_execute,
    );
    report_normal_mode(context, request);
    // Until execution starts, Ctrl-C means "no": created change sets are deleted.
    let agreed = tokio::select! {
        agreed = agree(context, &planner, request) => agreed,
        _ = context.interrupts.beyond(0) => Ok(Agreed::Interrupted),
    };
    match agreed {
        Ok(Agreed::Go(plans, roles)) => {
            if let Err(error) = create_roles(context, request, &roles).await {
                planner.clean_up_or_warn().await;
                return Err(error.into());
            }
            keep_images(context, request, &plans).await;
            execute(context, &planner, request, plans).await
        }
        Ok(Agreed::Nothing) => {
            context.info("No changes.");
            Ok(ExitStatus::Done)
        }
        Ok(Agreed::Kept) => Ok(ExitStatus::Done),
        Ok(Agreed::Declined) => {
            planner.withdraw().await?;
            Ok(ExitStatus::Declined)
        }
        Ok(Agreed::Interrupted) => {
            context.reporter.end_table();
            context.info("Interrupted.");
            planner.withdraw().await?;
            Ok(ExitStatus::Interrupted)
        }
        Err(error) => {
            planner.clean_up_or_warn().await;
            Err(error)
        }
    }
}
