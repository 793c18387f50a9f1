//! docs/first-deployment.md, read and played: every shell block in its order, from the clone to the clean-up.
//!
//! The test does what happens elsewhere: it completes the connection, and deploys in place of the pipelines.

use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err::os::unix::fs::symlink;

use crate::cloud::Cloud;
use crate::new_account::NewAccount;
use crate::run::{Ended, Run};

const DOCUMENT: &str = include_str!("../../docs/first-deployment.md");

/// What is typed at the end of a line that ends like this.
const TYPED: [(&str, &str); 4] = [
    ("[y/N] ", "y\n"),
    ("E-mail address for approval requests: ", "bears@polar.dev\n"),
    ("to confirm: ", "prod\n"),
    // Return accepts what `init` proposes.
    ("]: ", "\n"),
];

/// The shell blocks of a document.
fn blocks(document: &str) -> Vec<&str> {
    let blocks = document.split("```sh\n").skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap()).collect()
}

/// Somebody at a shell.
struct Shell<'c> {
    cloud: &'c Cloud,
    account: NewAccount,
    /// The current folder.
    here: PathBuf,
}

impl Shell<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.cloud.folder().join(name)
    }

    /// Runs a script in a terminal and answers its questions.
    fn plays(&mut self, script: &str) -> Ended {
        let (file, place) = (self.path("script"), self.path("place"));
        let script = format!("set -euo pipefail\n{script}\npwd >{}\n", place.display());
        fs_err::write(&file, script).unwrap();
        let mut command = Command::new("script");
        let line = format!("stty cols 200 rows 50; exec bash {}", file.display());
        command.args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"]);
        let mut command = self.cloud.equip(command);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        command
            .env("PATH", format!("{}:/usr/bin:/bin", self.path("bin").display()))
            .env("GIT_SSH_COMMAND", "ssh")
            .env("GIT_SSH_VARIANT", "simple")
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .env("INFRA", env!("CARGO_BIN_EXE_infra"))
            .env("PYTHON", root.join(".venv/bin/python"))
            .env("OTHERS", self.account.endpoint())
            .env("REMOTES", self.path("remotes"))
            .current_dir(&self.here);
        let mut run = Run::start(command, Some(&self.path("pid")));
        run.is_answered(&TYPED);
        let ended = run.end();
        if ended.code == Some(0) {
            let place = fs_err::read_to_string(place).unwrap();
            self.here = PathBuf::from(place.trim());
        }
        ended
    }

    /// Runs a script that must succeed.
    #[track_caller]
    fn does(&mut self, script: &str) -> Ended {
        self.plays(script).with(0)
    }

    /// The commit that is checked out.
    fn commit(&mut self) -> String {
        self.does("git rev-parse HEAD").text.trim().to_owned()
    }

    /// What the dev pipeline does after a push.
    fn dev_pipeline_runs(&mut self) {
        let commit = self.commit();
        self.cloud.push_images(&commit);
        self.does(&format!("infra deploy dev --yes --image-tag {commit}"));
        self.cloud.name_release(&commit);
    }
}

impl Shell<'_> {
    /// Orders that the page does not say: each is refused with the command that deletes in the right one.
    fn destroys_in_a_wrong_order(&mut self) {
        for (wrong, problem, remedy) in [
            (
                "Foundation --force",
                "Foundation: DevAppStack, StagingAppStack, ProdAppStack, DevPipelineStack and StagingProdPipelineStack depend",
                "StagingProdPipelineStack DevPipelineStack ProdAppStack StagingAppStack DevAppStack Foundation --force",
            ),
            (
                "clusters",
                "DevCluster: DevAppStack and DevPipelineStack depend",
                "StagingProdPipelineStack DevPipelineStack ProdAppStack StagingAppStack DevAppStack ProdCluster DevCluster --force",
            ),
            (
                "dev",
                "DevCluster: DevPipelineStack depends",
                "DevPipelineStack DevAppStack DevCluster",
            ),
            (
                "prod --force",
                "ProdCluster: StagingAppStack and StagingProdPipelineStack depend",
                "StagingProdPipelineStack ProdAppStack StagingAppStack ProdCluster --force",
            ),
        ] {
            self.plays(&format!("infra destroy {wrong}")).with(1).said(&[
                &format!("error: cannot delete {problem} on it"),
                &format!("hint: delete dependents first; `infra destroy {remedy}` deletes all in this order"),
            ]);
        }
    }
}

/// A fork on GitHub, and the commands that the document uses.
fn prepare(cloud: &Cloud) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let seed = cloud.folder().join("seed");
    let permissions = "infra/docs/permissions";
    let mut files: Vec<String> = [
        ".gitattributes",
        "Cargo.toml",
        "Dockerfile.app",
        "Dockerfile.proxy",
        "docker-compose.yml",
        "penguin-app/Cargo.toml",
        "penguin-proxy/Cargo.toml",
    ]
    .map(str::to_owned)
    .to_vec();
    for entry in fs_err::read_dir(root.join(permissions)).unwrap() {
        files.push(format!(
            "{permissions}/{}",
            entry.unwrap().file_name().to_str().unwrap()
        ));
    }
    for file in files {
        let to = seed.join(&file);
        fs_err::create_dir_all(to.parent().unwrap()).unwrap();
        fs_err::copy(root.join(&file), to).unwrap();
    }
    fs_err::copy(root.join("infra/infra.example.toml"), seed.join("infra.toml")).unwrap();
    // Home is the folder above the clone; its settings would be found from there.
    fs_err::remove_file(cloud.folder().join("infra.toml")).unwrap();
    let bin = cloud.folder().join("bin");
    fs_err::create_dir(&bin).unwrap();
    for name in ["infra", "cargo", "aws", "ssh", "docker"] {
        symlink(root.join("infra/tests/stories/commands.sh"), bin.join(name)).unwrap();
    }
}

