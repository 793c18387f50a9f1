//! App stack of an environment: load balancer, task, service, scaling, alarms.
//!
//! It contains no roles and no desired count. Values of other stacks come from SSM through parameters.

mod alarms;
mod balancer;
mod dashboard;
mod proxy_metrics;
mod queries;
mod scaling;

use super::domain;
use super::foundation::share;
use super::names::Names;
use super::shared::Shared;
use super::{URL_OUTPUT, task};
use crate::cfn::cloudwatch::Alarm;
use crate::cfn::ec2::{
    IngressSource, InlineEgress, Protocol, SecurityGroup, SecurityGroupEgress, SecurityGroupId,
    SecurityGroupIngress, SubnetId, VpcId,
};
use crate::cfn::ecs::{
    AdvancedConfiguration, AwsvpcConfiguration, CanaryConfiguration, CapacityProvider, CircuitBreaker,
    ClusterName as EcsClusterName, ControllerType, DeploymentAlarms, DeploymentConfiguration,
    DeploymentController, LoadBalancer, NetworkConfiguration, PropagateTags, Service, Strategy, StrategyItem,
    Switch, ThresholdConfiguration, ThresholdType,
};
use crate::cfn::elbv2::TargetGroup;
use crate::cfn::{Arn, Handle, TemplateBuilder, Value, Values, With, literal, s3};
use crate::service::{self, Container, Runtime};
use crate::settings::{
    CertificateSource, Cluster, Deployment, Environment, EnvironmentName, Insights, Settings,
};

/// Values imported from other stacks.
struct Inputs {
    vpc: Value<VpcId>,
    public_subnets: Value<SubnetId>,
    private_subnets: Value<SubnetId>,
    cluster: Value<EcsClusterName>,
    access_logs: Value<s3::BucketName>,
    traffic_role: Option<Value<Arn>>,
    topic: Value<Arn>,
    task: task::Inputs,
    certificate: Option<domain::Source>,
}

/// Minutes for which both task sets run after all traffic has been shifted.
const BAKE_MINUTES: u16 = 5;

pub(super) fn build(
    template: &mut TemplateBuilder,
    settings: &Settings,
    names: &Names,
    name: EnvironmentName,
) {
    let its = settings.environment(name);
    let inputs = inputs(template, settings, names, name);
    let [app, mut proxy] = its.service.containers(Runtime::Task);
    if its.metrics {
        proxy
            .environment
            .extend(service::metrics(names.project(), name.as_str()));
    }

    // Prod has no smoke test.
    if settings.release.smoke_test.is_some() && name != EnvironmentName::Prod {
        proxy.environment.push(service::release());
    }

    let groups = security_groups(template, &inputs, its, settings.cluster(name.cluster()), &proxy);
    share(
        template,
        "TaskSecurityGroup",
        names.task_security_group_parameter(name),
        "Security group of the tasks",
        &groups.tasks.text(),
    );
    let balancer = balancer::build(template, its, &inputs, &groups.balancer, name, &proxy);
    let tasks = task::build(
        template,
        settings,
        names,
        name,
        &inputs.task,
        &balancer.url,
        &[&proxy, &app],
    );
    queries::build(template, names, name, &tasks.logs);
    let alarms = alarms::build(template, names, name, its, &inputs.topic, &balancer);
    let share = alarms::share_of_errors(template, names, name, its, &inputs.topic, &balancer);

    let service = template.add_with(
        "Service",
        &Service {
            cluster: inputs.cluster.clone(),
            task_definition: tasks.service.arn(),
            capacity_provider_strategy: capacity(its),
            platform_version: "LATEST",
            availability_zone_rebalancing: Switch::Enabled,
            deployment_controller: DeploymentController {
                r#type: ControllerType::Ecs,
            },
            deployment_configuration: DeploymentConfiguration {
                strategy: strategy(its.deployment),
                // Keeps full capacity during a deployment.
                minimum_healthy_percent: 100,
                maximum_percent: 200,
                alarms: Some(DeploymentAlarms {
                    alarm_names: alarms.iter().map(Handle::<Alarm>::name).collect(),
                    enable: true,
                    rollback: true,
                }),
            },
            enable_ecs_managed_tags: true,
            propagate_tags: PropagateTags::Service,
            // Covers the health checks of both containers; the proxy starts after the app is healthy.
            health_check_grace_period_seconds: 60,
            network_configuration: NetworkConfiguration {
                awsvpc_configuration: AwsvpcConfiguration {
                    assign_public_ip: Switch::Disabled,
                    security_groups: vec![groups.tasks],
                    subnets: Values::List(inputs.private_subnets.clone()),
                },
            },
            load_balancers: vec![LoadBalancer {
                container_name: proxy.name.to_owned(),
                container_port: proxy.port,
                target_group_arn: balancer.target_group.arn(),
                advanced_configuration: balancer.alternate.as_ref().zip(inputs.traffic_role.clone()).map(
                    |(alternate, role_arn)| AdvancedConfiguration {
                        alternate_target_group_arn: alternate.target_group.arn(),
                        production_listener_rule: alternate.rule.arn(),
                        role_arn,
                    },
                ),
            }],
        },
        // ECS rejects a target group that no listener uses.
        With::default().after(&balancer.listener),
    );
    scaling::build(template, its, &inputs.cluster, &service, &balancer);
    if its.metrics {
        let insights = settings.cluster(name.cluster()).insights != Insights::Disabled;
        let alarms = alarms.iter().map(Handle::<Alarm>::arn).chain([share.arn()]);
        let subjects = subjects(&inputs, &balancer, &service, alarms.collect(), insights);
        dashboard::build(template, names, name, &subjects);
    }

    template.output(URL_OUTPUT, "URL of the site", &balancer.url);
    template.output(
        "LoadBalancerDNS",
        "Target of the domain's DNS record",
        &balancer.itself.dns_name(),
    );
}

