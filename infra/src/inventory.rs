//! Inventory of the stacks, read from their templates: the source of `cost` and `diagram`.
//!
//! Everything comes from the templates, so that estimates and diagrams match what is deployed.

mod app;
mod cluster;
mod pipeline;

use serde_json::Value as Json;

pub use app::{App, Capacity, Listener, Listeners};
pub use cluster::{Cluster, Insights, Zone};
pub use pipeline::{Action, ActionKind, Build, Pipeline, Purpose, Size, Stage};

use crate::settings::{ClusterName, EnvironmentName};
use crate::stacks::{Graph, Stack, StackKind};

/// Inventory of all stacks.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// Resources shared by all environments.
    pub foundation: Foundation,
    /// Networks with ECS clusters.
    pub clusters: Vec<Cluster>,
    /// App stacks.
    pub apps: Vec<App>,
    /// Pipelines.
    pub pipelines: Vec<Pipeline>,
}

/// Resources shared by all environments.
#[derive(Clone, Debug)]
pub struct Foundation {
    /// Stack name.
    pub stack: String,
    /// Image repositories.
    pub repositories: Vec<String>,
    /// Number of tagged images kept per repository.
    pub images_kept: u32,
    /// Whether it contains a GitHub connection.
    pub connection: bool,
}

/// Reads the templates.
pub fn of(graph: &Graph) -> Inventory {
    let mut inventory = Inventory {
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
            StackKind::Foundation => inventory.foundation = foundation(stack),
            StackKind::Cluster => inventory
                .clusters
                .push(cluster::read(stack, environment.cluster())),
            // A task that runs for minutes per release.
            StackKind::BeforeRelease => {}
            StackKind::App => inventory.apps.push(app::read(stack, environment)),
            StackKind::DevPipeline | StackKind::ReleasePipeline => {
                inventory.pipelines.push(pipeline::read(stack));
            }
        }
    }
    inventory
}

impl Inventory {
    /// Returns the app stacks in a cluster.
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

/// Returns the number of tagged images that a lifecycle policy keeps.
fn kept(policy: &Json) -> u32 {
    let text = policy["LifecyclePolicyText"].as_str().unwrap_or_default();
    let rules: Json = serde_json::from_str(text).unwrap_or_default();
    list(&rules["rules"])
        .filter(|rule| rule["selection"]["countType"] == "imageCountMoreThan")
        .filter_map(|rule| rule["selection"]["countNumber"].as_u64())
        .filter_map(|count| u32::try_from(count).ok())
        .sum()
}

/// Returns the resources of a type with their logical IDs.
fn of_type<'a>(stack: &'a Stack, kind: &str) -> Vec<(&'a str, &'a Json)> {
    stack
        .template
        .resources()
        .filter(|(_, other, _)| *other == kind)
        .map(|(id, _, properties)| (id, properties))
        .collect()
}

/// Returns the properties of the first resource of a type, or null.
fn first<'a>(stack: &'a Stack, kind: &str) -> &'a Json {
    of_type(stack, kind)
        .first()
        .map_or(&Json::Null, |(_, properties)| *properties)
}

/// Returns the items of a list; none for other values.
fn list(value: &Json) -> impl Iterator<Item = &Json> {
    value.as_array().into_iter().flatten()
}

fn count(stack: &Stack, kind: &str) -> u32 {
    u32::try_from(of_type(stack, kind).len()).unwrap_or(u32::MAX)
}

/// Returns a string value; for references, the referenced name.
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

/// Returns a number, also if written as a string.
fn number(value: &Json) -> u32 {
    value
        .as_u64()
        .and_then(|number| u32::try_from(number).ok())
        .or_else(|| value.as_str()?.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests;
