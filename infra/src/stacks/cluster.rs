//! A cluster: its network, where tasks run, the roles that tasks have, and what the app stacks in it share.
//!
//! Roles are here and not in the app stacks, so that whoever deploys an app may not make roles, only hand these two
//! to tasks.

use super::foundation::{share, share_as};
use super::keys::{account_manages_it, logs_may_use_it};
use super::names::{Names, local_arn, local_arn_of};
use super::network::{self, FlowLogPlace, Network};
use crate::cfn::ec2::Subnet;
use crate::cfn::ecs::{
    CapacityProvider, Cluster, ClusterConfiguration, ClusterSetting, ClusterSettingName, ContainerInsights,
    ExecuteCommandConfiguration, ExecuteCommandLogConfiguration, ExecuteCommandLogging, StrategyItem,
};
use crate::cfn::{
    Arn, Condition, Handle, PolicyDocument, Principal, Retention, Statement, TemplateBuilder, Text, Value,
    With, account, iam, kms, logs, partition, s3, ssm, text,
};
use crate::service::{self, Runtime};
use crate::settings::{ClusterName, Deployment, EnvironmentName, Insights, Settings};

pub(super) fn build(
    template: &mut TemplateBuilder,
    settings: &Settings,
    names: &Names,
    cluster: ClusterName,
) {
    let its = settings.cluster(cluster);
    let key = log_key(template, names);
    let place = FlowLogPlace {
        names,
        cluster,
        key: key.arn(),
    };
    let network = network::build(template, its, &place);

    let exec_log = template.add(
        "ExecLogGroup",
        &logs::LogGroup {
            log_group_name: names.cluster_log_group(cluster, "exec").into(),
            retention_in_days: its.log_days,
            kms_key_id: key.arn(),
        },
    );
    let ecs_cluster = ecs_cluster(template, cluster, its.insights, &exec_log, &key);
    let access_logs = access_log_bucket(template, its.log_days);
    let execution_role = execution_role(template, names, cluster);
    let task_role = task_role(template, settings, cluster, &exec_log, &key);

    tell(template, names, cluster, &network);
    let values: [(&str, &str, &str, Value<Text>); 6] = [
        (
            "ClusterName",
            "cluster-name",
            "Where tasks run",
            ecs_cluster.name().text(),
        ),
        (
            "ExecutionRoleArn",
            "execution-role-arn",
            "What ECS may do to start tasks",
            execution_role.arn().text(),
        ),
        (
            "TaskRoleArn",
            "task-role-arn",
            "What tasks may do",
            task_role.arn().text(),
        ),
        (
            "LogKeyArn",
            "log-key-arn",
            "Encrypts log groups",
            key.arn().text(),
        ),
        (
            "AccessLogBucket",
            "access-log-bucket",
            "Where load balancers write their access logs",
            access_logs.name().text(),
        ),
        ("VpcId", "vpc-id", "The network", network.vpc.id().text()),
    ];
    for (id, parameter, description, value) in values {
        share(
            template,
            id,
            names.cluster_parameter(cluster, parameter),
            description,
            &value,
        );
    }
    if needs_traffic_role(settings, cluster) {
        let role = traffic_role(template);
        share(
            template,
            "TrafficRoleArn",
            names.cluster_parameter(cluster, "traffic-role-arn"),
            "How ECS moves traffic between two target groups",
            &role.arn().text(),
        );
    }
}

