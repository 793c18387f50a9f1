//! The templates: against the files in the repository, and against promises that hold whatever is set.

use std::path::Path;

use infra::cfn::INLINE_LIMIT;
use infra::service::{self, Runtime};
use infra::settings::{EXAMPLE, Settings};
use infra::stacks::{self, Graph, IMAGE_TAG_PARAMETER, Stack, StackKind};
use serde_json::Value as Json;

const EVERYTHING: &str = include_str!("../settings/everything.toml");

/// Types that hold data, and the property that says it is encrypted.
const ENCRYPTED: [(&str, &str); 5] = [
    ("AWS::Logs::LogGroup", "KmsKeyId"),
    ("AWS::SNS::Topic", "KmsMasterKeyId"),
    ("AWS::S3::Bucket", "BucketEncryption"),
    ("AWS::ECR::Repository", "EncryptionConfiguration"),
    ("AWS::CodeBuild::Project", "EncryptionKey"),
];
/// Types that have no tags, as CloudFormation documents them.
const UNTAGGED: [&str; 15] = [
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CodePipeline::Webhook",
    "AWS::EC2::Route",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::ListenerRule",
    "AWS::IAM::Policy",
    "AWS::KMS::Alias",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
];

fn graph(text: &str) -> Graph {
    stacks::graph(&Settings::parse(text).unwrap()).unwrap()
}

/// Looks at each resource of each stack, as it is by default and with everything switched on.
fn each(mut look: impl FnMut(&Stack, &str, &str, &Json)) {
    for text in [EXAMPLE, EVERYTHING] {
        for stack in graph(text).stacks() {
            let mut resources = 0;
            for (id, kind, properties) in stack.template.resources() {
                look(stack, id, kind, properties);
                resources += 1;
            }
            assert!(resources > 3, "{} is empty", stack.name);
        }
    }
}

fn walk(json: &Json, visit: &mut impl FnMut(&Json)) {
    visit(json);
    match json {
        Json::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        Json::Object(map) => map.values().for_each(|value| walk(value, visit)),
        _ => {}
    }
}

/// Every statement of every policy in `properties`.
fn statements(properties: &Json) -> Vec<Json> {
    let mut found = Vec::new();
    walk(properties, &mut |json| {
        if let Some(list) = json.get("Statement").and_then(Json::as_array) {
            found.extend(list.iter().cloned());
        }
    });
    found
}

