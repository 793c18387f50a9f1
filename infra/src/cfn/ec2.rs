//! Networks: VPC, subnets, routes, security groups.

use serde::Serialize;

use super::value::{Text, Value, Values};
use super::{Arn, Handle, Resource, Tagging};

/// Kind of the id of a VPC.
#[derive(Clone, Copy, Debug)]
pub enum VpcId {}
/// Kind of the id of a subnet.
#[derive(Clone, Copy, Debug)]
pub enum SubnetId {}
/// Kind of the id of a route table.
#[derive(Clone, Copy, Debug)]
pub enum RouteTableId {}
/// Kind of the id of a security group.
#[derive(Clone, Copy, Debug)]
pub enum SecurityGroupId {}
/// Kind of the id of an elastic address.
#[derive(Clone, Copy, Debug)]
pub enum AllocationId {}

/// A network of our own.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Vpc {
    pub cidr_block: Value<Text>,
    pub enable_dns_hostnames: bool,
    pub enable_dns_support: bool,
}

impl Resource for Vpc {
    const TYPE: &'static str = "AWS::EC2::VPC";
    const TAGGING: Tagging = Tagging::NamedList;
}

impl Handle<Vpc> {
    /// Its id.
    pub fn id(&self) -> Value<VpcId> {
        self.reference()
    }
}

/// A part of a network, in one availability zone.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Subnet {
    pub vpc_id: Value<VpcId>,
    pub availability_zone: Value<Text>,
    pub cidr_block: Value<Text>,
    pub map_public_ip_on_launch: bool,
}

impl Resource for Subnet {
    const TYPE: &'static str = "AWS::EC2::Subnet";
    const TAGGING: Tagging = Tagging::NamedList;
}

impl Handle<Subnet> {
    /// Its id.
    pub fn id(&self) -> Value<SubnetId> {
        self.reference()
    }
}

/// The way to the internet.
#[derive(Clone, Debug, Serialize)]
pub struct InternetGateway {}

impl Resource for InternetGateway {
    const TYPE: &'static str = "AWS::EC2::InternetGateway";
    const TAGGING: Tagging = Tagging::NamedList;
}

/// Puts the internet gateway into the VPC.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct VpcGatewayAttachment {
    pub vpc_id: Value<VpcId>,
    pub internet_gateway_id: Value<InternetGateway>,
}

impl Resource for VpcGatewayAttachment {
    const TYPE: &'static str = "AWS::EC2::VPCGatewayAttachment";
    const TAGGING: Tagging = Tagging::None;
}

impl Handle<InternetGateway> {
    /// Its id.
    pub fn id(&self) -> Value<InternetGateway> {
        self.reference()
    }
}

/// An address that stays the same.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Eip {
    pub domain: EipDomain,
}

/// Where an elastic address is used.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EipDomain {
    /// In a VPC; the other kind is gone.
    Vpc,
}

impl Resource for Eip {
    const TYPE: &'static str = "AWS::EC2::EIP";
    const TAGGING: Tagging = Tagging::NamedList;
}

impl Handle<Eip> {
    /// What a NAT gateway wants to know of it.
    pub fn allocation_id(&self) -> Value<AllocationId> {
        self.attribute("AllocationId")
    }
}

/// Lets private subnets call out.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct NatGateway {
    pub allocation_id: Value<AllocationId>,
    pub subnet_id: Value<SubnetId>,
}

impl Resource for NatGateway {
    const TYPE: &'static str = "AWS::EC2::NatGateway";
    const TAGGING: Tagging = Tagging::NamedList;
}

impl Handle<NatGateway> {
    /// Its id.
    pub fn id(&self) -> Value<NatGateway> {
        self.reference()
    }
}

/// Routes of one or more subnets.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct RouteTable {
    pub vpc_id: Value<VpcId>,
}

impl Resource for RouteTable {
    const TYPE: &'static str = "AWS::EC2::RouteTable";
    const TAGGING: Tagging = Tagging::NamedList;
}

impl Handle<RouteTable> {
    /// Its id.
    pub fn id(&self) -> Value<RouteTableId> {
        self.reference()
    }
}

/// A subnet follows a route table.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct SubnetRouteTableAssociation {
    pub route_table_id: Value<RouteTableId>,
    pub subnet_id: Value<SubnetId>,
}

impl Resource for SubnetRouteTableAssociation {
    const TYPE: &'static str = "AWS::EC2::SubnetRouteTableAssociation";
    const TAGGING: Tagging = Tagging::None;
}

/// A way out of the network.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct Route {
    pub route_table_id: Value<RouteTableId>,
    pub destination_cidr_block: Value<Text>,
    #[serde(flatten)]
    pub through: RouteTarget,
}

