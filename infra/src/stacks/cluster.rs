//! Cluster stack: network, ECS cluster, task roles, shared values.
//!
//! Roles are here and not in the app stacks, so that deploying an app needs no right to create roles. They are not in
//! the pipeline stacks, since CloudFormation needs a stack's role for as long as the stack exists.

use super::alerts;
use super::deploy_role::{self, Surroundings};
use super::domain;
use super::execution_role;
use super::foundation::{capitalized, share, share_as};
use super::keys::{account_administers_key, logs_use_key, only_services_get_grants};
use super::names::Names;
use super::network::{self, FlowLogPlace, Network};
use crate::cfn::ec2::Subnet;
use crate::cfn::ecs::{
    CapacityProvider, Cluster, ClusterSetting, ClusterSettingName, ContainerInsights, StrategyItem,
};
use crate::cfn::{
    Arn, Handle, PolicyDocument, Principal, Retention, Statement, TemplateBuilder, Text, Value, With,
    account, iam, kms, partition, s3, ssm, text,
};
use crate::settings::{ClusterName, EnvironmentName, Insights, Settings};

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

    let ecs_cluster = ecs_cluster(template, cluster, its.insights);
    let topic = alerts::build(
        template,
        names,
        cluster,
        &ecs_cluster,
        &key,
        &settings.release.email,
    );
    let access_logs = access_log_bucket(template, cluster, its.log_days);
    let execution_role = execution_role::shared(template, names, cluster);
    // Created for every strategy, so that a pipeline can change the strategy without updating the cluster.
    let traffic_role = traffic_role(template);

    share_subnets(template, names, cluster, &network);
    let mut own = |id, parameter, description, value: Value<Text>| {
        share(
            template,
            id,
            names.cluster_parameter(cluster, parameter),
            description,
            &value,
        );
    };
    own(
        "ClusterName",
        "cluster-name",
        "ECS cluster",
        ecs_cluster.name().text(),
    );
    let arn = execution_role.arn().text();
    own(
        "ExecutionRoleArn",
        "execution-role-arn",
        "Task execution role",
        arn,
    );
    own(
        "LogKeyArn",
        "log-key-arn",
        "Encrypts log groups and alerts",
        key.arn().text(),
    );
    own(
        "TopicArn",
        "topic-arn",
        "Topic for alarms and failures",
        topic.arn().text(),
    );
    let arn = traffic_role.arn().text();
    own(
        "TrafficRoleArn",
        "traffic-role-arn",
        "Role with which ECS shifts traffic",
        arn,
    );
    let name = access_logs.name().text();
    own(
        "AccessLogBucket",
        "access-log-bucket",
        "Bucket for load balancer access logs",
        name,
    );
    own("VpcId", "vpc-id", "VPC", network.vpc.id().text());
    let roles = Roles {
        execution: execution_role.arn(),
        traffic: traffic_role.arn(),
    };
    for environment in cluster.environments() {
        environment_roles(
            template,
            settings,
            names,
            environment,
            &ecs_cluster,
            &network,
            &roles,
        );
    }
}

/// Roles of the cluster that are shared by its environments.
struct Roles {
    execution: Value<Arn>,
    traffic: Value<Arn>,
}

/// Adds the task role and the deploy role of an environment.
fn environment_roles(
    template: &mut TemplateBuilder,
    settings: &Settings,
    names: &Names,
    environment: EnvironmentName,
    ecs_cluster: &Handle<Cluster>,
    network: &Network,
    roles: &Roles,
) {
    let task_role = task_role(template, environment);
    let own = execution_role::own(template, settings, names, environment);
    let execution = own.map_or_else(|| roles.execution.clone(), |role| role.arn());
    let surroundings = Surroundings {
        cluster: ecs_cluster.name(),
        vpc: network.vpc.id(),
        to_tasks: vec![execution, task_role.arn()],
        to_ecs: roles.traffic.clone(),
        families: names.families(settings, environment),
        domain: domain::share_zone(template, settings, names, environment),
    };
    let deploy_role = deploy_role::build(template, names, environment, &surroundings);
    let id = capitalized(environment.as_str());
    let mut share_role = |what, parameter: &str, description, role: &Handle<iam::Role>| {
        let name = names.cluster_parameter(environment.cluster(), parameter);
        share(
            template,
            &format!("{id}{what}"),
            name,
            description,
            &role.arn().text(),
        );
    };
    share_role(
        "TaskRoleArn",
        &task_role_parameter(environment),
        "Task role",
        &task_role,
    );
    let description = "Role with which CloudFormation deploys the app stack";
    share_role(
        "DeployRoleArn",
        &deploy_role::parameter(environment),
        description,
        &deploy_role,
    );
}

