//! Pipelines, build projects and build specs of a synthesized template. Unknown keys in a build spec are errors, since the
//! machine does not support them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

/// A build spec.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Spec {
    pub(crate) version: f32,
    #[serde(default)]
    pub(crate) env: Env,
    pub(crate) phases: BTreeMap<PhaseName, Phase>,
    pub(crate) artifacts: Option<Artifacts>,
    #[expect(dead_code, reason = "a cache between builds affects only their duration")]
    cache: Option<CachePaths>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Env {
    pub(crate) shell: Option<String>,
    #[serde(default)]
    pub(crate) exported_variables: Vec<String>,
}

/// Phases in execution order.
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
    /// As in the template: values may be references.
    pub(crate) variables: BTreeMap<String, Json>,
}

/// Returns the project with this logical ID.
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

/// Returns the only pipeline of a template.
pub(crate) fn pipeline(template: &Json) -> &Json {
    let mut resources = template["Resources"].as_object().unwrap().values();
    &resources
        .find(|resource| resource["Type"] == "AWS::CodePipeline::Pipeline")
        .unwrap()["Properties"]
}

/// Returns the actions of a pipeline in order.
pub(crate) fn actions(pipeline: &Json) -> impl Iterator<Item = &Json> {
    list(&pipeline["Stages"]).flat_map(|stage| list(&stage["Actions"]))
}

/// Returns the items of an optional list.
pub(crate) fn list(json: &Json) -> impl Iterator<Item = &Json> {
    json.as_array().into_iter().flatten()
}

pub(crate) fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_else(|| panic!("not a string: {json}"))
}