/// Where a route leads.
#[derive(Clone, Debug, Serialize)]
pub enum RouteTarget {
    /// To the internet and back.
    #[serde(rename = "GatewayId")]
    InternetGateway(Value<InternetGateway>),
    /// To the internet, for answers only.
    #[serde(rename = "NatGatewayId")]
    NatGateway(Value<NatGateway>),
}

impl Resource for Route {
    const TYPE: &'static str = "AWS::EC2::Route";
    const TAGGING: Tagging = Tagging::None;
}

/// A way to a service of AWS that does not leave AWS.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct VpcEndpoint {
    pub vpc_id: Value<VpcId>,
    pub service_name: Value<Text>,
    #[serde(flatten)]
    pub kind: EndpointKind,
}

/// How an endpoint is reached.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "VpcEndpointType", rename_all_fields = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub enum EndpointKind {
    /// By a route; free of charge, for S3 and `DynamoDB`.
    Gateway {
        route_table_ids: Vec<Value<RouteTableId>>,
    },
    /// By an address in every subnet; billed per zone and hour.
    Interface {
        subnet_ids: Vec<Value<SubnetId>>,
        security_group_ids: Vec<Value<SecurityGroupId>>,
        private_dns_enabled: bool,
    },
}

impl Resource for VpcEndpoint {
    const TYPE: &'static str = "AWS::EC2::VPCEndpoint";
    const TAGGING: Tagging = Tagging::NamedList;
}

/// A record of who talked to whom.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct FlowLog {
    pub resource_id: Value<VpcId>,
    pub resource_type: FlowLogResource,
    pub traffic_type: TrafficType,
    pub log_destination_type: FlowLogDestination,
    pub log_destination: Value<Arn>,
    pub deliver_logs_permission_arn: Value<Arn>,
    /// Seconds: 60 or 600.
    pub max_aggregation_interval: u32,
}

/// What a flow log watches.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum FlowLogResource {
    /// A whole VPC.
    #[serde(rename = "VPC")]
    Vpc,
}

/// What a flow log writes down.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TrafficType {
    /// Everything.
    All,
    /// What was turned away.
    Reject,
}

/// Where a flow log is written.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlowLogDestination {
    /// A log group.
    CloudWatchLogs,
}

impl Resource for FlowLog {
    const TYPE: &'static str = "AWS::EC2::FlowLog";
    const TAGGING: Tagging = Tagging::NamedList;
}

/// Who may talk to a resource. Its rules are resources of their own, so that two groups can name each other.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct SecurityGroup {
    pub vpc_id: Value<VpcId>,
    pub group_description: String,
    /// Without any rule here CloudFormation would allow everything outwards.
    pub security_group_egress: Vec<InlineEgress>,
}

/// A rule inside a group, see [`SecurityGroup::security_group_egress`].
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct InlineEgress {
    pub cidr_ip: Value<Text>,
    pub ip_protocol: Protocol,
    pub from_port: u16,
    pub to_port: u16,
    pub description: String,
}

impl Resource for SecurityGroup {
    const TYPE: &'static str = "AWS::EC2::SecurityGroup";
    const TAGGING: Tagging = Tagging::NamedList;
}

impl Handle<SecurityGroup> {
    /// Its id.
    pub fn id(&self) -> Value<SecurityGroupId> {
        self.attribute("GroupId")
    }
}

/// A protocol of a rule.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Protocol {
    Tcp,
    Udp,
    Icmp,
}

/// A rule for what comes in.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct SecurityGroupIngress {
    pub group_id: Value<SecurityGroupId>,
    pub ip_protocol: Protocol,
    pub from_port: u16,
    pub to_port: u16,
    #[serde(flatten)]
    pub from: IngressSource,
    pub description: String,
}

/// From where a rule lets in.
#[derive(Clone, Debug, Serialize)]
pub enum IngressSource {
    /// These addresses.
    #[serde(rename = "CidrIp")]
    Addresses(Value<Text>),
    /// Members of another group.
    #[serde(rename = "SourceSecurityGroupId")]
    Group(Value<SecurityGroupId>),
}

impl Resource for SecurityGroupIngress {
    const TYPE: &'static str = "AWS::EC2::SecurityGroupIngress";
    const TAGGING: Tagging = Tagging::None;
}

/// A rule for what goes out.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "CloudFormation's names; its documentation says more")]
pub struct SecurityGroupEgress {
    pub group_id: Value<SecurityGroupId>,
    pub ip_protocol: Protocol,
    pub from_port: u16,
    pub to_port: u16,
    pub destination_security_group_id: Value<SecurityGroupId>,
    pub description: String,
}

impl Resource for SecurityGroupEgress {
    const TYPE: &'static str = "AWS::EC2::SecurityGroupEgress";
    const TAGGING: Tagging = Tagging::None;
}

/// Subnets of a service or a load balancer.
pub type Subnets = Values<SubnetId>;
