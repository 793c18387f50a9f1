//! What can be set, and what it is when nobody sets it.
//!
//! [`Settings`] are complete and consistent: nothing is optional that must be there, and whoever holds them need not
//! check anything. [`Settings::load`] reads them from a file and reports every mistake in it at once, with line,
//! column, value and remedy. This module is the only one that reads the file; it must not know CloudFormation's
//! resources, only which values AWS takes.

mod check;
mod cidr;
mod cron;
mod document;
mod file;
pub mod first;
mod placeholders;
mod read;
mod remote;
mod values;

use std::fmt;

pub use cidr::Cidr;
pub use cron::Cron;
pub use document::Mistake;
pub use file::{EXAMPLE, FILE_NAME, SettingsError, find};
pub use remote::{GitHubRepository, NotOnGitHub};
pub use values::{Architecture, Deployment, Insights, Nat, nearest};

/// Everything that the stacks are made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What it is about.
    pub project: Project,
    /// From where it is built.
    pub source: Source,
    /// How it is released.
    pub release: Release,
    /// Networks with a cluster in each.
    pub clusters: Clusters,
    /// What runs in them.
    pub environments: Environments,
}

/// What it is about, and where it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// In front of names that are unique in an account. Lower case, digits and hyphens.
    pub name: String,
    /// In front of the names of the stacks, which are unique in an account and region too. Often empty.
    pub stack_prefix: String,
    /// Region of all stacks; without it, the one of whoever calls.
    pub region: Option<String>,
    /// Account of all stacks; without it, the one of whoever calls.
    pub account: Option<String>,
    /// What images are built for. All environments run the same images, hence one for all.
    pub architecture: Architecture,
}

/// From where it is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Owner of the repository on GitHub.
    pub owner: String,
    /// Its name.
    pub repository: String,
    /// Branch that is deployed to dev at every push.
    pub dev_branch: String,
    /// Branch from which releases are made.
    pub prod_branch: String,
    /// How AWS gets at it.
    pub access: SourceAccess,
}

/// How AWS gets at the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceAccess {
    /// By a connection that a stack makes and somebody has to agree to once.
    NewConnection,
    /// By a connection that is there already.
    Connection {
        /// Its ARN.
        arn: String,
    },
    /// By a personal access token. AWS advises against it.
    Token {
        /// Name of the secret in Secrets Manager that holds the token as plain text.
        secret: String,
    },
}

/// How it is released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Name of the SSM parameter that holds the image tag of the latest release.
    pub image_tag_parameter: String,
    /// Who approves releases and is told of failures.
    pub email: String,
}

/// Networks with a cluster in each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clusters {
    /// For dev.
    pub dev: Cluster,
    /// For staging and prod.
    pub prod: Cluster,
}

/// A network with a cluster in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Addresses of the network.
    pub cidr: Cidr,
    /// Availability zones, 2 or 3.
    pub zones: u8,
    /// How tasks call out.
    pub nat: Nat,
    /// How much is measured.
    pub insights: Insights,
    /// Days for which the flow log and the load balancers' access logs are kept.
    pub log_days: u16,
}

/// What runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environments {
    /// Gets every push.
    pub dev: Environment,
    /// Gets releases before prod does.
    pub staging: Environment,
    /// The real thing.
    pub prod: Environment,
}

/// One installation of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// CPU units of a task; 1024 are one core.
    pub cpu: u32,
    /// Memory of a task, in MiB.
    pub memory: u32,
    /// Tasks that always run.
    pub min_tasks: u16,
    /// Tasks that there are never more of.
    pub max_tasks: u16,
    /// Percent of CPU use that scaling aims at.
    pub cpu_target: u32,
    /// Requests per task and minute that scaling aims at.
    pub requests_target: u32,
    /// Changes of `min_tasks` at certain times.
    pub schedules: Vec<Schedule>,
    /// Time zone of the schedules.
    pub time_zone: String,
    /// Percent of the tasks beyond the first that run on spare capacity and can be taken away.
    pub spot_percent: u16,
    /// For HTTPS.
    pub certificate: Option<Certificate>,
    /// How one release is exchanged for the next.
    pub deployment: Deployment,
    /// When a deployment is given up because visitors suffer.
    pub alarms: Alarms,
    /// Days for which the containers' logs are kept.
    pub log_days: u16,
    /// The load balancer cannot be deleted before this is taken back, nor the stack.
    pub deletion_protection: bool,
    /// People can run commands in a container. Gives the task role rights; the read-only file system stays.
    pub exec: bool,
}

