//! `infra init`.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use infra::settings::Settings;

use crate::program::Bench;

/// The settings file of the repository.
const FIRST: &str = infra::settings::first::FIRST;

/// Creates a clone of a fork.
fn fork(remote: &str) -> Bench {
    let bench = Bench::new();
    bench.git(&["init", "--quiet", "--initial-branch", "main"]);
    bench.git(&["remote", "add", "origin", remote]);
    bench.git(&["config", "user.email", "bear@polar.dev"]);
    bench.git(&["config", "user.name", "Bear"]);
    bench.git(&["commit", "--quiet", "--allow-empty", "--message", "ice"]);
    bench.write("infra.toml", FIRST);
    bench
}

fn settings(bench: &Bench) -> Settings {
    Settings::parse(&bench.read("infra.toml")).unwrap()
}

/// Runs `infra` in a terminal created by `script`, and types `lines`.
fn typed(bench: &Bench, arguments: &str, lines: &[&str]) -> (i32, String) {
    let command = format!("{} {arguments}", env!("CARGO_BIN_EXE_infra"));
    let mut script: Command = bench.command("script");
    let mut child = script
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = child.stdout.take().unwrap();
    let mut screen = String::new();
    let mut lines = lines.iter();
    // Types after each prompt; the output ends with the program.
    let mut bytes = [0; 4096];
    loop {
        let length = output.read(&mut bytes).unwrap();
        if length == 0 {
            break;
        }
        screen.push_str(&String::from_utf8_lossy(&bytes[..length]));
        if screen.ends_with(": ") {
            match lines.next() {
                Some(line) => writeln!(input, "{line}").unwrap(),
                // Ctrl-D.
                None => input.write_all(&[4]).unwrap(),
            }
            input.flush().unwrap();
        }
    }
    let status = child.wait().unwrap();
    (status.code().unwrap(), screen.replace('\r', ""))
}

