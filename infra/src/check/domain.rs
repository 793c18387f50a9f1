//! Findings about domains: hosted zone, delegation, certification authorities, existing records.

use super::Finding;
use crate::deployment::hosted_zone::{Zone, ZoneError};

/// Reports a zone that cannot be chosen.
pub fn no_zone(environment: &str, error: &ZoneError) -> Finding {
    Finding::error(environment, error.to_string()).remedy(error.remedy())
}

/// Checks a zone that the settings name by its ID; `None` if it does not exist.
pub fn zone_of_id(environment: &str, id: &str, domain: &str, zone: Option<&Zone>) -> Option<Finding> {
    let Some(zone) = zone else {
        let message = format!("Route 53 of this account has no hosted zone with the ID {id}");
        return Some(
            Finding::error(environment, message)
                .remedy("correct `hosted-zone`; `aws route53 list-hosted-zones` lists the zones"),
        );
    };
    let name = &zone.name;
    if zone.private {
        return Some(no_zone(environment, &ZoneError::Private(name.clone())));
    }
    let within = domain
        .strip_suffix(name.as_str())
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    (!within).then(|| {
        Finding::error(
            environment,
            format!("domain {domain} is outside of its hosted zone {name} ({id})"),
        )
        .remedy(format!(
            "use `{name}` or a name below it, or set `hosted-zone` to the zone of the domain"
        ))
    })
}

/// Compares the name servers of a zone with those that public DNS has for its name, or the error of the look-up.
pub fn delegation(
    environment: &str,
    zone: &Zone,
    own: &[String],
    public: Result<&[String], &str>,
) -> Finding {
    let name = &zone.name;
    let set = format!(
        "at the registrar of {name}, or as NS records in its parent zone, set {}; then wait until DNS caches have expired",
        own.join(", ")
    );
    let public = match public {
        Ok(public) => public,
        Err(why) => {
            return Finding::warning(
                environment,
                format!("cannot check whether {name} is delegated to its hosted zone: {why}"),
            )
            .remedy(format!(
                "`dig NS {name}` must show {}, or ACM does not issue the certificate",
                own.join(", ")
            ));
        }
    };
    let never = "ACM would not issue the certificate";
    if public.is_empty() {
        return Finding::error(
            environment,
            format!("{name} is not delegated: public DNS has no name servers for it; {never}"),
        )
        .remedy(set);
    }
    let known = public.iter().filter(|server| own.contains(server)).count();
    if known == 0 {
        let others = public.join(", ");
        return Finding::error(
            environment,
            format!(
                "{name} is delegated to {others}, not to its hosted zone {}; {never}",
                zone.id
            ),
        )
        .remedy(set);
    }
    if known < public.len() || known < own.len() {
        return Finding::warning(
            environment,
            format!(
                "{name} is delegated to {}, which differ from the hosted zone's",
                public.join(", ")
            ),
        )
        .remedy(set);
    }
    Finding::ok(
        environment,
        format!("{name} is delegated to its hosted zone {}", zone.id),
    )
}

/// Names by which CAA records allow ACM: <https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html>.
const AMAZON: [&str; 4] = ["amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"];

/// Reports CAA records that exclude ACM. `allowed`: those that may issue certificates; `None`: all.
pub fn authorities(environment: &str, domain: &str, allowed: Option<&[String]>) -> Option<Finding> {
    let allowed = allowed?;
    if allowed.iter().any(|name| AMAZON.contains(&name.as_str())) {
        return None;
    }
    let names: Vec<_> = allowed
        .iter()
        .filter(|name| !name.is_empty())
        .map(String::as_str)
        .collect();
    let only = if names.is_empty() {
        "nobody".to_owned()
    } else {
        names.join(", ")
    };
    Some(
        Finding::error(
            environment,
            format!("CAA records allow {only} to issue certificates for {domain}, but not Amazon"),
        )
        .remedy(format!("add the record `{domain} CAA 0 issue \"amazon.com\"`")),
    )
}