fn texts(json: &Json) -> Vec<String> {
    match json {
        Json::String(text) => vec![text.clone()],
        Json::Array(items) => items.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn the_templates_in_the_repository_are_what_synth_writes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let graph = graph(EXAMPLE);
    for stack in graph.stacks() {
        let file = folder.join(format!("{}.template.json", stack.name));
        let kept = fs_err::read_to_string(&file).unwrap_or_default();
        assert!(
            kept == stack.body(),
            "{} differs; if that is what you want: cargo run -p infra --no-default-features -- --config \
             infra/infra.example.toml synth --out infra/tests/golden",
            file.display()
        );
    }
    assert_eq!(
        fs_err::read_dir(&folder).unwrap().count(),
        graph.stacks().len(),
        "a template of no stack"
    );
}

#[test]
fn every_stack_comes_after_what_it_needs() {
    for text in [EXAMPLE, EVERYTHING] {
        let graph = graph(text);
        for (index, stack) in graph.stacks().iter().enumerate() {
            for needed in &stack.depends_on {
                assert!(
                    graph.stacks()[..index].iter().any(|other| other.name == *needed),
                    "{} needs {needed}",
                    stack.name
                );
            }
        }
    }
}

#[test]
fn what_a_stack_takes_another_that_it_needs_shares() {
    for text in [EXAMPLE, EVERYTHING] {
        let graph = graph(text);
        for stack in graph.stacks() {
            let shared: Vec<String> = graph
                .stacks()
                .iter()
                .filter(|other| stack.depends_on.contains(&other.name))
                .flat_map(|other| other.template.resources())
                .filter(|(_, kind, _)| *kind == "AWS::SSM::Parameter")
                .map(|(_, _, properties)| properties["Name"].as_str().unwrap().to_owned())
                .collect();
            for (name, parameter) in stack.template.json()["Parameters"]
                .as_object()
                .into_iter()
                .flatten()
            {
                if name == IMAGE_TAG_PARAMETER {
                    assert!(parameter.get("Default").is_none());
                    continue;
                }
                let source = parameter["Default"].as_str().unwrap();
                assert!(
                    shared.iter().any(|other| other == source),
                    "{}: nobody shares {source}",
                    stack.name
                );
            }
        }
    }
}

#[test]
fn no_template_is_too_long_and_none_exports() {
    for text in [EXAMPLE, EVERYTHING] {
        for stack in graph(text).stacks() {
            assert!(stack.body().len() < INLINE_LIMIT, "{}", stack.name);
            assert!(!stack.body().contains("\"Export\""), "{}", stack.name);
            assert!(!stack.body().contains("Fn::ImportValue"), "{}", stack.name);
        }
    }
}

#[test]
fn no_statement_allows_everything_on_everything() {
    let mut seen = 0;
    each(|stack, id, kind, properties| {
        for statement in statements(properties) {
            seen += 1;
            let actions = texts(&statement["Action"]);
            assert!(
                !actions.iter().any(|action| action == "*"),
                "{} {id}: every action",
                stack.name
            );
            let anywhere = texts(&statement["Resource"])
                .iter()
                .any(|resource| resource == "*");
            let wildcard = actions.iter().any(|action| action.ends_with('*'));
            // In a key's own policy `*` is that key.
            assert!(
                !(anywhere && wildcard) || kind == "AWS::KMS::Key",
                "{} {id}: {actions:?} on everything",
                stack.name
            );
            // Nobody but the account and named services, unless it is forbidden to them.
            assert!(
                statement["Principal"] != "*" || statement["Effect"] == "Deny",
                "{} {id}: allowed to everybody",
                stack.name
            );
        }
    });
    assert!(seen > 50, "only {seen} statements");
}

#[test]
fn what_is_allowed_on_everything_knows_no_resources() {
    // The service reference says so of each of them.
    let without_resources = [
        "application-autoscaling:Describe",
        "cloudwatch:DescribeAlarms",
        "ec2:Describe",
        "ecr:GetAuthorizationToken",
        "ecs:DeregisterTaskDefinition",
        "ecs:DescribeTaskDefinition",
        "elasticloadbalancing:Describe",
        "logs:DescribeLogGroups",
        "ssmmessages:",
    ];
    each(|stack, id, kind, properties| {
        if kind == "AWS::KMS::Key" {
            return;
        }
        for statement in statements(properties) {
            if texts(&statement["Resource"])
                .iter()
                .any(|resource| resource == "*")
            {
                for action in texts(&statement["Action"]) {
                    assert!(
                        without_resources.iter().any(|known| action.starts_with(known)),
                        "{} {id}: {action}",
                        stack.name
                    );
                }
            }
        }
    });
}

#[test]
fn every_role_is_taken_by_one_service_for_this_account() {
    each(|stack, id, kind, properties| {
        if kind != "AWS::IAM::Role" {
            return;
        }
        let trust = &properties["AssumeRolePolicyDocument"]["Statement"];
        assert_eq!(trust.as_array().unwrap().len(), 1, "{} {id}", stack.name);
        let trust = &trust[0];
        assert!(trust["Principal"]["Service"].is_string(), "{} {id}", stack.name);
        let condition = &trust["Condition"];
        // CloudFormation is not documented to say for which account it acts, see `deploy_role.rs`.
        let operator = if trust["Principal"]["Service"] == "cloudformation.amazonaws.com" {
            "StringEqualsIfExists"
        } else {
            assert!(
                condition["ArnLike"]["aws:SourceArn"].is_object(),
                "{} {id}",
                stack.name
            );
            "StringEquals"
        };
        assert_eq!(
            condition[operator]["aws:SourceAccount"]["Ref"], "AWS::AccountId",
            "{} {id}",
            stack.name
        );
    });
}

#[test]
fn roles_are_handed_only_to_the_services_that_they_are_for() {
    let mut seen = 0;
    each(|stack, id, _, properties| {
        for statement in statements(properties) {
            if texts(&statement["Action"])
                .iter()
                .any(|action| action == "iam:PassRole")
            {
                seen += 1;
                assert!(
                    statement["Condition"]["StringEquals"]["iam:PassedToService"].is_string(),
                    "{} {id}",
                    stack.name
                );
                assert!(
                    !texts(&statement["Resource"]).contains(&"*".to_owned()),
                    "{} {id}",
                    stack.name
                );
            }
        }
    });
    assert!(seen >= 8, "only {seen}");
}

#[test]
fn app_stacks_hold_no_roles() {
    each(|stack, id, kind, _| {
        assert!(
            stack.kind != StackKind::App || !kind.starts_with("AWS::IAM::"),
            "{} {id}",
            stack.name
        );
    });
}

#[test]
fn what_holds_data_is_encrypted_and_kept_as_it_should_be() {
    each(|stack, id, kind, properties| {
        if let Some((_, property)) = ENCRYPTED.iter().find(|(other, _)| *other == kind) {
            assert!(
                properties.get(*property).is_some(),
                "{} {id}: {property}",
                stack.name
            );
        }
        let resource = &stack.template.json()["Resources"][id];
        match kind {
            "AWS::ECR::Repository" => {
                assert_eq!(properties["ImageTagMutability"], "IMMUTABLE");
                assert_eq!(properties["ImageScanningConfiguration"]["ScanOnPush"], true);
                assert_eq!(resource["DeletionPolicy"], "RetainExceptOnCreate");
            }
            "AWS::S3::Bucket" => {
                assert_eq!(resource["DeletionPolicy"], "RetainExceptOnCreate");
                assert_eq!(properties["VersioningConfiguration"]["Status"], "Enabled");
                assert!(
                    !properties["LifecycleConfiguration"]["Rules"]
                        .as_array()
                        .unwrap()
                        .is_empty()
                );
                let block = properties["PublicAccessBlockConfiguration"].as_object().unwrap();
                assert!(block.len() == 4 && block.values().all(|on| on == true));
            }
            "AWS::Logs::LogGroup" => assert!(properties["RetentionInDays"].is_u64(), "{} {id}", stack.name),
            "AWS::KMS::Key" => assert_eq!(properties["EnableKeyRotation"], true),
            _ => {}
        }
    });
}

#[test]
fn everything_that_can_be_is_tagged() {
    each(|stack, id, kind, properties| {
        let tags = &properties["Tags"];
        let environment = match tags {
            Json::Array(list) => list
                .iter()
                .find(|tag| tag["Key"] == "environment")
                .map(|tag| tag["Value"].clone()),
            Json::Object(map) => map.get("environment").cloned(),
            _ => None,
        };
        assert_eq!(
            environment.is_some(),
            !UNTAGGED.contains(&kind),
            "{} {id} ({kind})",
            stack.name
        );
        if let Some(environment) = environment {
            assert_eq!(environment, stack.tags["environment"].as_str());
        }
    });
}

#[test]
fn the_task_is_what_the_description_says() {
    let containers = service::containers(Runtime::Task);
    let mut tasks = 0;
    each(|_, _, kind, properties| {
        if kind != "AWS::ECS::TaskDefinition" {
            return;
        }
        tasks += 1;
        let definitions = properties["ContainerDefinitions"].as_array().unwrap();
        let names: Vec<_> = definitions
            .iter()
            .map(|one| one["Name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["proxy", "app"]);
        for definition in definitions {
            let container = containers
                .iter()
                .find(|one| definition["Name"] == one.name)
                .unwrap();
            assert_eq!(definition["PortMappings"][0]["ContainerPort"], container.port);
            assert_eq!(definition["User"], container.user);
            assert_eq!(definition["ReadonlyRootFilesystem"], true);
            assert_eq!(definition["LinuxParameters"]["Capabilities"]["Drop"][0], "ALL");
            assert_eq!(definition["StopTimeout"], container.stop.timeout.as_secs());
            let command = texts(&definition["HealthCheck"]["Command"]);
            assert_eq!(command[0], "CMD");
            assert_eq!(command[1..], container.health.command);
            let first = definition["DependsOn"][0]["ContainerName"].as_str();
            assert_eq!(first, container.starts_after);
            for variable in &container.environment {
                let set = definition["Environment"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|other| other["Name"] == variable.name);
                assert!(set, "{} {}", container.name, variable.name);
            }
        }
    });
    assert_eq!(tasks, 6);
}

#[test]
fn the_proxy_is_the_only_target_and_counts_are_left_to_scaling() {
    each(|stack, id, kind, properties| match kind {
        "AWS::ECS::Service" => {
            let targets = properties["LoadBalancers"].as_array().unwrap();
            assert_eq!(targets.len(), 1);
            assert_eq!(targets[0]["ContainerName"], "proxy");
            assert_eq!(targets[0]["ContainerPort"], service::PROXY_PORT);
            assert!(properties.get("DesiredCount").is_none(), "{} {id}", stack.name);
            let rolling = properties["DeploymentConfiguration"]["Strategy"] == "ROLLING";
            assert_eq!(
                properties["DeploymentConfiguration"]["DeploymentCircuitBreaker"].is_object(),
                rolling
            );
        }
        "AWS::ElasticLoadBalancingV2::TargetGroup" => {
            assert_eq!(properties["Port"], service::PROXY_PORT);
            assert_eq!(properties["HealthCheckPath"], service::PROXY_HEALTH_PATH);
        }
        "AWS::EC2::SecurityGroupIngress" if id == "TaskIngress" => {
            assert_eq!(properties["FromPort"], service::PROXY_PORT);
            assert_eq!(properties["ToPort"], service::PROXY_PORT);
            assert!(properties["SourceSecurityGroupId"].is_object());
        }
        "AWS::ApplicationAutoScaling::ScalableTarget" => {
            for action in properties["ScheduledActions"].as_array().unwrap() {
                let schedule = action["Schedule"].as_str().unwrap();
                assert_eq!(schedule.split_whitespace().count(), 6, "{schedule}");
                assert!(action["ScalableTargetAction"].get("MaxCapacity").is_none());
            }
        }
        _ => {}
    });
}

#[test]
fn the_builds_use_the_image_that_the_dockerfiles_build_in() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut seen = 0;
    each(|_, id, kind, properties| {
        if kind != "AWS::CodeBuild::Project" {
            return;
        }
        let environment = &properties["Environment"];
        // Docker in a container needs it, and what compiles this project's own code must not have it.
        assert_eq!(environment["PrivilegedMode"], id == "ImagesProject");
        let image = match id {
            "SynthProject" => environment["Image"].as_str(),
            "ImagesProject" => environment["EnvironmentVariables"].as_array().and_then(|list| {
                list.iter().find(|variable| variable["Name"] == "BUILDER")?["Value"].as_str()
            }),
            _ => return,
        };
        seen += 1;
        let image = image.unwrap();
        for dockerfile in ["Dockerfile.app", "Dockerfile.proxy"] {
            let text = fs_err::read_to_string(root.join(dockerfile)).unwrap();
            assert!(
                text.contains(&format!("ARG BUILDER={image}\n")),
                "{dockerfile}: {image}"
            );
        }
    });
    assert_eq!(seen, 6);
}
