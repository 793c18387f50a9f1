//! Names that must be unique in an account, and by which stacks find each other. All of them are made here.

use crate::cfn::{Arn, Text, Value, account, partition, region, text};
use crate::settings::{ClusterName, EnvironmentName, Project};

use super::StackKind;

/// Makes names from the project's name.
#[derive(Clone, Debug)]
pub struct Names {
    project: String,
    stack_prefix: String,
}

impl Names {
    /// For this project.
    pub fn new(project: &Project) -> Self {
        Self {
            project: project.name.clone(),
            stack_prefix: project.stack_prefix.clone(),
        }
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

    pub(super) fn dev_pipeline(&self) -> String {
        self.stack("DevPipelineStack")
    }

    pub(super) fn release_pipeline(&self) -> String {
        self.stack("StagingProdPipelineStack")
    }

    fn stack(&self, name: &str) -> String {
        format!("{}{name}", self.stack_prefix)
    }

    /// Name of the pipeline from a push to dev.
    pub fn dev_pipeline_name(&self) -> String {
        self.prefixed("dev")
    }

    /// Name of the pipeline from a release to prod.
    pub fn release_pipeline_name(&self) -> String {
        self.prefixed("release")
    }

    /// Name of the connection to GitHub, if a stack makes it.
    pub fn connection(&self) -> String {
        self.prefixed("github")
    }

    /// Name of the image repository of a container.
    pub fn repository(&self, container: &str) -> String {
        format!("{}/{container}", self.project)
    }

    /// Name of the log group of a container.
    pub fn log_group(&self, environment: EnvironmentName, container: &str) -> String {
        format!("/{}/{environment}/{container}", self.project)
    }

    /// What the names of all log groups begin with.
    pub(super) fn log_group_root(&self) -> String {
        format!("/{}/", self.project)
    }

    /// Name of a log group of a cluster.
    pub(super) fn cluster_log_group(&self, cluster: ClusterName, what: &str) -> String {
        format!("/{}/{}-cluster/{what}", self.project, cluster.as_str())
    }

    /// Name of the log group of a build.
    pub fn build_log_group(&self, project: &str) -> String {
        format!("/{}/build/{project}", self.project)
    }

    /// Name of the SSM parameter by which a cluster's stack tells others something.
    pub fn cluster_parameter(&self, cluster: ClusterName, what: &str) -> String {
        format!("/{}/{}/{what}", self.project, cluster.as_str())
    }

    /// Name of the SSM parameter by which the foundation tells others something.
    pub fn shared_parameter(&self, what: &str) -> String {
        format!("/{}/shared/{what}", self.project)
    }

    /// `PROJECT-WHAT`.
    pub(super) fn prefixed(&self, what: &str) -> String {
        format!("{}-{what}", self.project)
    }

    pub(super) fn description(&self, kind: StackKind, environment: Option<EnvironmentName>) -> String {
        let environment = environment.map_or("shared", EnvironmentName::as_str);
        let what = match kind {
            StackKind::Foundation => {
                return format!(
                    "{}: image repositories and the connection to GitHub",
                    self.project
                );
            }
            StackKind::Cluster => "network and ECS cluster",
            StackKind::App => "load balancer and service",
            StackKind::DevPipeline => "pipeline from a push to dev",
            StackKind::ReleasePipeline => "pipeline from a release through staging to prod",
        };
        format!("{} {environment}: {what}", self.project)
    }
}

/// The ARN of something in the stack's own region and account.
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

/// As [`local_arn`], where all of the resource is known.
pub(super) fn local_arn_of(service: &str, resource: &str) -> Value<Arn> {
    local_arn(service, [resource.into()])
}
