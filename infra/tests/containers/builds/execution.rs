//! Execution of a pipeline, action by action, with artifacts passed like in CodePipeline.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value as Json;
use tempfile::TempDir;

use super::cloud::{Cloud, REGION};
use super::machine::{self, Outcome};
use super::spec::{self, list, text};

/// Input of a deployment action.
#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) stack: String,
    pub(crate) template: String,
    pub(crate) parameters: BTreeMap<String, String>,
}

pub(crate) struct Execution<'a> {
    pub(crate) cloud: &'a Cloud,
    /// The template with the pipeline.
    pub(crate) template: &'a Json,
    pub(crate) commit: &'a str,
    pub(crate) source: PathBuf,
    /// Variables of the execution.
    pub(crate) variables: BTreeMap<&'a str, &'a str>,
    /// Directory prepended to PATH, for failing programs.
    pub(crate) shadow: Option<PathBuf>,
    artifacts: BTreeMap<String, TempDir>,
}

impl<'a> Execution<'a> {
    /// Creates an execution for a commit with its source.
    pub(crate) fn new(cloud: &'a Cloud, template: &'a Json, commit: &'a str, source: PathBuf) -> Self {
        Self {
            cloud,
            template,
            commit,
            source,
            variables: BTreeMap::new(),
            shadow: None,
            artifacts: BTreeMap::new(),
        }
    }

    fn action(&self, name: &str) -> &'a Json {
        spec::actions(spec::pipeline(self.template))
            .find(|action| action["Name"] == name)
            .unwrap_or_else(|| panic!("no action {name}"))
    }

    /// Runs a build on the source, or on the action's input artifact.
    pub(crate) fn build(&mut self, action: &str) -> Outcome {
        let action = self.action(action);
        let configuration = &action["Configuration"];
        let project = spec::project(self.template, text(&configuration["ProjectName"]["Ref"]));
        let mut variables: BTreeMap<String, String> = project
            .variables
            .iter()
            .map(|(name, value)| (name.clone(), resolve(value)))
            .collect();
        if let Some(given) = configuration.get("EnvironmentVariables") {
            let given: Vec<Json> = serde_json::from_str(text(given)).unwrap();
            for variable in given {
                variables.insert(
                    text(&variable["name"]).to_owned(),
                    self.fill_in(text(&variable["value"])),
                );
            }
        }
        // Overridden in setups with another registry.
        let overrides = [
            ("REGISTRY", Some(self.cloud.registry())),
            ("BUILDER", std::env::var("BUILDER").ok()),
        ];
        for (name, value) in overrides {
            if let (Some(variable), Some(value)) = (variables.get_mut(name), value) {
                *variable = value;
            }
        }
        variables.extend(self.cloud.environment());
        if let Some(shadow) = &self.shadow {
            let path = format!("{}:{}", shadow.display(), variables["PATH"]);
            variables.insert("PATH".to_owned(), path);
        }
        let input = text(&action["InputArtifacts"][0]["Name"]);
        let folder = match input {
            "Source" => self.source.clone(),
            artifact => self.artifacts[artifact].path().to_owned(),
        };
        let environment = machine::environment(&folder, self.commit, REGION, &variables);
        let mut outcome = machine::run(&project.spec, &folder, environment);
        let output = action["OutputArtifacts"][0]["Name"].as_str();
        if let (None, Some(name)) = (outcome.failed, output) {
            let name = name.to_owned();
            let artifacts = std::mem::replace(&mut outcome.artifacts, TempDir::new().unwrap());
            self.artifacts.insert(name, artifacts);
        }
        outcome
    }

    /// Returns the input of a deployment action.
    pub(crate) fn deployment(&self, action: &str) -> Deployment {
        let action = self.action(action);
        let configuration = &action["Configuration"];
        let (artifact, file) = text(&configuration["TemplatePath"]).split_once("::").unwrap();
        let overrides: BTreeMap<String, Json> =
            serde_json::from_str(text(&configuration["ParameterOverrides"])).unwrap();
        let parameters = overrides.into_iter().map(|(name, value)| {
            let [artifact, file, key] = [0, 1, 2].map(|at| text(&value["Fn::GetParam"][at]));
            let json: Json = serde_json::from_str(&self.file(action, artifact, file)).unwrap();
            (name, text(&json[key]).to_owned())
        });
        Deployment {
            stack: text(&configuration["StackName"]).to_owned(),
            parameters: parameters.collect(),
            template: self.file(action, artifact, file),
        }
    }

    /// Returns a file of an input artifact.
    fn file(&self, action: &Json, artifact: &str, file: &str) -> String {
        assert!(list(&action["InputArtifacts"]).any(|input| input["Name"] == artifact));
        fs_err::read_to_string(self.artifacts[artifact].path().join(file)).unwrap()
    }

    /// Replaces `#{variables.NAME}` by the variable of the execution or its default.
    fn fill_in(&self, text_with: &str) -> String {
        let declared = list(&spec::pipeline(self.template)["Variables"]);
        declared.fold(text_with.to_owned(), |filled, variable| {
            let name = text(&variable["Name"]);
            let default = text(&variable["DefaultValue"]);
            let value = self.variables.get(name).copied().unwrap_or(default);
            filled.replace(&format!("#{{variables.{name}}}"), value)
        })
    }
}

/// Resolves a literal or a string with pseudo parameters.
pub(crate) fn resolve(value: &Json) -> String {
    let pseudo = [
        ("${AWS::AccountId}", "000000000000"),
        ("${AWS::Region}", REGION),
        ("${AWS::URLSuffix}", "amazonaws.com"),
    ];
    match value.get("Fn::Sub") {
        Some(pattern) => pseudo
            .into_iter()
            .fold(text(pattern).to_owned(), |filled, (name, value)| {
                filled.replace(name, value)
            }),
        None => text(value).to_owned(),
    }
}
