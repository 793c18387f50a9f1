//! Domains in hosted zones: `deploy` looks up the zone, explains the wait for the certificate; `check` compares the zone with
//! public DNS.

mod resolver;

use infra::check::Finding;
use infra::deployment::stack_spec::StackSpec;
use infra::settings::{EnvironmentName, HostedZone};
use infra::workflows::account_check::Domain;
use infra::workflows::{deploy, hosted_zones, pipelines, status};
use insta::assert_snapshot;

use super::deployed_environments::account_check::{request, told};
use super::deployed_environments::app;
use super::deployed_environments::pipelines::{fixture, places};
use super::fixture::zones::Zone;
use super::fixture::{Fixture, harness};
use super::formation::{Formation, change, step};
use super::harness::{Person, Session, Verb, creatable, spec};
use resolver::Dns;

const CERTIFICATE: &str = "AWS::CertificateManager::Certificate";
const CERTIFICATE_REASON: &str =
    "Content of DNS Record is: {Name: _0a.penguins.example.,Type: CNAME,Value: _1b.acm-validations.aws.}";

fn with_zones(zones: &[Zone]) -> Fixture {
    Fixture {
        zones: zones.to_vec(),
        ..Fixture::default()
    }
}

/// The cluster stack, which takes the ID of a zone.
fn cluster() -> StackSpec {
    let mut cluster = spec("DevCluster", &[]);
    cluster.zone_parameters = vec![("DevHostedZoneId".into(), "penguins.example".into())];
    cluster
}

/// Deploys the cluster. Returns what is printed, and the parameter that CloudFormation got.
fn deployed(zones: &[Zone]) -> (String, Option<(String, String)>) {
    let (harness, _) = harness(creatable(), with_zones(zones));
    let mut stacks = vec![cluster()];
    let person = Person {
        yes: true,
        ..Person::default()
    };
    let printed = person.does(&harness, &stacks.clone(), async move |context| {
        hosted_zones::look_up(context, &mut stacks).await?;
        let request = deploy::Request {
            stacks,
            ..deploy::Request::default()
        };
        deploy::deploy(context, &request).await
    });
    let calls = harness.server.calls();
    let made = calls.iter().find(|call| call.operation == "CreateChangeSet");
    let parameter = made.and_then(|call| {
        let part = |name: &str| {
            call.form
                .get(&format!("Parameters.member.1.Parameter{name}"))
                .cloned()
        };
        Some((part("Key")?, part("Value")?))
    });
    (printed, parameter)
}

#[test]
fn deployment_gets_the_id_of_the_public_zone() {
    let private = Zone {
        private: true,
        ..Zone::public("Z2", "penguins.example")
    };
    let other = Zone::public("Z3", "school.penguins.example");
    let (printed, parameter) = deployed(&[Zone::public("Z1", "penguins.example"), private, other]);
    assert!(printed.ends_with("--- exit code 0\n"), "{printed}");
    assert_eq!(parameter, Some(("DevHostedZoneId".to_owned(), "Z1".to_owned())));
}

