//! What runs, and who reaches it.

use std::path::Path;

use infra::service::{self, Runtime};

use super::{each, texts};

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

#[test]
fn only_the_doors_of_load_balancers_are_open_to_everybody() {
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
            // Rules stand alone, where they can be read; one that lets everything out would be there by default.
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
    // Three load balancers as it is by default; with everything switched on two of them have a second door.
    assert_eq!((doors, groups), (8, 13));
}
