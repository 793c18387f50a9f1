//! Static checks of the pipelines' builds, and tests of the machine that runs build specs. `tests/containers/builds.rs`
//! runs the builds.

// Runs a build spec as CodeBuild does.
mod machine;
// Build specs, out of a synthesized template.
mod spec;
// The command before a release.
mod before_release;
// The smoke test after a deployment.
mod smoke_test;
// The tests of a commit.
mod tests_of_a_commit;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use infra::settings::{EXAMPLE, Settings};
use infra::stacks;
use serde_json::Value as Json;
use spec::{PhaseName, Project, Spec, list, text};
use tempfile::TempDir;

/// Commands of the builds and the permissions that they need.
const CALLS: [(&str, &[&str]); 12] = [
    ("aws ecr get-login-password", &["ecr:GetAuthorizationToken"]),
    ("aws ecr batch-get-image", &["ecr:BatchGetImage"]),
    ("aws ecr put-image", &["ecr:PutImage"]),
    ("aws ssm get-parameters", &["ssm:GetParameters"]),
    ("aws ssm put-parameter", &["ssm:PutParameter"]),
    // With the roles of the task, and with tags.
    (
        "aws ecs run-task",
        &["ecs:RunTask", "ecs:TagResource", "iam:PassRole"],
    ),
    ("aws ecs describe-tasks", &["ecs:DescribeTasks"]),
    ("aws ecs stop-task", &["ecs:StopTask"]),
    ("aws logs get-log-events", &[]),
    ("docker login", &[]),
    // The registry protocol needs the permissions of the corresponding API calls.
    (
        "docker push",
        &[
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:CompleteLayerUpload",
            "ecr:InitiateLayerUpload",
            "ecr:PutImage",
            "ecr:UploadLayerPart",
        ],
    ),
    // Reads the cache from the registry.
    (
        "docker buildx build",
        &[
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
        ],
    ),
];
/// Permissions that CodeBuild itself needs: logs and artifacts.
const CODEBUILD: [&str; 3] = ["logs:", "s3:", "kms:"];

fn pipelines() -> Vec<Json> {
    let settings = EXAMPLE.replace("# before = ", "before = ");
    let graph = stacks::graph(&Settings::parse(&settings).unwrap()).unwrap();
    ["DevPipelineStack", "StagingProdPipelineStack"]
        .map(|name| {
            let stack = graph.stacks().iter().find(|stack| stack.name == name).unwrap();
            serde_json::from_str(stack.body()).unwrap()
        })
        .into()
}

/// Returns the build projects of a template by the common prefix of the logical IDs of project, role and policy.
fn projects(template: &Json) -> BTreeMap<&str, Project> {
    let resources = template["Resources"].as_object().unwrap();
    let projects = resources
        .iter()
        .filter(|(_, resource)| resource["Type"] == "AWS::CodeBuild::Project");
    projects
        .map(|(id, _)| (id.trim_end_matches("Project"), spec::project(template, id)))
        .collect()
}

/// Returns all commands in order.
fn commands(spec: &Spec) -> impl Iterator<Item = &str> {
    spec.phases
        .values()
        .flat_map(|phase| phase.commands.iter().map(String::as_str))
}

/// Returns the programs that need permissions, with their subcommands.
fn calls(spec: &Spec) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for command in commands(spec) {
        let words: Vec<_> = command
            .split(|sign: char| sign.is_whitespace() || "(){}|;&\"".contains(sign))
            .filter(|word| !word.is_empty())
            .collect();
        for (at, word) in words.iter().enumerate() {
            let length = match *word {
                "aws" => 3,
                "docker" if words[at + 1] == "buildx" => 3,
                "docker" => 2,
                _ => continue,
            };
            found.insert(words[at..at + length].join(" "));
        }
    }
    found
}

#[test]
fn build_permissions_match_the_commands() {
    let mut with_calls = 0;
    for template in pipelines() {
        for (id, project) in projects(&template) {
            let calls = calls(&project.spec);
            with_calls += usize::from(!calls.is_empty());
            let needed: BTreeSet<&str> = calls
                .iter()
                .flat_map(|call| {
                    let known = CALLS.iter().find(|(name, _)| name == call);
                    known
                        .unwrap_or_else(|| panic!("{id}: permissions of `{call}` are missing in CALLS"))
                        .1
                })
                .copied()
                .collect();
            let policy = &template["Resources"][format!("{id}Policy")]["Properties"];
            let given = list(&policy["PolicyDocument"]["Statement"]).flat_map(|statement| {
                assert_eq!(statement["Effect"], "Allow");
                match &statement["Action"] {
                    Json::String(action) => vec![action.as_str()],
                    actions => list(actions).map(text).collect(),
                }
            });
            let given: BTreeSet<&str> = given
                .filter(|action| !CODEBUILD.iter().any(|own| action.starts_with(own)))
                .collect();
            assert_eq!(needed, given, "{id}");
        }
    }
    assert_eq!(
        with_calls, 6,
        "the images, the record, the release, and three commands before one"
    );
}

