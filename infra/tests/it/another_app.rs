//! An app in another language replaces the site by settings and a Dockerfile (`tests/flask`).

use rustix::process::Signal;
use serde_json::Value as Json;

use crate::harness::Harness;
use crate::program::{Bench, Said};
use crate::run::Run;

const SETTINGS: &str = include_str!("../flask/settings.toml");

fn of_the_repository(file: &str) -> String {
    fs_err::read_to_string(format!("{}/../{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A fork after `infra init` and the settings of the app.
fn fork() -> (Bench, Said) {
    let bench = Bench::new();
    bench.git(&["init", "--quiet", "--initial-branch", "main"]);
    for file in ["docker-compose.yml", "Dockerfile.proxy"] {
        bench.write(file, &of_the_repository(file));
    }
    bench.write("penguin-proxy/Cargo.toml", "");
    bench.write("Dockerfile.flask", include_str!("../flask/Dockerfile.flask"));
    bench.write("app.py", include_str!("../flask/app.py"));
    let init = bench.infra(&[
        "init",
        "--project-name",
        "flask",
        "--github-owner",
        "polar",
        "--github-repository",
        "flask",
        "--email",
        "bears@polar.dev",
        "--dockerfile",
        "Dockerfile.flask",
        "--app-port",
        "5000",
        "--health-path",
        "/health",
    ]);
    (bench, init)
}

fn add_settings(bench: &Bench) {
    let text = bench.read("infra.toml");
    let app = text.rfind("[app]\n").unwrap() + "[app]\n".len();
    let (before, after) = text.split_at(app);
    bench.write("infra.toml", &format!("{before}{after}{SETTINGS}"));
    for (file, arguments) in [
        ("docker-compose.yml", &["compose"][..]),
        (".env.example", &["compose", "--env-example"]),
    ] {
        let said = bench.infra(arguments);
        assert_eq!(said.code, 0, "{}", said.all());
        bench.write(file, &said.out);
    }
}

#[test]
fn init_result_passes_check_and_synth() {
    let (bench, init) = fork();
    insta::assert_snapshot!(init.all(), @r"
    infra.toml: written
    docker-compose.yml: written
    hint: validate with `infra check --offline`; list the stacks with `infra list`
    hint: first deployment: `infra deploy Foundation clusters`
    [exit 0]
    ");
    let check = bench.infra(&["check", "--offline"]);
    assert_eq!(check.code, 0, "{}", check.all());
    let synth = bench.infra(&["synth", "all"]);
    assert_eq!(synth.code, 0, "{}", synth.all());
    add_settings(&bench);
    let check = bench.infra(&["check", "--offline"]);
    assert_eq!(check.code, 0, "{}", check.all());
    // Without it, the example of `.env` is missed.
    fs_err::remove_file(bench.path(".env.example")).unwrap();
    let check = bench.infra(&["check", "--offline"]);
    assert!(
        check.out.contains("infra compose --env-example > .env.example"),
        "{}",
        check.out
    );
}

fn task(bench: &Bench, stack: &str) -> Json {
    let synth = bench.infra(&["synth", stack]);
    let template: Json = serde_json::from_str(&synth.out).unwrap();
    template["Resources"]["TaskDefinition"]["Properties"]["ContainerDefinitions"].clone()
}

#[test]
fn template_runs_the_app_behind_the_proxy() {
    let (bench, _) = fork();
    add_settings(&bench);
    let [proxy, app] = [0, 1].map(|index| task(&bench, "ProdAppStack")[index].clone());
    let described = serde_json::json!({
        "Command": app["Command"],
        "Environment": app["Environment"],
        "HealthCheck": app["HealthCheck"],
        "PortMappings": app["PortMappings"],
        "Secrets": app["Secrets"],
        "StopTimeout": app["StopTimeout"],
    });
    insta::assert_snapshot!(format!("{described:#}"));
    assert_eq!(proxy["DependsOn"][0]["Condition"], "START");
    let environment = |container: &Json, name: &str| {
        let all = container["Environment"].as_array().unwrap();
        all.iter()
            .find(|one| one["Name"] == name)
            .map(|one| one["Value"].clone())
    };
    for (name, value) in [
        ("PROXY_UPSTREAM", "localhost:5000"),
        ("PROXY_UPSTREAM_HEALTH_PATH", "/health"),
        ("PROXY_MAX_BODY", "8MiB"),
    ] {
        assert_eq!(environment(&proxy, name), Some(value.into()), "{name}");
    }
    let staging = task(&bench, "StagingAppStack")[1].clone();
    assert_eq!(environment(&staging, "GREETING"), Some("hello from Flask".into()));
    let reference = staging["Secrets"][0]["ValueFrom"].to_string();
    assert!(reference.contains(":parameter/flask/api-key"), "{reference}");
    // The pipeline builds the image.
    let pipeline = bench.infra(&["synth", "DevPipelineStack"]).out;
    assert!(pipeline.contains("\"Value\": \"Dockerfile.flask\""), "{pipeline}");
}

#[test]
fn compose_file_and_env_example() {
    let (bench, _) = fork();
    add_settings(&bench);
    let compose = bench.read("docker-compose.yml");
    let app = &compose[compose.find("  app:").unwrap()..compose.find("  # Sidecar").unwrap()];
    insta::assert_snapshot!(app);
    assert!(compose.contains("condition: service_started"));
    insta::assert_snapshot!(bench.read(".env.example"), @r"
    # Secrets of the app for `docker compose up` and `cargo local`. Copy this file to .env, which git ignores, and add the values.
    # Generated by `cargo run -p infra -- compose --env-example`: edit infra.toml instead.

    # On AWS: ssm:/flask/api-key
    API_KEY=
    ");
    let parsed: Json = serde_saphyr::from_str(&compose).unwrap();
    assert_eq!(
        parsed["services"]["app"]["build"]["dockerfile"],
        "Dockerfile.flask"
    );
    assert_eq!(
        parsed["services"]["proxy"]["environment"]["PROXY_UPSTREAM"],
        "app:5000"
    );
}

/// A checkout whose app is a shell script that serves nothing.
fn checkout(settings: &str) -> Harness {
    let harness = Harness::new();
    let text = format!(
        "[source]\nowner = \"polar\"\nrepository = \"school\"\n[release]\nemail = \"bears@polar.dev\"\n[app]\n{settings}"
    );
    fs_err::write(harness.path("infra.toml"), text).unwrap();
    let script = "[ \"$API_KEY\" = hunter2 ] && echo \"$GREETING on port ${PORT:+given}\"\n\
        trap 'exit 0' TERM\nwhile :; do sleep 1000 & wait $!; done\n";
    fs_err::write(harness.path("app.sh"), script).unwrap();
    harness
}

const APP: &str = "health-path = \"/\"\ncommand = [\"sh\", \"app.sh\"]\n\
    environment = { GREETING = \"hello\" }\nsecrets = { API_KEY = \"ssm:/school/key\", OTHER_KEY = \"ssm:/school/key\" }\n";

#[test]
fn local_run_starts_the_command_with_its_secrets() {
    let harness = checkout(APP);
    fs_err::write(harness.path(".env"), "API_KEY=hunter2\nOTHER_KEY='hunter2'\n").unwrap();
    harness.behave("proxy.serve", "echo \"health at $PROXY_UPSTREAM_HEALTH_PATH\"");
    let mut run = Run::start(&mut harness.infra(&["-v", "local", "--no-build", "--port", "0"]));
    run.wait_for("Serving at");
    run.signal(Signal::INT);
    let ended = run.end();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.out.contains("app   | hello on port given"), "{}", ended.out);
    assert!(ended.out.contains("proxy | health at /"), "{}", ended.out);
    assert!(ended.err.contains("app: API_KEY=(secret)"), "{}", ended.err);
    assert!(!format!("{}{}", ended.out, ended.err).contains("hunter2"));
}

#[test]
fn missing_secrets_are_named_before_anything_starts() {
    let harness = checkout(APP);
    fs_err::write(harness.path(".env"), "API_KEY=hunter2\n").unwrap();
    let ended = harness.local().end();
    assert_eq!(ended.code, Some(5));
    insta::assert_snapshot!(ended.err, @r"
    error: no value for OTHER_KEY: set in neither the environment nor .env

    hint: copy .env.example to .env, which git ignores, and add the values; `infra compose --env-example` prints it
    ");
    assert_eq!(harness.events(), "");
}

#[test]
fn local_run_needs_a_command() {
    let harness = checkout("health-path = \"/\"\n");
    let ended = harness.local().end();
    assert_eq!(ended.code, Some(5));
    insta::assert_snapshot!(ended.err, @r#"
    error: `app.command` is not set: only the image of the app knows how to start it

    hint: add for example `command = ["python3", "app.py"]` to `[app]` in infra.toml, or use `docker compose up`
    "#);
}
