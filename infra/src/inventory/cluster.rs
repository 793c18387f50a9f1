//! Cluster stack: network and ECS cluster.

use serde_json::Value as Json;

use super::{count, first, list, number, of_type, words};
use crate::settings::ClusterName;
use crate::stacks::Stack;

/// A network with an ECS cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Stack name.
    pub stack: String,
    /// Cluster name.
    pub name: ClusterName,
    /// CIDR range of the network.
    pub cidr: String,
    /// Availability zones.
    pub zones: Vec<Zone>,
    /// AWS services with an interface endpoint, billed per zone and hour.
    pub endpoints: Vec<String>,
    /// Whether there is a gateway endpoint for S3, free of charge.
    pub s3_endpoint: bool,
    /// Container Insights level.
    pub insights: Insights,
    /// Number of KMS keys.
    pub keys: u32,
    /// Retention of the flow log in days, if there is one.
    pub flow_log_days: Option<u32>,
    /// Access log buckets with their retention in days.
    pub access_log_days: Option<u32>,
}

/// An availability zone of a network.
#[derive(Clone, Debug)]
pub struct Zone {
    /// CIDR range of the public subnet.
    pub public: String,
    /// CIDR range of the private subnet.
    pub private: String,
    /// Whether it has a NAT gateway.
    pub nat: bool,
    /// Whether its tasks use a NAT gateway of any zone.
    pub way_out: bool,
}

/// Container Insights level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insights {
    /// Disabled.
    Off,
    /// Metrics per cluster and service.
    Services,
    /// Metrics per task and container.
    Containers,
}

pub(super) fn read(stack: &Stack, name: ClusterName) -> Cluster {
    let endpoints = of_type(stack, "AWS::EC2::VPCEndpoint");
    let interfaces = endpoints
        .iter()
        .filter(|(_, properties)| properties["VpcEndpointType"] == "Interface")
        .map(|(_, properties)| short_service(&words(&properties["ServiceName"])))
        .collect();
    let days = |id: &str| {
        of_type(stack, "AWS::Logs::LogGroup")
            .iter()
            .find(|(other, _)| *other == id)
            .map(|(_, properties)| number(&properties["RetentionInDays"]))
    };
    Cluster {
        stack: stack.name.clone(),
        name,
        cidr: words(&first(stack, "AWS::EC2::VPC")["CidrBlock"]),
        zones: zones(stack),
        endpoints: interfaces,
        s3_endpoint: endpoints
            .iter()
            .any(|(_, properties)| properties["VpcEndpointType"] == "Gateway"),
        insights: insights(first(stack, "AWS::ECS::Cluster")),
        keys: count(stack, "AWS::KMS::Key"),
        flow_log_days: days("FlowLogGroup"),
        access_log_days: of_type(stack, "AWS::S3::Bucket").first().map(|(_, properties)| {
            number(&properties["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"])
        }),
    }
}

/// Shortens `com.amazonaws.REGION.ecr.api` to `ecr.api`.
fn short_service(name: &str) -> String {
    name.rsplit_once("${AWS::Region}.")
        .map_or(name, |(_, service)| service)
        .to_owned()
}

fn insights(cluster: &Json) -> Insights {
    let setting = list(&cluster["ClusterSettings"]).find(|setting| setting["Name"] == "containerInsights");
    match setting.and_then(|setting| setting["Value"].as_str()) {
        Some("enhanced") => Insights::Containers,
        Some("enabled") => Insights::Services,
        _ => Insights::Off,
    }
}

/// Reads zones from subnets, and their NAT usage from route tables.
fn zones(stack: &Stack) -> Vec<Zone> {
    let subnets = of_type(stack, "AWS::EC2::Subnet");
    let gateways = of_type(stack, "AWS::EC2::NatGateway");
    let routes = of_type(stack, "AWS::EC2::Route");
    let associations = of_type(stack, "AWS::EC2::SubnetRouteTableAssociation");
    let table_of = |subnet: &str| {
        associations
            .iter()
            .find(|(_, properties)| properties["SubnetId"]["Ref"] == subnet)
            .map(|(_, properties)| words(&properties["RouteTableId"]))
    };
    let leads = |subnet: &str, target: &str| {
        let table = table_of(subnet);
        routes.iter().any(|(_, properties)| {
            properties.get(target).is_some() && Some(words(&properties["RouteTableId"])) == table
        })
    };
    let (public, private): (Vec<_>, Vec<_>) = subnets.iter().partition(|(id, _)| leads(id, "GatewayId"));
    public
        .into_iter()
        .zip(private)
        .map(|((public_id, public), (private_id, private))| Zone {
            public: words(&public["CidrBlock"]),
            private: words(&private["CidrBlock"]),
            nat: gateways
                .iter()
                .any(|(_, properties)| properties["SubnetId"]["Ref"] == *public_id),
            way_out: leads(private_id, "NatGatewayId"),
        })
        .collect()
}
