//! Pull requests and the dev pipeline run the same tests.

use std::path::Path;

use super::Finding;
use crate::settings::Tests;

/// Workflow of pull requests, relative to the workspace.
const FILE: &str = ".github/workflows/ci.yml";

/// Warns if the workflow in `root` does not run the tests of the settings. Without file or tests there is nothing to compare.
pub fn workflow(root: &Path, tests: Option<&Tests>) -> Option<Finding> {
    let command = &tests?.command;
    let text = fs_err::read_to_string(root.join(FILE)).ok()?;
    if text.lines().any(|line| runs(line) == command) {
        return None;
    }
    Some(
        Finding::warning(
            "pull requests",
            format!("{FILE} does not run `{command}`, which the dev pipeline runs (`source.test`)"),
        )
        .remedy(format!(
            "write `run: {command}` in a step of the workflow, or delete the file"
        )),
    )
}

/// Returns the command of a line: `run: COMMAND`, also in quotes, or a line of its own below `run: |`.
fn runs(line: &str) -> &str {
    let line = line.trim();
    let line = line.strip_prefix("- ").unwrap_or(line);
    let line = line.strip_prefix("run:").unwrap_or(line).trim();
    let quoted = |sign| line.strip_prefix(sign)?.strip_suffix(sign);
    quoted('"').or_else(|| quoted('\'')).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

    fn tests(command: &str) -> Tests {
        Tests {
            command: command.to_owned(),
            ..Tests::default()
        }
    }

    #[test]
    fn pull_requests_of_this_repository_run_the_tests_of_its_settings() {
        let root = Path::new(ROOT);
        let settings = crate::settings::Settings::load(&root.join(crate::settings::FILE_NAME)).unwrap();
        assert_eq!(workflow(root, settings.source.tests.as_ref()), None);
        assert!(root.join(FILE).is_file());
    }

    #[test]
    fn other_command_is_a_warning_with_the_line_to_write() {
        let found = workflow(Path::new(ROOT), Some(&tests("make test"))).unwrap();
        assert_eq!(found.level, super::super::Level::Warning);
        assert!(found.message.contains("does not run `make test`"), "{found:?}");
        assert!(found.remedy.unwrap().starts_with("write `run: make test`"));
    }

    #[test]
    fn command_is_found_in_every_form_of_a_step() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(workflow(root.path(), Some(&tests("make test"))), None, "no file");
        let file = root.path().join(FILE);
        fs_err::create_dir_all(file.parent().unwrap()).unwrap();
        let warns = |step: &str| {
            fs_err::write(&file, format!("jobs:\n  test:\n    steps:\n{step}\n")).unwrap();
            workflow(root.path(), Some(&tests("make test"))).is_some()
        };
        assert!(!warns("      - run: make test"));
        assert!(!warns("      - name: Test\n        run: 'make test'"));
        assert!(!warns("      - run: |\n          make test"));
        assert!(warns("      - run: make test-all"));
        assert!(warns("      # run: make test"));
        assert_eq!(workflow(root.path(), None), None, "no tests");
    }
}
