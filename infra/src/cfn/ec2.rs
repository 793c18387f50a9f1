//! EC2 networking: VPC, subnets, routes, endpoints, flow logs, security groups.

#![expect(missing_docs, reason = "documented by CloudFormation")]

use serde::Serialize;

use super::Arn;
use super::value::{Text, Value, Values};

/// Marker type of IDs of VPCs.
#[derive(Clone, Copy, Debug)]
pub enum VpcId {}
/// Marker type of IDs of subnets.
#[derive(Clone, Copy, Debug)]
pub enum SubnetId {}
/// Marker type of IDs of route tables.
#[derive(Clone, Copy, Debug)]
pub enum RouteTableId {}
/// Marker type of IDs of security groups.
#[derive(Clone, Copy, Debug)]
pub enum SecurityGroupId {}
/// Marker type of IDs of elastic IP addresses.
#[derive(Clone, Copy, Debug)]
pub enum AllocationId {}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Vpc {
    pub cidr_block: Value<Text>,
    pub enable_dns_hostnames: bool,
    pub enable_dns_support: bool,
}

resource!(Vpc, "AWS::EC2::VPC", NamedList; id: VpcId = Ref);

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Subnet {
    pub vpc_id: Value<VpcId>,
    pub availability_zone: Value<Text>,
    pub cidr_block: Value<Text>,
    pub map_public_ip_on_launch: bool,
}

resource!(Subnet, "AWS::EC2::Subnet", NamedList; id: SubnetId = Ref);

#[derive(Clone, Debug, Serialize)]
pub struct InternetGateway {}

resource!(InternetGateway, "AWS::EC2::InternetGateway", NamedList; id: InternetGateway = Ref);

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct VpcGatewayAttachment {
    pub vpc_id: Value<VpcId>,
    pub internet_gateway_id: Value<InternetGateway>,
}

resource!(VpcGatewayAttachment, "AWS::EC2::VPCGatewayAttachment", None);

/// An elastic IP address.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Eip {
    pub domain: EipDomain,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EipDomain {
    Vpc,
}

resource!(Eip, "AWS::EC2::EIP", NamedList; allocation_id: AllocationId = "AllocationId");

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NatGateway {
    pub allocation_id: Value<AllocationId>,
    pub subnet_id: Value<SubnetId>,
}

resource!(NatGateway, "AWS::EC2::NatGateway", NamedList; id: NatGateway = Ref);

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RouteTable {
    pub vpc_id: Value<VpcId>,
}

resource!(RouteTable, "AWS::EC2::RouteTable", NamedList; id: RouteTableId = Ref);

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SubnetRouteTableAssociation {
    pub route_table_id: Value<RouteTableId>,
    pub subnet_id: Value<SubnetId>,
}

resource!(
    SubnetRouteTableAssociation,
    "AWS::EC2::SubnetRouteTableAssociation",
    None
);

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Route {
    pub route_table_id: Value<RouteTableId>,
    pub destination_cidr_block: Value<Text>,
    #[serde(flatten)]
    pub through: RouteTarget,
}

/// Target of a route.
#[derive(Clone, Debug, Serialize)]
pub enum RouteTarget {
    /// Inbound and outbound internet access.
    #[serde(rename = "GatewayId")]
    InternetGateway(Value<InternetGateway>),
    /// Outbound internet access only.
    #[serde(rename = "NatGatewayId")]
    NatGateway(Value<NatGateway>),
}

resource!(Route, "AWS::EC2::Route", None);

/// A VPC endpoint for an AWS service.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct VpcEndpoint {
    pub vpc_id: Value<VpcId>,
    pub service_name: Value<Text>,
    #[serde(flatten)]
    pub kind: EndpointKind,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "VpcEndpointType", rename_all_fields = "PascalCase")]
pub enum EndpointKind {
    /// Reached by a route; free of charge, for S3 and `DynamoDB`.
    Gateway {
        route_table_ids: Vec<Value<RouteTableId>>,
    },
    /// Reached by an address per subnet; billed per zone and hour.
    Interface {
        subnet_ids: Vec<Value<SubnetId>>,
        security_group_ids: Vec<Value<SecurityGroupId>>,
        private_dns_enabled: bool,
    },
}

resource!(VpcEndpoint, "AWS::EC2::VPCEndpoint", NamedList);

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct FlowLog {
    pub resource_id: Value<VpcId>,
    pub resource_type: FlowLogResource,
    pub traffic_type: TrafficType,
    pub log_destination_type: FlowLogDestination,
    pub log_destination: Value<Arn>,
    pub deliver_logs_permission_arn: Value<Arn>,
    /// Seconds, 60 or 600.
    pub max_aggregation_interval: u32,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub enum FlowLogResource {
    #[serde(rename = "VPC")]
    Vpc,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TrafficType {
    All,
    Reject,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlowLogDestination {
    CloudWatchLogs,
}

resource!(FlowLog, "AWS::EC2::FlowLog", NamedList);

/// A security group. Its rules are separate resources, so that two groups can reference each other.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SecurityGroup {
    pub vpc_id: Value<VpcId>,
    pub group_description: String,
    /// Without a rule here, CloudFormation allows all outbound traffic.
    pub security_group_egress: Vec<InlineEgress>,
}

/// A rule inside a group, see [`SecurityGroup::security_group_egress`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct InlineEgress {
    pub cidr_ip: Value<Text>,
    pub ip_protocol: Protocol,
    pub from_port: u16,
    pub to_port: u16,
    pub description: String,
}

resource!(SecurityGroup, "AWS::EC2::SecurityGroup", NamedList; id: SecurityGroupId = "GroupId");

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    Tcp,
    Udp,
    Icmp,
}

/// An inbound rule.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SecurityGroupIngress {
    pub group_id: Value<SecurityGroupId>,
    pub ip_protocol: Protocol,
    pub from_port: u16,
    pub to_port: u16,
    #[serde(flatten)]
    pub from: IngressSource,
    pub description: String,
}

/// Source of an inbound rule.
#[derive(Clone, Debug, Serialize)]
pub enum IngressSource {
    #[serde(rename = "CidrIp")]
    Addresses(Value<Text>),
    #[serde(rename = "SourceSecurityGroupId")]
    Group(Value<SecurityGroupId>),
}

resource!(SecurityGroupIngress, "AWS::EC2::SecurityGroupIngress", None);

/// An outbound rule.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct SecurityGroupEgress {
    pub group_id: Value<SecurityGroupId>,
    pub ip_protocol: Protocol,
    pub from_port: u16,
    pub to_port: u16,
    pub destination_security_group_id: Value<SecurityGroupId>,
    pub description: String,
}

resource!(SecurityGroupEgress, "AWS::EC2::SecurityGroupEgress", None);

/// Subnets of a service or a load balancer.
pub type Subnets = Values<SubnetId>;
