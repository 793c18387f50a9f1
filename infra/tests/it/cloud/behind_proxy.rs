//! The program behind a CONNECT proxy that inspects TLS with a private certificate authority.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::deployed_environments::{FIRST, SECOND, fixture, formation};
use super::harness::Harness;
use super::program::{infra, printed};
use super::wire::{Response, Server};
use crate::vacant::vacant;

/// AWS hosts that the program calls.
const HOSTS: [&str; 14] = [
    "api.ecr.eu-west-1.amazonaws.com",
    "cloudformation.eu-west-1.amazonaws.com",
    "codebuild.eu-west-1.amazonaws.com",
    "codeconnections.eu-west-1.amazonaws.com",
    "codepipeline.eu-west-1.amazonaws.com",
    "ecs.eu-west-1.amazonaws.com",
    "iam.amazonaws.com",
    "logs.eu-west-1.amazonaws.com",
    "monitoring.eu-west-1.amazonaws.com",
    "oidc.eu-west-1.amazonaws.com",
    "portal.sso.eu-west-1.amazonaws.com",
    "servicequotas.eu-west-1.amazonaws.com",
    "ssm.eu-west-1.amazonaws.com",
    "sts.eu-west-1.amazonaws.com",
];

/// The proxy with its requested hosts.
struct Company {
    proxy: SocketAddr,
    asked: Arc<Mutex<BTreeSet<String>>>,
    folder: TempDir,
}

impl Company {
    /// Starts a proxy that connects every host to `server`, with certificates of a private authority.
    fn of(server: &Server) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority
            .distinguished_name
            .push(DnType::CommonName, "Polar Company");
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        // Real bundles contain unparsable blocks too.
        let bundle = format!(
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n{}",
            authority.pem()
        );
        fs_err::write(folder.path().join("company.pem"), bundle).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(HOSTS.map(str::to_owned))
            .unwrap()
            .signed_by(&key, &authority)
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        let asked = Arc::new(Mutex::new(BTreeSet::new()));
        let (its, behind) = (Arc::clone(&asked), server.endpoint.clone());
        // Ends with the test process.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
                sender.send(listener.local_addr().unwrap()).unwrap();
                let acceptor = TlsAcceptor::from(Arc::new(config));
                while let Ok((stream, _)) = listener.accept().await {
                    let (acceptor, behind, asked) = (acceptor.clone(), behind.clone(), Arc::clone(&its));
                    tokio::spawn(async move { tunnel(stream, acceptor, behind, asked).await });
                }
            });
        });
        Self {
            proxy: receiver.recv().unwrap(),
            asked,
            folder,
        }
    }

    fn bundle(&self) -> PathBuf {
        self.folder.path().join("company.pem")
    }

    /// The program, with an SSO profile and further `lines`.
    fn infra(&self, lines: &str) -> Command {
        let home = self.folder.path();
        super::signing_in::sign_in(home, lines);
        let mut command = infra(home);
        command.env("AWS_PROFILE", "team");
        command
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().cloned().collect()
    }
}

/// Serves one connection: CONNECT, TLS, then forwards to the mock.
async fn tunnel(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    behind: String,
    asked: Arc<Mutex<BTreeSet<String>>>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let target = head.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
    asked
        .lock()
        .unwrap()
        .insert(target.strip_suffix(":443")?.to_owned());
    stream
        .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await
        .ok()?;
    let mut inside = acceptor.accept(stream).await.ok()?;
    let mut server = TcpStream::connect(behind.strip_prefix("http://")?).await.ok()?;
    copy_bidirectional(&mut inside, &mut server).await.ok()?;
    Some(())
}

