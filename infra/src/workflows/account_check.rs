//! Checks of the AWS account. Runs all checks; failed calls become findings.

mod domains;

use std::collections::{BTreeMap, BTreeSet};

pub use self::domains::Domain;
use super::pipelines;
use crate::aws::{Access, AwsError, Cloud, Login};
use crate::check::quotas::{self, Quota};
use crate::check::{Finding, account};
use crate::deployment::condition::Condition;
use crate::deployment::ownership::{Owner, must_be_ours, owner};
use crate::deployment::service_roles::needed;
use crate::deployment::stack_spec::StackSpec;
use crate::dns::Resolver;
use crate::service::Secret;
use crate::settings::EnvironmentName;

/// Input of the checks.
#[derive(Clone, Debug)]
pub struct Request {
    /// Credentials selection of the command line.
    pub login: Login,
    /// Region in the settings.
    pub region: Option<String>,
    /// Account in the settings.
    pub account: Option<String>,
    /// All stacks.
    pub stacks: Vec<StackSpec>,
    /// How pipelines access the source.
    pub connection: pipelines::Connection,
    /// SSM parameter with the latest release.
    pub tag_parameter: String,
    /// Names of the containers, each with its image repository.
    pub repositories: Vec<(String, String)>,
    /// Secrets of the app by variable, for each environment.
    pub secrets: Vec<(EnvironmentName, BTreeMap<String, Secret>)>,
    /// Domains in hosted zones.
    pub domains: Vec<Domain>,
    /// Where public DNS is asked.
    pub resolver: Resolver,
}

/// Signs in, then runs all checks. Errors become findings.
pub async fn findings(request: &Request) -> Vec<Finding> {
    match Access::open(request.login.clone()).await {
        Ok(access) => with(&access, request).await,
        Err(error) => vec![of_error("account", &error)],
    }
}

/// Runs all checks with valid credentials.
pub async fn with(access: &Access, request: &Request) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Err(error) = look(access, request, &mut found).await {
        found.push(of_error("account", &error));
    }
    found
}

/// Adds findings one by one, so that an error keeps the earlier ones.
async fn look(access: &Access, request: &Request, found: &mut Vec<Finding>) -> Result<(), AwsError> {
    let region = access.region(request.region.as_deref())?;
    let identity = access.identity(&region).await?;
    let spec = request.account.as_deref();
    found.push(account::account(&identity.account, &identity.arn, &region, spec));
    if spec.is_some_and(|spec| spec != identity.account) {
        // Resources of another account do not matter.
        return Ok(());
    }
    let cloud = access.cloud(&region).await;
    let there = stacks(&cloud, request, found).await?;
    let ended = parameters(&cloud, request, &there, found).await;
    if_allowed("parameters", ended, found)?;
    let ended = secrets(&cloud, request, found).await;
    if_allowed("secrets", ended, found)?;
    let ended = domains::domains(&cloud, &request.domains, &request.resolver, found).await;
    if_allowed("domains", ended, found)?;
    let ended = release(&cloud, request, found).await;
    if_allowed("release", ended, found)?;
    let ended = connection(&cloud, request, found).await;
    if_allowed("connection", ended, found)?;
    let ended = roles(&cloud, request, found).await;
    if_allowed("roles", ended, found)?;
    let ended = limits(&cloud, request, found).await;
    if_allowed("quotas", ended, found)
}

/// Replaces a missing permission by a finding about `part`.
fn if_allowed(part: &str, ended: Result<(), AwsError>, found: &mut Vec<Finding>) -> Result<(), AwsError> {
    match ended {
        Err(AwsError::Denied { operation, .. }) => {
            found.push(account::unknown(part, &format!("{operation} is not allowed")));
            Ok(())
        }
        ended => ended,
    }
}

/// Checks the stacks' status; returns the existing ones.
async fn stacks(
    cloud: &Cloud,
    request: &Request,
    found: &mut Vec<Finding>,
) -> Result<BTreeSet<String>, AwsError> {
    let mut there = BTreeSet::new();
    for spec in &request.stacks {
        let status = match cloud.stack(&spec.name).await {
            Err(AwsError::Denied { operation, .. }) => {
                found.push(account::unknown("stacks", &format!("{operation} is not allowed")));
                return Ok(there);
            }
            state => state?,
        };
        if let Some(Err(error)) = status
            .as_ref()
            .filter(|state| Condition::of(&state.status) != Condition::Absent)
            .filter(|state| matches!(owner(spec, &state.tags), Owner::Other(_)))
            .map(|state| must_be_ours(&spec.name, spec, &state.tags))
        {
            let finding = Finding::error(spec.name.clone(), error.to_string());
            let remedies = error.hints().iter().take(1);
            found.push(remedies.fold(finding, Finding::remedy));
            continue;
        }
        let status = status.map(|state| state.status);
        let condition = status.as_deref().map_or(Condition::Absent, Condition::of);
        if matches!(
            condition,
            Condition::Ready | Condition::Busy(_) | Condition::RollbackStuck
        ) {
            there.insert(spec.name.clone());
        }
        found.push(account::stack(&spec.name, status.as_deref()));
    }
    Ok(there)
}

