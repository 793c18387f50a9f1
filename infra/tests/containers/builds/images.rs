//! Image build: complete, partial, skipped, repeated.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use infra::service::{Container as Described, Runtime, Service, Value};

use super::machine::Outcome;
use super::spec::PhaseName;
use super::{FIRST, Harness, PARAMETER, SECOND, failing_program};
use crate::compose::get;
use crate::docker::{Own, alone, docker, figure, inspect_image, own_name};

/// Prints the duration of a build.
fn timed(what: &str, build: impl FnOnce() -> Outcome) -> Outcome {
    let began = Instant::now();
    let outcome = build();
    figure(&format!("build spec, {what}: {:.1?}", began.elapsed()));
    outcome
}

/// Returns whether this container's image was built.
fn was_built(outcome: &Outcome, container: &str) -> bool {
    outcome
        .log
        .lines()
        .any(|line| line.starts_with(&format!("{container} | ")))
}

#[test]
fn push_builds_two_images_and_a_release() {
    let _turn = alone();
    let harness = Harness::new();
    let mut execution = harness.dev(FIRST);

    let outcome = timed("first commit", || execution.build("BuildImages"));
    outcome.assert_succeeded();
    assert!(
        was_built(&outcome, "app") && was_built(&outcome, "proxy"),
        "{}",
        outcome.log
    );
    assert_eq!(outcome.exported["IMAGE_TAG"], FIRST);
    // The release is recorded only after the deployment to dev.
    assert_eq!(harness.latest_release(), None);
    execution.build("RecordRelease").assert_succeeded();
    assert_eq!(harness.latest_release().as_deref(), Some(FIRST));
    let first = harness.tags();
    assert!(first.iter().all(|tags| tags.keys().eq([FIRST])), "{first:?}");

    // The images in the registry serve the site.
    harness.cloud.forget_images();
    serves_the_site(&harness, FIRST);

    // Same commit: nothing is built or pushed.
    let again = timed("same commit again", || harness.dev(FIRST).build("BuildImages"));
    again.assert_succeeded();
    for container in ["app", "proxy"] {
        assert!(!was_built(&again, container), "{}", again.log);
        let says = format!("penguin-school/{container}:{FIRST} already exists");
        assert!(again.log.contains(&says), "{}", again.log);
    }
    assert!(!again.log.contains("The push refers to"), "{}", again.log);
    assert_eq!(harness.tags(), first);
    assert_eq!(harness.latest_release().as_deref(), Some(FIRST));

    // Unchanged programs: layers come from the cache of the previous release.
    let second = timed("next commit, programs unchanged", || {
        harness.dev(SECOND).build("BuildImages")
    });
    second.assert_succeeded();
    for container in ["app", "proxy"] {
        let cache = format!(
            "importing cache manifest from {}",
            harness.image(container, FIRST)
        );
        assert!(second.log.contains(&cache), "{}", second.log);
    }
    assert_eq!(
        second.log.matches("Layer already exists").count(),
        3, // both programs and the error page
        "{}",
        second.log
    );
    assert!(harness.tags().iter().all(|tags| tags.keys().eq([FIRST, SECOND])));
    assert_eq!(harness.latest_release().as_deref(), Some(FIRST));
}

/// Pulls the images of a tag and runs them like the task, in one network namespace.
fn serves_the_site(harness: &Harness, tag: &str) {
    let [app, proxy] = Service::default().containers(Runtime::Task);
    let run = |container: &Described, placing: &[&str]| {
        let image = harness.image(container.name, tag);
        docker(&["pull", "--quiet", &image]);
        let labels = &inspect_image(&image)["Config"]["Labels"];
        for (label, value) in [
            ("revision", tag),
            ("version", tag),
            ("source", "https://github.com/OWNER/NAME"),
        ] {
            assert_eq!(labels[format!("org.opencontainers.image.{label}")], value);
        }
        let mut arguments = vec!["--read-only".to_owned(), "--cap-drop=ALL".to_owned()];
        arguments.extend(
            container
                .environment
                .iter()
                .map(|variable| match &variable.value {
                    Value::Text(text) => format!("--env={}={text}", variable.name),
                    Value::PublicUrl => format!("--env={}=https://penguins.example", variable.name),
                    Value::Indexing => format!("--env={}=allow", variable.name),
                    Value::Release => format!("--env={}=release", variable.name),
                    Value::Secret(_) => panic!("the site has no secrets"),
                }),
        );
        arguments.push(image);
        arguments.extend(container.command.iter().cloned());
        let arguments: Vec<_> = placing
            .iter()
            .copied()
            .chain(arguments.iter().map(String::as_str))
            .collect();
        let own = Own::run(&own_name(&format!("pulled-{}", container.name)), &arguments);
        own.wait_until_healthy(Duration::from_mins(1));
        own
    };
    let running_app = run(&app, &["--publish", &format!("127.0.0.1::{}", proxy.port)]);
    let _running_proxy = run(&proxy, &["--network", &format!("container:{}", running_app.0)]);
    let page = get(running_app.published(proxy.port), "/").unwrap();
    assert!(
        page.starts_with("HTTP/1.1 200") && page.contains("Penguin School"),
        "{page}"
    );
}

