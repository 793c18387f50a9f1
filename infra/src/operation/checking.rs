//! What AWS has to say before anything is touched. Looks at everything that can be looked at; what cannot is a finding too.

use std::collections::BTreeSet;

use super::pipelines;
use crate::aws::{Access, Cloud, Fault, Login};
use crate::check::{Finding, account};
use crate::deploy::condition::Condition;
use crate::deploy::wanted::Wanted;

/// What to look at.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whom the command line names.
    pub login: Login,
    /// The region that the settings name.
    pub region: Option<String>,
    /// The account that the settings name.
    pub account: Option<String>,
    /// All stacks.
    pub stacks: Vec<Wanted>,
    /// How pipelines get at the source.
    pub connection: pipelines::Connection,
    /// SSM parameter with the latest release.
    pub tag_parameter: String,
    /// Names of the containers, each with its image repository.
    pub repositories: Vec<(String, String)>,
}

/// Signs in, then looks. Never fails: what went wrong is what was found.
pub async fn findings(request: &Request) -> Vec<Finding> {
    match Access::open(request.login.clone()).await {
        Ok(access) => with(&access, request).await,
        Err(fault) => vec![of_fault("account", &fault)],
    }
}

/// Looks, with credentials that were found.
pub async fn with(access: &Access, request: &Request) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Err(fault) = look(access, request, &mut found).await {
        found.push(of_fault("account", &fault));
    }
    found
}

/// Adds what it finds, so that a fault in the middle hides nothing that is known by then.
async fn look(access: &Access, request: &Request, found: &mut Vec<Finding>) -> Result<(), Fault> {
    let region = access.region(request.region.as_deref())?;
    let identity = access.identity(&region).await?;
    let wanted = request.account.as_deref();
    found.push(account::account(
        &identity.account,
        &identity.arn,
        &region,
        wanted,
    ));
    if wanted.is_some_and(|wanted| wanted != identity.account) {
        // What another account holds says nothing about this one.
        return Ok(());
    }
    let cloud = access.cloud(&region).await;
    let there = stacks(&cloud, request, found).await?;
    parameters(&cloud, request, &there, found).await?;
    release(&cloud, request, found).await?;
    connection(&cloud, request, found).await
}

/// How the stacks are; returns those that are there.
async fn stacks(
    cloud: &Cloud,
    request: &Request,
    found: &mut Vec<Finding>,
) -> Result<BTreeSet<String>, Fault> {
    let mut there = BTreeSet::new();
    for wanted in &request.stacks {
        let status = match cloud.stack(&wanted.name).await {
            Err(Fault::Denied { operation, .. }) => {
                found.push(account::unknown("stacks", &format!("{operation} is not allowed")));
                return Ok(there);
            }
            state => state?.map(|state| state.status),
        };
        let condition = status.as_deref().map_or(Condition::Absent, Condition::of);
        if matches!(
            condition,
            Condition::Ready | Condition::Busy(_) | Condition::RollbackStuck
        ) {
            there.insert(wanted.name.clone());
        }
        found.push(account::stack(&wanted.name, status.as_deref()));
    }
    Ok(there)
}

/// What stacks read of each other, where those that write it are there.
async fn parameters(
    cloud: &Cloud,
    request: &Request,
    there: &BTreeSet<String>,
    found: &mut Vec<Finding>,
) -> Result<(), Fault> {
    let readers: Vec<_> = request
        .stacks
        .iter()
        .filter(|stack| stack.depends_on.iter().all(|need| there.contains(need)))
        .collect();
    let names: BTreeSet<String> = readers.iter().flat_map(|stack| stack.reads()).collect();
    let missing = match cloud.missing_parameters(&names).await {
        Err(Fault::Denied { operation, .. }) => {
            found.push(account::unknown(
                "parameters",
                &format!("{operation} is not allowed"),
            ));
            return Ok(());
        }
        missing => missing?,
    };
    for stack in readers {
        let its: Vec<_> = stack
            .reads()
            .into_iter()
            .filter(|name| missing.contains(name))
            .collect();
        found.extend(account::unwritten(&stack.name, &its, &stack.depends_on));
    }
    Ok(())
}

async fn release(cloud: &Cloud, request: &Request, found: &mut Vec<Finding>) -> Result<(), Fault> {
    let tag = match cloud.parameter(&request.tag_parameter).await {
        Err(Fault::Denied { operation, .. }) => {
            found.push(account::unknown(
                "release",
                &format!("{operation} is not allowed"),
            ));
            return Ok(());
        }
        tag => tag?,
    };
    let mut missing = Vec::new();
    if let Some(tag) = &tag {
        for (container, repository) in &request.repositories {
            match cloud.image_pushed(repository, tag).await {
                Err(Fault::Denied { operation, .. }) => {
                    found.push(account::unknown(
                        "release",
                        &format!("{operation} is not allowed"),
                    ));
                    return Ok(());
                }
                pushed => missing.extend(pushed?.is_none().then(|| container.clone())),
            }
        }
    }
    found.push(account::release(&request.tag_parameter, tag.as_deref(), &missing));
    Ok(())
}

async fn connection(cloud: &Cloud, request: &Request, found: &mut Vec<Finding>) -> Result<(), Fault> {
    let connection = match request.connection.find(cloud).await {
        Err(Fault::Denied { operation, .. }) => {
            found.push(account::unknown(
                "connection",
                &format!("{operation} is not allowed"),
            ));
            return Ok(());
        }
        connection => connection?,
    };
    found.push(account::connection(&connection, &cloud.connection_link()));
    Ok(())
}

fn of_fault(about: &str, fault: &Fault) -> Finding {
    let finding = Finding::error(about, fault.to_string());
    fault
        .hints()
        .into_iter()
        .next()
        .into_iter()
        .fold(finding, Finding::remedy)
}
