//! An installation of the service: load balancer, task, service, scaling, alarms.
//!
//! It holds no roles, no names of other stacks and no desired count. What it needs of its cluster comes in by
//! parameters, which take their values from SSM.

mod balancer;
mod scaling;
mod task;

use super::names::Names;
use super::{IMAGE_TAG_PARAMETER, URL_OUTPUT};
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
use crate::cfn::{Arn, Parameter, TemplateBuilder, Text, Value, Values, With, s3};
use crate::service::{self, Container, Runtime};
use crate::settings::{Deployment, Environment, EnvironmentName, Settings};

/// What the stack takes from others.
struct Inputs {
    vpc: Value<VpcId>,
    public_subnets: Value<SubnetId>,
    private_subnets: Value<SubnetId>,
    cluster: Value<EcsClusterName>,
    execution_role: Value<Arn>,
    task_role: Value<Arn>,
    log_key: Value<Arn>,
    access_logs: Value<s3::BucketName>,
    traffic_role: Option<Value<Arn>>,
    image_tag: Value<Text>,
}

/// Minutes for which both releases stay up after all visitors have moved.
const BAKE_MINUTES: u16 = 5;

pub(super) fn build(
    template: &mut TemplateBuilder,
    settings: &Settings,
    names: &Names,
    name: EnvironmentName,
) {
    let its = settings.environment(name);
    let inputs = inputs(template, settings, names, name);
    let [app, proxy] = service::containers(Runtime::Task);

    let groups = security_groups(template, &inputs, its, &proxy);
    let balancer = balancer::build(template, its, &inputs, &groups.balancer, name, &proxy);
    let task = task::build(
        template,
        settings,
        names,
        name,
        &inputs,
        &balancer.url,
        &[&proxy, &app],
    );
    let alarms = scaling::alarms(template, names, name, its, &balancer);

    let service = template.add_with(
        "Service",
        &Service {
            cluster: inputs.cluster.clone(),
            task_definition: task.arn(),
            capacity_provider_strategy: capacity(its),
            platform_version: "LATEST",
            availability_zone_rebalancing: Switch::Enabled,
            deployment_controller: DeploymentController {
                r#type: ControllerType::Ecs,
            },
            deployment_configuration: DeploymentConfiguration {
                strategy: strategy(its.deployment),
                // Never fewer tasks than before, so that a deployment is not felt.
                minimum_healthy_percent: 100,
                maximum_percent: 200,
                alarms: Some(DeploymentAlarms {
                    alarm_names: alarms,
                    enable: true,
                    rollback: true,
                }),
            },
            enable_ecs_managed_tags: true,
            enable_execute_command: its.exec,
            propagate_tags: PropagateTags::Service,
            // Covers the health checks of the containers too, of which the proxy's begins after the app's.
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
        // A target group that no listener uses has no load balancer, which ECS refuses.
        With::default().after(&balancer.listener),
    );
    scaling::build(template, its, &inputs.cluster, &service, &balancer);

    template.output(URL_OUTPUT, "Where visitors come", &balancer.url);
    template.output(
        "LoadBalancerDNS",
        "Where the site's domain name should point to",
        &balancer.itself.dns_name(),
    );
}

fn inputs(
    template: &mut TemplateBuilder,
    settings: &Settings,
    names: &Names,
    name: EnvironmentName,
) -> Inputs {
    let cluster = name.cluster();
    let mut of_cluster = Shared {
        template,
        parameter: |what| names.cluster_parameter(cluster, what),
    };
    Inputs {
        vpc: of_cluster.take("VpcId", "AWS::EC2::VPC::Id", "vpc-id"),
        public_subnets: of_cluster.take("PublicSubnets", SUBNETS, "public-subnets"),
        private_subnets: of_cluster.take("PrivateSubnets", SUBNETS, "private-subnets"),
        cluster: of_cluster.take("ClusterName", "String", "cluster-name"),
        execution_role: of_cluster.take("ExecutionRoleArn", "String", "execution-role-arn"),
        task_role: of_cluster.take("TaskRoleArn", "String", "task-role-arn"),
        log_key: of_cluster.take("LogKeyArn", "String", "log-key-arn"),
        access_logs: of_cluster.take("AccessLogBucket", "String", "access-log-bucket"),
        traffic_role: (settings.environment(name).deployment != Deployment::Rolling)
            .then(|| of_cluster.take("TrafficRoleArn", "String", "traffic-role-arn")),
        image_tag: template.parameter(
            IMAGE_TAG_PARAMETER,
            &Parameter::required(
                "The release: tag of the images to run, which is a commit",
                "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$",
                "must be the tag of an image",
            ),
        ),
    }
}

const SUBNETS: &str = "List<AWS::EC2::Subnet::Id>";

/// Takes what another stack shares.
pub(super) struct Shared<'a, F: Fn(&str) -> String> {
    pub(super) template: &'a mut TemplateBuilder,
    /// From a short name to that of the SSM parameter.
    pub(super) parameter: F,
}

