//! From plans to the user's consent: what is shown before the question, and the question.

use anyhow::Result;

use super::super::Context;
use super::super::planning::{Plan, Planned, Planner, Plans};
use super::super::prompt::Answer;
use super::{Request, before};
use crate::aws::AwsError;
use crate::deployment::service_roles::{ServiceRole, needed};

/// Result of planning and confirmation.
pub(super) enum Agreed<'w> {
    /// Execute these plans, after creating missing service-linked roles.
    Go(Vec<Planned<'w>>, Vec<ServiceRole>),
    Nothing,
    Kept,
    Declined,
    Interrupted,
}

pub(super) async fn agree<'w>(
    context: &Context<'_>,
    planner: &Planner<'_, 'w>,
    request: &Request,
) -> Result<Agreed<'w>> {
    let plans = match planner.plan().await? {
        Plans::Ready(plans) => plans,
        Plans::Declined => return Ok(Agreed::Declined),
        Plans::Interrupted => return Ok(Agreed::Interrupted),
    };
    for planned in &plans {
        planned.show(context);
    }
    let changing = plans.iter().filter(|planned| planned.is_change()).count();
    if changing == 0 {
        return Ok(Agreed::Nothing);
    }
    // Without other changes, no question is needed.
    let creations = plans.iter().filter(|planned| planned.creates());
    let waiting: Vec<_> = creations
        .filter(|planned| request.first_run(planned.spec).is_some())
        .collect();
    if waiting.len() == changing
        && let Some(planned) = waiting.first()
    {
        request.must_be_connected(context, planned.spec).await?;
    }
    if request.no_execute {
        for planned in &plans {
            if let Plan::Change(made) = &planned.plan {
                context.info(format!(
                    "{}: change set created, not executed: {}",
                    planned.spec.name, made.id
                ));
            }
        }
        return Ok(Agreed::Kept);
    }
    tell_first_runs(context, request, &plans);
    for planned in &plans {
        before::announce(context, planned);
    }
    let what = match changing {
        1 => "1 stack".to_owned(),
        several => format!("{several} stacks"),
    };
    let roles = missing_roles(context, request, &plans).await?;
    let mut also = String::new();
    if !roles.is_empty() {
        let names: Vec<_> = roles.iter().map(|role| role.name).collect();
        context.info(format!(
            "missing service-linked role, will be created first: {}",
            names.join(", ")
        ));
        also = match roles.len() {
            1 => " and create 1 service-linked role".to_owned(),
            several => format!(" and create {several} service-linked roles"),
        };
    }
    let question = format!("Deploy {what} to {}{also}?", context.place());
    Ok(match context.consent(&question).await? {
        Answer::Yes => Agreed::Go(plans, roles),
        Answer::No => Agreed::Declined,
        Answer::Interrupted => Agreed::Interrupted,
    })
}

/// Says what new pipelines do unasked.
fn tell_first_runs(context: &Context<'_>, request: &Request, plans: &[Planned<'_>]) {
    for planned in plans.iter().filter(|planned| planned.creates()) {
        if let Some(run) = request.first_run(planned.spec) {
            context.info(format!("{}: {run}", planned.spec.name));
        }
    }
}

/// Returns service-linked roles that new stacks need and the account lacks. Without permission to list roles, returns none.
async fn missing_roles(
    context: &Context<'_>,
    request: &Request,
    plans: &[Planned<'_>],
) -> Result<Vec<ServiceRole>> {
    let types: Vec<_> = plans
        .iter()
        .filter(|planned| planned.creates())
        .flat_map(|planned| planned.spec.resource_types())
        .map(|(_, kind)| kind)
        .collect();
    let cloud = context.cloud(request.region())?;
    let mut missing = Vec::new();
    for role in needed(types.iter().map(String::as_str)) {
        match cloud.has_role(role.name).await {
            Ok(true) => {}
            Ok(false) => missing.push(role),
            Err(AwsError::Denied { message, .. }) => context.console.detail(message),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(missing)
}

pub(super) async fn create_roles(
    context: &Context<'_>,
    request: &Request,
    roles: &[ServiceRole],
) -> Result<(), AwsError> {
    let cloud = context.cloud(request.region())?;
    for role in roles {
        cloud.create_service_role(role.service).await?;
        context.info(format!("{}: created", role.name));
    }
    Ok(())
}

/// With `--fast`, says what goes the ordinary way all the same.
pub(super) fn report_normal_mode(context: &Context<'_>, request: &Request) {
    let slow = request
        .stacks
        .iter()
        .filter(|stack| !stack.supports_express_mode());
    let names: Vec<_> = slow.map(|stack| stack.name.as_str()).collect();
    if request.options.fast && !names.is_empty() {
        context.info(format!(
            "{}: not in express mode (it runs a service or is not a dev stack)",
            names.join(", ")
        ));
    }
}
