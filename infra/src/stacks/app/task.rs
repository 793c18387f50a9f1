//! The task: the two containers as `service.rs` describes them, in the words of ECS.

use super::Inputs;
use crate::cfn::ec2::Protocol;
use crate::cfn::ecs::{
    AwsLogsOptions, Capabilities, Capability, Compatibility, ContainerDefinition, ContainerDependency,
    CpuArchitecture, DependencyCondition, HealthCheck, KeyValue, LinuxParameters, LogConfiguration,
    LogDriver, LogMode, NetworkMode, OperatingSystem, PortMapping, RestartPolicy, RuntimePlatform,
    TaskDefinition, VersionConsistency,
};
use crate::cfn::{Handle, TemplateBuilder, Text, Value, literal, logs, region, text};
use crate::service::{self, Container};
use crate::settings::{Architecture, EnvironmentName, Settings};
use crate::stacks::app::Shared;
use crate::stacks::foundation::capitalized;
use crate::stacks::names::Names;

/// Adds the task definition, with a log group for each container. The first container is the essential one in the
/// console's eyes, and the one that the load balancer asks: the proxy.
pub(super) fn build(
    template: &mut TemplateBuilder,
    settings: &Settings,
    names: &Names,
    name: EnvironmentName,
    inputs: &Inputs,
    url: &Value<Text>,
    containers: &[&Container],
) -> Handle<TaskDefinition> {
    let its = settings.environment(name);
    let definitions = containers
        .iter()
        .map(|container| {
            let id = capitalized(container.name);
            let repository: Value<Text> = Shared {
                template,
                parameter: |what| names.shared_parameter(what),
            }
            .take(
                &format!("{id}Repository"),
                "String",
                &format!("{}-repository-uri", container.name),
            );
            let group = template.add(
                format!("{id}Logs"),
                &logs::LogGroup {
                    log_group_name: names.log_group(name, container.name).into(),
                    retention_in_days: its.log_days,
                    kms_key_id: inputs.log_key.clone(),
                },
            );
            let image = text([repository, ":".into(), inputs.image_tag.clone()]);
            definition(container, image, &group, url)
        })
        .collect();
    template.add(
        "TaskDefinition",
        &TaskDefinition {
            // Said, so that the revisions of one service can be listed.
            family: names.prefixed(name.as_str()).into(),
            requires_compatibilities: vec![Compatibility::Fargate],
            network_mode: NetworkMode::Awsvpc,
            cpu: literal(its.cpu),
            memory: literal(its.memory),
            runtime_platform: RuntimePlatform {
                cpu_architecture: match settings.project.architecture {
                    Architecture::Arm64 => CpuArchitecture::Arm64,
                    Architecture::X86_64 => CpuArchitecture::X86_64,
                },
                operating_system_family: OperatingSystem::Linux,
            },
            execution_role_arn: inputs.execution_role.clone(),
            task_role_arn: inputs.task_role.clone(),
            container_definitions: definitions,
        },
    )
}

fn definition(
    container: &Container,
    image: Value<Text>,
    group: &Handle<logs::LogGroup>,
    url: &Value<Text>,
) -> ContainerDefinition {
    let health = &container.health;
    let command = ["CMD".to_owned()]
        .into_iter()
        .chain(health.command.iter().cloned());
    ContainerDefinition {
        name: container.name.to_owned(),
        image,
        command: container.command.iter().map(|&word| word.to_owned()).collect(),
        essential: true,
        user: container.user.to_owned(),
        readonly_root_filesystem: container.read_only_root,
        linux_parameters: LinuxParameters {
            // Passes signals on and buries children, so that the program need not.
            init_process_enabled: true,
            capabilities: Capabilities {
                drop: vec![Capability::All],
            },
        },
        port_mappings: vec![PortMapping {
            container_port: container.port,
            protocol: Protocol::Tcp,
        }],
        environment: container
            .environment
            .iter()
            .map(|variable| KeyValue {
                name: variable.name.to_owned(),
                value: match &variable.value {
                    service::Value::Text(text) => text.as_str().into(),
                    service::Value::PublicUrl => url.clone(),
                },
            })
            .collect(),
        health_check: HealthCheck {
            command: command.collect(),
            interval: health.interval.as_secs(),
            timeout: health.timeout.as_secs(),
            retries: health.retries,
            start_period: health.start_period.as_secs(),
        },
        // The other way round on a stop: the app is told after the proxy has ended.
        depends_on: container
            .starts_after
            .map(|other| ContainerDependency {
                container_name: other.to_owned(),
                condition: DependencyCondition::Healthy,
            })
            .into_iter()
            .collect(),
        stop_timeout: container.stop.timeout.as_secs(),
        // A proxy that died is back in a second; a new task would take a minute. One that ends well was asked to.
        restart_policy: container.published.then(|| RestartPolicy {
            enabled: true,
            ignored_exit_codes: vec![0],
            restart_attempt_period: 60,
        }),
        version_consistency: VersionConsistency::Enabled,
        log_configuration: LogConfiguration {
            log_driver: LogDriver::Awslogs,
            options: AwsLogsOptions {
                awslogs_group: group.name(),
                awslogs_region: region(),
                awslogs_stream_prefix: container.name.to_owned(),
                // A site that cannot write its logs should go on answering.
                mode: LogMode::NonBlocking,
                max_buffer_size: "25m".to_owned(),
            },
        },
    }
}
