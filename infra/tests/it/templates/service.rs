//! Service, network access, builds, names.

use std::collections::BTreeSet;
use std::path::Path;

use infra::service::{self, Container, Runtime, Value};
use infra::settings::{EXAMPLE, EnvironmentName, Settings};
use infra::stacks::{Graph, RUN_TASK_DEFINITION, StackKind};

use super::{EVERYTHING, each, graph, texts};

#[test]
fn task_matches_the_service_description() {
    let mut tasks = 0;
    for text in [EXAMPLE, EVERYTHING] {
        let settings = Settings::parse(text).unwrap();
        for name in EnvironmentName::ALL {
            let containers = settings.environment(name).service.containers(Runtime::Task);
            let graph = graph(text);
            let stack = graph.app(name).unwrap();
            for (id, kind, properties) in stack.template.resources() {
                if kind == "AWS::ECS::TaskDefinition" && id != RUN_TASK_DEFINITION {
                    tasks += 1;
                    matches_description(properties, &containers);
                }
            }
        }
    }
    assert_eq!(tasks, 6);
}

fn matches_description(task: &serde_json::Value, containers: &[Container]) {
    let definitions = task["ContainerDefinitions"].as_array().unwrap();
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
        assert_eq!(texts(&definition["Command"]), container.command);
        let command = texts(&definition["HealthCheck"]["Command"]);
        match &container.health {
            Some(health) => {
                assert_eq!(command[0], "CMD");
                assert_eq!(command[1..], health.command);
            }
            None => assert!(definition.get("HealthCheck").is_none()),
        }
        let first = definition["DependsOn"][0]["ContainerName"].as_str();
        assert_eq!(first, container.starts_after.map(|first| first.container));
        for variable in &container.environment {
            let secret = matches!(variable.value, Value::Secret(_));
            let set = definition[if secret { "Secrets" } else { "Environment" }]
                .as_array()
                .unwrap()
                .iter()
                .find(|other| other["Name"] == variable.name)
                .unwrap();
            assert_eq!(set.get("ValueFrom").is_some(), secret, "{}", variable.name);
            if let Value::Text(text) = &variable.value {
                assert_eq!(set["Value"], text.as_str(), "{}", variable.name);
            }
        }
    }
}

#[test]
fn one_off_task_is_the_app_alone() {
    for text in [EXAMPLE, EVERYTHING] {
        let graph = graph(text);
        for name in EnvironmentName::ALL {
            let template = graph.app(name).unwrap().template.json();
            let resources = &template["Resources"];
            let service = &resources["TaskDefinition"]["Properties"];
            let once = &resources[RUN_TASK_DEFINITION]["Properties"];
            for same in [
                "Cpu",
                "Memory",
                "RuntimePlatform",
                "TaskRoleArn",
                "ExecutionRoleArn",
            ] {
                assert_eq!(once[same], service[same], "{same}");
            }
            let family = service["Family"].as_str().unwrap();
            assert_eq!(once["Family"], format!("{family}-run"));
            let containers = once["ContainerDefinitions"].as_array().unwrap();
            assert_eq!(containers.len(), 1);
            // What differs from the container of the service: no clients, no health, its own log streams.
            let mut app = service["ContainerDefinitions"][1].clone();
            let map = app.as_object_mut().unwrap();
            map.remove("PortMappings");
            map.remove("HealthCheck");
            let options = &mut map["LogConfiguration"]["Options"];
            assert_eq!(options["awslogs-stream-prefix"], "app");
            options["awslogs-stream-prefix"] = "run".into();
            assert_eq!(containers[0], app);
        }
    }
}

