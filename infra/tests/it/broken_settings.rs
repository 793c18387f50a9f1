//! Invalid settings files and their error messages.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use infra::settings::{Settings, SettingsError};

#[test]
fn broken_files_and_their_messages() {
    let folder = Path::new("tests/settings/broken");
    let mut files: Vec<_> = fs_err::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert_eq!(files.len(), 12, "{files:?}");
    let mut said = String::new();
    for file in files {
        let error = Settings::load(&file).unwrap_err();
        let SettingsError::Invalid { mistakes, .. } = &error else {
            panic!("{file:?}: {error:?}");
        };
        let mut before = (0, 0);
        for mistake in mistakes {
            let place = (mistake.line, mistake.column);
            assert!(place >= before, "{file:?}: out of order: {mistake:?}");
            before = place;
        }
        writeln!(said, "{error}\n").unwrap();
    }
    let said = said.replace("tests/settings/broken/", "");
    insta::assert_snapshot!(said);
}

#[test]
fn wrong_settings_of_app_and_builds_and_their_messages() {
    let said: Vec<_> = ["wrong-app.toml", "wrong-dockerfile.toml", "wrong-builds.toml"]
        .iter()
        .map(|file| {
            Settings::load(&Path::new("tests/settings").join(file))
                .unwrap_err()
                .to_string()
        })
        .collect();
    let said = said.join("\n\n").replace("tests/settings/", "");
    // Somebody who writes a secret in place of its name does not find it in a log.
    assert!(!said.contains("hunter"), "{said}");
    insta::assert_snapshot!(said);
}

#[test]
fn invalid_settings_exit_with_5() {
    for verb in [["list"].as_slice(), &["synth", "all"], &["check", "--offline"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_infra"))
            .args(["--config", "tests/settings/broken/06-sizes.toml"])
            .args(verb)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(5), "{verb:?}");
        let output = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        for place in [
            "06-sizes.toml:10:7",
            "06-sizes.toml:14:10",
            "06-sizes.toml:18:10",
            "06-sizes.toml:19:13",
        ] {
            assert!(output.contains(place), "{verb:?}: {place}: {output}");
        }
    }
}
