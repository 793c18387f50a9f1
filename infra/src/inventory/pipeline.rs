//! Pipelines and their builds.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{count, first, list, number, of_type, words};
use crate::stacks::{Stack, StackKind};

/// A pipeline.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Stack name.
    pub stack: String,
    /// Pipeline name.
    pub name: String,
    /// Whether it is the release pipeline.
    pub releases: bool,
    /// `superseded` or `queued`.
    pub mode: String,
    /// Whether a push starts it.
    pub on_push: bool,
    /// Source branch.
    pub branch: String,
    /// Whether it is billed per action minute (V2) instead of per month.
    pub by_the_minute: bool,
    /// Stages in order.
    pub stages: Vec<Stage>,
    /// Number of KMS keys.
    pub keys: u32,
}

/// A stage or a step of it: actions that run in parallel.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Name; empty for later steps of a stage.
    pub name: String,
    /// Actions.
    pub actions: Vec<Action>,
    /// Failure handling, `retry` or empty.
    pub on_failure: String,
}

/// An action.
#[derive(Clone, Debug)]
pub struct Action {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: ActionKind,
}

/// Kind of an action.
#[derive(Clone, Debug)]
pub enum ActionKind {
    /// Source action.
    Source {
        /// `OWNER/NAME`.
        repository: String,
    },
    /// Build.
    Build(Build),
    /// Deployment of a stack.
    Deploy {
        /// Stack name.
        stack: String,
    },
    /// Manual approval.
    Approval,
}

/// A build.
#[derive(Clone, Debug)]
pub struct Build {
    /// What it is for.
    pub purpose: Purpose,
    /// Whether it runs on ARM.
    pub arm: bool,
    /// Size of the machine.
    pub size: Size,
}

/// Purpose of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Builds the images.
    Images,
    /// Generates the templates.
    Templates,
    /// Reads or writes the tag of the latest release.
    Tag {
        /// SSM parameter with the tag.
        parameter: String,
    },
    /// Tests the commit.
    Tests,
    /// Runs the command before a release.
    BeforeRelease,
    /// Checks an environment from the internet.
    SmokeTest,
}

/// Size of a build machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// 2 vCPUs.
    Small,
    /// 4 vCPUs.
    Medium,
    /// 8 vCPUs.
    Large,
}

impl Build {
    /// Returns the SSM parameter of the latest release that the build reads or writes.
    pub fn tag_parameter(&self) -> Option<&str> {
        match &self.purpose {
            Purpose::Tag { parameter } => Some(parameter),
            _ => None,
        }
    }
}

pub(super) fn read(stack: &Stack) -> Pipeline {
    let pipeline = first(stack, "AWS::CodePipeline::Pipeline");
    let source = &pipeline["Stages"][0]["Actions"][0]["Configuration"];
    let branch = [&source["BranchName"], &source["Branch"]].map(words).concat();
    Pipeline {
        stack: stack.name.clone(),
        name: words(&pipeline["Name"]),
        releases: stack.kind == StackKind::ReleasePipeline,
        mode: words(&pipeline["ExecutionMode"]).to_lowercase(),
        on_push: list(&pipeline["Triggers"]).next().is_some()
            || count(stack, "AWS::CodePipeline::Webhook") > 0,
        branch,
        by_the_minute: pipeline["PipelineType"] == "V2",
        stages: list(&pipeline["Stages"])
            .flat_map(|stage| steps(stack, stage))
            .collect(),
        keys: count(stack, "AWS::KMS::Key"),
    }
}

/// Groups the actions of a stage by run order.
fn steps(stack: &Stack, stage: &Json) -> Vec<Stage> {
    let mut steps: BTreeMap<u32, Vec<Action>> = BTreeMap::new();
    for action in list(&stage["Actions"]) {
        steps
            .entry(number(&action["RunOrder"]))
            .or_default()
            .push(Action {
                name: words(&action["Name"]),
                kind: kind(stack, action),
            });
    }
    let mut name = words(&stage["Name"]);
    let mut on_failure = words(&stage["OnFailure"]["Result"]).to_lowercase();
    steps
        .into_values()
        .map(|actions| Stage {
            name: std::mem::take(&mut name),
            actions,
            on_failure: std::mem::take(&mut on_failure),
        })
        .collect()
}

fn kind(stack: &Stack, action: &Json) -> ActionKind {
    let configuration = &action["Configuration"];
    match action["ActionTypeId"]["Category"].as_str() {
        Some("Source") => ActionKind::Source {
            repository: match configuration["FullRepositoryId"].as_str() {
                Some(full) => full.to_owned(),
                None => format!(
                    "{}/{}",
                    words(&configuration["Owner"]),
                    words(&configuration["Repo"])
                ),
            },
        },
        Some("Build" | "Test") => ActionKind::Build(build(stack, &words(&configuration["ProjectName"]))),
        Some("Approval") => ActionKind::Approval,
        _ => ActionKind::Deploy {
            stack: words(&configuration["StackName"]),
        },
    }
}

fn build(stack: &Stack, project: &str) -> Build {
    let projects = of_type(stack, "AWS::CodeBuild::Project");
    let environment = projects
        .iter()
        .find(|(id, _)| *id == project)
        .map_or(&Json::Null, |(_, properties)| &properties["Environment"]);
    let variable = |name: &str| {
        list(&environment["EnvironmentVariables"])
            .find(|variable| variable["Name"] == name)
            .map(|variable| words(&variable["Value"]))
    };
    Build {
        purpose: if environment["PrivilegedMode"] == true {
            Purpose::Images
        } else if let Some(parameter) = variable("TAG_PARAMETER") {
            Purpose::Tag { parameter }
        } else if variable("TEST_COMMAND").is_some() {
            Purpose::Tests
        } else if variable("SECURITY_GROUP_PARAMETER").is_some() {
            Purpose::BeforeRelease
        } else if variable("PAGE_PATH").is_some() {
            Purpose::SmokeTest
        } else {
            Purpose::Templates
        },
        arm: environment["Type"] == "ARM_CONTAINER",
        size: match environment["ComputeType"].as_str() {
            Some("BUILD_GENERAL1_LARGE") => Size::Large,
            Some("BUILD_GENERAL1_MEDIUM") => Size::Medium,
            _ => Size::Small,
        },
    }
}
