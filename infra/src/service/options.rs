//! What the settings say about the containers of an environment. Independent of the runtime.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::{APP_PORT, ERROR_PAGE_VARIABLE};

/// Dockerfile of the site in this repository.
pub const APP_DOCKERFILE: &str = "Dockerfile.app";
/// Subcommand of the site in this repository.
pub(super) const SERVE: &str = "serve";

/// The two containers of an environment, as far as settings describe them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// The app.
    pub app: App,
    /// The sidecar.
    pub proxy: Proxy,
}

/// The app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Listening port.
    pub port: u16,
    /// Path that answers 2xx or 3xx when the app is ready; the proxy requests it. `None`: the site of this repository,
    /// whose binary has a health check of its own.
    pub health_path: Option<String>,
    /// Time between the stop signal and SIGKILL; `None`: the default of the runtime.
    pub stop_timeout: Option<Duration>,
    /// Dockerfile, relative to the workspace.
    pub dockerfile: String,
    /// Program arguments; `None`: `serve` for the site of this repository, else the command of the image.
    pub command: Option<Vec<String>>,
    /// Environment variables, by name.
    pub environment: BTreeMap<String, String>,
    /// Environment variables whose values are secrets, by name.
    pub secrets: BTreeMap<String, Secret>,
    /// ARN of the KMS key that encrypts the secrets; `None`: the keys that AWS manages.
    pub secrets_key: Option<String>,
}

impl Default for App {
    fn default() -> Self {
        Self {
            port: APP_PORT,
            health_path: None,
            stop_timeout: None,
            dockerfile: APP_DOCKERFILE.to_owned(),
            command: None,
            environment: BTreeMap::new(),
            secrets: BTreeMap::new(),
            secrets_key: None,
        }
    }
}

impl App {
    /// Returns true for the site of this repository, false for an app that replaces it.
    pub fn is_the_site(&self) -> bool {
        self.health_path.is_none()
    }
}

/// The sidecar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxy {
    /// Environment variables, by name.
    pub environment: BTreeMap<String, String>,
}

/// Where a secret is stored. Its value is not known to this program, except in a local run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Secret {
    /// An SSM parameter: `ssm:/path`.
    Parameter {
        /// Name with the leading `/`.
        path: String,
    },
    /// A secret of Secrets Manager: `secretsmanager:NAME` or `secretsmanager:NAME:JSON-KEY`.
    SecretsManager {
        /// Name.
        name: String,
        /// Key in the JSON object that the secret contains; `None`: the secret as a whole.
        json_key: Option<String>,
    },
}

impl Secret {
    /// Returns the secret without the JSON key.
    #[must_use]
    pub fn whole(&self) -> Self {
        match self {
            Self::Parameter { .. } => self.clone(),
            Self::SecretsManager { name, .. } => Self::SecretsManager {
                name: name.clone(),
                json_key: None,
            },
        }
    }
}

impl fmt::Display for Secret {
    /// Writes the reference as in the settings file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parameter { path } => write!(f, "ssm:{path}"),
            Self::SecretsManager { name, json_key: None } => write!(f, "secretsmanager:{name}"),
            Self::SecretsManager {
                name,
                json_key: Some(key),
            } => write!(f, "secretsmanager:{name}:{key}"),
        }
    }
}

/// Variables of the app that settings must not contain, each with the setting that determines it.
pub const APP_VARIABLES: [(&str, &str); 3] = [
    ("PORT", "set `app.port`"),
    ("APP_LISTEN", "set `app.port`"),
    ("APP_DRAIN_TIMEOUT", "set `app.stop-timeout`"),
];

/// Variables of the proxy that settings must not contain: they join the containers, and differ between the runtimes.
pub const PROXY_VARIABLES: [(&str, &str); 14] = [
    ("PROXY_RELEASE", "set `release.smoke-test`"),
    ("PROXY_METRICS_LOG", METRICS),
    ("PROXY_METRICS_SERVICE", METRICS),
    ("PROXY_METRICS_ENVIRONMENT", METRICS),
    ("PROXY_UPSTREAM", "set `app.port`"),
    ("PROXY_UPSTREAM_HEALTH_PATH", "set `app.health-path`"),
    ("PROXY_LISTEN", LEAVE_OUT),
    ("PROXY_ADMIN_LISTEN", LEAVE_OUT),
    ("PROXY_HEALTH_PATH", LEAVE_OUT),
    (
        ERROR_PAGE_VARIABLE,
        "the file is in the proxy's image: edit penguin-proxy/error-page.html",
    ),
    ("PROXY_PRE_DRAIN", LEAVE_OUT),
    ("PROXY_STOP_TIMEOUT", LEAVE_OUT),
    ("PROXY_DRAIN_IDLE", LEAVE_OUT),
    ("PROXY_LB_IDLE_TIMEOUT", LEAVE_OUT),
];

const METRICS: &str = "set `metrics` of the environment";
const LEAVE_OUT: &str = "remove it: its value depends on the runtime (infra/src/service)";
