//! IAM: the deploy roles, and the size of policies.

use infra::settings::{EXAMPLE, EnvironmentName};
use infra::stacks::StackKind;
use serde_json::Value as Json;

use super::rights::{spelled, statements};
use super::{EVERYTHING, each, graph, texts};

#[test]
fn deploy_role_is_limited_to_its_environment() {
    let (mut seen, mut tagged) = (0, 0);
    for text in [EXAMPLE, EVERYTHING] {
        let graph = graph(text);
        for stack in graph.stacks() {
            let resources = stack.template.json()["Resources"].as_object().unwrap();
            for (id, resource) in resources.iter().filter(|(id, _)| id.ends_with("DeployPolicy")) {
                // Not in the pipeline stack, since CloudFormation needs the role as long as the app stack exists.
                assert_eq!(stack.kind, StackKind::Cluster, "{} {id}", stack.name);
                let environment = EnvironmentName::ALL
                    .into_iter()
                    .find(|name| id.to_lowercase().starts_with(name.as_str()))
                    .unwrap();
                let app = &graph.app(environment).unwrap().name;
                let project = &stack.tags["project"];
                // Prefixes of names of the environment.
                let names = [
                    format!("task-definition/{project}-{environment}:"),
                    format!("task-definition/{project}-{environment}-run:"),
                    format!("task-definition/{project}-{environment}-before-release:"),
                    format!("/{app}-*"),
                    format!("log-group:/{project}/{environment}/"),
                    format!("alarm:{project}-{environment}-"),
                    format!("dashboard/{project}-{environment}\""),
                    format!("parameter/{project}/"),
                    "vpc/${Vpc}".to_owned(),
                    "role/aws-service-role/".to_owned(),
                    "\"Fn::GetAtt\":[\"TrafficRole\"".to_owned(),
                    // With secrets, the environment's own.
                    format!(
                        "\"Fn::GetAtt\":[\"{}ExecutionRole\"",
                        if text == EVERYTHING {
                            id.trim_end_matches("DeployPolicy")
                        } else {
                            ""
                        }
                    ),
                    format!("{}TaskRole", id.trim_end_matches("DeployPolicy")),
                    // Its records are limited by conditions, see `deploy_role_changes_only_records_of_its_domain`.
                    format!(
                        "hostedzone/{}",
                        if environment == EnvironmentName::Prod {
                            "Z0123456789ABCDEFGHIJ".to_owned()
                        } else {
                            format!("${{{}}}", id.replace("DeployPolicy", "HostedZoneId"))
                        }
                    ),
                    ":route53:::change/*".to_owned(),
                ];
                for statement in statements(&resource["Properties"]) {
                    let actions = texts(&statement["Action"]);
                    let all = match &statement["Resource"] {
                        Json::Array(list) => list.clone(),
                        one => vec![one.clone()],
                    };
                    for one in all {
                        seen += 1;
                        let one = spelled(&one);
                        if actions.iter().any(|action| action == "ssm:PutParameter") {
                            let cluster = environment.cluster().as_str();
                            let own = format!(
                                "parameter/{project}/{cluster}/{environment}-task-security-group-id\""
                            );
                            assert!(one.contains(&own), "{} {id}: {one}", stack.name);
                        }
                        if one == "\"*\"" || names.iter().any(|name| one.contains(name)) {
                            continue;
                        }
                        tagged += 1;
                        // Tags set at creation.
                        let condition = &statement["Condition"]["StringEquals"];
                        if ["ec2", "elasticloadbalancing"]
                            .iter()
                            .any(|service| condition.get(format!("{service}:CreateAction")).is_some())
                        {
                            continue;
                        }
                        // New resources have no tags; existing ones must have these.
                        let makes = |action: &String| {
                            [
                                "CreateLoadBalancer",
                                "CreateTargetGroup",
                                "CreateSecurityGroup",
                                "Register",
                                "TagResource",
                                "AddTagsToCertificate",
                                "DescribeCertificate",
                                "ListTagsForCertificate",
                            ]
                            .iter()
                            .any(|word| action.split(':').nth(1).unwrap().starts_with(word))
                        };
                        let untagged = one.contains("security-group-rule/");
                        let operator = if untagged || actions.iter().all(makes) {
                            "StringEqualsIfExists"
                        } else {
                            "StringEquals"
                        };
                        let condition = &statement["Condition"][operator];
                        assert_eq!(
                            (
                                condition["aws:ResourceTag/project"].as_str(),
                                condition["aws:ResourceTag/environment"].as_str()
                            ),
                            (Some(project.as_str()), Some(environment.as_str())),
                            "{} {id}: {actions:?} on {one}",
                            stack.name
                        );
                    }
                }
            }
        }
    }
    assert!(seen > 100 && tagged > 40, "{seen} {tagged}");
}

#[test]
fn deploy_role_changes_only_records_of_its_domain() {
    let graph = graph(EVERYTHING);
    let mut allowed = Vec::new();
    for stack in graph.stacks() {
        let resources = stack.template.json()["Resources"].as_object().unwrap();
        for (id, resource) in resources.iter().filter(|(id, _)| id.ends_with("DeployPolicy")) {
            for statement in statements(&resource["Properties"]) {
                let text = spelled(&statement);
                if text.contains("route53:Change") || text.contains("acm:Request") {
                    allowed.push(format!("{id}: {}", spelled(&statement["Condition"])));
                }
            }
        }
    }
    insta::assert_snapshot!(allowed.join("\n").replace("route53:ChangeResourceRecordSets", ""), @r#"
    DevDeployPolicy: {"ForAllValues:StringEquals":{"acm:DomainNames":"dev.penguins.example"}}
    DevDeployPolicy: {"ForAllValues:StringEquals":{"NormalizedRecordNames":"dev.penguins.example","RecordTypes":"A"}}
    DevDeployPolicy: {"ForAllValues:StringEquals":{"RecordTypes":"CNAME"},"ForAllValues:StringLike":{"NormalizedRecordNames":"_*.dev.penguins.example"}}
    ProdDeployPolicy: {"ForAllValues:StringEquals":{"acm:DomainNames":"penguins.example"}}
    ProdDeployPolicy: {"ForAllValues:StringEquals":{"NormalizedRecordNames":"penguins.example","RecordTypes":"A"}}
    ProdDeployPolicy: {"ForAllValues:StringEquals":{"RecordTypes":"CNAME"},"ForAllValues:StringLike":{"NormalizedRecordNames":"_*.penguins.example"},"ForAllValues:StringNotLike":{"NormalizedRecordNames":["*.dev.penguins.example","*.staging.penguins.example"]}}
    "#);
}

/// AWS limits the total size of all inline policies of a role.
#[test]
fn role_policies_are_within_the_iam_limit() {
    each(|stack, id, kind, properties| {
        if kind == "AWS::IAM::Policy" {
            // Longest names of regions and partitions. The rest is for longer names of projects and stacks.
            let text = spelled(&properties["PolicyDocument"])
                .replace("{\"Fn::Sub\":", "")
                .replace("${AWS::Partition}", "aws-us-gov")
                .replace("${AWS::Region}", "ap-northeast-1")
                .replace("${AWS::AccountId}", "123456789012");
            // The limit is 10,240 characters.
            assert!(text.len() < 9_800, "{} {id}: {}", stack.name, text.len());
        }
    });
}
