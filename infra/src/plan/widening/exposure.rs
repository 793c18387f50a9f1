//! Public exposure of resources.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{Area, Widening, inline, items, properties, subject};
use crate::plan::{entries, kind};

pub(super) fn widening(old: &Json, new: &Json) -> Vec<Widening> {
    let mut found = Vec::new();
    for (id, resource) in entries(new, "Resources") {
        let before = entries(old, "Resources").find(|(other, _)| *other == id);
        let before = before
            .map(|(_, resource)| exposures(resource))
            .unwrap_or_default();
        for (change, wildcard) in exposures(resource) {
            if !before.contains(&(change.clone(), wildcard)) {
                found.push(Widening {
                    area: Area::Exposure,
                    resource: id.to_owned(),
                    change,
                    wildcard,
                });
            }
        }
    }
    found
}

/// Returns the exposures of a resource, each with whether it is public.
fn exposures(resource: &Json) -> BTreeSet<(String, bool)> {
    let properties = properties(resource);
    let text = |pointer: &str| properties.pointer(pointer).map(subject).unwrap_or_default();
    let is_true = |pointer: &str| matches!(properties.pointer(pointer), Some(Json::Bool(true)));
    let mut open = BTreeSet::new();
    let mut expose = |is_open: bool, change: &str, wildcard: bool| {
        if is_open {
            open.insert((change.to_owned(), wildcard));
        }
    };
    match kind(resource) {
        "AWS::ElasticLoadBalancingV2::LoadBalancer" => {
            // Internet-facing is the default.
            let inside = text("/Scheme") == "internal";
            expose(!inside, "is reachable from the internet", true);
        }
        "AWS::ElasticLoadBalancingV2::Listener" => {
            let listens = format!("listens on port {} ({})", text("/Port"), text("/Protocol"));
            expose(true, &listens, false);
        }
        "AWS::S3::Bucket" => {
            let blocks = properties.get("PublicAccessBlockConfiguration");
            expose(blocks.is_none(), "has no public access block", true);
            for key in [
                "BlockPublicAcls",
                "BlockPublicPolicy",
                "IgnorePublicAcls",
                "RestrictPublicBuckets",
            ] {
                let set = blocks.and_then(|blocks| blocks.get(key));
                let off = blocks.is_some() && set != Some(&Json::Bool(true));
                let value = set.map_or_else(|| "not set".to_owned(), inline);
                expose(off, &format!("has {key} set to {value}"), true);
            }
            let acl = text("/AccessControl");
            expose(
                acl.starts_with("Public"),
                &format!("has the access control {acl}"),
                true,
            );
        }
        "AWS::EC2::Subnet" => {
            let given = is_true("/MapPublicIpOnLaunch");
            expose(given, "assigns public IP addresses", false);
        }
        "AWS::EC2::Route" => {
            let all = ["/DestinationCidrBlock", "/DestinationIpv6CidrBlock"]
                .iter()
                .any(|pointer| matches!(text(pointer).as_str(), "0.0.0.0/0" | "::/0"));
            let gateway = all && properties.get("GatewayId").is_some();
            let table = text("/RouteTableId");
            expose(gateway, &format!("routes {table} to the internet gateway"), false);
        }
        "AWS::ECS::Service" => {
            let public = text("/NetworkConfiguration/AwsvpcConfiguration/AssignPublicIp") == "ENABLED";
            expose(public, "assigns public IP addresses to tasks", true);
            let exec = is_true("/EnableExecuteCommand");
            expose(exec, "allows ECS Exec in its containers", false);
        }
        "AWS::ECS::TaskDefinition" => {
            for container in items(properties.get("ContainerDefinitions")) {
                let name = container.get("Name").map(subject).unwrap_or_default();
                let flag = |key: &str| container.get(key) == Some(&Json::Bool(true));
                expose(
                    flag("Privileged"),
                    &format!("runs {name} in privileged mode"),
                    false,
                );
            }
        }
        "AWS::CodeBuild::Project" => {
            let privileged = is_true("/Environment/PrivilegedMode");
            expose(privileged, "builds in privileged mode", false);
        }
        "AWS::RDS::DBInstance" => expose(
            is_true("/PubliclyAccessible"),
            "is reachable from the internet",
            true,
        ),
        "AWS::Lambda::Url" => {
            let open = text("/AuthType") == "NONE";
            expose(open, "can be invoked without authentication", true);
        }
        _ => {}
    }
    open
}