/// Checks SSM parameters that stacks read from existing stacks.
async fn parameters(
    cloud: &Cloud,
    request: &Request,
    there: &BTreeSet<String>,
    found: &mut Vec<Finding>,
) -> Result<(), AwsError> {
    let readers: Vec<_> = request
        .stacks
        .iter()
        .filter(|stack| stack.depends_on.iter().all(|need| there.contains(need)))
        .collect();
    let names: BTreeSet<String> = readers.iter().flat_map(|stack| stack.reads()).collect();
    let missing = cloud.missing_parameters(&names).await?;
    for stack in readers {
        let its: Vec<_> = stack
            .reads()
            .into_iter()
            .filter(|name| missing.contains(name))
            .collect();
        found.extend(account::missing_parameters(&stack.name, &its, &stack.depends_on));
    }
    Ok(())
}

/// Checks that the secrets of the app exist; several variables may have parts of one secret.
async fn secrets(cloud: &Cloud, request: &Request, found: &mut Vec<Finding>) -> Result<(), AwsError> {
    let mut known: BTreeMap<Secret, bool> = BTreeMap::new();
    for (environment, secrets) in &request.secrets {
        let mut missing = Vec::new();
        for (variable, secret) in secrets {
            let secret = secret.whole();
            let exists = match known.get(&secret) {
                Some(exists) => *exists,
                None => cloud.has_secret(&secret).await?,
            };
            known.insert(secret.clone(), exists);
            if !exists {
                missing.push((variable.as_str(), secret));
            }
        }
        found.extend(account::secrets(environment.as_str(), secrets.len(), &missing));
    }
    Ok(())
}

async fn release(cloud: &Cloud, request: &Request, found: &mut Vec<Finding>) -> Result<(), AwsError> {
    let tag = cloud.parameter(&request.tag_parameter).await?;
    let mut missing = Vec::new();
    if let Some(tag) = &tag {
        for (container, repository) in &request.repositories {
            if cloud.image_pushed(repository, tag).await?.is_none() {
                missing.push(container.clone());
            }
        }
    }
    found.push(account::release(&request.tag_parameter, tag.as_deref(), &missing));
    Ok(())
}

async fn connection(cloud: &Cloud, request: &Request, found: &mut Vec<Finding>) -> Result<(), AwsError> {
    let connection = request.connection.find(cloud).await?;
    found.push(account::connection(&connection, &cloud.connection_link()));
    Ok(())
}

/// Checks service-linked roles, which new accounts lack.
async fn roles(cloud: &Cloud, request: &Request, found: &mut Vec<Finding>) -> Result<(), AwsError> {
    let types: Vec<_> = request
        .stacks
        .iter()
        .flat_map(StackSpec::resource_types)
        .map(|(_, kind)| kind)
        .collect();
    let needed = needed(types.iter().map(String::as_str));
    let mut missing = false;
    for role in &needed {
        if !cloud.has_role(role.name).await? {
            missing = true;
            let service = role.service;
            let finding = Finding::warning("roles", format!("missing service-linked role {}", role.name));
            found.push(finding.remedy(format!(
                "`infra deploy` offers to create it; or run `aws iam create-service-linked-role --aws-service-name {service}`"
            )));
        }
    }
    if !missing && !needed.is_empty() {
        found.push(Finding::ok("roles", "all service-linked roles exist"));
    }
    Ok(())
}

/// Checks quotas against the resources of all stacks.
async fn limits(cloud: &Cloud, request: &Request, found: &mut Vec<Finding>) -> Result<(), AwsError> {
    let templates: Vec<_> = request.stacks.iter().map(|stack| stack.body.clone()).collect();
    let mut named = None;
    for demand in quotas::demands(&templates) {
        let value = match &demand.quota {
            Quota::Code(code) => cloud.quota(demand.service, code).await?,
            Quota::Name(name) => {
                let all = match named.take() {
                    Some(all) => all,
                    None => cloud.quotas_by_name(demand.service).await?,
                };
                let value = all
                    .iter()
                    .find(|(known, _)| known == name)
                    .map(|(_, value)| *value);
                named = Some(all);
                value
            }
        };
        found.extend(quotas::finding(&demand, value));
    }
    Ok(())
}

fn of_error(about: &str, error: &AwsError) -> Finding {
    let finding = Finding::error(about, error.to_string());
    error
        .hints()
        .into_iter()
        .next()
        .into_iter()
        .fold(finding, Finding::remedy)
}
