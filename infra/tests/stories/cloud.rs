//! AWS mock (ministack): one process for all stories, one account each.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::relay::Relay;
use crate::vacant::vacant;

/// Timeout for operations on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// The mock process. Ends when its stdin closes.
struct MockAws {
    port: u16,
    orders: PathBuf,
    _folder: TempDir,
    _child: Child,
}

/// An empty account.
pub(crate) struct Cloud {
    /// Twelve digits.
    pub(crate) account: String,
    /// `http://127.0.0.1:PORT`.
    pub(crate) endpoint: String,
    mock_aws: &'static MockAws,
    /// Home directory and settings.
    folder: TempDir,
}

/// Blocks operations on a resource until dropped.
pub(crate) struct Held(PathBuf);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = fs_err::remove_file(&self.0);
    }
}

impl Cloud {
    /// Opens an account; `None` on a developer's machine without the Python tools.
    pub(crate) fn open() -> Option<Self> {
        static MOCK_AWS: OnceLock<Option<MockAws>> = OnceLock::new();
        static ACCOUNTS: AtomicU64 = AtomicU64::new(100_000_000_001);
        let mock_aws = MOCK_AWS.get_or_init(start).as_ref()?;
        let folder = tempfile::tempdir().unwrap();
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("infra.example.toml");
        fs_err::copy(example, folder.path().join("infra.toml")).unwrap();
        let cloud = Self {
            account: ACCOUNTS.fetch_add(1, Ordering::Relaxed).to_string(),
            endpoint: format!("http://127.0.0.1:{}", mock_aws.port),
            mock_aws,
            folder,
        };
        // Settings of a fork.
        cloud.edit("\"OWNER\"", "\"polar\"");
        cloud.edit("\"NAME\"", "\"school\"");
        cloud.edit("team@example.com", "bears@polar.dev");
        cloud.make_service_roles();
        Some(cloud)
    }

    /// The service-linked roles that an account has once somebody has used the services. As ordinary roles, since
    /// ministack spells their names in its own way.
    fn make_service_roles(&self) {
        for name in ["ECS", "ElasticLoadBalancing", "ApplicationAutoScaling_ECSService"] {
            let body = format!(
                "Action=CreateRole&Version=2010-05-08&RoleName=AWSServiceRoleFor{name}&AssumeRolePolicyDocument=%7B%7D"
            );
            self.post("iam", "application/x-www-form-urlencoded", "", &body);
        }
    }

    /// A relay to the mock that withholds the response of call `last`.
    pub(crate) fn relay(&self, last: usize) -> Relay {
        Relay::start(self.mock_aws.port, last)
    }