/// A change of the lower bound at certain times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// What it is called.
    pub name: String,
    /// When.
    pub cron: Cron,
    /// The lower bound from then on.
    pub min_tasks: u16,
}

/// For HTTPS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// ARN of the certificate.
    pub arn: String,
    /// The name that it is for, under which visitors come.
    pub domain: String,
}

/// When visitors suffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarms {
    /// Answers 5xx per minute.
    pub errors: u32,
    /// Milliseconds within which 99 of 100 requests are to be answered.
    pub latency: u32,
}

/// The environments, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EnvironmentName {
    /// Gets every push.
    Dev,
    /// Gets releases before prod does.
    Staging,
    /// The real thing.
    Prod,
}

impl EnvironmentName {
    /// All of them, in the order in which a change passes through.
    pub const ALL: [Self; 3] = [Self::Dev, Self::Staging, Self::Prod];

    /// As it is typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Staging => "staging",
            Self::Prod => "prod",
        }
    }

    /// The cluster that it runs in.
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

/// The clusters, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterName {
    /// For dev.
    Dev,
    /// For staging and prod.
    Prod,
}

impl ClusterName {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Dev, Self::Prod];

    /// As it is typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Prod => "prod",
        }
    }
}

impl Settings {
    /// The settings of an environment.
    pub fn environment(&self, name: EnvironmentName) -> &Environment {
        match name {
            EnvironmentName::Dev => &self.environments.dev,
            EnvironmentName::Staging => &self.environments.staging,
            EnvironmentName::Prod => &self.environments.prod,
        }
    }

    /// The settings of a cluster.
    pub fn cluster(&self, name: ClusterName) -> &Cluster {
        match name {
            ClusterName::Dev => &self.clusters.dev,
            ClusterName::Prod => &self.clusters.prod,
        }
    }
}

impl Cluster {
    /// What a cluster is like when nobody says otherwise. Dev saves money, prod survives the loss of a zone.
    pub fn default_of(name: ClusterName) -> Self {
        match name {
            ClusterName::Dev => Self {
                cidr: Cidr::of([10, 1, 0, 0], 20),
                zones: 2,
                nat: Nat::Single,
                insights: Insights::Enabled,
                log_days: 30,
            },
            ClusterName::Prod => Self {
                cidr: Cidr::of([10, 3, 0, 0], 20),
                zones: 2,
                nat: Nat::PerZone,
                insights: Insights::Enhanced,
                log_days: 90,
            },
        }
    }
}

impl Environment {
    /// What an environment is like when nobody says otherwise.
    pub fn default_of(name: EnvironmentName) -> Self {
        let prod = name == EnvironmentName::Prod;
        Self {
            cpu: 256,
            memory: 512,
            min_tasks: 1,
            max_tasks: 4,
            cpu_target: 50,
            requests_target: 1000,
            // Two tasks in even hours, one in odd ones: shows how it is done.
            schedules: vec![
                Schedule {
                    name: "even-hours".to_owned(),
                    cron: Cron::known("0 0/2 * * ? *"),
                    min_tasks: 2,
                },
                Schedule {
                    name: "odd-hours".to_owned(),
                    cron: Cron::known("0 1/2 * * ? *"),
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
            },
            log_days: if prod { 90 } else { 30 },
            deletion_protection: prod,
            exec: false,
        }
    }
}

#[cfg(test)]
mod tests;
