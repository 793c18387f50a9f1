//! `infra push` with a fake `docker`: what it builds, pushes and records, and what it refuses.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use fs_err::os::unix::fs::symlink;
use infra::docker::Docker;
use infra::workflows::push::{Image, Request, push};
use insta::assert_snapshot;
use tempfile::TempDir;

use super::fixture::registry::{HOST, PASSWORD};
use super::fixture::{Fixture, Shared, harness};
use super::formation::Formation;
use super::harness::{Harness, Person, spec};
use super::program::{infra, printed, with_mock};

const PARAMETER: &str = "penguinapp-imagetag";
const TAG: &str = "4f2a9c01d7a0e5b6c8d9e0f1a2b3c4d5e6f70819";

/// A git checkout, and a folder with the fake `docker`.
struct Checkout(TempDir);

impl Checkout {
    fn new() -> Self {
        let checkout = Self(tempfile::tempdir().unwrap());
        for package in ["penguin-app", "penguin-proxy"] {
            fs_err::create_dir_all(checkout.root().join(package)).unwrap();
            fs_err::write(checkout.root().join(package).join("Cargo.toml"), "").unwrap();
        }
        fs_err::create_dir(checkout.bin()).unwrap();
        let fake = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fake_docker.sh");
        symlink(fake, checkout.docker()).unwrap();
        checkout
    }

    /// Commits everything; returns the commit.
    fn commit(&self) -> String {
        self.git(&["init", "--quiet"]);
        self.git(&["add", "."]);
        let person = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
        let message = ["commit", "--quiet", "--message", "first"];
        self.git(&[&person[..], &message[..]].concat());
        self.git(&["rev-parse", "HEAD"])
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(self.root())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", printed(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("checkout")
    }

    fn bin(&self) -> PathBuf {
        self.0.path().join("bin")
    }

    fn docker(&self) -> PathBuf {
        self.bin().join("docker")
    }

    /// Calls of `docker` so far, with the folder of the checkout replaced.
    fn calls(&self) -> String {
        let calls = fs_err::read_to_string(self.bin().join("calls")).unwrap_or_default();
        calls.replace(self.root().to_str().unwrap(), "ROOT")
    }

    /// Has calls of `docker` that begin with this text fail, or hang.
    fn order(&self, what: &str, call: &str) {
        fs_err::write(self.bin().join(what), call).unwrap();
    }

    /// `infra push --yes` in this checkout.
    fn push(&self, harness: &Harness, arguments: &[&str]) -> Output {
        let mut command = infra(self.0.path());
        with_mock(&mut command, harness)
            .args(["push", "--yes"])
            .args(arguments)
            .current_dir(self.root())
            .env("PATH", format!("{}:/usr/bin:/bin", self.bin().display()))
            .stdin(Stdio::null());
        command.output().unwrap()
    }
}

/// Both repositories exist, with these tags in them.
fn repositories(app: &[&str], proxy: &[&str]) -> (Harness, Shared) {
    let mut fixture = Fixture::default();
    for (name, tags) in [("app", app), ("proxy", proxy)] {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        fixture.images.insert(format!("penguin-school/{name}"), tags);
    }
    harness(Formation::default(), fixture)
}

fn latest(fixture: &Shared) -> Option<String> {
    fixture.now().parameters.get(PARAMETER)?.last().cloned()
}

#[test]
fn both_images_of_the_commit_are_built_pushed_and_recorded() {
    let checkout = Checkout::new();
    let commit = checkout.commit();
    let (harness, fixture) = repositories(&[], &[]);
    let output = checkout.push(&harness, &["--json"]);
    assert!(output.status.success(), "{}", printed(&output));
    let build = |name: &str| {
        format!(
            "build --platform linux/arm64 --file ROOT/Dockerfile.{name} --tag {HOST}/penguin-school/{name}:{commit} \
             --build-arg SOURCE=https://github.com/polar/school --build-arg REVISION={commit} --build-arg VERSION={commit} ROOT\n"
        )
    };
    let push = |name: &str| format!("push {HOST}/penguin-school/{name}:{commit}\n");
    let login = format!("login --username AWS --password-stdin {HOST}\nstandard input: {PASSWORD}\n");
    let expected = [
        "version --format {{.Server.Version}}\n".to_owned(),
        login,
        build("app"),
        build("proxy"),
        push("app"),
        push("proxy"),
    ]
    .concat();
    assert_eq!(checkout.calls(), expected);
    assert_eq!(latest(&fixture), Some(commit.clone()));
    // What docker prints is not data, and the password is printed nowhere.
    let lines = String::from_utf8(output.stdout.clone()).unwrap();
    let document: serde_json::Value = serde_json::from_str(lines.lines().next_back().unwrap()).unwrap();
    assert_eq!(document["release"], commit.as_str());
    assert_eq!(document["images"][1]["pushed"], true);
    let said = printed(&output);
    assert!(
        said.contains("output of docker build\n") && !said.contains(PASSWORD),
        "{said}"
    );
}