const ON_GITHUB: &str = "
git config --global user.name Ada
git config --global user.email ada@polar.dev
git config --global init.defaultBranch main
cd seed && git init --quiet && git add . && git commit --quiet -m 'A fork' && cd ..
mkdir -p remotes/YOU && git clone --quiet --bare seed remotes/YOU/YOUR-FORK.git
aws iam create-user --user-name YOU";

#[test]
#[expect(clippy::too_many_lines, reason = "one block of the page after the other")]
fn first_deployment_is_true_from_the_clone_to_the_clean_up() {
    let Some(cloud) = Cloud::open() else { return };
    prepare(&cloud);
    let mut shell = Shell {
        account: NewAccount::start(),
        here: cloud.folder().to_owned(),
        cloud: &cloud,
    };
    shell.does(ON_GITHUB);
    for block in blocks(DOCUMENT) {
        let first = block.lines().next().unwrap();
        if first == "infra push" {
            // Something to push: the commit before is in the repositories already.
            shell.does("git commit --quiet --allow-empty -m 'Without a pipeline'");
        }
        if first.starts_with("infra destroy ") {
            shell.destroys_in_a_wrong_order();
        }
        let ended = shell.plays(block);
        match first {
            "infra check" => {
                ended.with(0).said(&[
                    "there is no connection to GitHub yet",
                    "missing service-linked role AWSServiceRoleForECS",
                ]);
            }
            "git clone git@github.com:YOU/YOUR-FORK.git" => {
                ended.with(0);
                assert!(shell.here.ends_with("YOUR-FORK"));
            }
            "account=$(aws sts get-caller-identity --query Account --output text)" => {
                ended.with(0);
                shell
                    .does("aws iam list-attached-group-policies --group-name penguin-school-deployers --output text")
                    .said(&["policy/penguin-school-tool"]);
            }
            "cargo run -p infra --no-default-features -- init" => {
                ended.with(0).said(&["ok       settings: "]);
                shell.does("git diff --exit-code origin/main");
                shell
                    .does("cat infra.toml")
                    .said(&["owner = \"YOU\"", "repository = \"YOUR-FORK\""]);
            }
            "infra deploy Foundation clusters" => {
                ended.with(0).said(&[
                    "missing service-linked role, will be created first: AWSServiceRoleForECS",
                    "Deploy 3 stacks to account ",
                    " and create 1 service-linked role? [y/N]",
                    "AWSServiceRoleForECS: created",
                    "Done: 3 stacks deployed.",
                ]);
                shell.plays("infra deploy pipelines").with(1).said(&[
                    "the connection to GitHub is PENDING",
                    "choose `Update pending connection` at https://",
                ]);
                shell.account.complete_connection();
            }
            "infra deploy pipelines" => {
                ended.with(0).said(&[
                    "DevPipelineStack: AWS starts a new pipeline once; if the branch `dev` exists",
                    "StagingProdPipelineStack: AWS starts a new pipeline once; that run names no release",
                    "[y/N]",
                    "Done: 2 stacks deployed.",
                ]);
            }
            "git push origin HEAD:dev" => {
                ended.with(0);
                shell.dev_pipeline_runs();
            }
            "infra pipeline status dev" => {
                ended
                    .with(0)
                    .said(&["penguin-school-dev", "DevAppStack", "http://"]);
            }
            "infra pipeline start release" => {
                ended.with(0).said(&["penguin-school-release: started"]);
                assert_eq!(
                    shell.account.started(),
                    [("IMAGE_TAG".to_owned(), "latest".to_owned())]
                );
                shell.does("infra deploy staging --yes");
                shell.account.waits_for_approval();
            }
            "infra pipeline approve --comment \"seen on staging\"" => {
                ended.with(0).said(&["Approve release", "approved."]);
                assert_eq!(shell.account.comment().as_deref(), Some("seen on staging"));
                shell.does("infra deploy prod --yes");
                // The next release, so that there is one to go back from.
                shell.does("git commit --quiet --allow-empty -m 'Next' && git push --quiet origin HEAD:dev");
                shell.dev_pipeline_runs();
                shell.does("infra deploy prod --yes");
            }
            "infra status prod" => {
                ended.with(0).said(&[
                    "ProdAppStack",
                    "rolling prod back from ",
                    "Done: 1 stack deployed.",
                ]);
            }
            "infra push" => {
                let commit = shell.commit();
                ended.with(0).said(&[
                    "Build and push 2 images for linux/arm64",
                    "is the latest release.",
                    "Done: 1 stack deployed.",
                ]);
                assert!(cloud.image_in_dev("app").ends_with(&commit));
            }
            // In whatever order the page says: a wrong one fails with the right one.
            first if first.starts_with("infra destroy ") => {
                ended.with(0).said(&[
                    "Done: 2 stacks deleted.",
                    "to confirm: prod",
                    "Done: 1 stack deleted.",
                ]);
                assert_eq!(cloud.stacks(), Vec::<String>::new());
            }
            "for name in app proxy; do" => {
                ended.with(0);
                let repositories = shell.does("aws ecr describe-repositories --output text").text;
                assert!(!repositories.contains("penguin-school"), "{repositories}");
                shell
                    .plays("aws ssm get-parameter --name penguinapp-imagetag")
                    .said(&["ParameterNotFound"]);
            }
            other => {
                unreachable!("docs/first-deployment.md shows a block that this test does not know: {other}")
            }
        }
    }
}