/// Variables come from the project, the pipeline, CodeBuild or the spec itself.
#[test]
fn every_variable_is_set_and_used() {
    for template in pipelines() {
        let pipeline = spec::pipeline(&template);
        for (id, project) in projects(&template) {
            let said_by_the_pipeline = spec::actions(pipeline)
                .filter(|action| action["Configuration"]["ProjectName"]["Ref"] == format!("{id}Project"))
                .filter_map(|action| action["Configuration"].get("EnvironmentVariables"))
                .flat_map(|json| serde_json::from_str::<Vec<Json>>(text(json)).unwrap())
                .map(|variable| text(&variable["name"]).to_owned());
            let given: BTreeSet<String> = project
                .variables
                .keys()
                .cloned()
                .chain(said_by_the_pipeline)
                // Read by rustup.
                .filter(|name| name != "RUSTUP_TOOLCHAIN")
                .collect();
            let commands: Vec<_> = commands(&project.spec).collect();
            let commands = commands.join("\n");
            let read: BTreeSet<String> = commands
                .split('$')
                .skip(1)
                .map(|rest| {
                    let rest = rest.trim_start_matches('{');
                    let end = rest.find(|sign: char| !(sign.is_ascii_uppercase() || sign == '_'));
                    rest[..end.unwrap_or(rest.len())].to_owned()
                })
                .filter(|name| !name.is_empty() && !name.starts_with("CODEBUILD_"))
                .filter(|name| !commands.contains(&format!("export {name}")))
                .collect();
            assert_eq!(read, given, "{id}");
        }
    }
}

/// Artifacts are passed by name.
#[test]
fn input_artifacts_are_produced_by_earlier_actions() {
    for template in pipelines() {
        let pipeline = spec::pipeline(&template);
        let mut given: BTreeMap<&str, Option<Spec>> = BTreeMap::new();
        for action in spec::actions(pipeline) {
            let name = text(&action["Name"]);
            for input in list(&action["InputArtifacts"]) {
                assert!(given.contains_key(text(&input["Name"])), "{name}: {input}");
            }
            let configuration = &action["Configuration"];
            if let Some(overrides) = configuration.get("ParameterOverrides") {
                let overrides: BTreeMap<String, Json> = serde_json::from_str(text(overrides)).unwrap();
                let [artifact, file, key] =
                    [0, 1, 2].map(|at| text(&overrides["ImageTag"]["Fn::GetParam"][at]));
                let build = given[artifact].as_ref().unwrap();
                assert!(
                    build
                        .artifacts
                        .as_ref()
                        .unwrap()
                        .files
                        .iter()
                        .any(|name| name == file)
                );
                let written = format!("{{\"{key}\":\"%s\"}}");
                assert!(
                    commands(build).any(|command| command.contains(&written)),
                    "{name}"
                );
                assert!(
                    list(&action["InputArtifacts"]).any(|input| input["Name"] == artifact),
                    "{name} has no {artifact}"
                );
            }
            for output in list(&action["OutputArtifacts"]) {
                let spec = configuration["ProjectName"]["Ref"]
                    .as_str()
                    .map(|project| spec::project(&template, project).spec);
                given.insert(text(&output["Name"]), spec);
            }
        }
        assert_eq!(given.len(), 3);
    }
}

/// Runs a spec in an empty directory.
fn run(yaml: &str) -> (machine::Outcome, TempDir) {
    let source = TempDir::new().unwrap();
    let environment = machine::environment(source.path(), "4f2a9c0", "eu-central-1", &BTreeMap::new());
    let outcome = machine::run(&Spec::parse(yaml), source.path(), environment);
    (outcome, source)
}

#[test]
fn machine_keeps_exports_and_directory_between_commands() {
    let (outcome, _) = run(r#"
version: 0.2
env: { shell: bash, exported-variables: [KEPT, NEVER] }
phases:
  install:
    commands:
      - export KEPT=$CODEBUILD_RESOLVED_SOURCE_VERSION; LOST=1; lost() { :; }
      - mkdir inside && cd inside
  build:
    commands:
      - test -z "$LOST" && ! type lost && echo here >note && test "$CODEBUILD_BUILD_SUCCEEDING" = 1
artifacts: { base-directory: inside, files: [note] }
"#
    .trim_start());
    outcome.assert_succeeded();
    assert_eq!(
        outcome.exported,
        BTreeMap::from([("KEPT".to_owned(), "4f2a9c0".to_owned())])
    );
    let note = outcome.artifacts.path().join("note");
    assert_eq!(fs_err::read_to_string(note).unwrap(), "here\n");
}

#[test]
fn machine_stops_like_codebuild() {
    let spec = |on_failure: &str| {
        format!(
            "version: 0.2\nphases:\n  build: {{ {on_failure}commands: ['echo one; false', 'echo two'] }}\n  \
             post_build: {{ commands: ['echo after $CODEBUILD_BUILD_SUCCEEDING'] }}\n"
        )
    };
    for (on_failure, says) in [
        ("", "one\nafter 0\n"),
        ("on-failure: CONTINUE, ", "one\nafter 0\n"),
        ("on-failure: ABORT, ", "one\n"),
    ] {
        let (outcome, _) = run(&spec(on_failure));
        assert_eq!(
            (outcome.failed, outcome.log.as_str()),
            (Some(PhaseName::Build), says)
        );
    }
    let early = "version: 0.2\nphases: { pre_build: { commands: ['exit 3'] }, post_build: { commands: [touch it] } }\n";
    let (outcome, source) = run(early);
    outcome.assert_failed(PhaseName::PreBuild, "");
    assert!(!Path::new(source.path()).join("it").exists());
    let nothing =
        "version: 0.2\nphases: { build: { commands: [touch it] } }\nartifacts: { files: ['*.json'] }\n";
    run(nothing)
        .0
        .assert_failed(PhaseName::PostBuild, "no matching artifact paths found: *.json");
}
