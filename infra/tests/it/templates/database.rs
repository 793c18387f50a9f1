//! Access to a database: outbound ports of the tasks; docs/database.yaml and docs/database.md, in which every name is one that
//! the templates make.

use std::collections::BTreeMap;

use infra::service::Secret;
use infra::settings::{EXAMPLE, EnvironmentName, Settings};

use super::{EVERYTHING, graph};

const TEMPLATE: &str = include_str!("../../../docs/database.yaml");
const PAGE: &str = include_str!("../../../docs/database.md");

/// SSM parameters that the stacks make: name, stack.
fn made() -> BTreeMap<String, String> {
    let mut made = BTreeMap::new();
    for stack in graph(EXAMPLE).stacks() {
        for (_, kind, properties) in stack.template.resources() {
            if kind == "AWS::SSM::Parameter" {
                made.insert(
                    properties["Name"].as_str().unwrap().to_owned(),
                    stack.name.clone(),
                );
            }
        }
    }
    made
}

/// SSM parameters that a text names.
fn named(text: &str) -> Vec<&str> {
    let names = text.split(|c: char| !(c.is_ascii_alphanumeric() || "/-_".contains(c)));
    names
        .filter(|name| name.starts_with("/penguin-school/"))
        .collect()
}

#[test]
fn every_shared_value_in_the_example_is_made_by_a_stack() {
    let made = made();
    for (text, least) in [(TEMPLATE, 3), (PAGE, 9)] {
        let named = named(text);
        assert!(named.len() >= least, "{named:?}");
        for name in named {
            assert!(made.contains_key(name), "no stack makes {name}");
        }
    }
}

#[test]
fn table_of_shared_values_names_their_stacks() {
    let made = made();
    let rows = PAGE
        .lines()
        .filter(|line| line.starts_with("| `/penguin-school/"));
    let mut seen = 0;
    for row in rows {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let name = named(cells[0])[0];
        assert_eq!(made[name], cells[2], "{row}");
        seen += 1;
    }
    assert_eq!(seen, 4);
}

#[test]
fn every_environment_shares_the_group_of_its_tasks() {
    let made = made();
    for (name, stack) in [
        ("/penguin-school/dev/dev-task-security-group-id", "DevAppStack"),
        (
            "/penguin-school/prod/staging-task-security-group-id",
            "StagingAppStack",
        ),
        ("/penguin-school/prod/prod-task-security-group-id", "ProdAppStack"),
    ] {
        assert_eq!(made[name], stack);
    }
    // A second installation has names of its own.
    let other = EXAMPLE.replace("# stack-prefix = \"\"", "stack-prefix = \"Blue-\"");
    let graph = graph(&other);
    let template = graph.app(EnvironmentName::Prod).unwrap().template.json();
    let shared = &template["Resources"]["TaskSecurityGroupParameter"]["Properties"];
    assert_eq!(
        shared["Name"],
        "/penguin-school-blue/prod/prod-task-security-group-id"
    );
    assert_eq!(shared["Value"]["Fn::GetAtt"][0], "TaskSecurityGroup");
}

/// Settings that the page shows, in the order of the page.
fn shown() -> Vec<&'static str> {
    let blocks = PAGE.split("```toml\n").skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn settings_on_the_page_are_accepted_and_fit_the_secret() {
    let [ports, secrets, before] = shown()[..] else {
        panic!("{:?}", shown());
    };
    let open = ports.trim().lines().last().unwrap();
    let text = EXAMPLE.replacen("egress-ports = []", open, 1);
    let text = text.replacen("[release]\n", before, 1);
    let settings = Settings::parse(&format!("{text}\n{secrets}")).unwrap();
    // The port of the template.
    assert_eq!(settings.clusters.dev.egress_ports, [5432]);
    assert!(TEMPLATE.contains("FromPort: 5432, ToPort: 5432"));
    assert!(settings.release.before.is_some());
    let app = &settings.environments.dev.service.app;
    assert_eq!(app.secrets.len(), 5);
    // https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
    let keys = ["host", "port", "dbname", "username", "password"];
    for secret in app.secrets.values() {
        let Secret::SecretsManager {
            name,
            json_key: Some(key),
        } = secret
        else {
            panic!("{secret:?}");
        };
        assert!(TEMPLATE.contains(&format!("Default: {name} ")), "{name}");
        assert!(keys.contains(&key.as_str()), "{key}");
    }
}

/// Outbound rules of the tasks of an environment: range and port.
fn outbound(text: &str, name: EnvironmentName) -> Vec<(String, u64)> {
    let graph = graph(text);
    let template = graph.app(name).unwrap().template.json();
    let group = &template["Resources"]["TaskSecurityGroup"]["Properties"];
    let rules = group["SecurityGroupEgress"].as_array().unwrap().iter();
    rules
        .map(|rule| {
            assert_eq!(rule["IpProtocol"], "tcp");
            assert_eq!(rule["FromPort"], rule["ToPort"]);
            let range = rule["CidrIp"].as_str().unwrap().to_owned();
            (range, rule["FromPort"].as_u64().unwrap())
        })
        .collect()
}

#[test]
fn tasks_reach_the_set_ports_within_their_network_only() {
    let https = ("0.0.0.0/0".to_owned(), 443);
    for name in EnvironmentName::ALL {
        assert_eq!(outbound(EXAMPLE, name), std::slice::from_ref(&https));
    }
    assert_eq!(
        outbound(EVERYTHING, EnvironmentName::Dev),
        [https.clone(), ("10.64.0.0/16".to_owned(), 5432)]
    );
    for name in [EnvironmentName::Staging, EnvironmentName::Prod] {
        assert_eq!(
            outbound(EVERYTHING, name),
            [
                https.clone(),
                ("192.168.4.0/22".to_owned(), 5432),
                ("192.168.4.0/22".to_owned(), 6379)
            ]
        );
    }
}