#[test]
fn proxy_is_the_only_target_without_desired_count() {
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
fn build_images_match_the_dockerfiles() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut seen = 0;
    each(|_, id, kind, properties| {
        if kind != "AWS::CodeBuild::Project" {
            return;
        }
        let environment = &properties["Environment"];
        // Only Docker builds need it; builds that run this project's code must not have it.
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

#[test]
fn only_load_balancers_are_reachable_from_the_internet() {
    let (mut doors, mut groups) = (0, 0);
    each(|stack, id, kind, properties| match kind {
        "AWS::EC2::SecurityGroupIngress" if properties["CidrIp"] == "0.0.0.0/0" => {
            doors += 1;
            let port = properties["FromPort"].as_u64().unwrap();
            assert!(port == 80 || port == 443, "{} {id}: {port}", stack.name);
            assert_eq!(properties["FromPort"], properties["ToPort"]);
            assert_eq!(
                properties["GroupId"]["Fn::GetAtt"][0], "LoadBalancerSecurityGroup",
                "{} {id}",
                stack.name
            );
        }
        "AWS::EC2::SecurityGroup" => {
            groups += 1;
            // Rules are separate resources; without a placeholder a group allows all egress.
            assert!(
                properties.get("SecurityGroupIngress").is_none(),
                "{} {id}",
                stack.name
            );
            let out = properties["SecurityGroupEgress"].as_array().unwrap();
            assert!(
                !out.is_empty() && out.iter().all(|rule| rule["IpProtocol"] != "-1"),
                "{} {id}",
                stack.name
            );
        }
        "AWS::EC2::Subnet" => assert_eq!(properties["MapPublicIpOnLaunch"], false, "{} {id}", stack.name),
        "AWS::ECS::Service" => assert_eq!(
            properties["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"], "DISABLED",
            "{} {id}",
            stack.name
        ),
        _ => {}
    });
    // Three load balancers by default; with all options, each has a second port.
    assert_eq!((doors, groups), (9, 13));
}

#[test]
fn alarms_notify_and_cover_every_target_group() {
    for text in [EXAMPLE, EVERYTHING] {
        for stack in graph(text).stacks() {
            let of = |wanted: &str| -> Vec<_> {
                let all = stack.template.resources();
                all.filter(|(_, kind, _)| *kind == wanted).collect()
            };
            if stack.kind == StackKind::Cluster {
                let [(_, _, rule)] = of("AWS::Events::Rule")[..] else {
                    panic!("{}: no rule", stack.name);
                };
                assert_eq!(
                    rule["EventPattern"]["detail"]["eventName"][0],
                    "SERVICE_DEPLOYMENT_FAILED"
                );
                assert_eq!(rule["Targets"][0]["Arn"]["Ref"], "Topic");
            }
            if stack.kind != StackKind::App {
                continue;
            }
            let alarms = of("AWS::CloudWatch::Alarm");
            for (id, _, alarm) in &alarms {
                assert_eq!(alarm["AlarmActions"][0]["Ref"], "TopicArn", "{} {id}", stack.name);
            }
            let counted = |metric: &str| {
                alarms
                    .iter()
                    .filter(|(_, _, alarm)| alarm["MetricName"] == metric)
                    .count()
            };
            assert_eq!(counted("HTTPCode_ELB_5XX_Count"), 1, "{}", stack.name);
            let groups = of("AWS::ElasticLoadBalancingV2::TargetGroup");
            for (group, _, _) in &groups {
                let watched = alarms.iter().any(|(_, _, alarm)| {
                    alarm["MetricName"] == "UnHealthyHostCount"
                        && alarm["Dimensions"][1]["Value"]["Fn::GetAtt"][0] == *group
                });
                assert!(watched, "{}: no alarm for {group}", stack.name);
            }
            // All alarms roll back deployments, but for the one on the share of errors.
            let service = of("AWS::ECS::Service")[0].2;
            let names = &service["DeploymentConfiguration"]["Alarms"]["AlarmNames"];
            assert_eq!(
                names.as_array().unwrap().len(),
                alarms.len() - 1,
                "{}",
                stack.name
            );
            assert!(!names.to_string().contains("ErrorShareAlarm"), "{}", stack.name);
        }
    }
}

/// Pipelines deploy app stacks only, so that a changed strategy must not need a changed cluster.
#[test]
fn strategy_does_not_change_the_cluster() {
    let clusters = |text: &str| -> Vec<String> {
        let graph = graph(text);
        let all = graph.stacks().iter();
        all.filter(|stack| stack.kind == StackKind::Cluster)
            .map(|stack| stack.body().to_owned())
            .collect()
    };
    for strategy in ["blue-green", "canary"] {
        let changed = EXAMPLE.replace("deployment = \"rolling\"", &format!("deployment = {strategy:?}"));
        assert_ne!(changed, EXAMPLE);
        assert_eq!(clusters(&changed), clusters(EXAMPLE));
    }
}

#[test]
fn pipeline_sets_stack_tags() {
    let mut seen = 0;
    for text in [EXAMPLE, EVERYTHING] {
        let graph = graph(text);
        for stack in graph.stacks() {
            for action in stack.template.resources().flat_map(|(_, _, properties)| {
                let stages = properties["Stages"].as_array().into_iter().flatten();
                stages.flat_map(|stage| stage["Actions"].as_array().into_iter().flatten())
            }) {
                let Some(name) = action["Configuration"]["StackName"].as_str() else {
                    continue;
                };
                seen += 1;
                assert_eq!(
                    action["Configuration"]["TemplateConfiguration"],
                    format!("Templates::{name}.configuration.json")
                );
                let app = graph.get(name).unwrap();
                let file: serde_json::Value = serde_json::from_str(&app.configuration()).unwrap();
                assert_eq!(file, serde_json::json!({ "Tags": app.tags }));
            }
        }
    }
    assert_eq!(seen, 9);
}

/// Returns the names that must be unique in an account and region.
fn names(graph: &Graph) -> BTreeSet<String> {
    let keys = [
        "AlarmName",
        "ConnectionName",
        "Family",
        "LogGroupName",
        "Name",
        "RepositoryName",
    ];
    let all = graph.stacks().iter().flat_map(|stack| {
        let resources = stack.template.resources().flat_map(|(_, kind, properties)| {
            let named = keys.iter().filter_map(|key| properties[*key].as_str());
            named.map(move |name| format!("{kind} {name}"))
        });
        resources.collect::<Vec<_>>()
    });
    all.chain(graph.stacks().iter().map(|stack| format!("stack {}", stack.name)))
        .chain(
            graph
                .stacks()
                .iter()
                .map(|stack| format!("tag {}", stack.tags["project"])),
        )
        .collect()
}

#[test]
fn prefixed_installations_have_disjoint_names() {
    let with = |prefix: &str| {
        let text = EXAMPLE.replace("[project]", &format!("[project]\nstack-prefix = {prefix:?}"));
        let lines: Vec<_> = text
            .lines()
            .filter(|line| !line.starts_with("stack-prefix = \"\""))
            .collect();
        names(&graph(&lines.join("\n")))
    };
    let installations = [
        names(&graph(EXAMPLE)),
        with("Blue-"),
        with("Green"),
        with("AVeryLongNameOfAnInstallation-2"),
    ];
    for (at, one) in installations.iter().enumerate() {
        assert!(one.len() > 60, "{one:?}");
        for other in &installations[at + 1..] {
            let both: Vec<_> = one.intersection(other).collect();
            assert!(both.is_empty(), "{both:?}");
        }
        let connection = one
            .iter()
            .find_map(|name| name.strip_prefix("AWS::CodeConnections::Connection "));
        assert!(connection.is_some_and(|name| name.len() <= 32), "{connection:?}");
    }
}
