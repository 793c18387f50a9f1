//! VPC: public and private subnets per zone, NAT or endpoints, flow log.

use super::names::{Names, local_arn_of};
use crate::cfn::ec2::{
    Eip, EipDomain, EndpointKind, FlowLog, FlowLogDestination, FlowLogResource, IngressSource, InlineEgress,
    InternetGateway, NatGateway, Protocol, Route, RouteTable, RouteTarget, SecurityGroup,
    SecurityGroupIngress, Subnet, SubnetRouteTableAssociation, TrafficType, Vpc, VpcEndpoint,
    VpcGatewayAttachment,
};
use crate::cfn::{
    Arn, Handle, Statement, TemplateBuilder, Text, Value, With, iam, literal, logs, region, text, zone,
};
use crate::settings::{Cluster, ClusterName, Nat};

/// AWS services that a task needs, reached through endpoints if there is no NAT gateway.
pub(super) const ENDPOINTS: [(&str, &str); 5] = [
    ("ecr.api", "EcrApi"),
    ("ecr.dkr", "EcrDkr"),
    ("logs", "Logs"),
    ("ssm", "Ssm"),
    ("secretsmanager", "SecretsManager"),
];

/// Resources of the network used by other parts of the stack.
pub(super) struct Network {
    pub(super) vpc: Handle<Vpc>,
    pub(super) public_subnets: Vec<Handle<Subnet>>,
    pub(super) private_subnets: Vec<Handle<Subnet>>,
}

/// Log group of the flow log.
pub(super) struct FlowLogPlace<'a> {
    pub(super) names: &'a Names,
    pub(super) cluster: ClusterName,
    pub(super) key: Value<Arn>,
}

pub(super) fn build(
    template: &mut TemplateBuilder,
    settings: &Cluster,
    flow_log: &FlowLogPlace<'_>,
) -> Network {
    let vpc = template.add(
        "Vpc",
        &Vpc {
            cidr_block: literal(settings.cidr),
            // Both are required for private DNS of endpoints.
            enable_dns_hostnames: true,
            enable_dns_support: true,
        },
    );
    let internet = template.add("InternetGateway", &InternetGateway {});
    let attachment = template.add(
        "InternetGatewayAttachment",
        &VpcGatewayAttachment {
            vpc_id: vpc.id(),
            internet_gateway_id: internet.id(),
        },
    );
    let public_routes = template.add("PublicRoutes", &RouteTable { vpc_id: vpc.id() });
    template.add_with(
        "PublicRouteOut",
        &Route {
            route_table_id: public_routes.id(),
            destination_cidr_block: "0.0.0.0/0".into(),
            through: RouteTarget::InternetGateway(internet.id()),
        },
        With::default().after(&attachment),
    );

    let mut network = Network {
        vpc: vpc.clone(),
        public_subnets: Vec::new(),
        private_subnets: Vec::new(),
    };
    let mut private_routes = Vec::new();
    let mut nat: Option<Handle<NatGateway>> = None;
    for index in 0..settings.zones {
        let n = index + 1;
        let public = template.add(
            format!("PublicSubnet{n}"),
            &Subnet {
                vpc_id: vpc.id(),
                availability_zone: zone(index),
                cidr_block: literal(settings.cidr.public_subnet(index)),
                // Load balancer and NAT gateways assign their own public addresses.
                map_public_ip_on_launch: false,
            },
        );
        associate(
            template,
            format!("PublicSubnet{n}Routes"),
            &public_routes,
            &public,
        );
        let private = template.add(
            format!("PrivateSubnet{n}"),
            &Subnet {
                vpc_id: vpc.id(),
                availability_zone: zone(index),
                cidr_block: literal(settings.cidr.private_subnet(index)),
                map_public_ip_on_launch: false,
            },
        );
        // One table per zone in every NAT mode, so that changing the mode changes only routes.
        let routes = template.add(format!("PrivateRoutes{n}"), &RouteTable { vpc_id: vpc.id() });
        associate(template, format!("PrivateSubnet{n}Routes"), &routes, &private);

        let own_gateway = match settings.nat {
            Nat::PerZone => true,
            Nat::Single => index == 0,
            Nat::None => false,
        };
        if own_gateway {
            nat = Some(nat_gateway(template, n, &public, &attachment));
        }
        if let Some(nat) = &nat {
            template.add(
                format!("PrivateRoute{n}Out"),
                &Route {
                    route_table_id: routes.id(),
                    destination_cidr_block: "0.0.0.0/0".into(),
                    through: RouteTarget::NatGateway(nat.id()),
                },
            );
        }
        private_routes.push(routes);
        network.public_subnets.push(public);
        network.private_subnets.push(private);
    }

    // Free of charge; image layers are in S3 and would otherwise pass a NAT gateway, which charges by size.
    template.add(
        "S3Endpoint",
        &VpcEndpoint {
            vpc_id: vpc.id(),
            service_name: endpoint("s3"),
            kind: EndpointKind::Gateway {
                route_table_ids: private_routes.iter().map(Handle::<RouteTable>::id).collect(),
            },
        },
    );
    if settings.nat == Nat::None {
        interface_endpoints(template, settings, &network);
    }
    write_flow_log(template, settings, flow_log, &vpc);
    network
}