#[test]
fn uncommitted_changes_are_pushed_under_a_tag_of_their_own_only() {
    let checkout = Checkout::new();
    let commit = checkout.commit();
    fs_err::write(checkout.root().join("penguin-app/Cargo.toml"), "changed").unwrap();
    for number in 1..=3 {
        fs_err::write(checkout.root().join(format!("new-{number}")), "").unwrap();
    }
    let (harness, fixture) = repositories(&[], &[]);
    let refused = checkout.push(&harness, &[]);
    assert_eq!(
        printed(&refused).replace(&commit, "COMMIT"),
        "error: uncommitted changes: penguin-app/Cargo.toml, new-1, new-2 and 1 more; the images would not be those of \
         commit COMMIT\n\nhint: commit the changes first\nhint: `--tag TAG` pushes the files as they are under that tag\n"
    );
    assert_eq!((refused.status.code(), checkout.calls().as_str()), (Some(1), ""));
    let output = checkout.push(&harness, &["--tag", "try-1"]);
    assert!(output.status.success(), "{}", printed(&output));
    assert_eq!(latest(&fixture).as_deref(), Some("try-1"));
    // The label still says on which commit the files are based.
    assert!(
        checkout
            .calls()
            .contains(&format!("--build-arg REVISION={commit} "))
    );
}

#[test]
fn outside_git_a_tag_is_needed() {
    let checkout = Checkout::new();
    let (harness, _) = repositories(&[], &[]);
    let said = printed(&checkout.push(&harness, &[]));
    assert!(said.starts_with("error: cannot read the commit of "), "{said}");
    assert!(checkout.push(&harness, &["--tag", "own"]).status.success());
}

#[test]
fn invalid_tag_is_a_usage_error() {
    let checkout = Checkout::new();
    let (harness, _) = repositories(&[], &[]);
    let output = checkout.push(&harness, &["--tag", "feature/x"]);
    assert_eq!(output.status.code(), Some(2), "{}", printed(&output));
    assert!(harness.server.calls().is_empty());
}

#[test]
fn missing_docker_is_reported_before_the_prompt() {
    let checkout = Checkout::new();
    fs_err::remove_file(checkout.docker()).unwrap();
    let (harness, fixture) = repositories(&[], &[]);
    let request = Request {
        docker: Docker {
            program: checkout.docker(),
            quiet: false,
        },
        ..request(&checkout, true)
    };
    let said =
        session(&harness, &request, Some("y\n")).replace(checkout.docker().to_str().unwrap(), "docker");
    assert_snapshot!(said);
    assert_eq!(latest(&fixture), None);
}

fn request(checkout: &Checkout, of_commit: bool) -> Request {
    let image = |name: &str| Image {
        container: name.into(),
        repository: format!("penguin-school/{name}"),
        dockerfile: format!("Dockerfile.{name}"),
    };
    Request {
        docker: Docker {
            program: checkout.docker(),
            quiet: false,
        },
        root: checkout.root(),
        images: vec![image("app"), image("proxy")],
        tag: TAG.into(),
        of_commit,
        platform: "linux/arm64",
        arguments: Vec::new(),
        parameter: PARAMETER.into(),
        region: None,
        foundation: "Foundation".into(),
    }
}

/// What somebody sees who runs it and types this.
fn session(harness: &Harness, request: &Request, answers: Option<&str>) -> String {
    let person = Person {
        answers,
        ..Person::default()
    };
    let stacks = [spec("Foundation", &[])];
    person.does(harness, &stacks, async |context| push(context, request).await)
}

#[test]
fn push_confirms_before_building_and_declining_changes_nothing() {
    let checkout = Checkout::new();
    let (harness, fixture) = repositories(&[], &[]);
    let request = request(&checkout, true);
    let declined = session(&harness, &request, Some("n\n"));
    assert_eq!(checkout.calls(), "version --format {{.Server.Version}}\n");
    assert_eq!(
        (latest(&fixture), harness.server.count("GetAuthorizationToken")),
        (None, 0)
    );
    assert_snapshot!(format!(
        "{declined}\n{}",
        session(&harness, &request, Some("y\n"))
    ));
    assert_eq!(latest(&fixture).as_deref(), Some(TAG));
}

