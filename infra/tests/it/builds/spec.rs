//! Pipelines, their builds and the commands of those, read out of a synthesized template.
//!
//! Strict: what a build spec holds beyond what is known here is refused, since the runner would not do it. It must not
//! know how commands are run.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

/// The commands of a build.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Spec {
    pub(crate) version: f32,
    #[serde(default)]
    pub(crate) env: Env,
    pub(crate) phases: BTreeMap<PhaseName, Phase>,
    pub(crate) artifacts: Option<Artifacts>,
    #[expect(
        dead_code,
        reason = "kept by CodeBuild between builds, which changes nothing but their time"
    )]
    cache: Option<CachePaths>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Env {
    pub(crate) shell: Option<String>,
    #[serde(default)]
    pub(crate) exported_variables: Vec<String>,
}

/// In the order in which they are run.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PhaseName {
    Install,
    PreBuild,
    Build,
    PostBuild,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Phase {
    pub(crate) on_failure: Option<OnFailure>,
    pub(crate) commands: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum OnFailure {
    Abort,
    Continue,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Artifacts {
    pub(crate) files: Vec<String>,
    pub(crate) base_directory: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CachePaths {
    #[serde(rename = "paths")]
    _paths: Vec<String>,
}

impl Spec {
    pub(crate) fn parse(yaml: &str) -> Self {
        serde_saphyr::from_str(yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"))
    }
}

/// A build project.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) spec: Spec,
    /// As the template has them: values may be references.
    pub(crate) variables: BTreeMap<String, Json>,
}

/// The project of this logical id.
pub(crate) fn project(template: &Json, logical_id: &str) -> Project {
    let properties = &template["Resources"][logical_id]["Properties"];
    let variables = list(&properties["Environment"]["EnvironmentVariables"]);
    Project {
        spec: Spec::parse(text(&properties["Source"]["BuildSpec"])),
        variables: variables
            .map(|variable| {
                assert_eq!(variable["Type"], "PLAINTEXT", "{logical_id}");
                (text(&variable["Name"]).to_owned(), variable["Value"].clone())
            })
            .collect(),
    }
}

/// The one pipeline of a template.
pub(crate) fn pipeline(template: &Json) -> &Json {
    let mut resources = template["Resources"].as_object().unwrap().values();
    &resources
        .find(|resource| resource["Type"] == "AWS::CodePipeline::Pipeline")
        .unwrap()["Properties"]
}

/// The actions of a pipeline in the order of its stages.
pub(crate) fn actions(pipeline: &Json) -> impl Iterator<Item = &Json> {
    list(&pipeline["Stages"]).flat_map(|stage| list(&stage["Actions"]))
}

/// The items of a list that may be missing.
pub(crate) fn list(json: &Json) -> impl Iterator<Item = &Json> {
    json.as_array().into_iter().flatten()
}

pub(crate) fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_else(|| panic!("no text: {json}"))
}
