//! Checks of domains in hosted zones, against Route 53 and public DNS.

use crate::aws::{AwsError, Cloud};
use crate::check::{Finding, domain};
use crate::deployment::hosted_zone::{Zone, only_public};
use crate::dns::Resolver;
use crate::settings::{EnvironmentName, HostedZone};

/// A domain to check.
#[derive(Clone, Debug)]
pub struct Domain {
    /// Its environment.
    pub environment: EnvironmentName,
    /// The domain.
    pub name: String,
    /// Its zone, as in the settings.
    pub zone: HostedZone,
    /// Name of the app stack that creates its record.
    pub stack: String,
}

/// Checks the domains one by one.
pub(super) async fn domains(
    cloud: &Cloud,
    domains: &[Domain],
    resolver: &Resolver,
    found: &mut Vec<Finding>,
) -> Result<(), AwsError> {
    // Without an answer to the first question, others would only take time.
    let mut silence = None;
    for it in domains {
        let environment = it.environment.as_str();
        let Some((zone, servers)) = zone(cloud, it, found).await? else {
            continue;
        };
        let public = match &silence {
            Some(why) => Err(why),
            None => Ok(resolver.name_servers(&zone.name).await),
        };
        let public = match public {
            Ok(Ok(public)) => Ok(public),
            Ok(Err(error)) => Err(&*silence.insert(error)),
            Err(why) => Err(why),
        };
        let public = public.as_deref().map_err(|why| why.as_str());
        found.push(domain::delegation(environment, &zone, &servers, public));
        if silence.is_none()
            && let Ok(allowed) = resolver.authorities(&it.name).await
        {
            found.extend(domain::authorities(environment, &it.name, allowed.as_deref()));
        }
        if !creates_records(cloud, &it.stack).await? {
            let types = cloud.address_records(&zone.id, &it.name).await?;
            found.extend(domain::records(environment, &it.name, &types));
        }
    }
    Ok(())
}

/// Returns the zone and its name servers, or adds why there is none.
async fn zone(
    cloud: &Cloud,
    it: &Domain,
    found: &mut Vec<Finding>,
) -> Result<Option<(Zone, Vec<String>)>, AwsError> {
    let environment = it.environment.as_str();
    let id = match &it.zone {
        HostedZone::Id(id) => id.clone(),
        HostedZone::Name(name) => match only_public(name, &cloud.zones_of_name(name).await?) {
            Ok(id) => id,
            Err(error) => {
                found.push(domain::no_zone(environment, &error));
                return Ok(None);
            }
        },
    };
    let zone = cloud.zone(&id).await?;
    let problem = domain::zone_of_id(environment, &id, &it.name, zone.as_ref().map(|(zone, _)| zone));
    Ok(match problem {
        Some(problem) => {
            found.push(problem);
            None
        }
        None => zone,
    })
}

/// Returns whether the deployed stack has records of its own.
async fn creates_records(cloud: &Cloud, stack: &str) -> Result<bool, AwsError> {
    let Some(state) = cloud.stack(stack).await? else {
        return Ok(false);
    };
    let template = cloud.template(&state.id).await?;
    Ok(template.is_some_and(|template| template.contains("AWS::Route53::RecordSet")))
}
