//! Names that are unique in an account, or by which stacks reference each other.

use crate::cfn::{Arn, Text, Value, account, partition, region, text};
use crate::settings::{ClusterName, EnvironmentName, Project, Settings};

use super::StackKind;

/// Derives names from the project name and stack prefix.
#[derive(Clone, Debug)]
pub struct Names {
    /// Project name, extended by the stack prefix if there is one.
    project: String,
    stack_prefix: String,
}

/// AWS limit for connection names.
const CONNECTION_LENGTH: usize = 32;

impl Names {
    /// Creates the names of a project.
    pub fn new(project: &Project) -> Self {
        Self {
            project: installation(&project.name, &project.stack_prefix),
            stack_prefix: project.stack_prefix.clone(),
        }
    }

    /// Returns the value of the tag `project`, also the prefix of names. It includes the stack prefix, so that two
    /// installations in an account do not collide.
    pub fn project(&self) -> &str {
        &self.project
    }

    pub(super) fn foundation(&self) -> String {
        self.stack("Foundation")
    }

    pub(super) fn cluster(&self, cluster: ClusterName) -> String {
        self.stack(match cluster {
            ClusterName::Dev => "DevCluster",
            ClusterName::Prod => "ProdCluster",
        })
    }

    pub(super) fn app(&self, environment: EnvironmentName) -> String {
        self.stack(match environment {
            EnvironmentName::Dev => "DevAppStack",
            EnvironmentName::Staging => "StagingAppStack",
            EnvironmentName::Prod => "ProdAppStack",
        })
    }

    pub(super) fn before_release(&self, environment: EnvironmentName) -> String {
        self.stack(match environment {
            EnvironmentName::Dev => "DevBeforeRelease",
            EnvironmentName::Staging => "StagingBeforeRelease",
            EnvironmentName::Prod => "ProdBeforeRelease",
        })
    }

    pub(super) fn dev_pipeline(&self) -> String {
        self.stack("DevPipelineStack")
    }

    pub(super) fn release_pipeline(&self) -> String {
        self.stack("StagingProdPipelineStack")
    }

    fn stack(&self, name: &str) -> String {
        format!("{}{name}", self.stack_prefix)
    }

    /// Returns the name of the dev pipeline.
    pub fn dev_pipeline_name(&self) -> String {
        self.prefixed("dev")
    }

    /// Returns the name of the release pipeline.
    pub fn release_pipeline_name(&self) -> String {
        self.prefixed("release")
    }

    /// Returns the name of the GitHub connection, if a stack creates it.
    pub fn connection(&self) -> String {
        let name = self.prefixed("github");
        if name.len() <= CONNECTION_LENGTH {
            return name;
        }
        // FNV-1a: short and stable.
        let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        let start: String = name.chars().take(CONNECTION_LENGTH - 9).collect();
        format!("{start}-{hash:08x}")
    }

    /// Returns the image repository of a container.
    pub fn repository(&self, container: &str) -> String {
        format!("{}/{container}", self.project)
    }

    /// Returns the log group of a container.
    pub fn log_group(&self, environment: EnvironmentName, container: &str) -> String {
        format!("/{}/{environment}/{container}", self.project)
    }

    /// Returns the prefix of all log groups.
    pub(super) fn log_group_root(&self) -> String {
        format!("/{}/", self.project)
    }

    /// Returns a log group of a cluster.
    pub(super) fn cluster_log_group(&self, cluster: ClusterName, what: &str) -> String {
        format!("/{}/{}-cluster/{what}", self.project, cluster.as_str())
    }

    /// Returns the log group of a build.
    pub fn build_log_group(&self, project: &str) -> String {
        format!("/{}/build/{project}", self.project)
    }

    /// Returns an SSM parameter with which a cluster stack shares a value.
    pub fn cluster_parameter(&self, cluster: ClusterName, what: &str) -> String {
        format!("/{}/{}/{what}", self.project, cluster.as_str())
    }

    /// Returns the SSM parameter with which an app stack shares the security group of its tasks.
    pub fn task_security_group_parameter(&self, environment: EnvironmentName) -> String {
        self.cluster_parameter(
            environment.cluster(),
            &format!("{environment}-task-security-group-id"),
        )
    }

    /// Returns the task family of a service.
    pub(super) fn family(&self, environment: EnvironmentName) -> String {
        self.prefixed(environment.as_str())
    }

    /// Returns the task family of one-off tasks.
    pub(super) fn run_family(&self, environment: EnvironmentName) -> String {
        self.prefixed(&format!("{environment}-run"))
    }

    /// Returns the task family of the command before a release.
    pub(super) fn before_release_family(&self, environment: EnvironmentName) -> String {
        self.prefixed(&format!("{environment}-before-release"))
    }

    /// Returns all task families of an environment.
    pub(super) fn families(&self, settings: &Settings, environment: EnvironmentName) -> Vec<String> {
        let before = settings.release.before.as_ref();
        [self.family(environment), self.run_family(environment)]
            .into_iter()
            .chain(before.map(|_| self.before_release_family(environment)))
            .collect()
    }

    /// Returns an SSM parameter with which the foundation stack shares a value.
    pub fn shared_parameter(&self, what: &str) -> String {
        format!("/{}/shared/{what}", self.project)
    }

    /// Returns `PROJECT-WHAT`.
    pub(super) fn prefixed(&self, what: &str) -> String {
        format!("{}-{what}", self.project)
    }

    pub(super) fn description(&self, kind: StackKind, environment: Option<EnvironmentName>) -> String {
        let environment = environment.map_or("shared", EnvironmentName::as_str);
        let what = match kind {
            StackKind::Foundation => {
                return format!("{}: image repositories and GitHub connection", self.project);
            }
            StackKind::Cluster => "network and ECS cluster",
            StackKind::BeforeRelease => "task of the command before a release",
            StackKind::App => "load balancer and service",
            StackKind::DevPipeline => "pipeline from a push to dev",
            StackKind::ReleasePipeline => "pipeline from a release through staging to prod",
        };
        format!("{} {environment}: {what}", self.project)
    }
}

/// Joins project and prefix to a valid repository name: `penguin-school` and `Blue-` are `penguin-school-blue`.
fn installation(project: &str, stack_prefix: &str) -> String {
    let words = stack_prefix.split('-').filter(|word| !word.is_empty());
    words.fold(project.to_owned(), |name, word| {
        format!("{name}-{}", word.to_ascii_lowercase())
    })
}

/// Returns an ARN in the stack's account and region.
pub(super) fn local_arn(service: &str, resource: impl IntoIterator<Item = Value<Text>>) -> Value<Arn> {
    let start = [
        "arn:".into(),
        partition(),
        format!(":{service}:").into(),
        region(),
        ":".into(),
        account(),
        ":".into(),
    ];
    text(start.into_iter().chain(resource))
}

/// Like [`local_arn`], for a literal resource.
pub(super) fn local_arn_of(service: &str, resource: &str) -> Value<Arn> {
    local_arn(service, [resource.into()])
}
