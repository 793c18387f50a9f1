//! The stacks: what is in each, and which needs which.
//!
//! ```text
//! Foundation ─────┬──► DevAppStack        image repositories, connection to GitHub
//! DevCluster ─────┤    DevPipelineStack
//! ProdCluster ────┴──► StagingAppStack    ProdAppStack    StagingProdPipelineStack
//! ```
//!
//! A stack tells others what it made by SSM parameters, never by exports. [`graph`] makes all of them from the
//! settings: a plain function, without AWS and without a clock, so that the same settings give the same bytes.

mod app;
mod artifacts;
mod build;
mod cluster;
mod deploy_role;
mod dev_pipeline;
mod foundation;
mod keys;
mod names;
mod network;
mod pipeline;
mod release_pipeline;
mod select;

use std::collections::BTreeMap;

pub use names::Names;
pub use pipeline::{RELEASE_APPROVAL, RELEASE_VARIABLE, RELEASE_VARIABLE_DEFAULT};
pub use select::UnknownTarget;

use crate::cfn::{Defect, Template, TemplateBuilder};
use crate::settings::{ClusterName, EnvironmentName, Settings};

/// Name of the parameter of app stacks that says which images to run.
pub const IMAGE_TAG_PARAMETER: &str = "ImageTag";
/// Name of the output of app stacks that says where visitors come.
pub const URL_OUTPUT: &str = "Url";

/// A stack, ready to be deployed.
#[derive(Clone, Debug)]
pub struct Stack {
    /// Its name in AWS.
    pub name: String,
    /// What it is.
    pub kind: StackKind,
    /// The environment that it belongs to; that of prod, where it serves staging too.
    pub environment: Option<EnvironmentName>,
    /// Where it lives, if the settings say so.
    pub region: Option<String>,
    /// Whose it is, if the settings say so.
    pub account: Option<String>,
    /// What is in it.
    pub template: Template,
    /// Given to the stack and, by the template, to everything in it.
    pub tags: BTreeMap<String, String>,
    /// Names of the stacks that must be there before it.
    pub depends_on: Vec<String>,
    /// It cannot be deleted before this is taken back.
    pub termination_protection: bool,
    /// It has the parameter [`IMAGE_TAG_PARAMETER`], which has no default.
    pub takes_image_tag: bool,
}

impl Stack {
    /// The template as it is sent, byte by byte; less than CloudFormation's limit of 51,200.
    pub fn body(&self) -> &str {
        self.template.body()
    }
}

/// What a stack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StackKind {
    /// What belongs to no environment: image repositories, the connection to GitHub.
    Foundation,
    /// A network with an ECS cluster.
    Cluster,
    /// An installation of the service.
    App,
    /// From a push to dev.
    DevPipeline,
    /// From a release to prod.
    ReleasePipeline,
}

/// All stacks and what depends on what.
#[derive(Clone, Debug)]
pub struct Graph {
    /// In an order in which they can be deployed.
    stacks: Vec<Stack>,
}

/// A template that cannot be made.
#[derive(Clone, Debug, thiserror::Error)]
#[error("cannot make the template of {stack}: {}", defects.iter().map(Defect::to_string).collect::<Vec<_>>().join("; "))]
pub struct SynthError {
    /// Whose.
    pub stack: String,
    /// Why.
    pub defects: Vec<Defect>,
}

/// All stacks, from the settings.
///
/// # Errors
/// When a template would be longer than CloudFormation takes; any other defect is a bug in here.
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
            // Images that a rollback may need are in it.
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
        stacks.push(stack(
            settings,
            &names,
            Plan {
                name: names.app(environment),
                kind: StackKind::App,
                environment: Some(environment),
                depends_on: vec![names.foundation(), names.cluster(environment.cluster())],
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
                // The roles that it may hand to tasks are the cluster's.
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

/// All of a stack but its template.
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
        ("project".to_owned(), settings.project.name.clone()),
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
    Ok(Stack {
        takes_image_tag,
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
    /// All stacks, in an order in which they can be deployed.
    pub fn stacks(&self) -> &[Stack] {
        &self.stacks
    }

    /// The stack of this name.
    pub fn get(&self, name: &str) -> Option<&Stack> {
        self.stacks.iter().find(|stack| stack.name == name)
    }

    /// The stacks that need this one, in the order in which they can be deployed.
    pub fn dependents<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Stack> {
        self.stacks
            .iter()
            .filter(move |stack| stack.depends_on.iter().any(|needed| needed == name))
    }

    /// The app stack of an environment.
    pub fn app(&self, environment: EnvironmentName) -> Option<&Stack> {
        self.stacks
            .iter()
            .find(|stack| stack.kind == StackKind::App && stack.environment == Some(environment))
    }
}
