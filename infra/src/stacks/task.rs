//! Task definitions, generated from the containers in `service.rs`.

use super::IMAGE_TAG_PARAMETER;
use super::RUN_TASK_DEFINITION;
use super::execution_role;
use super::foundation::capitalized;
use super::names::Names;
use super::shared::Shared;
use crate::cfn::ec2::Protocol;
use crate::cfn::ecs::{
    AwsLogsOptions, Capabilities, Capability, Compatibility, ContainerDefinition, ContainerDependency,
    CpuArchitecture, DependencyCondition, HealthCheck, KeyValue, LinuxParameters, LogConfiguration,
    LogDriver, LogMode, NetworkMode, OperatingSystem, PortMapping, RestartPolicy, RuntimePlatform,
    SecretReference, TaskDefinition, VersionConsistency,
};
use crate::cfn::{Arn, Handle, Parameter, TemplateBuilder, Text, Value, literal, logs, region, text};
use crate::service::{self, Container};
use crate::settings::{Architecture, EnvironmentName, Settings};

/// First part of the log stream names of one-off tasks.
pub(super) const RUN_STREAM_PREFIX: &str = "run";

/// Values that every task of an environment needs.
pub(super) struct Inputs {
    execution_role: Value<Arn>,
    task_role: Value<Arn>,
    image_tag: Value<Text>,
}

impl Inputs {
    /// Imports the roles, and adds the parameter with the image tag.
    pub(super) fn take(
        template: &mut TemplateBuilder,
        settings: &Settings,
        names: &Names,
        name: EnvironmentName,
    ) -> Self {
        let [execution_role, task_role] = roles(template, settings, names, name, "");
        Self {
            execution_role,
            task_role,
            image_tag: template.parameter(
                IMAGE_TAG_PARAMETER,
                &Parameter::required(
                    "Release: image tag (commit) to run",
                    "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$",
                    "must be a valid image tag",
                ),
            ),
        }
    }
}

/// Imports execution role and task role of an environment, as parameters whose names begin with `prefix`.
pub(super) fn roles(
    template: &mut TemplateBuilder,
    settings: &Settings,
    names: &Names,
    name: EnvironmentName,
    prefix: &str,
) -> [Value<Arn>; 2] {
    let mut of_cluster = Shared {
        template,
        parameter: |what| names.cluster_parameter(name.cluster(), what),
    };
    [
        ("ExecutionRoleArn", execution_role::parameter(settings, name)),
        ("TaskRoleArn", super::cluster::task_role_parameter(name)),
    ]
    .map(|(id, what)| of_cluster.take(&format!("{prefix}{id}"), "String", &what))
}

/// What the stack keeps of its task definitions.
pub(super) struct Tasks {
    /// Task definition of the service.
    pub(super) service: Handle<TaskDefinition>,
    /// Log groups, in the order of the containers.
    pub(super) logs: Vec<Handle<logs::LogGroup>>,
}

/// Adds the task definitions and a log group per container, in the order of `containers`. The proxy comes first, as the load
/// balancer's target.
///
/// One-off tasks have a definition of their own: `RunTask` cannot omit the proxy, and would wait for its health.
pub(super) fn build(
    template: &mut TemplateBuilder,
    settings: &Settings,
    names: &Names,
    name: EnvironmentName,
    inputs: &Inputs,
    url: &Value<Text>,
    containers: &[&Container],
) -> Tasks {
    let its = settings.environment(name);
    let log_key: Value<Arn> = Shared {
        template,
        parameter: |what| names.cluster_parameter(name.cluster(), what),
    }
    .take("LogKeyArn", "String", "log-key-arn");
    let mut groups = Vec::new();
    let definitions: Vec<_> = containers
        .iter()
        .map(|container| {
            let group = template.add(
                format!("{}Logs", capitalized(container.name)),
                &logs::LogGroup {
                    log_group_name: names.log_group(name, container.name).into(),
                    retention_in_days: its.log_days,
                    kms_key_id: log_key.clone(),
                },
            );
            let url = Some(url);
            let definition = definition(template, names, name, inputs, container, group.name(), url);
            groups.push(group);
            definition
        })
        .collect();
    let [app, _] = service::CONTAINERS;
    let once = definitions
        .iter()
        .filter(|definition| definition.name == app)
        .map(run_once)
        .collect();
    let run_family = names.run_family(name);
    template.add(
        RUN_TASK_DEFINITION,
        &of_family(settings, name, inputs, run_family, once),
    );
    let family = names.family(name);
    let service = template.add(
        "TaskDefinition",
        &of_family(settings, name, inputs, family, definitions),
    );
    Tasks {
        service,
        logs: groups,
    }
}