fn associate(
    template: &mut TemplateBuilder,
    id: String,
    routes: &Handle<RouteTable>,
    subnet: &Handle<Subnet>,
) {
    template.add(
        id,
        &SubnetRouteTableAssociation {
            route_table_id: routes.id(),
            subnet_id: subnet.id(),
        },
    );
}

fn nat_gateway(
    template: &mut TemplateBuilder,
    n: u8,
    public: &Handle<Subnet>,
    attachment: &Handle<VpcGatewayAttachment>,
) -> Handle<NatGateway> {
    let address = template.add_with(
        format!("NatAddress{n}"),
        &Eip {
            domain: EipDomain::Vpc,
        },
        With::default().after(attachment),
    );
    template.add_with(
        format!("NatGateway{n}"),
        &NatGateway {
            allocation_id: address.allocation_id(),
            subnet_id: public.id(),
        },
        // A NAT gateway requires an internet route.
        With::default().after(attachment),
    )
}

fn endpoint(service: &str) -> Value<Text> {
    text(["com.amazonaws.".into(), region(), format!(".{service}").into()])
}

fn interface_endpoints(template: &mut TemplateBuilder, settings: &Cluster, network: &Network) {
    let group = template.add(
        "EndpointSecurityGroup",
        &SecurityGroup {
            vpc_id: network.vpc.id(),
            group_description: "VPC endpoints: inbound from the VPC".to_owned(),
            security_group_egress: vec![deny_egress()],
        },
    );
    template.add(
        "EndpointIngress",
        &SecurityGroupIngress {
            group_id: group.id(),
            ip_protocol: Protocol::Tcp,
            from_port: 443,
            to_port: 443,
            from: IngressSource::Addresses(literal(settings.cidr)),
            description: "HTTPS from the VPC".to_owned(),
        },
    );
    for (service, id) in ENDPOINTS {
        template.add(
            format!("{id}Endpoint"),
            &VpcEndpoint {
                vpc_id: network.vpc.id(),
                service_name: endpoint(service),
                kind: EndpointKind::Interface {
                    subnet_ids: network.private_subnets.iter().map(Handle::<Subnet>::id).collect(),
                    security_group_ids: vec![group.id()],
                    private_dns_enabled: true,
                },
            },
        );
    }
}

fn write_flow_log(
    template: &mut TemplateBuilder,
    settings: &Cluster,
    place: &FlowLogPlace<'_>,
    vpc: &Handle<Vpc>,
) {
    let group = template.add(
        "FlowLogGroup",
        &logs::LogGroup {
            log_group_name: place.names.cluster_log_group(place.cluster, "flow-log").into(),
            retention_in_days: settings.log_days,
            kms_key_id: place.key.clone(),
        },
    );
    let trust = Statement::trust(
        "vpc-flow-logs.amazonaws.com",
        &local_arn_of("ec2", "vpc-flow-log/*"),
    );
    let role = template.add("FlowLogRole", &iam::Role::new("Writes the VPC flow log", [trust]));
    let write = [
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
    ];
    let write = Statement::allow(write).on([group.arn()]);
    template.add("FlowLogPolicy", &iam::Policy::of(&role, "write", [write]));
    template.add(
        "FlowLog",
        &FlowLog {
            resource_id: vpc.id(),
            resource_type: FlowLogResource::Vpc,
            traffic_type: TrafficType::All,
            log_destination_type: FlowLogDestination::CloudWatchLogs,
            log_destination: group.arn(),
            deliver_logs_permission_arn: role.arn(),
            max_aggregation_interval: 600,
        },
    );
}

/// An egress rule without effect. A group without egress rules would get one that allows everything.
pub(super) fn deny_egress() -> InlineEgress {
    InlineEgress {
        cidr_ip: "127.0.0.1/32".into(),
        ip_protocol: Protocol::Icmp,
        from_port: 252,
        to_port: 86,
        description: "Placeholder: separate egress rules apply".to_owned(),
    }
}