/// Returns the short name under which a task role is shared.
pub(super) fn task_role_parameter(environment: EnvironmentName) -> String {
    format!("{environment}-task-role-arn")
}

fn ecs_cluster(template: &mut TemplateBuilder, cluster: ClusterName, insights: Insights) -> Handle<Cluster> {
    let with = match insights {
        Insights::Disabled => {
            With::default().except("CKV_AWS_65", "Container Insights is disabled in the settings")
        }
        Insights::Enabled | Insights::Enhanced => With::default(),
    };
    template.add_with(
        "Cluster",
        &Cluster {
            capacity_providers: vec![CapacityProvider::Fargate, CapacityProvider::FargateSpot],
            // Used by tasks started without a strategy; our services set one.
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
        },
        with,
    )
}

fn share_subnets(template: &mut TemplateBuilder, names: &Names, cluster: ClusterName, network: &Network) {
    for (id, parameter, subnets) in [
        ("PublicSubnets", "public-subnets", &network.public_subnets),
        ("PrivateSubnets", "private-subnets", &network.private_subnets),
    ] {
        share_as(
            template,
            id,
            names.cluster_parameter(cluster, parameter),
            "Subnets, one per zone",
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

/// Adds the key for all log groups of the cluster and its apps, and for its topic.
fn log_key(template: &mut TemplateBuilder, names: &Names) -> Handle<kms::Key> {
    template.add(
        "LogKey",
        &kms::Key {
            description: "Encrypts log groups and alerts".to_owned(),
            enable_key_rotation: true,
            pending_window_in_days: 30,
            key_policy: PolicyDocument::new(
                [
                    account_administers_key(),
                    only_services_get_grants(),
                    logs_use_key(names),
                ]
                .into_iter()
                .chain(alerts::publishers_use_key()),
            ),
        },
    )
}

fn access_log_bucket(template: &mut TemplateBuilder, cluster: ClusterName, days: u16) -> Handle<s3::Bucket> {
    let bucket = template.add_with(
        "AccessLogs",
        // Load balancers support only SSE-S3 for access logs.
        &super::artifacts::bucket(s3::Encryption::S3, days),
        With::default().retention(Retention::Keep).except(
            "CKV_AWS_18",
            "It holds access logs; logging access to it would need another bucket",
        ),
    );
    // Load balancers write under their prefix (the environment) and the account ID.
    let files = cluster.environments().map(|environment| {
        text([
            bucket.arn().text(),
            format!("/{environment}/AWSLogs/").into(),
            account(),
            "/*".into(),
        ])
    });
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
                    .on::<Arn>(files),
            ]),
        },
    );
    bucket
}

/// Adds the task role of an environment. It has no policy, since the site calls no AWS API.
fn task_role(template: &mut TemplateBuilder, environment: EnvironmentName) -> Handle<iam::Role> {
    template.add(
        format!("{}TaskRole", capitalized(environment.as_str())),
        &iam::Role::new(
            format!("Task role of {environment}"),
            [execution_role::trust_tasks()],
        ),
    )
}

fn traffic_role(template: &mut TemplateBuilder) -> Handle<iam::Role> {
    template.add(
        "TrafficRole",
        &iam::Role {
            description: "Lets ECS shift traffic between two target groups".to_owned(),
            // Without conditions, as in the AWS documentation: ECS documents no source account for this role. The right
            // to pass it is restricted instead.
            assume_role_policy_document: PolicyDocument::new([
                Statement::allow(["sts:AssumeRole"]).to(Principal::Service("ecs.amazonaws.com"))
            ]),
            managed_policy_arns: vec![text([
                "arn:".into(),
                partition(),
                ":iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers".into(),
            ])],
        },
    )
}
