//! Rights of a deploy role to create the certificate and the records of its domain, and nothing else in the zone.

use super::Domain;
use crate::cfn::{Arn, Condition, Statement, Text, Value, partition, text};
use crate::stacks::names::local_arn_of;
use crate::stacks::tagged::Tagged;

const NAMES: &str = "route53:ChangeResourceRecordSetsNormalizedRecordNames";
const TYPES: &str = "route53:ChangeResourceRecordSetsRecordTypes";

/// Adds the rights that tags limit, and returns the statements of the others.
pub(in crate::stacks) fn rights(tagged: &mut Tagged, domain: &Domain) -> Vec<Statement> {
    let certificates = || [local_arn_of("acm", "certificate/*")];
    tagged.unclaimed(
        &[
            "acm:AddTagsToCertificate",
            "acm:DescribeCertificate",
            "acm:ListTagsForCertificate",
        ],
        certificates(),
    );
    tagged.own(
        &[
            "acm:DeleteCertificate",
            "acm:RemoveTagsFromCertificate",
            "acm:UpdateCertificateOptions",
        ],
        certificates(),
    );
    // A certificate that is requested has no ARN yet.
    let request = Statement::allow(["acm:RequestCertificate"])
        .on_any()
        .when(Condition::all_equal::<Text>(
            "acm:DomainNames",
            [domain.name.as_str().into()],
        ));
    let mut statements = vec![request];
    statements.extend(records(domain));
    statements
}

fn records(domain: &Domain) -> Vec<Statement> {
    let name = &domain.name;
    let zone = || -> [Value<Arn>; 1] {
        [text([
            "arn:".into(),
            partition(),
            ":route53:::hostedzone/".into(),
            domain.zone.text(),
        ])]
    };
    let changes: Value<Arn> = text(["arn:".into(), partition(), ":route53:::change/*".into()]);
    let change = |kind: &str| {
        Statement::allow(["route53:ChangeResourceRecordSets"])
            .on(zone())
            .when(Condition::all_equal::<Text>(TYPES, [kind.into()]))
    };
    // ACM validates a domain by the record `_TOKEN.DOMAIN`. The pattern also matches names below subdomains; those of other
    // environments are excluded.
    let mut validation =
        change("CNAME").when(Condition::all_like::<Text>(NAMES, format!("_*.{name}").into()));
    if !domain.others_below.is_empty() {
        let below = domain
            .others_below
            .iter()
            .map(|other| format!("*.{other}").into());
        validation = validation.when(Condition::none_like::<Text>(NAMES, below));
    }
    vec![
        change("A").when(Condition::all_equal::<Text>(NAMES, [name.as_str().into()])),
        validation,
        Statement::allow([
            "route53:GetChange",
            "route53:GetHostedZone",
            "route53:ListResourceRecordSets",
        ])
        .on(zone().into_iter().chain([changes])),
        Statement::allow(["route53:ListHostedZones"]).on_any(),
    ]
}
