//! `infra diagram`: files in the repository are up to date; output options.

use std::path::Path;
use std::process::{Command, Output};

fn infra(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_infra"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["--config", "infra.example.toml", "diagram"])
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn repository_diagrams_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let front_page = fs_err::read_to_string(root.join("README.md")).unwrap();
    for name in ["architecture", "pipelines"] {
        let output = infra(&[name, "--format", "svg"]);
        assert!(output.status.success());
        let file = format!("docs/{name}.svg");
        let kept = fs_err::read_to_string(root.join(&file)).unwrap_or_default();
        assert!(
            kept == String::from_utf8(output.stdout).unwrap(),
            "{file} differs; to update it: cargo run -p infra --no-default-features -- --config \
             infra/infra.example.toml diagram {name} --format svg --out {file}"
        );
        assert!(
            front_page.contains(&format!("({file})")),
            "README.md does not show {file}"
        );
    }
}

#[test]
fn the_default_output_is_mermaid_on_stdout() {
    let output = infra(&["architecture"]);
    assert!(output.status.success() && output.stderr.is_empty());
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
    let output = infra(&["pipelines"]);
    insta::assert_snapshot!("pipelines", String::from_utf8(output.stdout).unwrap());
}

#[test]
fn output_file_is_written_or_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("picture.svg");
    let name = file.to_str().unwrap();
    let output = infra(&["pipelines", "--format", "svg", "--out", name]);
    assert!(output.status.success() && output.stdout.is_empty());
    assert!(fs_err::read_to_string(&file).unwrap().starts_with("<svg "));
    let output = infra(&["pipelines", "--out", "/nowhere/picture"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("/nowhere/picture")
    );
}
