//! A cluster and its network.

use serde_json::Value as Json;

use super::{count, number, of_type, words};
use crate::settings::ClusterName;
use crate::stacks::Stack;

/// A network with an ECS cluster in it.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Name of its stack.
    pub stack: String,
    /// Which of the two.
    pub name: ClusterName,
    /// Addresses of the network.
    pub cidr: String,
    /// The availability zones that it is in.
    pub zones: Vec<Zone>,
    /// AWS services that are reached by an interface endpoint, which is billed by zone and hour.
    pub endpoints: Vec<String>,
    /// S3 is reached by a gateway endpoint, which costs nothing.
    pub s3_endpoint: bool,
    /// What is measured.
    pub insights: Insights,
    /// Keys that encrypt.
    pub keys: u32,
    /// Who talked to whom is recorded, and kept for so many days.
    pub flow_log_days: Option<u32>,
    /// Buckets for access logs, and for how many days they keep them.
    pub access_log_days: Option<u32>,
}

/// An availability zone of a network.
#[derive(Clone, Debug)]
pub struct Zone {
    /// Addresses that the internet reaches through a load balancer.
    pub public: String,
    /// Addresses of tasks.
    pub private: String,
    /// It has a NAT gateway of its own.
    pub nat: bool,
    /// Tasks in it call out through the NAT gateway of some zone.
    pub way_out: bool,
}

/// What container insights measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Insights {
    /// Nothing.
    Off,
    /// Per cluster and service.
    Services,
    /// Per task and container too.
    Containers,
}

pub(super) fn read(stack: &Stack, name: ClusterName) -> Cluster {
    let one = |kind| {
        of_type(stack, kind)
            .first()
            .map_or(&Json::Null, |(_, properties)| *properties)
    };
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
        cidr: words(&one("AWS::EC2::VPC")["CidrBlock"]),
        zones: zones(stack),
        endpoints: interfaces,
        s3_endpoint: endpoints
            .iter()
            .any(|(_, properties)| properties["VpcEndpointType"] == "Gateway"),
        insights: insights(one("AWS::ECS::Cluster")),
        keys: count(stack, "AWS::KMS::Key"),
        flow_log_days: days("FlowLogGroup"),
        access_log_days: of_type(stack, "AWS::S3::Bucket").first().map(|(_, properties)| {
            number(&properties["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"])
        }),
    }
}

/// `com.amazonaws.REGION.ecr.api` is called `ecr.api`.
fn short_service(name: &str) -> String {
    name.rsplit_once("${AWS::Region}.")
        .map_or(name, |(_, service)| service)
        .to_owned()
}

fn insights(cluster: &Json) -> Insights {
    let setting = cluster["ClusterSettings"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|setting| setting["Name"] == "containerInsights");
    match setting.and_then(|setting| setting["Value"].as_str()) {
        Some("enhanced") => Insights::Containers,
        Some("enabled") => Insights::Services,
        _ => Insights::Off,
    }
}

/// A zone is what the subnets say that are in it; which table routes a subnet says how it gets out.
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