fn ecs_cluster(
    template: &mut TemplateBuilder,
    cluster: ClusterName,
    insights: Insights,
    exec_log: &Handle<logs::LogGroup>,
    key: &Handle<kms::Key>,
) -> Handle<Cluster> {
    let with = match insights {
        Insights::Disabled => {
            With::default().except("CKV_AWS_65", "The settings switch container insights off")
        }
        Insights::Enabled | Insights::Enhanced => With::default(),
    };
    template.add_with(
        "Cluster",
        &Cluster {
            capacity_providers: vec![CapacityProvider::Fargate, CapacityProvider::FargateSpot],
            // For whatever is started without saying where; our services say it.
            default_capacity_provider_strategy: vec![StrategyItem {
                capacity_provider: match cluster {
                    ClusterName::Dev => CapacityProvider::FargateSpot,
                    ClusterName::Prod => CapacityProvider::Fargate,
                },
                base: u16::from(cluster == ClusterName::Prod),
                weight: 1,
            }],
            cluster_settings: vec![ClusterSetting {
                name: ClusterSettingName::ContainerInsights,
                value: match insights {
                    Insights::Enhanced => ContainerInsights::Enhanced,
                    Insights::Enabled => ContainerInsights::Enabled,
                    Insights::Disabled => ContainerInsights::Disabled,
                },
            }],
            configuration: ClusterConfiguration {
                // What is typed in a container is recorded, where it is allowed at all.
                execute_command_configuration: ExecuteCommandConfiguration {
                    kms_key_id: key.arn(),
                    logging: ExecuteCommandLogging::Override,
                    log_configuration: ExecuteCommandLogConfiguration {
                        cloud_watch_encryption_enabled: true,
                        cloud_watch_log_group_name: exec_log.name(),
                    },
                },
            },
        },
        with,
    )
}

fn tell(template: &mut TemplateBuilder, names: &Names, cluster: ClusterName, network: &Network) {
    for (id, parameter, subnets) in [
        ("PublicSubnets", "public-subnets", &network.public_subnets),
        ("PrivateSubnets", "private-subnets", &network.private_subnets),
    ] {
        share_as(
            template,
            id,
            names.cluster_parameter(cluster, parameter),
            "Subnets, one in each zone",
            &joined(subnets),
            ssm::ParameterType::StringList,
        );
    }
}

fn joined(subnets: &[Handle<Subnet>]) -> Value<Text> {
    let parts = subnets.iter().enumerate().flat_map(|(index, subnet)| {
        let comma: Value<Text> = if index == 0 { "" } else { "," }.into();
        [comma, subnet.id().text()]
    });
    text(parts)
}

/// One key for all log groups of the cluster and of the apps in it.
fn log_key(template: &mut TemplateBuilder, names: &Names) -> Handle<kms::Key> {
    template.add(
        "LogKey",
        &kms::Key {
            description: "Encrypts log groups".to_owned(),
            enable_key_rotation: true,
            pending_window_in_days: 30,
            key_policy: PolicyDocument::new([account_manages_it(), logs_may_use_it(names)]),
        },
    )
}

fn access_log_bucket(template: &mut TemplateBuilder, days: u16) -> Handle<s3::Bucket> {
    let bucket = template.add_with(
        "AccessLogs",
        // Load balancers cannot write with a key of ours.
        &super::artifacts::bucket(s3::Encryption::S3, days),
        With::default().retention(Retention::Keep).except(
            "CKV_AWS_18",
            "It holds access logs; a log of who read them would need a log of its own",
        ),
    );
    let files = text([bucket.arn().text(), "/*".into()]);
    template.add(
        "AccessLogsPolicy",
        &s3::BucketPolicy {
            bucket: bucket.name(),
            policy_document: PolicyDocument::new([
                super::artifacts::tls_only(&bucket),
                Statement::allow(["s3:PutObject"])
                    .named("LoadBalancersMayWrite")
                    .to(Principal::Service(
                        "logdelivery.elasticloadbalancing.amazonaws.com",
                    ))
                    .on::<Arn>([files])
                    .when(Condition::arn_like(
                        "aws:SourceArn",
                        local_arn_of("elasticloadbalancing", "loadbalancer/*"),
                    ))
                    .when(Condition::equals("aws:SourceAccount", account())),
            ]),
        },
    );
    bucket
}

/// Only for tasks of this cluster's account and region.
fn trust_tasks() -> PolicyDocument {
    PolicyDocument::new([Statement::trust(
        "ecs-tasks.amazonaws.com",
        &local_arn_of("ecs", "*"),
    )])
}

