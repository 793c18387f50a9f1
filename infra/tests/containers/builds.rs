//! The build specs of the synthesized templates, run with the real `docker` and `aws` on a copy of the source, against a
//! registry and parameters on loopback.

// Image build: complete, partial, skipped, failing.
mod images;
// Template build and deployment artifacts.
mod deployments;
// Tag resolution of releases.
mod releases;

// Copy of the source.
mod checkout;
// Mock AWS on loopback.
mod cloud;
// Execution of a pipeline.
mod execution;
// Runs a build spec like CodeBuild.
#[path = "../it/builds/machine.rs"]
mod machine;
// Build specs of a synthesized template.
#[path = "../it/builds/spec.rs"]
mod spec;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use infra::settings::{EXAMPLE, Settings};
use infra::stacks::{self, IMAGE_TAG_PARAMETER};
use serde_json::Value as Json;
use tempfile::TempDir;

use checkout::Checkout;
use cloud::Cloud;
use execution::{Deployment, Execution};

const PARAMETER: &str = "penguinapp-imagetag";
/// Two commits.
const FIRST: &str = "4f2a9c0b7d1e6f8a3c5b2d4e6f8091a2b3c4d5e6";
const SECOND: &str = "9b1d7e3f5a2c4860b9d8e7f6a5c4b3d2e1f00918";

/// The pipelines, and a mock AWS with empty repositories.
struct Harness {
    dev: Json,
    release: Json,
    cloud: Cloud,
    checkout: Checkout,
}

impl Harness {
    fn new() -> Self {
        let graph = stacks::graph(&Settings::parse(EXAMPLE).unwrap()).unwrap();
        let template = |name: &str| -> Json {
            let stack = graph.stacks().iter().find(|stack| stack.name == name).unwrap();
            serde_json::from_str(stack.body()).unwrap()
        };
        Self {
            dev: template("DevPipelineStack"),
            release: template("StagingProdPipelineStack"),
            cloud: Cloud::start(&template("Foundation")),
            checkout: Checkout::new(),
        }
    }

    fn dev(&self, commit: &'static str) -> Execution<'_> {
        Execution::new(&self.cloud, &self.dev, commit, self.checkout.path(""))
    }

    fn release(&self, variables: &[(&'static str, &'static str)]) -> Execution<'_> {
        let mut execution = Execution::new(&self.cloud, &self.release, FIRST, self.checkout.path(""));
        execution.variables.extend(variables.iter().copied());
        execution
    }

    /// Returns the tags of both repositories with their digests.
    fn tags(&self) -> [BTreeMap<String, String>; 2] {
        ["penguin-school/app", "penguin-school/proxy"].map(|name| self.cloud.tags(name))
    }

    fn latest_release(&self) -> Option<String> {
        self.cloud.release(PARAMETER)
    }

    /// Pushes an image with this tag.
    fn put_image(&self, container: &str, tag: &str) {
        let repository = format!("penguin-school/{container}");
        let image = [
            "ecr",
            "put-image",
            "--repository-name",
            &repository,
            "--image-tag",
            tag,
        ];
        self.cloud
            .aws(&[&image[..], &["--image-manifest", r#"{"schemaVersion":2}"#]].concat());
    }

    fn image(&self, container: &str, tag: &str) -> String {
        format!("{}/penguin-school/{container}:{tag}", self.cloud.registry())
    }
}

/// Checks that a deployment passes this tag and the golden template.
fn judge_deployment(deployment: &Deployment, tag: &str) {
    let golden = format!(
        "{}/tests/golden/{}.template.json",
        env!("CARGO_MANIFEST_DIR"),
        deployment.stack
    );
    assert!(
        deployment.template == fs_err::read_to_string(&golden).unwrap(),
        "{} differs from {golden}",
        deployment.stack
    );
    let expected = [(IMAGE_TAG_PARAMETER.to_owned(), tag.to_owned())];
    assert_eq!(deployment.parameters, BTreeMap::from(expected));
    // Parameters without default must be set.
    let template: Json = serde_json::from_str(&deployment.template).unwrap();
    for (name, parameter) in template["Parameters"].as_object().unwrap() {
        assert!(
            parameter.get("Default").is_some() || deployment.parameters.contains_key(name),
            "parameter {name} is not set"
        );
    }
}

/// Creates a directory with a `program` that fails if `pattern` matches its arguments, and otherwise calls the real one.
fn failing_program(program: &str, pattern: &str, says: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join(program);
    // The directory is first in PATH.
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in {pattern}) echo '{says}' >&2; exit 254 ;; esac\nPATH=${{PATH#*:}}\nexec {program} \"$@\"\n"
    );
    fs_err::write(&file, script).unwrap();
    fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}
