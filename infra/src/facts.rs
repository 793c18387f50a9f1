//! What the stacks amount to, read from their templates: the one source of `cost` and `diagram`.
//!
//! Nothing here is known from elsewhere, so that neither a price nor a picture can tell of what is not deployed. It
//! must not know money or drawing.

mod app;
mod cluster;
mod pipeline;

use serde_json::Value as Json;

pub use app::{App, Capacity, Listener, Listeners};
pub use cluster::{Cluster, Insights, Zone};
pub use pipeline::{Action, ActionKind, Build, Pipeline, Stage};

use crate::settings::{ClusterName, EnvironmentName};
use crate::stacks::{Graph, Stack, StackKind};

/// All of it.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What belongs to no environment.
    pub foundation: Foundation,
    /// Networks with a cluster in each.
    pub clusters: Vec<Cluster>,
    /// Installations of the service.
    pub apps: Vec<App>,
    /// From source to service.
    pub pipelines: Vec<Pipeline>,
}

/// What belongs to no environment.
#[derive(Clone, Debug)]
pub struct Foundation {
    /// Name of its stack.
    pub stack: String,
    /// Names of the image repositories.
    pub repositories: Vec<String>,
    /// Tagged images that each of them keeps.
    pub images_kept: u32,
    /// It holds a connection to GitHub.
    pub connection: bool,
}

/// Reads the templates.
pub fn of(graph: &Graph) -> Facts {
    let mut facts = Facts {
        foundation: Foundation {
            stack: String::new(),
            repositories: Vec::new(),
            images_kept: 0,
            connection: false,
        },
        clusters: Vec::new(),
        apps: Vec::new(),
        pipelines: Vec::new(),
    };
    for stack in graph.stacks() {
        let environment = stack.environment.unwrap_or(EnvironmentName::Dev);
        match stack.kind {
            StackKind::Foundation => facts.foundation = foundation(stack),
            StackKind::Cluster => facts.clusters.push(cluster::read(stack, environment.cluster())),
            StackKind::App => facts.apps.push(app::read(stack, environment)),
            StackKind::DevPipeline | StackKind::ReleasePipeline => {
                facts.pipelines.push(pipeline::read(stack));
            }
        }
    }
    facts
}

impl Facts {
    /// The installations that run in a cluster.
    pub fn apps_in(&self, cluster: ClusterName) -> impl Iterator<Item = &App> {
        self.apps
            .iter()
            .filter(move |app| app.environment.cluster() == cluster)
    }
}

fn foundation(stack: &Stack) -> Foundation {
    let repositories = of_type(stack, "AWS::ECR::Repository");
    Foundation {
        stack: stack.name.clone(),
        repositories: repositories
            .iter()
            .map(|(_, properties)| words(&properties["RepositoryName"]))
            .collect(),
        images_kept: repositories
            .first()
            .map_or(0, |(_, properties)| kept(&properties["LifecyclePolicy"])),
        connection: !of_type(stack, "AWS::CodeConnections::Connection").is_empty(),
    }
}

/// How many tagged images a lifecycle policy leaves.
fn kept(policy: &Json) -> u32 {
    let text = policy["LifecyclePolicyText"].as_str().unwrap_or_default();
    let rules: Json = serde_json::from_str(text).unwrap_or_default();
    rules["rules"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|rule| rule["selection"]["countType"] == "imageCountMoreThan")
        .find_map(|rule| rule["selection"]["countNumber"].as_u64())
        .and_then(|count| u32::try_from(count).ok())
        .unwrap_or(0)
}

/// The resources of a type, with their logical ids.
fn of_type<'a>(stack: &'a Stack, kind: &str) -> Vec<(&'a str, &'a Json)> {
    stack
        .template
        .resources()
        .filter(|(_, other, _)| *other == kind)
        .map(|(id, _, properties)| (id, properties))
        .collect()
}

fn count(stack: &Stack, kind: &str) -> u32 {
    u32::try_from(of_type(stack, kind).len()).unwrap_or(u32::MAX)
}

/// A value that is a text in the template. References are told by the name that they refer to.
fn words(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Object(_) => value["Ref"]
            .as_str()
            .or_else(|| value["Fn::Sub"].as_str())
            .unwrap_or_default()
            .to_owned(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// A number, whether the template writes it as one or as a text.
fn number(value: &Json) -> u32 {
    value
        .as_u64()
        .and_then(|number| u32::try_from(number).ok())
        .or_else(|| value.as_str()?.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests;
