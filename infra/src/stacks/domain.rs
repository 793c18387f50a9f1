//! Domains in hosted zones: the zone's ID on its way into the templates, certificate, DNS record.
//!
//! The settings name the zone, and ACM needs its ID. The tool looks the ID up when it deploys the cluster stack, which takes
//! it as a parameter and shares it; app stacks, which pipelines deploy, read the shared value.

mod rights;

pub(super) use rights::rights;

use super::foundation::{capitalized, share};
use super::names::Names;
use crate::cfn::certificatemanager::{Certificate, DomainValidationOption, ValidationMethod};
use crate::cfn::elbv2::{Listener, LoadBalancer};
use crate::cfn::route53::{AliasTarget, HostedZoneId, RecordSet, RecordType};
use crate::cfn::{Arn, Handle, Parameter, TemplateBuilder, Value, With};
use crate::settings::{self, ClusterName, EnvironmentName, HostedZone, Settings};

/// Domain of an environment in a hosted zone.
pub(super) struct Domain {
    /// Domain name in lower case, without the final dot.
    pub(super) name: String,
    /// ID of the zone.
    pub(super) zone: Value<HostedZoneId>,
    /// Domains of other environments below this one.
    pub(super) others_below: Vec<String>,
}

/// Where an app stack's certificate comes from.
pub(super) enum Source {
    /// It exists.
    Existing(Value<Arn>),
    /// The stack creates it, in this zone.
    Zone(Value<HostedZoneId>),
}

/// Returns the parameters of a cluster stack that take IDs of hosted zones, each with the zone's name.
pub(super) fn zone_parameters(settings: &Settings, cluster: ClusterName) -> Vec<(String, String)> {
    let named = cluster.environments().filter_map(|environment| {
        match settings.environment(environment).certificate.as_ref()?.zone()? {
            HostedZone::Name(name) => Some((zone_parameter(environment), name.clone())),
            HostedZone::Id(_) => None,
        }
    });
    named.collect()
}

fn zone_parameter(environment: EnvironmentName) -> String {
    format!("{}HostedZoneId", capitalized(environment.as_str()))
}

/// Returns the short name under which the ID of an environment's zone is shared.
pub(super) fn shared_zone(environment: EnvironmentName) -> String {
    format!("{environment}-hosted-zone-id")
}

/// Shares the ID of the environment's zone, if its domain is in one.
pub(super) fn share_zone(
    template: &mut TemplateBuilder,
    settings: &Settings,
    names: &Names,
    environment: EnvironmentName,
) -> Option<Domain> {
    let certificate = settings.environment(environment).certificate.as_ref()?;
    let id = zone_parameter(environment);
    let zone: Value<HostedZoneId> = match certificate.zone()? {
        HostedZone::Id(zone) => zone.as_str().into(),
        HostedZone::Name(name) => template.parameter(
            &id,
            &Parameter::required(
                &format!("ID of the hosted zone {name}"),
                "^Z[A-Z0-9]{1,31}$",
                "must be the ID of a hosted zone",
            ),
        ),
    };
    share(
        template,
        &id,
        names.cluster_parameter(environment.cluster(), &shared_zone(environment)),
        "Hosted zone of the domain",
        &zone.text(),
    );
    Some(Domain {
        others_below: others_below(settings, certificate),
        name: certificate.domain.clone(),
        zone,
    })
}

/// Returns the domains of other environments below this one.
fn others_below(settings: &Settings, certificate: &settings::Certificate) -> Vec<String> {
    let below = format!(".{}", certificate.domain);
    EnvironmentName::ALL
        .into_iter()
        .filter_map(|name| settings.environment(name).certificate.as_ref())
        .map(|other| other.domain.clone())
        .filter(|other| other.ends_with(&below))
        .collect()
}

/// Returns the certificate of the load balancer. With a zone, adds it; its creation lasts until ACM has seen the validation
/// record in public DNS.
pub(super) fn certificate(template: &mut TemplateBuilder, domain: &str, source: &Source) -> Value<Arn> {
    let zone = match source {
        Source::Existing(arn) => return arn.clone(),
        Source::Zone(zone) => zone,
    };
    let certificate = template.add(
        "Certificate",
        &Certificate {
            domain_name: domain.into(),
            validation_method: ValidationMethod::Dns,
            domain_validation_options: vec![DomainValidationOption {
                domain_name: domain.into(),
                hosted_zone_id: zone.clone(),
            }],
        },
    );
    certificate.arn()
}

/// Adds the record of the domain. There is no AAAA record, since the load balancer has only IPv4 addresses.
pub(super) fn record(
    template: &mut TemplateBuilder,
    domain: &str,
    zone: &Value<HostedZoneId>,
    balancer: &Handle<LoadBalancer>,
    listener: &Handle<Listener>,
) {
    template.add_with(
        "DomainRecord",
        &RecordSet {
            name: domain.into(),
            r#type: RecordType::A,
            hosted_zone_id: zone.clone(),
            alias_target: AliasTarget {
                dns_name: balancer.dns_name(),
                hosted_zone_id: balancer.hosted_zone_id(),
                // The load balancer is the only answer; without healthy tasks, its error page is better than none.
                evaluate_target_health: false,
            },
        },
        // Clients find the site once it serves HTTPS.
        With::default().after(listener),
    );
}
