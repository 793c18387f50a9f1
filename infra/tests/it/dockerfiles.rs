//! The Dockerfiles, held against the description of the containers and the workspace that they build. Needs no Docker:
//! what only the finished images can show is in `tests/containers`.

use std::path::Path;

use infra::service::{Container, Runtime, containers};

fn file(path: &str) -> String {
    fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

fn each(check: impl Fn(&Container, &str)) {
    for container in containers(Runtime::Task) {
        check(&container, &file(container.dockerfile));
    }
}

#[test]
fn they_say_what_the_description_says() {
    each(|container, dockerfile| {
        let probe: Vec<_> = container
            .health
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

/// The version in `rust-toolchain.toml` is the one that everything is tested with.
#[test]
fn they_build_with_the_toolchain_of_the_repository() {
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

/// Cargo refuses a workspace of which a member is missing. A new member has to be named in both files and allowed by
/// `.dockerignore`; so does a folder whose content a package takes in.
#[test]
fn they_copy_what_cargo_wants_to_see() {
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
        let whole = container.content.iter().copied().chain([container.package]);
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
                ".dockerignore keeps {source} out"
            );
        }
    });
}