    /// Working directory of the program.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Changes the settings.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let path = self.folder.path().join("infra.toml");
        let text = fs_err::read_to_string(&path).unwrap();
        assert!(text.contains(from), "no {from:?} in the settings");
        fs_err::write(&path, text.replacen(from, to, 1)).unwrap();
    }

    /// Blocks operations on a resource.
    pub(crate) fn hold(&self, stack: &str, resource: &str) -> Held {
        let order = self.order(stack, resource);
        fs_err::write(&order, "").unwrap();
        Held(order)
    }

    /// Fails operations on a resource until dropped.
    pub(crate) fn fail(&self, stack: &str, resource: &str, reason: &str) -> Held {
        let order = self.order(stack, &format!("{resource}.fails"));
        fs_err::write(&order, reason).unwrap();
        Held(order)
    }

    /// One-off tasks exit with this code until dropped.
    pub(crate) fn commands_exit_with(&self, code: u8) -> Held {
        let order = self.mock_aws.orders.join(format!("{}.exits", self.account));
        fs_err::write(&order, code.to_string()).unwrap();
        Held(order)
    }

    /// Release and command of each one-off task so far, one a line.
    pub(crate) fn commands_run(&self) -> String {
        fs_err::read_to_string(self.mock_aws.orders.join(format!("{}.ran", self.account))).unwrap_or_default()
    }

    fn order(&self, stack: &str, resource: &str) -> PathBuf {
        self.mock_aws
            .orders
            .join(format!("{}.{stack}.{resource}", self.account))
    }

    /// Creates a release: both images and the parameter.
    pub(crate) fn release(&self, tag: &str) {
        self.push_images(tag);
        self.name_release(tag);
    }

    /// Pushes both images, like `docker push`.
    pub(crate) fn push_images(&self, tag: &str) {
        let manifest = json!({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": [],
            "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "size": 2, "digest": format!("sha256:{tag:0>64}") },
        });
        for name in ["app", "proxy"] {
            let image = json!({
                "repositoryName": format!("penguin-school/{name}"), "imageTag": tag,
                "imageManifest": manifest.to_string(),
            });
            self.json("ecr", "AmazonEC2ContainerRegistry_V20150921.PutImage", &image);
        }
    }

    /// Writes the release parameter, like the dev pipeline.
    pub(crate) fn name_release(&self, tag: &str) {
        self.put_parameter("penguinapp-imagetag", tag);
    }

    /// Writes a parameter.
    pub(crate) fn put_parameter(&self, name: &str, value: &str) {
        let parameter = json!({ "Name": name, "Type": "String", "Value": value, "Overwrite": true });
        self.json("ssm", "AmazonSSM.PutParameter", &parameter);
    }

    /// Removes a parameter.
    pub(crate) fn delete_parameter(&self, name: &str) {
        self.json("ssm", "AmazonSSM.DeleteParameter", &json!({ "Name": name }));
    }

    /// Image of a container of the dev service.
    pub(crate) fn image_in_dev(&self, container: &str) -> String {
        let cluster = self.cluster_of_dev();
        let listed = self.ecs("ListServices", &json!({ "cluster": cluster }));
        let services = json!({ "cluster": cluster, "services": listed["serviceArns"] });
        let found = self.ecs("DescribeServices", &services);
        let definition = json!({ "taskDefinition": found["services"][0]["taskDefinition"] });
        let task = self.ecs("DescribeTaskDefinition", &definition);
        let containers = task["taskDefinition"]["containerDefinitions"].as_array().unwrap();
        let found = containers
            .iter()
            .find(|found| found["name"] == container)
            .unwrap();
        found["image"].as_str().unwrap().to_owned()
    }

    /// Stops the tasks of the dev service.
    pub(crate) fn stop_tasks_in_dev(&self) {
        let cluster = self.cluster_of_dev();
        let listed = self.ecs("ListTasks", &json!({ "cluster": cluster }));
        for task in listed["taskArns"].as_array().unwrap() {
            let stop = json!({ "cluster": cluster, "task": task, "reason": "a test" });
            self.ecs("StopTask", &stop);
        }
    }

    /// Sets the dev error alarm to ALARM state.
    pub(crate) fn ring_in_dev(&self) {
        let ring = json!({ "AlarmName": "penguin-school-dev-errors", "StateValue": "ALARM", "StateReason": "a test" });
        self.json("monitoring", "GraniteServiceVersion20100801.SetAlarmState", &ring);
    }

    fn cluster_of_dev(&self) -> Value {
        let name = json!({ "Name": "/penguin-school/dev/cluster-name" });
        self.json("ssm", "AmazonSSM.GetParameter", &name)["Parameter"]["Value"].clone()
    }

    fn ecs(&self, operation: &str, body: &Value) -> Value {
        let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
        self.json("ecs", &target, body)
    }

    /// Status of a stack, or `absent`.
    pub(crate) fn status(&self, stack: &str) -> String {
        let response = self.form(&format!("Action=DescribeStacks&StackName={stack}"));
        let Some((_, rest)) = response.split_once("<StackStatus>") else {
            assert!(response.contains("does not exist"), "{response}");
            return "absent".to_owned();
        };
        rest.split('<').next().unwrap().to_owned()
    }

    /// Executable change sets of a stack.
    pub(crate) fn open_change_sets(&self, stack: &str) -> usize {
        let response = self.form(&format!("Action=ListChangeSets&StackName={stack}"));
        response
            .matches("<ExecutionStatus>AVAILABLE</ExecutionStatus>")
            .count()
    }

    /// All stacks in any status.
    pub(crate) fn stacks(&self) -> Vec<String> {
        let response = self.form("Action=DescribeStacks");
        response
            .split("<StackName>")
            .skip(1)
            .map(|rest| rest.split('<').next().unwrap().to_owned())
            .collect()
    }

    /// Waits until a stack has a status.
    pub(crate) fn reaches(&self, stack: &str, status: &str) {
        let began = Instant::now();
        while self.status(stack) != status {
            assert!(began.elapsed() < PATIENCE, "{stack} is {}", self.status(stack));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn form(&self, body: &str) -> String {
        let body = format!("{body}&Version=2010-05-15");
        self.post("cloudformation", "application/x-www-form-urlencoded", "", &body)
    }

    fn json(&self, service: &str, target: &str, body: &Value) -> Value {
        let target = format!("x-amz-target: {target}\r\n");
        let response = self.post(service, "application/x-amz-json-1.1", &target, &body.to_string());
        // Some operations return no body.
        let value: Value = serde_json::from_str(&response).unwrap_or_else(|error| {
            assert!(response.is_empty(), "{error}: {response}");
            Value::Null
        });
        assert!(value.get("__type").is_none(), "{value}");
        value
    }

    fn post(&self, service: &str, kind: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.mock_aws.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let account = &self.account;
        let credential = format!("{account}/20261101/eu-west-1/{service}/aws4_request");
        write!(
            stream,
            "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-type: {kind}\r\n{headers}\
             authorization: AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response.split_once("\r\n\r\n").unwrap().1.to_owned()
    }
}

#[expect(
    clippy::print_stderr,
    reason = "what is left out is said where the run is read"
)]
fn start() -> Option<MockAws> {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = crate_root.parent().unwrap().join(".venv/bin/python");
    if !python.exists() {
        assert!(
            std::env::var_os("CI").is_none(),
            "no Python tools in .venv: `.ci/test rust` makes them"
        );
        eprintln!(
            "LEFT OUT: the stories against ministack need the Python tools that `.ci/test rust` installs"
        );
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let orders = folder.path().join("orders");
    fs_err::create_dir(&orders).unwrap();
    // Ministack cannot inherit a listener.
    let port = vacant().port();
    let said = fs_err::File::create(folder.path().join("said")).unwrap();
    let mut child = Command::new(python)
        .arg(crate_root.join("tests/stories/mock_aws.py"))
        .env("MOCK_AWS_PORT", port.to_string())
        .env("MOCK_AWS_ORDERS", &orders)
        .env("TMPDIR", folder.path())
        .stdin(Stdio::piped())
        .stdout(said.try_clone().unwrap().into_file())
        .stderr(said.into_file())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        let ended = child.try_wait().unwrap();
        assert!(
            ended.is_none() && began.elapsed() < PATIENCE,
            "ministack does not start: {}",
            fs_err::read_to_string(folder.path().join("said")).unwrap()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_only_loopback(port);
    Some(MockAws {
        port,
        orders,
        _folder: folder,
        _child: child,
    })
}

/// Checks that the mock listens on loopback only, since it has no authentication.
fn assert_only_loopback(port: u16) {
    const LISTENING: &str = "0A";
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let Ok(sockets) = fs_err::read_to_string(table) else {
            continue;
        };
        let suffix = format!(":{port:04X}");
        for socket in sockets.lines().skip(1) {
            let fields: Vec<_> = socket.split_whitespace().collect();
            if fields[1].ends_with(&suffix) && fields[3] == LISTENING {
                assert_eq!(fields[1], format!("0100007F{suffix}"), "not on 127.0.0.1");
            }
        }
    }
}
