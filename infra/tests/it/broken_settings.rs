//! Ten settings files with mistakes, and all that is said of each at once.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use infra::settings::{Settings, SettingsError};

#[test]
fn ten_broken_files_and_their_messages() {
    let folder = Path::new("tests/settings/broken");
    let mut files: Vec<_> = fs_err::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert_eq!(files.len(), 10, "{files:?}");
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
fn the_program_tells_them_and_ends_with_5() {
    for verb in [["list"].as_slice(), &["synth", "all"], &["check", "--offline"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_infra"))
            .args(["--config", "tests/settings/broken/06-sizes.toml"])
            .args(verb)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(5), "{verb:?}");
        let told = format!(
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
            assert!(told.contains(place), "{verb:?}: {place}: {told}");
        }
    }
}