/// AWS mock with all services, which accepts every sign-in.
fn aws() -> Harness {
    let mut fixture = fixture();
    fixture.connection = Some("AVAILABLE");
    fixture.parameters.insert(
        "/penguin-school/shared/connection-arn".into(),
        vec!["arn:c".into()],
    );
    for name in ["app", "proxy"] {
        let repository = format!("penguin-school/{name}");
        fixture.images.insert(repository, vec![FIRST.into()]);
        let group = format!("/penguin-school/dev/{name}");
        fixture.logs.insert(group, Vec::new());
    }
    for operation in ["RUNNING", "STOPPED"] {
        fixture
            .ecs
            .insert(operation.into(), serde_json::json!({ "taskArns": [] }));
    }
    fixture
        .ecs
        .insert("DescribeServices".into(), serde_json::json!({ "services": [] }));
    let state = serde_json::json!({ "stageStates": [{ "stageName": "Build",
        "latestExecution": { "status": "Failed", "pipelineExecutionId": "1" },
        "actionStates": [{ "actionName": "Images", "latestExecution": {
            "status": "Failed", "externalExecutionId": "project:1" } }] }] });
    for name in ["dev", "release"] {
        fixture
            .pipelines
            .insert(format!("penguin-school-{name}"), state.clone());
    }
    let stacks = formation(FIRST, SECOND);
    let shared = Mutex::new(fixture);
    Harness::with(stacks, move |call| match call.operation.as_str() {
        "GetRoleCredentials" => Some(Response::Json(serde_json::json!({ "roleCredentials": {
            "accessKeyId": "a", "secretAccessKey": "b", "sessionToken": "c", "expiration": 4_102_444_800_000_u64 } }))),
        "CreateToken" => Some(Response::Json(
            serde_json::json!({ "accessToken": "new", "tokenType": "Bearer",
            "expiresIn": 3600, "refreshToken": "refresh" }),
        )),
        _ => shared.lock().unwrap().respond(call),
    })
}

#[test]
fn all_calls_use_the_proxy_and_trust_its_ca() {
    for (way, variable) in [("AWS_CA_BUNDLE", "HTTPS_PROXY"), ("ca_bundle", "https_proxy")] {
        let harness = aws();
        let company = Company::of(&harness.server);
        let bundle = company.bundle();
        let lines = match way {
            "ca_bundle" => format!("ca_bundle = {}\n", bundle.display()),
            _ => String::new(),
        };
        for verb in ["status", "releases", "logs dev", "pipeline status", "check"] {
            let mut command = company.infra(&lines);
            if way == "AWS_CA_BUNDLE" {
                command.env(way, &bundle);
            }
            let output = command
                .env(variable, format!("http://{}", company.proxy))
                .args(verb.split(' '))
                .output()
                .unwrap();
            // `check` finds things in this account, and asks quotas and roles meanwhile.
            let code = i32::from(verb == "check");
            assert_eq!(
                output.status.code(),
                Some(code),
                "{way}: {verb}: {}",
                printed(&output)
            );
        }
        assert_eq!(company.asked(), HOSTS, "{way}");
    }
}

#[test]
fn untrusted_ca_has_a_hint() {
    let harness = aws();
    let company = Company::of(&harness.server);
    let run = |bundle: Option<&Path>| {
        let mut command = company.infra("");
        if let Some(bundle) = bundle {
            command.env("AWS_CA_BUNDLE", bundle);
        }
        let output = command
            .env("AWS_ACCESS_KEY_ID", "a")
            .env("AWS_SECRET_ACCESS_KEY", "b")
            .env_remove("AWS_PROFILE")
            .env("AWS_REGION", "eu-west-1")
            .env("HTTPS_PROXY", format!("http://{}", company.proxy))
            .arg("status")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        printed(&output)
    };
    let distrusted = run(None);
    assert!(
        distrusted.starts_with("error: cannot reach AWS: ")
            && distrusted.contains("certificate")
            && distrusted.contains("hint: if a proxy inspects TLS, set `AWS_CA_BUNDLE`"),
        "{distrusted}"
    );
    let absent = run(Some(Path::new("/nowhere/company.pem")));
    assert!(
        absent.starts_with("error: cannot use the certificates in /nowhere/company.pem: "),
        "{absent}"
    );
}

#[test]
fn no_proxy_bypasses_the_proxy() {
    let harness = aws();
    let home = tempfile::tempdir().unwrap();
    // No proxy listens here.
    let nobody = format!("http://{}", vacant());
    let run = |past: Option<&str>| {
        let mut command = infra(home.path());
        if let Some(past) = past {
            command.env("NO_PROXY", past);
        }
        command
            .env("AWS_ENDPOINT_URL", &harness.server.endpoint)
            .env("AWS_ACCESS_KEY_ID", "a")
            .env("AWS_SECRET_ACCESS_KEY", "b")
            .env("AWS_REGION", "eu-west-1")
            .env("http_proxy", &nobody)
            .arg("releases")
            .output()
            .unwrap()
    };
    let barred = run(None);
    assert!(
        printed(&barred).starts_with("error: cannot reach AWS: "),
        "{}",
        printed(&barred)
    );
    for past in ["127.0.0.1", "example.com,127.0.0.1", "*"] {
        let output = run(Some(past));
        assert_eq!(output.status.code(), Some(0), "{past}: {}", printed(&output));
    }
}