#[test]
fn failed_build_pushes_nothing() {
    let _turn = alone();
    let harness = Harness::new();
    harness.cloud.put_release(PARAMETER, "before");

    // Either image, regardless of which build ends first.
    let last = "COPY --from=build /penguin-proxy /penguin-proxy";
    harness.checkout.edit(
        "Dockerfile.proxy",
        last,
        "COPY --from=build /penguin-prxy /penguin-proxy",
    );
    let outcome = harness.dev(FIRST).build("BuildImages");
    outcome.assert_failed(
        PhaseName::Build,
        "error: an image build failed; no image was pushed",
    );
    assert!(was_built(&outcome, "app"), "{}", outcome.log);
    let why = outcome.log.lines().filter(|line| line.starts_with("proxy | "));
    assert!(
        why.clone().any(|line| line.contains("penguin-prxy")),
        "{}",
        outcome.log
    );
    assert_eq!(harness.latest_release().as_deref(), Some("before"));
    assert_eq!(harness.tags(), [BTreeMap::new(), BTreeMap::new()]);

    // The corrected source builds.
    harness
        .checkout
        .edit("Dockerfile.proxy", "/penguin-prxy", "/penguin-proxy");
    harness.dev(FIRST).build("BuildImages").assert_succeeded();
    assert!(harness.tags().iter().all(|tags| tags.keys().eq([FIRST])));
}

#[test]
fn failed_push_is_completed_by_the_next_run() {
    let _turn = alone();
    let harness = Harness::new();
    let failing = failing_program("docker", "push*/proxy:*", "denied: the quota is used up");
    let mut broken = harness.dev(FIRST);
    broken.shadow = Some(failing.path().to_owned());
    let outcome = broken.build("BuildImages");
    outcome.assert_failed(PhaseName::Build, "denied: the quota is used up");
    assert_eq!(harness.latest_release(), None);
    let [app, proxy] = harness.tags();
    assert!(app.keys().eq([FIRST]) && proxy.is_empty(), "{app:?} {proxy:?}");

    let outcome = harness.dev(FIRST).build("BuildImages");
    outcome.assert_succeeded();
    assert!(
        !was_built(&outcome, "app") && was_built(&outcome, "proxy"),
        "{}",
        outcome.log
    );
    let [same_app, proxy] = harness.tags();
    assert_eq!(same_app, app, "a tag was pushed twice");
    assert!(proxy.keys().eq([FIRST]));
}

#[test]
fn missing_permissions_stop_the_build() {
    let _turn = alone();
    let harness = Harness::new();
    for (program, pattern) in [
        ("aws", "'ecr get-login-password'*"),
        ("docker", "login*"),
        ("aws", "'ecr batch-get-image'*"),
        ("aws", "'ssm get-parameters'*"),
    ] {
        let failing = failing_program(program, pattern, "not authorized (test)");
        let mut execution = harness.dev(FIRST);
        execution.shadow = Some(failing.path().to_owned());
        let outcome = execution.build("BuildImages");
        outcome.assert_failed(PhaseName::PreBuild, "not authorized (test)");
        assert!(!was_built(&outcome, "app"), "{}", outcome.log);
    }
    let mut execution = harness.dev("");
    let outcome = execution.build("BuildImages");
    outcome.assert_failed(PhaseName::PreBuild, "it is the image tag");
    assert_eq!(harness.latest_release(), None);
}
