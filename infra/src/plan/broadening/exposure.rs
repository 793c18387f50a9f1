//! What can be reached from outside, or by people, that could not.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{Area, Broadening, inline, items, properties, subject};
use crate::plan::{entries, kind};

pub(super) fn broadening(old: &Json, new: &Json) -> Vec<Broadening> {
    let mut found = Vec::new();
    for (id, resource) in entries(new, "Resources") {
        let before = entries(old, "Resources").find(|(other, _)| *other == id);
        let before = before.map(|(_, resource)| doors(resource)).unwrap_or_default();
        for (change, wildcard) in doors(resource) {
            if !before.contains(&(change.clone(), wildcard)) {
                found.push(Broadening {
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

/// What is open about a resource, in words, and whether it is open to the whole internet.
fn doors(resource: &Json) -> BTreeSet<(String, bool)> {
    let properties = properties(resource);
    let text = |pointer: &str| properties.pointer(pointer).map(subject).unwrap_or_default();
    let is_true = |pointer: &str| matches!(properties.pointer(pointer), Some(Json::Bool(true)));
    let mut open = BTreeSet::new();
    let mut door = |is_open: bool, change: &str, wildcard: bool| {
        if is_open {
            open.insert((change.to_owned(), wildcard));
        }
    };
    match kind(resource) {
        "AWS::ElasticLoadBalancingV2::LoadBalancer" => {
            // Without a word about it, it is.
            let inside = text("/Scheme") == "internal";
            door(!inside, "can be reached from the internet", true);
        }
        "AWS::ElasticLoadBalancingV2::Listener" => {
            let listens = format!("listens for {} on port {}", text("/Protocol"), text("/Port"));
            door(true, &listens, false);
        }
        "AWS::S3::Bucket" => {
            let blocks = properties.get("PublicAccessBlockConfiguration");
            door(blocks.is_none(), "blocks no public access", true);
            for key in [
                "BlockPublicAcls",
                "BlockPublicPolicy",
                "IgnorePublicAcls",
                "RestrictPublicBuckets",
            ] {
                let set = blocks.and_then(|blocks| blocks.get(key));
                let off = blocks.is_some() && set != Some(&Json::Bool(true));
                let value = set.map_or_else(|| "not set".to_owned(), inline);
                door(off, &format!("{key} is {value}"), true);
            }
            let acl = text("/AccessControl");
            door(
                acl.starts_with("Public"),
                &format!("its access control is {acl}"),
                true,
            );
        }
        "AWS::EC2::Subnet" => {
            let given = is_true("/MapPublicIpOnLaunch");
            door(given, "gives public addresses to what is started in it", false);
        }
        "AWS::EC2::Route" => {
            let all = ["/DestinationCidrBlock", "/DestinationIpv6CidrBlock"]
                .iter()
                .any(|pointer| matches!(text(pointer).as_str(), "0.0.0.0/0" | "::/0"));
            let gateway = all && properties.get("GatewayId").is_some();
            let table = text("/RouteTableId");
            door(
                gateway,
                &format!("connects {table} with the internet, both ways"),
                false,
            );
        }
        "AWS::ECS::Service" => {
            let public = text("/NetworkConfiguration/AwsvpcConfiguration/AssignPublicIp") == "ENABLED";
            door(public, "gives its tasks public addresses", true);
            let exec = is_true("/EnableExecuteCommand");
            door(exec, "lets people run commands in its containers", false);
        }
        "AWS::ECS::TaskDefinition" => {
            for container in items(properties.get("ContainerDefinitions")) {
                let name = container.get("Name").map(subject).unwrap_or_default();
                let flag = |key: &str| container.get(key) == Some(&Json::Bool(true));
                door(flag("Privileged"), &format!("{name} is privileged"), false);
            }
        }
        "AWS::CodeBuild::Project" => {
            let privileged = is_true("/Environment/PrivilegedMode");
            door(privileged, "its builds are privileged", false);
        }
        "AWS::RDS::DBInstance" => door(
            is_true("/PubliclyAccessible"),
            "can be reached from the internet",
            true,
        ),
        "AWS::Lambda::Url" => {
            let open = text("/AuthType") == "NONE";
            door(open, "can be called by anybody", true);
        }
        _ => {}
    }
    open
}
