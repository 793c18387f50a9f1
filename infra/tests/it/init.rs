//! `infra init`: a fork is configured in a minute.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use infra::settings::Settings;

use crate::program::Bench;

/// What the repository comes with.
const FIRST: &str = infra::settings::first::FIRST;

/// A clone of a fork, with what the repository comes with.
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

/// A terminal with a person who types `lines`, by way of `script`, which makes a real one.
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
    // Types when a question has come, as a person would; the end of the output is the end of the program.
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
                // Ctrl-D: nobody types any more.
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
    let (code, screen) = typed(&bench, "init", &["", "", "", "", "", ""]);
    insta::assert_snapshot!(screen);
    assert_eq!(code, 0);
    let settings = settings(&bench);
    assert_eq!(settings.source.owner, "polar");
    assert_eq!(settings.source.repository, "iceberg");
    assert_eq!(settings.release.email, "bear@polar.dev");
    // Documented as before, and nothing beside it is left.
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
fn a_bad_answer_is_explained_and_asked_for_again() {
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
        ],
    );
    insta::assert_snapshot!(screen);
    assert_eq!(code, 0);
    assert_eq!(settings(&bench).project.name, "polar-school");
}

#[test]
fn whoever_leaves_leaves_everything_as_it_was() {
    let bench = fork("https://github.com/polar/iceberg");
    let (code, screen) = typed(&bench, "init", &["", ""]);
    assert!(screen.contains("nothing was written"), "{screen}");
    assert_eq!(code, 3);
    assert_eq!(bench.read("infra.toml"), FIRST);
}

#[test]
fn a_script_gives_what_nobody_can_guess() {
    let bench = fork("https://github.com/polar/iceberg.git");
    let said = bench.infra(&["init", "--email", "bears@polar.dev", "--project-name", "iceberg"]);
    insta::assert_snapshot!(said.all(), @r"
    infra.toml: filled in
    hint: the branch `dev` is not there yet: `git push origin HEAD:dev` makes it
    hint: `infra check --offline` looks for what would fail later; `infra list` shows the stacks
    hint: `infra deploy Foundation clusters` is the first deployment
    [exit 0]
    ");
    assert_eq!(settings(&bench).project.name, "iceberg");
}

#[test]
fn a_script_is_told_all_that_is_missing_and_all_that_is_bad_at_once() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.infra(&["init", "--dev-branch", "main", "--project-name", "Ice"]).all(), @r#"
    error: the settings cannot be written with these options
      --github-owner, --github-repository, --email: missing, and without a terminal nobody can be asked
      --project-name: `project.name = "Ice"` holds `I`; use lower-case letters, digits and hyphens
    [exit 2]
    "#);
    insta::assert_snapshot!(
        bench.infra(&["init", "--github-owner", "o", "--github-repository", "r", "--email", "e@polar.dev", "--dev-branch", "main"]).all(),
        @r#"
        error: the settings cannot be written with these options
          --dev-branch: `source.dev-branch = "main"` is the branch of releases too; give each pipeline a branch of its own with `dev-branch` and `prod-branch`
        [exit 2]
        "#
    );
    assert!(!bench.path("infra.toml").exists());
}

#[test]
fn a_remote_elsewhere_is_explained() {
    let bench = fork("https://bear:secret@gitlab.com/polar/iceberg.git");
    insta::assert_snapshot!(bench.infra(&["init", "--email", "bears@polar.dev"]).all(), @r"
    warning: the git remote `origin` is of no use here: it is at `gitlab.com`, and the pipelines take their source from github.com
    error: the settings cannot be written with these options
      --github-owner, --github-repository: missing, and without a terminal nobody can be asked
    [exit 2]
    ");
}

#[test]
fn of_several_remotes_origin_counts() {
    let bench = fork("git@github.com:polar/iceberg.git");
    bench.git(&["remote", "add", "upstream", "git@github.com:penguins/school.git"]);
    assert_eq!(bench.infra(&["init", "--email", "bears@polar.dev"]).code, 0);
    assert_eq!(settings(&bench).source.owner, "polar");
}

#[test]
fn a_file_that_somebody_has_filled_in_is_never_touched() {
    let bench = fork("git@github.com:polar/iceberg.git");
    let ours = FIRST.replace("OWNER", "polar").replace("NAME", "iceberg");
    bench.write("infra.toml", &ours);
    insta::assert_snapshot!(bench.infra(&["init", "--email", "bears@polar.dev"]).all(), @r"
    error: infra.toml is there already, and nothing is overwritten

    hint: edit it: infra/infra.example.toml explains every setting, `infra check --offline` tells mistakes
    hint: `infra --config FILE init` writes another one
    [exit 1]
    ");
    assert_eq!(bench.read("infra.toml"), ours);
}

#[test]
fn what_is_set_beside_the_placeholders_stays() {
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
fn other_mistakes_in_the_file_are_told_and_nothing_is_written() {
    let bench = fork("git@github.com:polar/iceberg.git");
    let text = format!("{FIRST}\n[environments.prod]\ncpu = 1000\n");
    bench.write("infra.toml", &text);
    insta::assert_snapshot!(bench.infra(&["init", "--email", "bears@polar.dev"]).all(), @r"
    error: infra.toml has a mistake
      infra.toml:22:7: `environments.prod.cpu = 1000` is a size that Fargate does not have
          choose one of 256, 512, 1024, 2048, 4096, 8192, 16384 (1024 are one core)

    hint: the answers are good, and these are not: mend them, then run `infra init` again
    [exit 5]
    ");
    assert_eq!(bench.read("infra.toml"), text);
}

#[test]
fn without_a_file_one_is_written_where_it_is_looked_for() {
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
    let began = std::time::Instant::now();
    let said = bench.infra(&flags);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(began.elapsed() < Duration::from_mins(1));
    assert_eq!(settings(&bench).source.repository, "iceberg");
    let elsewhere = [&["--config", "other.toml"], flags.as_slice()].concat();
    assert_eq!(bench.infra(&elsewhere).code, 0);
    assert_eq!(bench.read("other.toml"), bench.read("infra.toml"));
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
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
fn placeholders_are_no_obstacle_to_looking_at_templates() {
    let bench = fork("git@github.com:polar/iceberg.git");
    let said = bench.infra(&["synth", "Foundation"]);
    assert_eq!(said.code, 0);
    insta::assert_snapshot!(said.err, @r#"warning: the templates hold placeholders (source.owner = "OWNER", source.repository = "NAME", release.email = "team@example.com"); `infra init` asks for what belongs there"#);
    let check = bench.infra(&["check", "--offline"]);
    assert_eq!(check.code, 5);
    assert!(
        check.out.contains("`infra init` asks for what belongs there"),
        "{}",
        check.out
    );
}

#[cfg(feature = "aws")]
#[test]
fn placeholders_never_get_to_aws() {
    let bench = fork("git@github.com:polar/iceberg.git");
    insta::assert_snapshot!(bench.infra(&["deploy", "dev", "--yes"]).all(), @r#"
    error: infra.toml still holds placeholders: `source.owner = "OWNER"`, `source.repository = "NAME"`, `release.email = "team@example.com"`

    hint: `infra init` asks for what belongs there
    [exit 5]
    "#);
}
