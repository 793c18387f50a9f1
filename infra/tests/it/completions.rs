//! Completion scripts: accepted by the installed shells, and working in bash.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::program::Bench;

fn script(bench: &Bench, shell: &str) -> String {
    let said = bench.infra(&["completions", shell]);
    assert_eq!((said.code, said.err.as_str()), (0, ""), "{shell}");
    said.out
}

/// Returns what bash completes at the end of `words`.
fn offered(bench: &Bench, words: &[&str]) -> Vec<String> {
    let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
    let program = format!(
        "{}\nCOMP_WORDS=({}); COMP_CWORD={}; _infra infra \"${{COMP_WORDS[COMP_CWORD]}}\" ''; printf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        script(bench, "bash"),
        quoted.join(" "),
        words.len() - 1,
    );
    let mut bash = Command::new("bash")
        .arg("-s")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    bash.stdin.take().unwrap().write_all(program.as_bytes()).unwrap();
    let output = bash.wait_with_output().unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn bash_completes_verbs_options_and_targets() {
    let bench = Bench::new();
    assert_eq!(offered(&bench, &["infra", "syn"]), ["synth"]);
    assert_eq!(offered(&bench, &["infra", "diff", "--ag"]), ["--against"]);
    let stacks = offered(&bench, &["infra", "synth", "Dev"]);
    assert_eq!(stacks, ["DevCluster", "DevAppStack", "DevPipelineStack"]);
    assert!(offered(&bench, &["infra", "list", "sta"]).contains(&"staging".to_owned()));
}

#[test]
fn targets_come_from_the_settings() {
    let bench = Bench::new();
    bench.write("infra.toml", include_str!("../settings/everything.toml"));
    assert_eq!(
        offered(&bench, &["infra", "synth", "Every-DevC"]),
        ["Every-DevCluster"]
    );
}

#[test]
fn every_script_contains_every_verb() {
    let bench = Bench::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = script(&bench, shell);
        for verb in [
            "init",
            "check",
            "list",
            "synth",
            "diff",
            "deploy",
            "destroy",
            "local",
            "compose",
            "completions",
        ] {
            assert!(script.contains(verb), "{shell}: {verb}");
        }
        assert!(!script.contains("local-supervisor"), "{shell}");
    }
}