/// Returns what the dashboard shows.
fn subjects(
    inputs: &Inputs,
    balancer: &balancer::Balancer,
    service: &Handle<Service>,
    alarms: Vec<Value<Arn>>,
    insights: bool,
) -> dashboard::Subjects {
    let alternate = balancer.alternate.as_ref().map(|other| &other.target_group);
    let groups = [Some(&balancer.target_group), alternate];
    dashboard::Subjects {
        load_balancer: balancer.itself.full_name(),
        target_groups: groups
            .into_iter()
            .flatten()
            .map(Handle::<TargetGroup>::full_name)
            .collect(),
        cluster: inputs.cluster.text(),
        service: service.name(),
        alarms,
        insights,
    }
}

fn inputs(
    template: &mut TemplateBuilder,
    settings: &Settings,
    names: &Names,
    name: EnvironmentName,
) -> Inputs {
    let cluster = name.cluster();
    let certificate = settings.environment(name).certificate.as_ref();
    let mut of_cluster = Shared {
        template,
        parameter: |what| names.cluster_parameter(cluster, what),
    };
    Inputs {
        vpc: of_cluster.take("VpcId", "AWS::EC2::VPC::Id", "vpc-id"),
        public_subnets: of_cluster.take("PublicSubnets", SUBNETS, "public-subnets"),
        private_subnets: of_cluster.take("PrivateSubnets", SUBNETS, "private-subnets"),
        cluster: of_cluster.take("ClusterName", "String", "cluster-name"),
        access_logs: of_cluster.take("AccessLogBucket", "String", "access-log-bucket"),
        traffic_role: (settings.environment(name).deployment != Deployment::Rolling)
            .then(|| of_cluster.take("TrafficRoleArn", "String", "traffic-role-arn")),
        topic: of_cluster.take("TopicArn", "String", "topic-arn"),
        certificate: certificate.map(|certificate| match &certificate.source {
            CertificateSource::Existing { arn } => domain::Source::Existing(arn.as_str().into()),
            CertificateSource::Zone(_) => {
                domain::Source::Zone(of_cluster.take("HostedZoneId", "String", &domain::shared_zone(name)))
            }
        }),
        task: task::Inputs::take(template, settings, names, name),
    }
}

const SUBNETS: &str = "List<AWS::EC2::Subnet::Id>";

/// Security groups of the load balancer and of the tasks.
struct Groups {
    balancer: Value<SecurityGroupId>,
    tasks: Value<SecurityGroupId>,
}