/// Reports records of the domain that exist before the stack creates its own. `types`: for example `A`.
pub fn records(environment: &str, domain: &str, types: &[String]) -> Option<Finding> {
    (!types.is_empty()).then(|| {
        Finding::error(
            environment,
            format!(
                "the hosted zone already has records of {domain}: {}",
                types.join(", ")
            ),
        )
        .remedy("delete them before the first deployment with this domain, which creates its own record")
    })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn zone(private: bool) -> Zone {
        Zone {
            id: "Z1".into(),
            name: "penguins.example".into(),
            private,
        }
    }

    fn list(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn told(findings: impl IntoIterator<Item = Finding>) -> String {
        let mut text = String::new();
        for finding in findings {
            writeln!(text, "{} {}", finding.level.word(), finding.message).unwrap();
            if let Some(remedy) = finding.remedy {
                writeln!(text, "  {remedy}").unwrap();
            }
        }
        text
    }

    #[test]
    fn delegation_is_compared_with_the_zone() {
        let own = list(&["ns-1.aws.example", "ns-2.aws.example"]);
        let of = |public: Result<&[&str], &str>| {
            let public = public.map(list);
            delegation("prod", &zone(false), &own, public.as_deref().map_err(|why| *why))
        };
        insta::assert_snapshot!(told([
            of(Ok(&["ns-1.aws.example", "ns-2.aws.example"])),
            of(Ok(&[])),
            of(Ok(&["ns.registrar.example"])),
            of(Ok(&["ns-1.aws.example", "ns.registrar.example"])),
            of(Err("10.0.0.2: no answer")),
        ]), @r"
        ok penguins.example is delegated to its hosted zone Z1
        error penguins.example is not delegated: public DNS has no name servers for it; ACM would not issue the certificate
          at the registrar of penguins.example, or as NS records in its parent zone, set ns-1.aws.example, ns-2.aws.example; then wait until DNS caches have expired
        error penguins.example is delegated to ns.registrar.example, not to its hosted zone Z1; ACM would not issue the certificate
          at the registrar of penguins.example, or as NS records in its parent zone, set ns-1.aws.example, ns-2.aws.example; then wait until DNS caches have expired
        warning penguins.example is delegated to ns-1.aws.example, ns.registrar.example, which differ from the hosted zone's
          at the registrar of penguins.example, or as NS records in its parent zone, set ns-1.aws.example, ns-2.aws.example; then wait until DNS caches have expired
        warning cannot check whether penguins.example is delegated to its hosted zone: 10.0.0.2: no answer
          `dig NS penguins.example` must show ns-1.aws.example, ns-2.aws.example, or ACM does not issue the certificate
        ");
    }

    #[test]
    fn zone_named_by_id_must_contain_the_domain() {
        let of = |domain, zone: Option<&Zone>| zone_of_id("prod", "Z1", domain, zone);
        assert_eq!(of("penguins.example", Some(&zone(false))), None);
        assert_eq!(of("www.penguins.example", Some(&zone(false))), None);
        insta::assert_snapshot!(told([
            of("penguins.example", None),
            of("penguins.example", Some(&zone(true))),
            of("somepenguins.example", Some(&zone(false))),
        ].into_iter().flatten()), @r"
        error Route 53 of this account has no hosted zone with the ID Z1
          correct `hosted-zone`; `aws route53 list-hosted-zones` lists the zones
        error the hosted zone penguins.example is private, but ACM validates domains in public DNS
          create a public zone: `aws route53 create-hosted-zone --name penguins.example --caller-reference 1`; for a zone elsewhere, set `certificate-arn` instead
        error domain somepenguins.example is outside of its hosted zone penguins.example (Z1)
          use `penguins.example` or a name below it, or set `hosted-zone` to the zone of the domain
        ");
    }

    #[test]
    fn authorities_must_include_amazon() {
        let of =
            |allowed: Option<&[&str]>| authorities("prod", "penguins.example", allowed.map(list).as_deref());
        assert_eq!(of(None), None);
        assert_eq!(of(Some(&["letsencrypt.org", "amazontrust.com"])), None);
        insta::assert_snapshot!(told([of(Some(&["letsencrypt.org"])), of(Some(&[""]))].into_iter().flatten()), @r#"
        error CAA records allow letsencrypt.org to issue certificates for penguins.example, but not Amazon
          add the record `penguins.example CAA 0 issue "amazon.com"`
        error CAA records allow nobody to issue certificates for penguins.example, but not Amazon
          add the record `penguins.example CAA 0 issue "amazon.com"`
        "#);
    }

    #[test]
    fn existing_records_are_reported() {
        assert_eq!(records("prod", "penguins.example", &[]), None);
        insta::assert_snapshot!(told(records("prod", "penguins.example", &list(&["A", "AAAA"]))), @r"
        error the hosted zone already has records of penguins.example: A, AAAA
          delete them before the first deployment with this domain, which creates its own record
        ");
    }
}
