//! Settings file: schema, defaults, validation.
//!
//! [`Settings`] are complete and consistent, so code that holds them need not validate. [`Settings::load`] reports every
//! mistake at once, with line, column, value and remedy. Only this module reads the file; it does not know
//! CloudFormation resources, only which values AWS accepts.

mod app;
mod app_values;
mod build_values;
mod certificate;
mod check;
mod cidr;
mod cron;
mod document;
mod file;
pub mod first;
mod placeholders;
mod ports;
mod proxy_table;
mod read;
mod remote;
mod secret_values;
mod values;

use std::fmt;

pub use build_values::Before;
pub use certificate::{Certificate, CertificateSource, HostedZone};
pub use cidr::Cidr;
pub use cron::Cron;
pub use document::Mistake;
pub use file::{EXAMPLE, FILE_NAME, SettingsError, find};
pub use remote::{GitHubRepository, NotOnGitHub};
pub use secret_values::{NoSecretValues, SecretValues};
pub use values::{Architecture, Deployment, Insights, Nat, nearest};

use crate::service::Service;

/// Validated settings from which the stacks are generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Name, region and account.
    pub project: Project,
    /// Source repository.
    pub source: Source,
    /// Release process.
    pub release: Release,
    /// One network and ECS cluster for dev, one for staging and prod.
    pub clusters: Clusters,
    /// The three environments.
    pub environments: Environments,
}

/// Name, region and account of the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Prefix of names that are unique in an account: lower-case letters, digits and hyphens.
    pub name: String,
    /// Prefix of stack names, which are unique in an account and region. Often empty.
    pub stack_prefix: String,
    /// Region of all stacks; default: the caller's.
    pub region: Option<String>,
    /// Account of all stacks; default: the caller's.
    pub account: Option<String>,
    /// CPU architecture of the images. All environments run the same images.
    pub architecture: Architecture,
}

/// Source repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// GitHub owner of the repository.
    pub owner: String,
    /// Repository name.
    pub repository: String,
    /// Branch whose pushes are deployed to dev.
    pub dev_branch: String,
    /// Branch that releases are built from.
    pub prod_branch: String,
    /// How AWS accesses the repository.
    pub access: SourceAccess,
    /// Tests of every push; `None`: the dev pipeline runs none.
    pub tests: Option<Tests>,
}

/// Tests that a commit must pass before it is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tests {
    /// Shell command, run in the root of the repository.
    pub command: String,
    /// Timeout in minutes.
    pub minutes: u16,
}

impl Default for Tests {
    fn default() -> Self {
        Self {
            command: ".ci/test rust".to_owned(),
            minutes: 60,
        }
    }
}

impl Source {
    /// Returns the address of the repository.
    pub fn url(&self) -> String {
        format!("https://github.com/{}/{}", self.owner, self.repository)
    }
}

/// How AWS accesses the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceAccess {
    /// Through a connection that a stack creates; it must be approved once in the console.
    NewConnection,
    /// Through an existing connection.
    Connection {
        /// ARN of the connection.
        arn: String,
    },
    /// With a personal access token; AWS advises against it.
    Token {
        /// Name of the Secrets Manager secret that holds the token as plain text.
        secret: String,
    },
}

/// Release process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Name of the SSM parameter that holds the image tag of the latest release.
    pub image_tag_parameter: String,
    /// Address that approves releases and receives failure notifications.
    pub email: String,
    /// Path of the page that the pipelines fetch after a deployment to dev and staging; `None`: no smoke test.
    pub smoke_test: Option<String>,
    /// Command that runs before the rollout of a release.
    pub before: Option<Before>,
}

/// One network and ECS cluster for dev, one for staging and prod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clusters {
    /// Cluster of dev.
    pub dev: Cluster,
    /// Cluster of staging and prod.
    pub prod: Cluster,
}

/// A VPC with an ECS cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// CIDR range of the VPC.
    pub cidr: Cidr,
    /// Number of availability zones, 2 or 3.
    pub zones: u8,
    /// Outbound connectivity of tasks.
    pub nat: Nat,
    /// TCP ports within the VPC that tasks may connect to, besides 443.
    pub egress_ports: Vec<u16>,
    /// Container Insights level.
    pub insights: Insights,
    /// Retention of flow logs and load balancer access logs, in days.
    pub log_days: u16,
}

/// The three environments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environments {
    /// Receives every push to the dev branch.
    pub dev: Environment,
    /// Receives releases before prod.
    pub staging: Environment,
    /// Production.
    pub prod: Environment,
}

