//! Secrets of the app: who may read them.

use std::collections::BTreeSet;

use infra::service::Secret;
use infra::settings::{EnvironmentName, Settings};
use infra::stacks::StackKind;
use serde_json::Value as Json;

use super::rights::statements;
use super::{EVERYTHING, graph, texts};

/// No environment reads the secrets of another one.
#[test]
fn execution_role_reads_exactly_the_secrets_of_its_environment() {
    let settings = Settings::parse(EVERYTHING).unwrap();
    let graph = graph(EVERYTHING);
    let mut seen = 0;
    for stack in graph
        .stacks()
        .iter()
        .filter(|stack| stack.kind == StackKind::Cluster)
    {
        for (id, kind, properties) in stack.template.resources() {
            if kind != "AWS::IAM::Policy" {
                continue;
            }
            let environment = EnvironmentName::ALL
                .into_iter()
                .find(|name| id.to_lowercase() == format!("{name}executionpolicy"));
            let readable: BTreeSet<_> = statements(properties)
                .iter()
                .filter(|statement| {
                    let actions = texts(&statement["Action"]);
                    let reads = ["ssm:GetParameters", "secretsmanager:GetSecretValue"];
                    // Reading shared values is CloudFormation's.
                    !id.ends_with("DeployPolicy")
                        && actions.iter().any(|action| reads.contains(&action.as_str()))
                })
                .flat_map(|statement| match &statement["Resource"] {
                    Json::Array(list) => list.iter().map(Json::to_string).collect(),
                    one => vec![one.to_string()],
                })
                .map(|arn| {
                    arn.rsplit("${AWS::AccountId}:")
                        .next()
                        .unwrap()
                        .trim_end_matches("\"}")
                        .to_owned()
                })
                .collect();
            let Some(environment) = environment else {
                assert!(readable.is_empty(), "{id}: {readable:?}");
                continue;
            };
            seen += 1;
            let app = &settings.environment(environment).service.app;
            let wanted: BTreeSet<_> = app
                .secrets
                .values()
                .map(|secret| match secret.whole() {
                    Secret::Parameter { path } => format!("parameter{path}"),
                    Secret::SecretsManager { name, .. } => format!("secret:{name}-??????"),
                })
                .collect();
            assert_eq!(readable, wanted, "{id}");
            let keys: Vec<_> = statements(properties)
                .iter()
                .filter(|statement| statement["Action"] == "kms:Decrypt")
                .map(|statement| statement["Resource"].clone())
                .collect();
            assert_eq!(keys, [Json::from(app.secrets_key.clone().unwrap())], "{id}");
        }
    }
    assert_eq!(seen, 3);
}