fn security_groups(
    template: &mut TemplateBuilder,
    inputs: &Inputs,
    settings: &Environment,
    cluster: &Cluster,
    proxy: &Container,
) -> Groups {
    let balancer = template.add_with(
        "LoadBalancerSecurityGroup",
        &SecurityGroup {
            vpc_id: inputs.vpc.clone(),
            group_description: "Load balancer: inbound from the internet, outbound to tasks only".to_owned(),
            security_group_egress: vec![super::network::deny_egress()],
        },
        With::default(),
    );
    let tasks = template.add(
        "TaskSecurityGroup",
        &SecurityGroup {
            vpc_id: inputs.vpc.clone(),
            group_description: "Tasks: inbound from the load balancer only".to_owned(),
            security_group_egress: egress_of_tasks(cluster),
        },
    );
    // With a certificate, port 80 redirects to 443.
    let ports = [80]
        .into_iter()
        .chain(settings.certificate.is_some().then_some(443));
    for port in ports {
        template.add_with(
            format!("LoadBalancerIngress{port}"),
            &SecurityGroupIngress {
                group_id: balancer.id(),
                ip_protocol: Protocol::Tcp,
                from_port: port,
                to_port: port,
                from: IngressSource::Addresses("0.0.0.0/0".into()),
                description: "HTTP and HTTPS clients".to_owned(),
            },
            public_port(port),
        );
    }
    template.add(
        "LoadBalancerEgress",
        &SecurityGroupEgress {
            group_id: balancer.id(),
            ip_protocol: Protocol::Tcp,
            from_port: proxy.port,
            to_port: proxy.port,
            destination_security_group_id: tasks.id(),
            description: "Requests and health checks to the proxy".to_owned(),
        },
    );
    template.add(
        "TaskIngress",
        &SecurityGroupIngress {
            group_id: tasks.id(),
            ip_protocol: Protocol::Tcp,
            from_port: proxy.port,
            to_port: proxy.port,
            from: IngressSource::Group(balancer.id()),
            description: "Requests and health checks from the load balancer".to_owned(),
        },
    );
    Groups {
        balancer: balancer.id(),
        tasks: tasks.id(),
    }
}

/// DNS needs no rule: security groups do not filter the VPC resolver.
fn egress_of_tasks(cluster: &Cluster) -> Vec<InlineEgress> {
    let rule = |cidr_ip, port, description: &str| InlineEgress {
        cidr_ip,
        ip_protocol: Protocol::Tcp,
        from_port: port,
        to_port: port,
        description: description.to_owned(),
    };
    let https = "HTTPS: image pulls, logs, outbound calls of the site";
    let within = cluster.egress_ports.iter().map(|port| {
        rule(
            literal(cluster.cidr),
            *port,
            "Services within the VPC, such as a database",
        )
    });
    [rule("0.0.0.0/0".into(), 443, https)]
        .into_iter()
        .chain(within)
        .collect()
}

fn public_port(port: u16) -> With {
    if port == 80 {
        With::default().except(
            "CKV_AWS_260",
            "Public web site: port 80 serves or redirects to HTTPS",
        )
    } else {
        With::default()
    }
}

fn strategy(deployment: Deployment) -> Strategy {
    match deployment {
        Deployment::Rolling => Strategy::Rolling {
            deployment_circuit_breaker: CircuitBreaker {
                enable: true,
                rollback: true,
                // The default threshold lets a failing deployment run for more than an hour.
                threshold_configuration: ThresholdConfiguration {
                    r#type: ThresholdType::Count,
                    value: 3,
                },
            },
        },
        Deployment::BlueGreen => Strategy::BlueGreen {
            bake_time_in_minutes: BAKE_MINUTES,
        },
        Deployment::Canary => Strategy::Canary {
            bake_time_in_minutes: BAKE_MINUTES,
            canary_configuration: CanaryConfiguration {
                canary_percent: 10,
                canary_bake_time_in_minutes: BAKE_MINUTES,
            },
        },
    }
}

/// One task on Fargate; the others are divided by weight.
fn capacity(settings: &Environment) -> Vec<StrategyItem> {
    let spot = settings.spot_percent;
    let item = |capacity_provider, base, weight| StrategyItem {
        capacity_provider,
        base,
        weight,
    };
    match spot {
        0 => vec![item(CapacityProvider::Fargate, 0, 1)],
        100 => vec![
            item(CapacityProvider::Fargate, 1, 0),
            item(CapacityProvider::FargateSpot, 0, 1),
        ],
        _ => vec![
            item(CapacityProvider::Fargate, 1, 100 - spot),
            item(CapacityProvider::FargateSpot, 0, spot),
        ],
    }
}