/// One deployment of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// The two containers.
    pub service: Service,
    /// CPU units of a task; 1024 units are one vCPU.
    pub cpu: u32,
    /// Memory of a task in MiB.
    pub memory: u32,
    /// Minimum number of tasks.
    pub min_tasks: u16,
    /// Maximum number of tasks.
    pub max_tasks: u16,
    /// Target CPU utilization of scaling, in percent.
    pub cpu_target: u32,
    /// Target of scaling in requests per task and minute.
    pub requests_target: u32,
    /// Scheduled changes of `min_tasks`.
    pub schedules: Vec<Schedule>,
    /// Time zone of the schedules.
    pub time_zone: String,
    /// Percentage of tasks beyond the first that run on Fargate Spot.
    pub spot_percent: u16,
    /// Domain with its HTTPS certificate.
    pub certificate: Option<Certificate>,
    /// Deployment strategy.
    pub deployment: Deployment,
    /// Thresholds of alarms.
    pub alarms: Alarms,
    /// Whether the proxy logs metrics for CloudWatch, and there is a dashboard of them.
    pub metrics: bool,
    /// Retention of container logs, in days.
    pub log_days: u16,
    /// Protects the load balancer and the stack against deletion.
    pub deletion_protection: bool,
}

/// A scheduled change of the minimum number of tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Name of the scheduled action.
    pub name: String,
    /// When it runs.
    pub cron: Cron,
    /// Minimum number of tasks from then on.
    pub min_tasks: u16,
}

/// Thresholds of the alarms. All but the last roll a deployment back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarms {
    /// 5xx responses per minute.
    pub errors: u32,
    /// 99th percentile of the response time in milliseconds.
    pub latency: u32,
    /// Percentage of requests with a 5xx response.
    pub error_percent: u32,
}

/// Name of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EnvironmentName {
    /// Receives every push to the dev branch.
    Dev,
    /// Receives releases before prod.
    Staging,
    /// Production.
    Prod,
}

impl EnvironmentName {
    /// All environments, in the order in which a change reaches them.
    pub const ALL: [Self; 3] = [Self::Dev, Self::Staging, Self::Prod];

    /// Returns the name as typed on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Staging => "staging",
            Self::Prod => "prod",
        }
    }

    /// Returns the cluster that the environment runs in.
    pub fn cluster(self) -> ClusterName {
        match self {
            Self::Dev => ClusterName::Dev,
            Self::Staging | Self::Prod => ClusterName::Prod,
        }
    }
}

impl fmt::Display for EnvironmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Name of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterName {
    /// Cluster of dev.
    Dev,
    /// Cluster of staging and prod.
    Prod,
}

impl ClusterName {
    /// Both clusters.
    pub const ALL: [Self; 2] = [Self::Dev, Self::Prod];

    /// Returns the name as typed on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Prod => "prod",
        }
    }

    /// Returns the environments that run in the cluster.
    pub fn environments(self) -> impl Iterator<Item = EnvironmentName> {
        EnvironmentName::ALL
            .into_iter()
            .filter(move |environment| environment.cluster() == self)
    }
}

impl Settings {
    /// Returns the settings of an environment.
    pub fn environment(&self, name: EnvironmentName) -> &Environment {
        match name {
            EnvironmentName::Dev => &self.environments.dev,
            EnvironmentName::Staging => &self.environments.staging,
            EnvironmentName::Prod => &self.environments.prod,
        }
    }

    /// Returns the containers as they run outside AWS, under compose and locally: those of dev.
    pub fn local_service(&self) -> &Service {
        &self.environments.dev.service
    }

    /// Returns the settings of a cluster.
    pub fn cluster(&self, name: ClusterName) -> &Cluster {
        match name {
            ClusterName::Dev => &self.clusters.dev,
            ClusterName::Prod => &self.clusters.prod,
        }
    }
}

impl Cluster {
    /// Returns the defaults of a cluster: dev minimizes cost, prod survives the loss of a zone.
    pub fn default_of(name: ClusterName) -> Self {
        match name {
            ClusterName::Dev => Self {
                cidr: Cidr::DEV,
                zones: 2,
                nat: Nat::Single,
                egress_ports: Vec::new(),
                insights: Insights::Enabled,
                log_days: 30,
            },
            ClusterName::Prod => Self {
                cidr: Cidr::PROD,
                zones: 2,
                nat: Nat::PerZone,
                egress_ports: Vec::new(),
                insights: Insights::Enhanced,
                log_days: 90,
            },
        }
    }
}

impl Environment {
    /// Returns the defaults of an environment.
    pub fn default_of(name: EnvironmentName) -> Self {
        let prod = name == EnvironmentName::Prod;
        Self {
            service: Service::default(),
            cpu: 256,
            memory: 512,
            min_tasks: 1,
            max_tasks: 4,
            cpu_target: 50,
            requests_target: 1000,
            // Two tasks in even hours, one in odd hours: an example of schedules.
            schedules: vec![
                Schedule {
                    name: "even-hours".to_owned(),
                    cron: Cron::literal("0 0/2 * * ? *"),
                    min_tasks: 2,
                },
                Schedule {
                    name: "odd-hours".to_owned(),
                    cron: Cron::literal("0 1/2 * * ? *"),
                    min_tasks: 1,
                },
            ],
            time_zone: "UTC".to_owned(),
            spot_percent: if name == EnvironmentName::Dev { 100 } else { 0 },
            certificate: None,
            deployment: Deployment::Rolling,
            alarms: Alarms {
                errors: 10,
                latency: 2000,
                error_percent: 5,
            },
            metrics: true,
            log_days: if prod { 90 } else { 30 },
            deletion_protection: prod,
        }
    }
}

#[cfg(test)]
mod tests;
