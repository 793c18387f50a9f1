//! The Dockerfiles match the service description and the workspace. Needs no Docker; `tests/containers` tests the images.

use std::collections::BTreeSet;
use std::path::Path;

use infra::service::{Container, Runtime, Service};

fn file(path: &str) -> String {
    fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

fn each(check: impl Fn(&Container, &str)) {
    for container in Service::default().containers(Runtime::Task) {
        check(&container, &file(&container.dockerfile));
    }
}

#[test]
fn instructions_match_the_description() {
    each(|container, dockerfile| {
        let probe: Vec<_> = container
            .health
            .as_ref()
            .unwrap()
            .command
            .iter()
            .map(|word| format!("{word:?}"))
            .collect();
        for line in [
            format!("USER {}", container.user),
            format!("EXPOSE {}", container.port),
            format!("STOPSIGNAL {}", container.stop.signal),
            format!("ENTRYPOINT [{:?}]", container.binary()),
            format!("CMD {:?}", container.command),
        ] {
            assert!(
                dockerfile.lines().any(|found| found == line),
                "{}: {line}",
                container.dockerfile
            );
        }
        let healthcheck = dockerfile
            .lines()
            .find(|line| line.starts_with("HEALTHCHECK"))
            .unwrap();
        assert!(
            healthcheck.ends_with(&format!(" CMD [{}]", probe.join(", "))),
            "{healthcheck}"
        );
    });
}

/// Pipelines and compose build both images at the same time, and Cargo's lock file is not in the mounted folder.
#[test]
fn caches_are_not_shared_between_images() {
    let caches = |path: &str| -> BTreeSet<String> {
        let dockerfile = file(path);
        let mounts = dockerfile
            .split("--mount=type=cache,id=")
            .skip(1)
            .filter_map(|mount| mount.split([',', ' ']).next());
        mounts.map(str::to_owned).collect()
    };
    let [app, proxy] = ["Dockerfile.app", "Dockerfile.proxy"].map(caches);
    assert_eq!((app.len(), proxy.len()), (2, 2), "{app:?} {proxy:?}");
    assert!(app.is_disjoint(&proxy), "{app:?} {proxy:?}");
}

/// The builds use the version in `rust-toolchain.toml`.
#[test]
fn toolchain_matches_the_repository() {
    let toolchain = file("rust-toolchain.toml");
    let version = toolchain
        .lines()
        .find_map(|line| line.strip_prefix("channel = \"")?.strip_suffix('"'))
        .unwrap();
    each(|container, dockerfile| {
        let builder = dockerfile
            .lines()
            .find(|line| line.starts_with("ARG BUILDER="))
            .unwrap();
        assert!(
            builder.contains(&format!("/rust:{version}-")),
            "{}: {builder}",
            container.dockerfile
        );
    });
}

/// Cargo requires all workspace members. A new member must be added to both Dockerfiles and to `.dockerignore`; so must a
/// directory that a package embeds.
#[test]
fn workspace_members_are_copied() {
    let workspace = file("Cargo.toml");
    let members = workspace
        .lines()
        .find_map(|line| line.strip_prefix("members = [")?.strip_suffix(']'))
        .unwrap();
    let members: Vec<_> = members
        .split(',')
        .map(|member| member.trim().trim_matches('"'))
        .collect();
    let allowed = file(".dockerignore");
    each(|container, dockerfile| {
        let content = container.content.iter().map(String::as_str);
        let whole = content.chain([container.package]);
        let copied = whole.map(|folder| format!("COPY {folder} {folder}"));
        let manifests = members
            .iter()
            .filter(|member| **member != container.package)
            .map(|member| format!("COPY {member}/Cargo.toml {member}/"));
        for line in copied.chain(manifests) {
            assert!(
                dockerfile.lines().any(|found| found == line),
                "{}: {line}",
                container.dockerfile
            );
            let source = line.split(' ').nth(1).unwrap();
            let folder = source.trim_end_matches("/Cargo.toml");
            assert!(
                allowed.lines().any(|rule| rule
                    .strip_prefix('!')
                    .is_some_and(|path| path == source || path == folder)),
                ".dockerignore excludes {source}"
            );
        }
    });
}
