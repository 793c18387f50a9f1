//! Mock AWS on loopback with image repositories, and the real `aws` command.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::Duration;

use fs_err::os::unix::fs::symlink;
use serde_json::Value as Json;
use tempfile::TempDir;

use super::spec::text;
use crate::docker::{docker, run, wait_for};
use crate::vacant::vacant;

pub(crate) const REGION: &str = "eu-central-1";
/// Programs and Python packages of the tests, installed by `.ci/test`.
const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../.venv/bin");

pub(crate) struct Cloud {
    server: Child,
    port: u16,
    /// Docker configuration, separate from the user's.
    docker: TempDir,
    log: TempDir,
}

impl Cloud {
    /// Starts with empty repositories of this foundation.
    pub(crate) fn start(foundation: &Json) -> Self {
        let (port, log) = (vacant().port(), TempDir::new().unwrap());
        let file = fs_err::File::create(log.path().join("log"))
            .unwrap()
            .into_parts()
            .0;
        let server = Command::new(tools().join("ministack"))
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            // Prevents it from using the Docker Engine and from listening on all addresses.
            .env("IOT_MTLS_ENABLED", "0")
            .env("DOCKER_HOST", "unix:///nowhere")
            .current_dir(log.path())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .spawn()
            .unwrap();
        let docker = TempDir::new().unwrap();
        let users = std::env::var("DOCKER_CONFIG").map_or_else(
            |_| Path::new(&std::env::var("HOME").unwrap()).join(".docker"),
            PathBuf::from,
        );
        symlink(users.join("cli-plugins"), docker.path().join("cli-plugins")).unwrap();
        let cloud = Self {
            server,
            port,
            docker,
            log,
        };
        wait_for("the mock of AWS", Duration::from_mins(1), || {
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        for resource in foundation["Resources"].as_object().unwrap().values() {
            if resource["Type"] == "AWS::ECR::Repository" {
                let [name, mutability] =
                    ["RepositoryName", "ImageTagMutability"].map(|key| text(&resource["Properties"][key]));
                let create = ["ecr", "create-repository", "--repository-name", name];
                cloud.aws(&[&create[..], &["--image-tag-mutability", mutability]].concat());
            }
        }
        cloud
    }

    /// Returns the registry host.
    pub(crate) fn registry(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Returns the environment for `aws` and `docker`.
    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        let path = std::env::var("PATH").unwrap();
        [
            ("PATH", format!("{}:{path}", tools().display())),
            ("AWS_ENDPOINT_URL", format!("http://{}", self.registry())),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("DOCKER_CONFIG", self.docker.path().display().to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// Returns the output of `aws ARGUMENTS --output json`.
    pub(crate) fn aws(&self, arguments: &[&str]) -> Json {
        let output = self.try_aws(arguments);
        assert!(
            output.status.success(),
            "aws {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    fn try_aws(&self, arguments: &[&str]) -> Output {
        run(Command::new(tools().join("aws"))
            .args(arguments)
            .args(["--region", REGION, "--output", "json"])
            .envs(self.environment()))
    }

    /// Writes the parameter of the latest release.
    pub(crate) fn put_release(&self, parameter: &str, tag: &str) {
        let put = ["ssm", "put-parameter", "--overwrite", "--type", "String"];
        self.aws(&[&put[..], &["--name", parameter, "--value", tag]].concat());
    }

    /// Returns the latest release.
    pub(crate) fn release(&self, parameter: &str) -> Option<String> {
        let found = self.aws(&["ssm", "get-parameters", "--names", parameter]);
        found["Parameters"][0]["Value"].as_str().map(str::to_owned)
    }

    /// Returns the tags in a repository with their digests.
    pub(crate) fn tags(&self, repository: &str) -> BTreeMap<String, String> {
        let found = self.aws(&["ecr", "describe-images", "--repository-name", repository]);
        let images = found["imageDetails"].as_array().cloned().unwrap_or_default();
        let tagged = images.iter().flat_map(|image| {
            let tags = image["imageTags"].as_array().into_iter().flatten();
            tags.map(|tag| (text(tag).to_owned(), text(&image["imageDigest"]).to_owned()))
        });
        tagged.collect()
    }

    /// Removes this registry's images from the engine, so that they must be pulled again.
    pub(crate) fn forget_images(&self) {
        let reference = format!("reference={}/*/*", self.registry());
        let names = docker(&[
            "images",
            "--filter",
            &reference,
            "--format",
            "{{.Repository}}:{{.Tag}}",
        ]);
        for name in names.lines() {
            run(Command::new("docker").args(["image", "rm", "--no-prune", name]));
        }
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs_err::read_to_string(self.log.path().join("log")).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            let end = lines[lines.len().saturating_sub(15)..].join("\n  ");
            let _ = std::io::stderr().write_all(format!("log of the mock:\n  {end}\n").as_bytes());
        }
        self.forget_images();
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn tools() -> &'static Path {
    let tools = Path::new(TOOLS);
    assert!(
        tools.join("aws").exists() && tools.join("ministack").exists(),
        "no `aws` and `ministack` in {TOOLS}: `.ci/test containers` installs them"
    );
    tools
}
