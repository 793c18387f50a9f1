//! CloudFormation stacks: templates and dependencies.
//!
//! ```text
//! Foundation ─────┬──► DevAppStack        image repositories, connection to GitHub
//! DevCluster ─────┤    DevPipelineStack
//! ProdCluster ────┴──► StagingAppStack    ProdAppStack    StagingProdPipelineStack
//! ```
//!
//! With a command before releases, a stack with its task stands before each app stack: `DevBeforeRelease` and so on.
//!
//! Stacks share values through SSM parameters, not exports. [`graph`] is a pure function of the settings: the same
//! settings produce the same bytes.

mod alerts;
mod app;
mod artifacts;
mod before_release;
mod build;
mod cluster;
mod deploy_role;
mod dev_pipeline;
mod domain;
mod execution_role;
mod foundation;
mod keys;
mod names;
mod network;
mod pipeline;
mod release_pipeline;
mod select;
mod shared;
mod tagged;
mod task;

use std::collections::BTreeMap;

pub use foundation::RELEASE_TAG_PREFIX;
pub use names::Names;
pub use pipeline::{RELEASE_APPROVAL, RELEASE_LATEST, RELEASE_VARIABLE, RELEASE_VARIABLE_DEFAULT};
pub use select::UnknownTarget;

use crate::cfn::{Defect, Template, TemplateBuilder};
use crate::settings::{Before, ClusterName, EnvironmentName, Settings};

/// Parameter of app stacks with the image tag to run.
pub const IMAGE_TAG_PARAMETER: &str = "ImageTag";
/// Logical ID of the task definition for one-off tasks; also the output with its ARN, for the command before a release.
pub const RUN_TASK_DEFINITION: &str = "RunTaskDefinition";
/// Output of app stacks with the URL of the site.
pub const URL_OUTPUT: &str = "Url";

/// A stack that can be deployed.
#[derive(Clone, Debug)]
pub struct Stack {
    /// Stack name in AWS.
    pub name: String,
    /// Kind of stack.
    pub kind: StackKind,
    /// Environment of the stack; prod if it serves both staging and prod.
    pub environment: Option<EnvironmentName>,
    /// Region, if set.
    pub region: Option<String>,
    /// Account, if set.
    pub account: Option<String>,
    /// The template.
    pub template: Template,
    /// Tags of the stack and of its resources.
    pub tags: BTreeMap<String, String>,
    /// Names of the stacks that must be deployed first.
    pub depends_on: Vec<String>,
    /// Whether the stack has termination protection.
    pub termination_protection: bool,
    /// Whether it has the parameter [`IMAGE_TAG_PARAMETER`], which has no default.
    pub takes_image_tag: bool,
    /// Stack with the command that runs before a deployment of this one, and the command.
    pub before: Option<(String, Before)>,
    /// Parameters without default that take the ID of a hosted zone, each with the zone's name.
    pub zone_parameters: Vec<(String, String)>,
}

impl Stack {
    /// Returns the template as sent, below CloudFormation's limit of 51,200 bytes.
    pub fn body(&self) -> &str {
        self.template.body()
    }

    /// Returns true if ECS shifts traffic between two target groups by changing the weights of a listener rule.
    pub fn shifts_traffic(&self) -> bool {
        self.template.resources().any(|(_, kind, properties)| {
            kind == "AWS::ElasticLoadBalancingV2::ListenerRule"
                && properties["Actions"][0]["ForwardConfig"]["TargetGroups"][1].is_object()
        })
    }

    /// Returns the template configuration file of CodePipeline, which holds the stack tags.
    pub fn configuration(&self) -> String {
        format!("{:#}\n", serde_json::json!({ "Tags": self.tags }))
    }
}

/// Kind of stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StackKind {
    /// Image repositories and the GitHub connection, shared by all environments.
    Foundation,
    /// VPC and ECS cluster.
    Cluster,
    /// Task of the command before a release.
    BeforeRelease,
    /// Load balancer and service of an environment.
    App,
    /// Pipeline from a push to dev.
    DevPipeline,
    /// Pipeline from a release to prod.
    ReleasePipeline,
}

/// All stacks with their dependencies.
#[derive(Clone, Debug)]
pub struct Graph {
    /// In deployment order.
    stacks: Vec<Stack>,
}

/// A template that cannot be generated.
#[derive(Clone, Debug, thiserror::Error)]
#[error("cannot generate the template of {stack}: {}", defects.iter().map(Defect::to_string).collect::<Vec<_>>().join("; "))]
pub struct SynthError {
    /// Name of the stack.
    pub stack: String,
    /// Defects of the template.
    pub defects: Vec<Defect>,
}