fn execution_role(template: &mut TemplateBuilder, names: &Names, cluster: ClusterName) -> Handle<iam::Role> {
    let role = template.add(
        "ExecutionRole",
        &iam::Role {
            description: "What ECS may do to start tasks: pull their images, write their logs".to_owned(),
            assume_role_policy_document: trust_tasks(),
            managed_policy_arns: Vec::new(),
        },
    );
    let containers = service::containers(Runtime::Task);
    let repositories = containers
        .iter()
        .map(|container| local_arn_of("ecr", &format!("repository/{}", names.repository(container.name))));
    let groups = EnvironmentName::ALL
        .into_iter()
        .filter(|environment| environment.cluster() == cluster)
        .flat_map(|environment| {
            containers
                .iter()
                .map(move |container| names.log_group(environment, container.name))
        })
        .map(|name| local_arn("logs", [format!("log-group:{name}:*").into()]));
    template.add(
        "ExecutionPolicy",
        &iam::Policy {
            policy_name: "start-tasks".into(),
            policy_document: PolicyDocument::new([
                // Knows no resources.
                Statement::allow(["ecr:GetAuthorizationToken"]).on_any(),
                Statement::allow([
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ])
                .on(repositories),
                Statement::allow(["logs:CreateLogStream", "logs:PutLogEvents"]).on(groups),
            ]),
            roles: vec![role.name()],
        },
    );
    role
}

/// The site asks nothing of AWS, so that its role may nothing, unless people may run commands in containers.
fn task_role(
    template: &mut TemplateBuilder,
    settings: &Settings,
    cluster: ClusterName,
    exec_log: &Handle<logs::LogGroup>,
    key: &Handle<kms::Key>,
) -> Handle<iam::Role> {
    let role = template.add(
        "TaskRole",
        &iam::Role {
            description: "What the containers themselves may do".to_owned(),
            assume_role_policy_document: trust_tasks(),
            managed_policy_arns: Vec::new(),
        },
    );
    let exec = EnvironmentName::ALL
        .into_iter()
        .any(|name| name.cluster() == cluster && settings.environment(name).exec);
    if exec {
        template.add(
            "ExecPolicy",
            &iam::Policy {
                policy_name: "run-commands".into(),
                policy_document: PolicyDocument::new([
                    // These know no resources.
                    Statement::allow([
                        "ssmmessages:CreateControlChannel",
                        "ssmmessages:CreateDataChannel",
                        "ssmmessages:OpenControlChannel",
                        "ssmmessages:OpenDataChannel",
                        "logs:DescribeLogGroups",
                    ])
                    .on_any(),
                    Statement::allow([
                        "logs:CreateLogStream",
                        "logs:DescribeLogStreams",
                        "logs:PutLogEvents",
                    ])
                    .on([exec_log.arn()]),
                    Statement::allow(["kms:Decrypt"]).on([key.arn()]),
                ]),
                roles: vec![role.name()],
            },
        );
    }
    role
}

/// True if an app in this cluster has its traffic moved by ECS.
pub(super) fn needs_traffic_role(settings: &Settings, cluster: ClusterName) -> bool {
    EnvironmentName::ALL
        .into_iter()
        .any(|name| name.cluster() == cluster && settings.environment(name).deployment != Deployment::Rolling)
}

fn traffic_role(template: &mut TemplateBuilder) -> Handle<iam::Role> {
    template.add(
        "TrafficRole",
        &iam::Role {
            description: "Lets ECS move traffic between two target groups".to_owned(),
            assume_role_policy_document: PolicyDocument::new([Statement::trust(
                "ecs.amazonaws.com",
                &local_arn_of("ecs", "service/*"),
            )]),
            managed_policy_arns: vec![text([
                "arn:".into(),
                partition(),
                ":iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers".into(),
            ])],
        },
    )
}