#[test]
fn a_fork_is_configured_by_pressing_return() {
    let bench = fork("git@github.com:polar/iceberg.git");
    let (code, screen) = typed(&bench, "init", &["", "", "", "", "", "", "", "", ""]);
    insta::assert_snapshot!(screen);
    assert_eq!(code, 0);
    let settings = settings(&bench);
    assert_eq!(settings.source.owner, "polar");
    assert_eq!(settings.source.repository, "iceberg");
    assert_eq!(settings.release.email, "bear@polar.dev");
    // Comments are kept, and no other files are left.
    assert_eq!(
        bench.read("infra.toml").matches('#').count(),
        FIRST.matches('#').count()
    );
    let files: Vec<_> = fs_err::read_dir(bench.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(files.len(), 2, "{files:?}");
    let check = bench.infra(&["check", "--offline"]);
    assert_eq!(check.code, 0, "{}", check.all());
}

#[test]
fn invalid_input_is_explained_and_requested_again() {
    let bench = fork("https://github.com/polar/iceberg");
    let (code, screen) = typed(
        &bench,
        "init --dev-branch develop",
        &[
            "Polar School",
            "polar-school",
            "",
            "",
            "develop",
            "main",
            "bears",
            "bears@polar.dev",
            "",
            "8080",
            "3000",
            "https://iceberg.example",
            "www.iceberg.example",
            "glacier.example",
            "",
        ],
    );
    insta::assert_snapshot!(screen);
    assert_eq!(code, 0);
    assert_eq!(settings(&bench).project.name, "polar-school");
}

#[test]
fn interruption_changes_nothing() {
    let bench = fork("https://github.com/polar/iceberg");
    let (code, screen) = typed(&bench, "init", &["", ""]);
    assert!(screen.contains("no file written"), "{screen}");
    assert_eq!(code, 3);
    assert_eq!(bench.read("infra.toml"), FIRST);
}

#[test]
fn options_replace_the_questions() {
    let bench = fork("https://github.com/polar/iceberg.git");
    let said = bench.infra(&["init", "--email", "bears@polar.dev", "--project-name", "iceberg"]);
    insta::assert_snapshot!(said.all(), @r"
    infra.toml: filled in
    hint: branch `dev` does not exist yet; create it with `git push origin HEAD:dev`
    hint: validate with `infra check --offline`; list the stacks with `infra list`
    hint: first deployment: `infra deploy Foundation clusters`
    [exit 0]
    ");
    assert_eq!(settings(&bench).project.name, "iceberg");
}

#[test]
fn missing_and_invalid_options_are_reported_at_once() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.infra(&["init", "--dev-branch", "main", "--project-name", "Ice"]).all(), @r#"
    error: cannot write the settings
      --github-owner, --github-repository, --email: required without a terminal
      --project-name: `project.name = "Ice"` contains `I`; allowed: lower-case letters, digits and hyphens
    [exit 2]
    "#);
    insta::assert_snapshot!(
        bench.infra(&["init", "--github-owner", "o", "--github-repository", "r", "--email", "e@polar.dev", "--dev-branch", "main"]).all(),
        @r#"
        error: cannot write the settings
          --dev-branch: `source.dev-branch = "main"` is also the release branch; set `dev-branch` and `prod-branch` to different branches
        [exit 2]
        "#
    );
    assert!(!bench.path("infra.toml").exists());
}

#[test]
fn remote_on_another_host_is_an_error() {
    let bench = fork("https://bear:secret@gitlab.com/polar/iceberg.git");
    insta::assert_snapshot!(bench.infra(&["init", "--email", "bears@polar.dev"]).all(), @r"
    warning: cannot use git remote `origin`: the remote is on `gitlab.com`; the pipelines need a repository on github.com
    error: cannot write the settings
      --github-owner, --github-repository: required without a terminal
    [exit 2]
    ");
}

#[test]
fn origin_is_preferred() {
    let bench = fork("git@github.com:polar/iceberg.git");
    bench.git(&["remote", "add", "upstream", "git@github.com:penguins/school.git"]);
    assert_eq!(bench.infra(&["init", "--email", "bears@polar.dev"]).code, 0);
    assert_eq!(settings(&bench).source.owner, "polar");
}

#[test]
fn completed_file_is_not_changed() {
    let bench = fork("git@github.com:polar/iceberg.git");
    let ours = FIRST.replace("OWNER", "polar").replace("NAME", "iceberg");
    bench.write("infra.toml", &ours);
    insta::assert_snapshot!(bench.infra(&["init", "--email", "bears@polar.dev"]).all(), @r"
    error: infra.toml already exists and is filled in

    hint: edit it: infra/infra.example.toml documents every setting, `infra check --offline` validates it
    hint: `infra --config FILE init` creates another file
    [exit 1]
    ");
    assert_eq!(bench.read("infra.toml"), ours);
}

#[test]
fn other_settings_are_kept() {
    let bench = fork("git@github.com:polar/iceberg.git");
    bench.write(
        "infra.toml",
        &format!("{FIRST}\n[environments.prod]\ncpu = 1024\nmemory = 2048 # enough\n"),
    );
    assert_eq!(bench.infra(&["init", "--email", "bears@polar.dev"]).code, 0);
    assert_eq!(settings(&bench).environments.prod.cpu, 1024);
    assert!(bench.read("infra.toml").ends_with("memory = 2048 # enough\n"));
}

#[test]
fn other_mistakes_prevent_writing() {
    let bench = fork("git@github.com:polar/iceberg.git");
    let text = format!("{FIRST}\n[environments.prod]\ncpu = 1000\n");
    bench.write("infra.toml", &text);
    insta::assert_snapshot!(bench.infra(&["init", "--email", "bears@polar.dev"]).all(), @r"
    error: infra.toml has a mistake
      infra.toml:22:7: `environments.prod.cpu = 1000` is not a Fargate CPU size
          use one of 256, 512, 1024, 2048, 4096, 8192, 16384 (1024 = 1 vCPU)

    hint: your answers are valid; correct these settings, then run `infra init` again
    [exit 5]
    ");
    assert_eq!(bench.read("infra.toml"), text);
}

#[test]
fn missing_file_is_created() {
    let bench = Bench::new();
    bench.write("Cargo.toml", "[workspace]\n");
    let flags = [
        "init",
        "--github-owner",
        "polar",
        "--github-repository",
        "iceberg",
        "--email",
        "bears@polar.dev",
    ];
    let said = bench.infra(&flags);
    assert_eq!(said.code, 0, "{}", said.all());
    assert_eq!(settings(&bench).source.repository, "iceberg");
    let elsewhere = [&["--config", "other.toml"], flags.as_slice()].concat();
    assert_eq!(bench.infra(&elsewhere).code, 0);
    assert_eq!(bench.read("other.toml"), bench.read("infra.toml"));
}

#[test]
fn unwritable_directory_is_an_error() {
    let bench = Bench::new();
    let flags = [
        "--config",
        "nowhere/infra.toml",
        "init",
        "--github-owner",
        "o",
        "--github-repository",
        "r",
        "--email",
        "e@polar.dev",
    ];
    let said = bench.infra(&flags);
    assert_eq!(said.code, 1);
    assert!(said.err.contains("nowhere/infra.toml"), "{}", said.err);
}

#[test]
fn templates_can_be_generated_with_placeholders() {
    let bench = fork("git@github.com:polar/iceberg.git");
    let said = bench.infra(&["synth", "Foundation"]);
    assert_eq!(said.code, 0);
    insta::assert_snapshot!(said.err, @r#"warning: templates contain placeholders (source.owner = "OWNER", source.repository = "NAME", release.email = "team@example.com"); `infra init` replaces them"#);
    let check = bench.infra(&["check", "--offline"]);
    assert_eq!(check.code, 5);
    assert!(check.out.contains("run `infra init` to set it"), "{}", check.out);
}

#[cfg(feature = "aws")]
#[test]
fn placeholders_are_rejected_before_aws_calls() {
    let bench = fork("git@github.com:polar/iceberg.git");
    insta::assert_snapshot!(bench.infra(&["deploy", "dev", "--yes"]).all(), @r#"
    error: infra.toml contains placeholders: `source.owner = "OWNER"`, `source.repository = "NAME"`, `release.email = "team@example.com"`

    hint: `infra init` replaces them
    [exit 5]
    "#);
}

#[test]
fn symlink_and_file_mode_are_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = fork("https://github.com/polar/school.git");
    let target = bench.path("real.toml");
    fs_err::rename(bench.path("infra.toml"), &target).unwrap();
    fs_err::set_permissions(&target, std::fs::Permissions::from_mode(0o640)).unwrap();
    fs_err::os::unix::fs::symlink(&target, bench.path("infra.toml")).unwrap();
    assert_eq!(bench.infra(&["init", "--email", "e@polar.dev"]).code, 0);
    let link = fs_err::symlink_metadata(bench.path("infra.toml")).unwrap();
    assert!(link.is_symlink());
    assert_eq!(settings(&bench).source.owner, "polar");
    let mode = fs_err::metadata(&target).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn default_branch_is_detected() {
    let bench = fork("https://github.com/polar/school.git");
    bench.git(&["branch", "--move", "main", "master"]);
    assert_eq!(bench.infra(&["init", "--email", "e@polar.dev"]).code, 0);
    assert_eq!(settings(&bench).source.prod_branch, "master");
}