/// Generates all stacks from the settings.
///
/// # Errors
/// Fails if a template exceeds CloudFormation's size limit; any other defect is a bug in this module.
pub fn graph(settings: &Settings) -> Result<Graph, SynthError> {
    let names = Names::new(&settings.project);
    let mut stacks = vec![stack(
        settings,
        &names,
        Plan {
            name: names.foundation(),
            kind: StackKind::Foundation,
            environment: None,
            depends_on: Vec::new(),
            // It holds the images that a rollback needs.
            termination_protection: true,
        },
        |template| foundation::build(template, settings, &names),
    )?];
    for cluster in ClusterName::ALL {
        let environment = match cluster {
            ClusterName::Dev => EnvironmentName::Dev,
            ClusterName::Prod => EnvironmentName::Prod,
        };
        stacks.push(stack(
            settings,
            &names,
            Plan {
                name: names.cluster(cluster),
                kind: StackKind::Cluster,
                environment: Some(environment),
                depends_on: Vec::new(),
                termination_protection: cluster == ClusterName::Prod,
            },
            |template| cluster::build(template, settings, &names, cluster),
        )?);
    }
    for environment in EnvironmentName::ALL {
        let mut depends_on = vec![names.foundation(), names.cluster(environment.cluster())];
        if let Some(before) = &settings.release.before {
            let name = names.before_release(environment);
            stacks.push(stack(
                settings,
                &names,
                Plan {
                    name: name.clone(),
                    kind: StackKind::BeforeRelease,
                    environment: Some(environment),
                    depends_on: depends_on.clone(),
                    termination_protection: false,
                },
                |template| before_release::build(template, settings, &names, environment, before),
            )?);
            depends_on.push(name);
        }
        stacks.push(stack(
            settings,
            &names,
            Plan {
                name: names.app(environment),
                kind: StackKind::App,
                environment: Some(environment),
                depends_on,
                termination_protection: settings.environment(environment).deletion_protection,
            },
            |template| app::build(template, settings, &names, environment),
        )?);
    }
    for (name, kind, environment, cluster) in [
        (
            names.dev_pipeline(),
            StackKind::DevPipeline,
            EnvironmentName::Dev,
            ClusterName::Dev,
        ),
        (
            names.release_pipeline(),
            StackKind::ReleasePipeline,
            EnvironmentName::Prod,
            ClusterName::Prod,
        ),
    ] {
        stacks.push(stack(
            settings,
            &names,
            Plan {
                name,
                kind,
                environment: Some(environment),
                // The cluster stack creates the roles that the pipeline passes.
                depends_on: vec![names.foundation(), names.cluster(cluster)],
                termination_protection: false,
            },
            |template| match kind {
                StackKind::DevPipeline => dev_pipeline::build(template, settings, &names),
                _ => release_pipeline::build(template, settings, &names),
            },
        )?);
    }
    Ok(Graph { stacks })
}

/// Properties of a stack except its template.
struct Plan {
    name: String,
    kind: StackKind,
    environment: Option<EnvironmentName>,
    depends_on: Vec<String>,
    termination_protection: bool,
}

fn stack(
    settings: &Settings,
    names: &Names,
    plan: Plan,
    build: impl FnOnce(&mut TemplateBuilder),
) -> Result<Stack, SynthError> {
    let tags = BTreeMap::from([
        ("project".to_owned(), names.project().to_owned()),
        (
            "environment".to_owned(),
            plan.environment
                .map_or("shared", EnvironmentName::as_str)
                .to_owned(),
        ),
    ]);
    let mut builder = TemplateBuilder::new(names.description(plan.kind, plan.environment), tags.clone());
    build(&mut builder);
    let template = builder.finish().map_err(|defects| SynthError {
        stack: plan.name.clone(),
        defects,
    })?;
    let takes_image_tag = template.parameters().any(|name| name == IMAGE_TAG_PARAMETER);
    let zone_parameters = match (plan.kind, plan.environment) {
        (StackKind::Cluster, Some(environment)) => domain::zone_parameters(settings, environment.cluster()),
        _ => Vec::new(),
    };
    let before = match (plan.kind, plan.environment, &settings.release.before) {
        (StackKind::App, Some(environment), Some(before)) => {
            Some((names.before_release(environment), before.clone()))
        }
        _ => None,
    };
    Ok(Stack {
        takes_image_tag,
        before,
        zone_parameters,
        name: plan.name,
        kind: plan.kind,
        environment: plan.environment,
        region: settings.project.region.clone(),
        account: settings.project.account.clone(),
        template,
        tags,
        depends_on: plan.depends_on,
        termination_protection: plan.termination_protection,
    })
}

impl Graph {
    /// Returns all stacks in deployment order.
    pub fn stacks(&self) -> &[Stack] {
        &self.stacks
    }

    /// Returns the stack with this name.
    pub fn get(&self, name: &str) -> Option<&Stack> {
        self.stacks.iter().find(|stack| stack.name == name)
    }

    /// Returns the stacks that depend on this one, in deployment order.
    pub fn dependents<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Stack> {
        self.stacks
            .iter()
            .filter(move |stack| stack.depends_on.iter().any(|needed| needed == name))
    }

    /// Returns the app stack of an environment.
    pub fn app(&self, environment: EnvironmentName) -> Option<&Stack> {
        self.of(StackKind::App, environment)
    }

    /// Returns the stack with the task of the command before a release, if the settings have one.
    pub fn before_release(&self, environment: EnvironmentName) -> Option<&Stack> {
        self.of(StackKind::BeforeRelease, environment)
    }

    fn of(&self, kind: StackKind, environment: EnvironmentName) -> Option<&Stack> {
        self.stacks
            .iter()
            .find(|stack| stack.kind == kind && stack.environment == Some(environment))
    }
}
