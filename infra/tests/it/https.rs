//! Ports of the load balancers, with and without certificate.

use infra::settings::{EXAMPLE, Settings};
use infra::stacks::{self, Stack, StackKind};
use serde_json::{Value as Json, json};

const EVERYTHING: &str = include_str!("../settings/everything.toml");

/// Calls `look` for each app stack.
fn app_stacks(text: &str, mut look: impl FnMut(&Stack, Vec<&Json>)) {
    let graph = stacks::graph(&Settings::parse(text).unwrap()).unwrap();
    let mut seen = 0;
    for stack in graph.stacks() {
        if !matches!(stack.kind, StackKind::App) {
            continue;
        }
        let listeners = stack
            .template
            .resources()
            .filter(|(_, kind, _)| *kind == "AWS::ElasticLoadBalancingV2::Listener")
            .map(|(_, _, properties)| properties)
            .collect();
        look(stack, listeners);
        seen += 1;
    }
    assert_eq!(seen, 3, "dev, staging, prod");
}

#[test]
fn with_certificate_port_80_redirects_to_https() {
    let mut with_tls = 0;
    app_stacks(EVERYTHING, |stack, mut listeners| {
        listeners.sort_by_key(|listener| listener["Port"].as_u64());
        if listeners.len() == 1 {
            return;
        }
        let [plain, tls] = listeners[..] else {
            panic!("{} has other listeners: {listeners:?}", stack.name)
        };
        with_tls += 1;
        assert_eq!((&plain["Port"], &plain["Protocol"]), (&json!(80), &json!("HTTP")));
        assert_eq!((&tls["Port"], &tls["Protocol"]), (&json!(443), &json!("HTTPS")));
        assert_eq!(
            plain["DefaultActions"],
            json!([{
                "Type": "redirect",
                "RedirectConfig": { "Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301" },
            }]),
            "{}",
            stack.name
        );
        assert_eq!(tls["DefaultActions"][0]["Type"], "forward", "{}", stack.name);
        assert!(tls["SslPolicy"].as_str().unwrap().contains("TLS13"), "{tls}");
    });
    assert_eq!(with_tls, 3, "all have a certificate in these settings");
}

#[test]
fn without_certificate_only_port_80_is_open() {
    app_stacks(EXAMPLE, |stack, listeners| {
        let [plain] = listeners[..] else {
            panic!("{} has other listeners: {listeners:?}", stack.name)
        };
        assert_eq!(plain["Port"], 80, "{}", stack.name);
        assert_eq!(plain["DefaultActions"][0]["Type"], "forward", "{}", stack.name);
    });
}

#[test]
fn stack_creates_certificate_and_record_in_a_hosted_zone() {
    let mut in_zones = Vec::new();
    app_stacks(EVERYTHING, |stack, listeners| {
        let of = |kind: &str| {
            let found = stack.template.resources().filter(|(_, known, _)| *known == kind);
            found.map(|(_, _, properties)| properties).collect::<Vec<_>>()
        };
        let (certificates, records) = (
            of("AWS::CertificateManager::Certificate"),
            of("AWS::Route53::RecordSet"),
        );
        let [certificate] = certificates[..] else {
            assert!(certificates.is_empty() && records.is_empty(), "{}", stack.name);
            return;
        };
        let zone = json!({ "Ref": "HostedZoneId" });
        let domain = &certificate["DomainName"];
        assert_eq!(certificate["ValidationMethod"], "DNS");
        assert_eq!(
            certificate["DomainValidationOptions"],
            json!([{ "DomainName": domain, "HostedZoneId": zone }])
        );
        let tls = listeners.iter().find(|listener| listener["Port"] == 443).unwrap();
        assert_eq!(
            tls["Certificates"],
            json!([{ "CertificateArn": { "Ref": "Certificate" } }])
        );
        // The load balancer has IPv4 addresses only.
        let balancers = of("AWS::ElasticLoadBalancingV2::LoadBalancer");
        assert!(balancers[0].get("IpAddressType").is_none());
        let [record] = records[..] else {
            panic!("{}: {records:?}", stack.name);
        };
        assert_eq!((&record["Type"], &record["Name"]), (&json!("A"), domain));
        assert_eq!(record["HostedZoneId"], zone);
        assert_eq!(
            record["AliasTarget"],
            json!({
                "DNSName": { "Fn::GetAtt": ["LoadBalancer", "DNSName"] },
                "HostedZoneId": { "Fn::GetAtt": ["LoadBalancer", "CanonicalHostedZoneID"] },
                "EvaluateTargetHealth": false,
            })
        );
        in_zones.push(domain.as_str().unwrap().to_owned());
    });
    assert_eq!(in_zones, ["dev.penguins.example", "penguins.example"]);
}

#[test]
fn cluster_shares_the_zone_that_its_deploy_role_may_change() {
    let graph = stacks::graph(&Settings::parse(EVERYTHING).unwrap()).unwrap();
    let cluster = |name: &str| graph.get(name).unwrap();
    // By name: the tool looks up the ID.
    let dev = cluster("Every-DevCluster");
    let parameter = ("DevHostedZoneId".to_owned(), "penguins.example".to_owned());
    assert_eq!(dev.zone_parameters, [parameter]);
    let json = dev.template.json();
    assert_eq!(json["Parameters"]["DevHostedZoneId"]["Type"], "String");
    let shared = |json: &Json, id: &str| json["Resources"][id]["Properties"].clone();
    let zone = shared(json, "DevHostedZoneIdParameter");
    assert_eq!(zone["Value"], json!({ "Ref": "DevHostedZoneId" }));
    // By ID.
    let prod = cluster("Every-ProdCluster");
    assert_eq!(prod.zone_parameters, []);
    let zone = shared(prod.template.json(), "ProdHostedZoneIdParameter");
    assert_eq!(zone["Value"], "Z0123456789ABCDEFGHIJ");
    // The app stack reads what the cluster stack shares.
    let app = cluster("Every-ProdAppStack").template.json();
    assert_eq!(app["Parameters"]["HostedZoneId"]["Default"], zone["Name"]);
}