/// Returns the task definition of a family.
pub(super) fn of_family(
    settings: &Settings,
    name: EnvironmentName,
    inputs: &Inputs,
    family: String,
    container_definitions: Vec<ContainerDefinition>,
) -> TaskDefinition {
    let its = settings.environment(name);
    TaskDefinition {
        // An explicit family lets the revisions be listed.
        family: family.into(),
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
        container_definitions,
    }
}

/// Changes the container of a service to one of a one-off task: no clients, no health, no restarts.
pub(super) fn run_once(definition: &ContainerDefinition) -> ContainerDefinition {
    let mut once = definition.clone();
    once.port_mappings.clear();
    once.health_check = None;
    once.restart_policy = None;
    once.depends_on.clear();
    // Distinguishes the streams from those of the service, in the same log group.
    RUN_STREAM_PREFIX.clone_into(&mut once.log_configuration.options.awslogs_stream_prefix);
    once
}

/// Only prod is indexed by search engines.
fn indexing(environment: EnvironmentName) -> &'static str {
    match environment {
        EnvironmentName::Prod => service::INDEXING_ALLOW,
        EnvironmentName::Dev | EnvironmentName::Staging => service::INDEXING_DENY,
    }
}

/// Returns the definition of a container, and imports its image repository. Without a `url` it has no variable for one.
pub(super) fn definition(
    template: &mut TemplateBuilder,
    names: &Names,
    environment: EnvironmentName,
    inputs: &Inputs,
    container: &Container,
    awslogs_group: Value<logs::LogGroupName>,
    url: Option<&Value<Text>>,
) -> ContainerDefinition {
    let repository: Value<Text> = Shared {
        template,
        parameter: |what| names.shared_parameter(what),
    }
    .take(
        &format!("{}Repository", capitalized(container.name)),
        "String",
        &format!("{}-repository-uri", container.name),
    );
    ContainerDefinition {
        name: container.name.to_owned(),
        image: text([repository, ":".into(), inputs.image_tag.clone()]),
        command: container.command.clone(),
        essential: true,
        user: container.user.to_owned(),
        readonly_root_filesystem: container.read_only_root,
        linux_parameters: LinuxParameters {
            // Forwards signals and reaps child processes.
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
            .filter_map(|variable| {
                Some(KeyValue {
                    name: variable.name.clone(),
                    value: match &variable.value {
                        service::Value::Text(text) => text.as_str().into(),
                        service::Value::PublicUrl => url?.clone(),
                        service::Value::Indexing => indexing(environment).into(),
                        service::Value::Release => inputs.image_tag.clone(),
                        service::Value::Secret(_) => return None,
                    },
                })
            })
            .collect(),
        secrets: container
            .environment
            .iter()
            .filter_map(|variable| match &variable.value {
                service::Value::Secret(secret) => Some(SecretReference {
                    name: variable.name.clone(),
                    value_from: execution_role::value_from(secret),
                }),
                _ => None,
            })
            .collect(),
        health_check: container.health.as_ref().map(|health| HealthCheck {
            command: ["CMD".to_owned()]
                .into_iter()
                .chain(health.command.iter().cloned())
                .collect(),
            interval: health.interval.as_secs(),
            timeout: health.timeout.as_secs(),
            retries: health.retries,
            start_period: health.start_period.as_secs(),
        }),
        // Containers stop in reverse order: the app receives its signal after the proxy has exited.
        depends_on: container
            .starts_after
            .map(|first| ContainerDependency {
                container_name: first.container.to_owned(),
                condition: if first.healthy {
                    DependencyCondition::Healthy
                } else {
                    DependencyCondition::Start
                },
            })
            .into_iter()
            .collect(),
        stop_timeout: container.stop.timeout.as_secs(),
        // Restarting a crashed proxy takes a second, replacing the task a minute. Exit code 0 means it was stopped.
        restart_policy: container.published.then(|| RestartPolicy {
            enabled: true,
            ignored_exit_codes: vec![0],
            restart_attempt_period: 60,
        }),
        version_consistency: VersionConsistency::Enabled,
        log_configuration: LogConfiguration {
            log_driver: LogDriver::Awslogs,
            options: AwsLogsOptions {
                awslogs_group,
                awslogs_region: region(),
                awslogs_stream_prefix: container.name.to_owned(),
                // Logging must not block responses.
                mode: LogMode::NonBlocking,
                max_buffer_size: "25m".to_owned(),
            },
        },
    }
}