impl<F: Fn(&str) -> String> Shared<'_, F> {
    /// A parameter `id` of the type `kind`, with the value that was shared as `what`.
    pub(super) fn take<T>(&mut self, id: &str, kind: &str, what: &str) -> Value<T> {
        let parameter = Parameter::from_ssm("Shared by another stack", kind, &(self.parameter)(what));
        self.template.parameter(id, &parameter)
    }
}

/// Security groups of the load balancer and of the tasks.
struct Groups {
    balancer: Value<SecurityGroupId>,
    tasks: Value<SecurityGroupId>,
}

fn security_groups(
    template: &mut TemplateBuilder,
    inputs: &Inputs,
    settings: &Environment,
    proxy: &Container,
) -> Groups {
    let balancer = template.add_with(
        "LoadBalancerSecurityGroup",
        &SecurityGroup {
            vpc_id: inputs.vpc.clone(),
            group_description: "Load balancer: reached by everybody, reaches only tasks".to_owned(),
            security_group_egress: vec![nowhere()],
        },
        With::default(),
    );
    let tasks = template.add(
        "TaskSecurityGroup",
        &SecurityGroup {
            vpc_id: inputs.vpc.clone(),
            group_description: "Tasks: reached by the load balancer alone".to_owned(),
            // Images, logs and whatever the site calls. DNS needs no rule: the VPC answers it itself.
            security_group_egress: vec![InlineEgress {
                cidr_ip: "0.0.0.0/0".into(),
                ip_protocol: Protocol::Tcp,
                from_port: 443,
                to_port: 443,
                description: "HTTPS: images, logs, and what the site may call one day".to_owned(),
            }],
        },
    );
    // With a certificate port 80 stays open, to send visitors on to 443.
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
                description: "Visitors".to_owned(),
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
            description: "Requests and health checks, to the proxy".to_owned(),
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
            description: "Requests and health checks, from the load balancer".to_owned(),
        },
    );
    Groups {
        balancer: balancer.id(),
        tasks: tasks.id(),
    }
}

fn public_port(port: u16) -> With {
    if port == 80 {
        With::default().except(
            "CKV_AWS_260",
            "A public web site: port 80 answers or sends on to HTTPS",
        )
    } else {
        With::default()
    }
}

/// A rule that lets nothing out. A group without rules would get one that lets everything out.
pub(super) fn nowhere() -> InlineEgress {
    InlineEgress {
        cidr_ip: "127.0.0.1/32".into(),
        ip_protocol: Protocol::Icmp,
        from_port: 252,
        to_port: 86,
        description: "Nothing by itself; rules of their own say what".to_owned(),
    }
}

fn strategy(deployment: Deployment) -> Strategy {
    match deployment {
        Deployment::Rolling => Strategy::Rolling {
            deployment_circuit_breaker: CircuitBreaker {
                enable: true,
                rollback: true,
                // Without it a deployment that cannot succeed goes on for an hour and more.
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

/// One task on capacity that stays, the others shared out by weight.
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
