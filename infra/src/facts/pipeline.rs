//! A pipeline and its builds.

use serde_json::Value as Json;

use super::{count, of_type, words};
use crate::stacks::{Stack, StackKind};

/// From source to service.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Name of its stack.
    pub stack: String,
    /// Its name in AWS.
    pub name: String,
    /// Releases go through it; else every push does.
    pub releases: bool,
    /// `superseded` or `queued`.
    pub mode: String,
    /// It starts by itself at a push.
    pub on_push: bool,
    /// Branch that it takes its source from.
    pub branch: String,
    /// Charged by the minute of its actions, not by the month.
    pub by_the_minute: bool,
    /// What it does, in order.
    pub stages: Vec<Stage>,
    /// Keys that encrypt its artifacts.
    pub keys: u32,
}

/// A stage: actions that run at the same time.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// What is done.
    pub actions: Vec<Action>,
    /// What happens on a failure, `retry` or `rollback`; nothing if it is empty.
    pub on_failure: String,
}

/// A step of a pipeline.
#[derive(Clone, Debug)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// What it does.
    pub kind: ActionKind,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum ActionKind {
    /// Fetches the source of a repository.
    Source {
        /// `OWNER/NAME`.
        repository: String,
    },
    /// Runs a build.
    Build(Build),
    /// Deploys a stack.
    Deploy {
        /// Its name.
        stack: String,
    },
    /// Waits for a person.
    Approval,
}

/// What a build runs on.
#[derive(Clone, Debug)]
pub struct Build {
    /// It builds images; else it only writes templates.
    pub images: bool,
    /// On ARM processors.
    pub arm: bool,
    /// On a large machine; else on a small one.
    pub large: bool,
    /// SSM parameter with the tag of the latest release, which it writes or reads.
    pub tag_parameter: Option<String>,
}

pub(super) fn read(stack: &Stack) -> Pipeline {
    let pipeline = of_type(stack, "AWS::CodePipeline::Pipeline")
        .first()
        .map_or(&Json::Null, |(_, properties)| *properties);
    let list = |value: &Json| value.as_array().cloned().unwrap_or_default();
    let stages: Vec<_> = list(&pipeline["Stages"])
        .iter()
        .map(|stage| Stage {
            name: words(&stage["Name"]),
            actions: list(&stage["Actions"])
                .iter()
                .map(|action| Action {
                    name: words(&action["Name"]),
                    kind: kind(stack, action),
                })
                .collect(),
            on_failure: words(&stage["OnFailure"]["Result"]).to_lowercase(),
        })
        .collect();
    let source = &pipeline["Stages"][0]["Actions"][0]["Configuration"];
    let branch = [&source["BranchName"], &source["Branch"]].map(words).concat();
    Pipeline {
        stack: stack.name.clone(),
        name: words(&pipeline["Name"]),
        releases: stack.kind == StackKind::ReleasePipeline,
        mode: words(&pipeline["ExecutionMode"]).to_lowercase(),
        on_push: !list(&pipeline["Triggers"]).is_empty() || count(stack, "AWS::CodePipeline::Webhook") > 0,
        branch,
        by_the_minute: pipeline["PipelineType"] == "V2",
        stages,
        keys: count(stack, "AWS::KMS::Key"),
    }
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
        Some("Build") => ActionKind::Build(build(stack, &words(&configuration["ProjectName"]))),
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
        environment["EnvironmentVariables"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|variable| variable["Name"] == name)
            .map(|variable| words(&variable["Value"]))
    };
    Build {
        images: environment["PrivilegedMode"] == true,
        arm: environment["Type"] == "ARM_CONTAINER",
        large: environment["ComputeType"] == "BUILD_GENERAL1_LARGE",
        tag_parameter: variable("TAG_PARAMETER").or_else(|| variable("LATEST_RELEASE")),
    }
}