#[test]
fn zone_that_cannot_be_chosen_stops_the_deployment() {
    let public = |id| Zone::public(id, "penguins.example");
    let private = Zone {
        private: true,
        ..public("Z2")
    };
    let mut printed = String::new();
    for zones in [vec![], vec![private], vec![public("Z1"), public("Z3")]] {
        let (output, parameter) = deployed(&zones);
        assert_eq!(parameter, None, "{output}");
        printed.push_str(&output);
    }
    assert_snapshot!(printed, @r#"
    error: DevCluster: Route 53 of this account has no hosted zone penguins.example

    hint: correct `hosted-zone`, or create the zone: `aws route53 create-hosted-zone --name penguins.example --caller-reference 1`; for a zone elsewhere, set `certificate-arn` instead
    --- exit code 1
    error: DevCluster: the hosted zone penguins.example is private, but ACM validates domains in public DNS

    hint: create a public zone: `aws route53 create-hosted-zone --name penguins.example --caller-reference 1`; for a zone elsewhere, set `certificate-arn` instead
    --- exit code 1
    error: DevCluster: 2 public hosted zones have the name penguins.example: Z1, Z3

    hint: set `hosted-zone` to the ID of the one whose name servers the registrar has, for example `hosted-zone = "Z1"`
    --- exit code 1
    "#);
}

#[test]
fn wait_for_the_certificate_is_explained() {
    let mut formation = Formation::default();
    formation.stack("DevCluster", "CREATE_COMPLETE");
    let changes = change("Add", "Certificate", CERTIFICATE, "");
    formation.changes.insert("DevCluster".into(), changes);
    let waiting = || {
        step("UPDATE_IN_PROGRESS").with(
            "Certificate",
            CERTIFICATE,
            "CREATE_IN_PROGRESS",
            CERTIFICATE_REASON,
        )
    };
    formation.on_execute.insert(
        "DevCluster".into(),
        vec![
            step("UPDATE_IN_PROGRESS"),
            waiting(),
            step("UPDATE_COMPLETE").with("Certificate", CERTIFICATE, "CREATE_COMPLETE", ""),
        ],
    );
    let (harness, _) = harness(formation, Fixture::default());
    let printed = Session::default().run(Verb::Deploy, &harness);
    // By the clock of the mock, it has lasted long.
    let long = "DevCluster: the certificate has been waiting for DNS validation for ";
    let lines: Vec<_> = printed.lines().filter(|line| line.starts_with(long)).collect();
    let [line] = lines[..] else {
        panic!("{printed}");
    };
    assert!(
        line.ends_with("the CNAME record _0a.penguins.example with the value _1b.acm-validations.aws"),
        "{line}"
    );
}

/// The pipeline or another person deploys.
#[test]
fn wait_for_the_certificate_of_another_run_is_a_warning() {
    let waiting = || {
        let mut formation = Formation::default();
        let stack = formation.stack("DevAppStack", "UPDATE_IN_PROGRESS");
        let event = [
            "Certificate",
            CERTIFICATE,
            "CREATE_IN_PROGRESS",
            CERTIFICATE_REASON,
        ];
        stack.events.push((1, event.map(str::to_owned).into()));
        harness(formation, fixture()).0
    };
    let stacks = [app("DevAppStack", "dev")];
    let request = status::Request {
        stacks: stacks.to_vec(),
        tag_parameter: "penguinapp-imagetag".into(),
        links: false,
        every: None,
    };
    let places = places(&["dev"]);
    let printed = [
        Person::default().does(&waiting(), &stacks, async |context| {
            status::status(context, &request).await
        }),
        Person::default().does(&waiting(), &stacks, async |context| {
            pipelines::status(context, &places).await
        }),
    ];
    for printed in printed {
        let long = "warning: DevAppStack: the certificate has been waiting for DNS validation for ";
        let line = printed.lines().find(|line| line.starts_with(long));
        let end = "the CNAME record _0a.penguins.example with the value _1b.acm-validations.aws";
        assert!(line.is_some_and(|line| line.ends_with(end)), "{printed}");
    }
}

/// Runs `check` for a domain of prod; returns its findings.
fn checked(zones: &[Zone], dns: &Dns, zone: HostedZone, deployed: bool) -> String {
    let mut formation = Formation::default();
    if deployed {
        let stack = formation.stack("ProdAppStack", "UPDATE_COMPLETE");
        r#"{"Resources":{"DomainRecord":{"Type":"AWS::Route53::RecordSet"}}}"#
            .clone_into(&mut stack.template);
    }
    let mut request = request();
    request.stacks.clear();
    request.domains = vec![Domain {
        environment: EnvironmentName::Prod,
        name: "www.penguins.example".into(),
        zone,
        stack: "ProdAppStack".into(),
    }];
    request.resolver = dns.resolver();
    let of_domain = |finding: &Finding| finding.about == "prod" || finding.about == "domains";
    told(formation, with_zones(zones), &request, of_domain)
}

fn name() -> HostedZone {
    HostedZone::Name("penguins.example".into())
}

#[test]
fn delegated_zone_has_no_problem() {
    let dns = Dns::start(&[
        ("penguins.example", "NS", "ns-1.awsdns.example"),
        ("penguins.example", "NS", "NS-2.awsdns.example"),
        ("penguins.example", "CAA", "letsencrypt.org"),
        ("penguins.example", "CAA", "amazon.com"),
    ]);
    let zone = Zone::public("Z1", "penguins.example");
    let by_name = checked(std::slice::from_ref(&zone), &dns, name(), false);
    assert_snapshot!(by_name, @"ok      prod: penguins.example is delegated to its hosted zone Z1");
    let by_id = checked(&[zone], &dns, HostedZone::Id("Z1".into()), false);
    assert_eq!(by_id, by_name);
}

#[test]
fn problems_of_zone_and_delegation_are_reported() {
    let public = Zone {
        records: vec![("www.penguins.example", "A"), ("www.penguins.example", "TXT")],
        ..Zone::public("Z1", "penguins.example")
    };
    let elsewhere = Dns::start(&[
        ("penguins.example", "NS", "ns.registrar.example"),
        ("www.penguins.example", "CAA", "letsencrypt.org"),
    ]);
    let mut said = checked(std::slice::from_ref(&public), &elsewhere, name(), false);
    said.push_str("\nafter the first deployment, with a registrar that knows nothing:\n");
    said.push_str(&checked(
        std::slice::from_ref(&public),
        &Dns::start(&[]),
        name(),
        true,
    ));
    said.push_str("\nno DNS:\n");
    said.push_str(&checked(
        std::slice::from_ref(&public),
        &Dns::silent(),
        name(),
        true,
    ));
    said.push_str("\nno zone, and no zone with this ID:\n");
    said.push_str(&checked(&[], &elsewhere, name(), false));
    said.push_str(&checked(&[], &elsewhere, HostedZone::Id("Z1".into()), false));
    assert_snapshot!(said, @r#"
    error   prod: penguins.example is delegated to ns.registrar.example, not to its hosted zone Z1; ACM would not issue the certificate
            at the registrar of penguins.example, or as NS records in its parent zone, set ns-1.awsdns.example, ns-2.awsdns.example; then wait until DNS caches have expired
    error   prod: CAA records allow letsencrypt.org to issue certificates for www.penguins.example, but not Amazon
            add the record `www.penguins.example CAA 0 issue "amazon.com"`
    error   prod: the hosted zone already has records of www.penguins.example: A
            delete them before the first deployment with this domain, which creates its own record

    after the first deployment, with a registrar that knows nothing:
    error   prod: penguins.example is not delegated: public DNS has no name servers for it; ACM would not issue the certificate
            at the registrar of penguins.example, or as NS records in its parent zone, set ns-1.awsdns.example, ns-2.awsdns.example; then wait until DNS caches have expired

    no DNS:
    warning prod: cannot check whether penguins.example is delegated to its hosted zone: DNS: request timed out
            `dig NS penguins.example` must show ns-1.awsdns.example, ns-2.awsdns.example, or ACM does not issue the certificate

    no zone, and no zone with this ID:
    error   prod: Route 53 of this account has no hosted zone penguins.example
            correct `hosted-zone`, or create the zone: `aws route53 create-hosted-zone --name penguins.example --caller-reference 1`; for a zone elsewhere, set `certificate-arn` instead
    error   prod: Route 53 of this account has no hosted zone with the ID Z1
            correct `hosted-zone`; `aws route53 list-hosted-zones` lists the zones
    "#);
}

#[test]
fn missing_permission_for_route_53_hides_nothing_else() {
    let mut fixture = with_zones(&[Zone::public("Z1", "penguins.example")]);
    fixture.denied = ["ListHostedZonesByName"].into();
    let mut request = request();
    request.domains = vec![Domain {
        environment: EnvironmentName::Prod,
        name: "penguins.example".into(),
        zone: name(),
        stack: "ProdAppStack".into(),
    }];
    let said = told(Formation::default(), fixture, &request, |_| true);
    assert!(
        said.contains("warning domains: cannot check: ListHostedZonesByName is not allowed"),
        "{said}"
    );
    assert!(said.contains("release: no release yet"), "{said}");
}