#[test]
fn no_terminal_requires_yes() {
    let checkout = Checkout::new();
    let (harness, _) = repositories(&[], &[]);
    let said = session(&harness, &request(&checkout, true), None);
    assert!(said.contains("hint: pass `--yes` to skip the prompt\n"), "{said}");
    assert_eq!(checkout.calls(), "version --format {{.Server.Version}}\n");
}

#[test]
fn incomplete_push_resumes_with_missing_images() {
    let checkout = Checkout::new();
    let request = request(&checkout, true);
    let (harness, fixture) = repositories(&[TAG], &[]);
    let said = session(&harness, &request, Some("y\n"));
    assert!(
        said.contains("penguin-school/app:4f2a9c01 is already pushed\n"),
        "{said}"
    );
    let calls = checkout.calls();
    assert!(
        calls.contains("Dockerfile.proxy") && !calls.contains("Dockerfile.app"),
        "{calls}"
    );
    assert_eq!(latest(&fixture).as_deref(), Some(TAG));
    // Both are there and nobody wrote the parameter.
    let (harness, fixture) = repositories(&[TAG], &[TAG]);
    let said = session(&harness, &request, Some("y\n"));
    assert!(
        said.contains("Both images of 4f2a9c01 are already pushed. Make it the latest release, in account"),
        "{said}"
    );
    assert_eq!(latest(&fixture).as_deref(), Some(TAG));
    // Then there is nothing left to do.
    let said = session(&harness, &request, None);
    assert!(said.contains("is the latest.\n--- exit code 0\n"), "{said}");
}

#[test]
fn push_errors() {
    let checkout = Checkout::new();
    let (nowhere, _) = harness(Formation::default(), Fixture::default());
    let (taken, _) = repositories(&[], &[TAG]);
    let mut printed = vec![
        format!(
            "# no repositories\n{}",
            session(&nowhere, &request(&checkout, true), Some("y\n"))
        ),
        format!(
            "# the tag of a tree with changes exists\n{}",
            session(&taken, &request(&checkout, false), Some("y\n"))
        ),
    ];
    for call in ["version", "login", "build", "push"] {
        checkout.order("fails", call);
        let (harness, fixture) = repositories(&[], &[]);
        let said = session(&harness, &request(&checkout, call != "push"), Some("y\n"));
        printed.push(format!("# docker {call} fails\n{said}"));
        assert_eq!(latest(&fixture), None, "{call}");
    }
    // The hint about emulation depends on the machine.
    let text = printed.join("\n");
    let lines = text.lines().filter(|line| !line.contains("binfmt"));
    assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
    let calls = checkout.calls();
    assert_eq!(
        calls.matches("build ").count(),
        3,
        "the first build that fails is the last: {calls}"
    );
}

#[test]
fn failed_image_stops_the_push_and_records_no_release() {
    let checkout = Checkout::new();
    checkout.order("fails", &format!("push {HOST}/penguin-school/app"));
    let (harness, fixture) = repositories(&[], &[]);
    let said = session(&harness, &request(&checkout, true), Some("y\n"));
    assert!(
        said.contains("hint: the same command again pushes what is missing\n"),
        "{said}"
    );
    assert_eq!(checkout.calls().matches("push ").count(), 1);
    assert_eq!(latest(&fixture), None);
}

#[test]
fn ctrl_c_ends_the_build_and_records_nothing() {
    let checkout = Checkout::new();
    checkout.order("hangs", "build");
    let (harness, fixture) = repositories(&[], &[]);
    let person = Person {
        yes: true,
        interrupt_after: vec![("GetAuthorizationToken", 1)],
        ..Person::default()
    };
    let stacks = [spec("Foundation", &[])];
    let request = request(&checkout, true);
    let said = person.does(&harness, &stacks, async |context| push(context, &request).await);
    assert!(
        said.contains("Interrupted: the latest release is unchanged"),
        "{said}"
    );
    assert!(said.ends_with("--- exit code 130\n"), "{said}");
    assert_eq!(latest(&fixture), None);
}

#[test]
fn push_works_without_permission_to_list_images() {
    let checkout = Checkout::new();
    let (harness, fixture) = repositories(&[], &[]);
    fixture.now().denied.insert("DescribeImages");
    let said = session(&harness, &request(&checkout, true), Some("y\n"));
    assert!(said.ends_with("--- exit code 0\n"), "{said}");
}
