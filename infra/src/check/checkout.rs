//! What the pipelines cannot build from: a workspace below the root of its git repository, and CRLF line ends.

use std::path::Path;

use super::Finding;
use crate::service::{Runtime, Service};

const ABOUT: &str = "checkout";
/// Folder of the build specs, which the templates contain byte by byte.
const BUILD_SPECS: &str = "infra/src/stacks/build_specs";

/// Findings about the checkout in `root`; none if it is supported.
pub fn checkout(root: &Path, service: &Service) -> Vec<Finding> {
    subfolder(root)
        .into_iter()
        .chain(line_ends(root, service))
        .collect()
}

/// CodeBuild runs the build specs in the root of the repository.
fn subfolder(root: &Path) -> Option<Finding> {
    let repository = root.ancestors().find(|folder| folder.join(".git").exists())?;
    let below = root.strip_prefix(repository).ok()?;
    if below.as_os_str().is_empty() {
        return None;
    }
    Some(
        Finding::error(
            ABOUT,
            format!(
                "the workspace is in the subfolder {} of its git repository; the pipelines build in the root of the repository",
                below.display()
            ),
        )
        .remedy("subfolders are not supported: move the workspace to the root, or into a repository of its own"),
    )
}

/// Scripts in build specs and Dockerfiles do not run with carriage returns.
fn line_ends(root: &Path, service: &Service) -> Option<Finding> {
    let mut files: Vec<_> = service
        .containers(Runtime::Task)
        .iter()
        .map(|container| root.join(&container.dockerfile))
        .collect();
    files.push(root.join("docker-compose.yml"));
    let specs = fs_err::read_dir(root.join(BUILD_SPECS)).into_iter().flatten();
    files.extend(specs.flatten().map(|entry| entry.path()));
    files.sort();
    let with_carriage_returns: Vec<_> = files
        .iter()
        .filter(|file| fs_err::read(file).is_ok_and(|bytes| bytes.windows(2).any(|pair| pair == b"\r\n")))
        .filter_map(|file| Some(file.strip_prefix(root).ok()?.display().to_string()))
        .collect();
    if with_carriage_returns.is_empty() {
        return None;
    }
    Some(
        Finding::error(
            ABOUT,
            format!("CRLF line ends, with which builds fail: {}", with_carriage_returns.join(", ")),
        )
        .remedy(
            "keep the repository's .gitattributes, then `git rm --cached -r .` and `git reset --hard` check the files out with LF (commit your changes first)",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workspace_in_a_subfolder_is_an_error() {
        let repository = tempfile::tempdir().unwrap();
        let root = repository.path().join("web/site");
        fs_err::create_dir_all(&root).unwrap();
        // Without git there is no root to build in.
        assert!(checkout(&root, &Service::default()).is_empty());
        // In a worktree or a submodule `.git` is a file.
        fs_err::write(repository.path().join(".git"), "gitdir: elsewhere").unwrap();
        let found = checkout(&root, &Service::default());
        assert!(
            found[0].message.contains("in the subfolder web/site of"),
            "{found:?}"
        );
        fs_err::create_dir(root.join(".git")).unwrap();
        assert!(checkout(&root, &Service::default()).is_empty());
    }

    #[test]
    fn files_with_carriage_returns_are_named() {
        let root = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let file = root.path().join(file);
            fs_err::create_dir_all(file.parent().unwrap()).unwrap();
            fs_err::write(file, text).unwrap();
        };
        write("Dockerfile.app", "FROM scratch\nUSER 1\n");
        write("infra/src/stacks/build_specs/synth.yml", "version: 0.2\n");
        assert!(checkout(root.path(), &Service::default()).is_empty());
        write("Dockerfile.app", "FROM scratch\r\nUSER 1\r\n");
        write("infra/src/stacks/build_specs/synth.yml", "version: 0.2\r\n");
        let found = checkout(root.path(), &Service::default());
        assert!(
            found[0]
                .message
                .ends_with("fail: Dockerfile.app, infra/src/stacks/build_specs/synth.yml"),
            "{found:?}"
        );
    }
}
