//! Command before a release: a stack with its task per environment, and the actions of a pipeline that run it.
//!
//! The task definition has a stack and a family of its own: the app stack, and with it `infra run`, keeps the running release
//! until the command has succeeded. The command is part of the definition, so that it comes with the commit.

use super::RUN_TASK_DEFINITION;
use super::artifacts::Store;
use super::build::{self, Build, Machine};
use super::names::{Names, local_arn, local_arn_of};
use super::pipeline;
use super::shared::Shared;
use super::task::{self, RUN_STREAM_PREFIX};
use crate::cfn::codebuild::{Project, Variable};
use crate::cfn::codepipeline::Action;
use crate::cfn::{Arn, Condition, Handle, Statement, TemplateBuilder, Text, Value, literal};
use crate::service::{self, Runtime};
use crate::settings::{Before, EnvironmentName, Settings};

/// Time after the timeout of the command in which its task stops.
const STOP_MINUTES: u16 = 5;

/// Fills the stack of an environment.
pub(super) fn build(
    template: &mut TemplateBuilder,
    settings: &Settings,
    names: &Names,
    name: EnvironmentName,
    before: &Before,
) {
    let its = settings.environment(name);
    let inputs = task::Inputs::take(template, settings, names, name);
    let [app, _] = its.service.containers(Runtime::Task);
    // The app stack, which is deployed later, knows the name of the load balancer.
    let url = its.certificate.as_ref();
    let url = url.map(|certificate| literal(format!("https://{}", certificate.domain)));
    let group = names.log_group(name, app.name).into();
    let container = task::definition(template, names, name, &inputs, &app, group, url.as_ref());
    let mut container = task::run_once(&container);
    container.command.clone_from(&before.command);
    let family = names.before_release_family(name);
    let definition = task::of_family(settings, name, &inputs, family, vec![container]);
    let definition = template.add(RUN_TASK_DEFINITION, &definition);
    template.output(
        RUN_TASK_DEFINITION,
        "Task definition of the command before a release",
        &definition.arn(),
    );
}

/// Returns the actions of a pipeline that come before the deployment, if the settings have a command: deployment of the stack
/// and run of its task, after the project that runs it. `tag_from` is the artifact with the image tag.
pub(super) fn steps(
    template: &mut TemplateBuilder,
    settings: &Settings,
    names: &Names,
    store: &Store,
    environment: EnvironmentName,
    role: &Value<Arn>,
    tag_from: &'static str,
) -> (Option<Handle<Project>>, Vec<Action>) {
    let Some(before) = &settings.release.before else {
        return (None, Vec::new());
    };
    let project = run(template, settings, names, environment, before);
    let project = build::project(template, settings, names, store, project);
    let (prepare, run) = match environment {
        EnvironmentName::Dev => ("PrepareDev", "BeforeDev"),
        EnvironmentName::Staging => ("PrepareStaging", "BeforeStaging"),
        EnvironmentName::Prod => ("PrepareProd", "BeforeProd"),
    };
    let definition = format!("#{{{prepare}.{RUN_TASK_DEFINITION}}}");
    let actions = vec![
        pipeline::deploy(prepare, &names.before_release(environment), role, tag_from),
        pipeline::run(run, &project, tag_from, &[("TASK_DEFINITION", &definition)]),
    ];
    (Some(project), actions)
}

/// Build that runs the command.
fn run(
    template: &mut TemplateBuilder,
    settings: &Settings,
    names: &Names,
    environment: EnvironmentName,
    before: &Before,
) -> Build<'static> {
    let (id, short_name, pipeline) = match environment {
        EnvironmentName::Dev => ("BeforeDev", "before-dev", "dev"),
        EnvironmentName::Staging => ("BeforeStaging", "before-staging", "release"),
        EnvironmentName::Prod => ("BeforeProd", "before-prod", "release"),
    };
    let roles = task::roles(template, settings, names, environment, id);
    let cluster: Value<Text> = Shared {
        template,
        parameter: |what| names.cluster_parameter(environment.cluster(), what),
    }
    .take(&format!("{id}ClusterName"), "String", "cluster-name");
    let [app, _] = service::CONTAINERS;
    let group = names.log_group(environment, app);
    let subnets = names.cluster_parameter(environment.cluster(), "private-subnets");
    let security_group = names.task_security_group_parameter(environment);
    let family = names.before_release_family(environment);
    let streams = format!("log-group:{group}:log-stream:{RUN_STREAM_PREFIX}/{app}/*");
    let tasks = || [local_arn("ecs", ["task/".into(), cluster.clone(), "/*".into()])];
    let tags = [
        ("aws:ResourceTag/project", names.project()),
        ("aws:ResourceTag/environment", environment.as_str()),
        ("aws:ResourceTag/one-off", "true"),
    ];
    let stop = tags.into_iter().fold(
        Statement::allow(["ecs:StopTask"]).on(tasks()),
        |statement, (tag, value)| statement.when(Condition::equals::<Text>(tag, value.into())),
    );
    Build {
        id,
        short_name,
        description: "Runs the command before a release and waits for its end",
        spec: include_str!("build_specs/before_release.yml"),
        machine: Machine::Aws,
        rights: vec![
            Statement::allow(["ssm:GetParameters"])
                .on([&subnets, &security_group].map(|name| local_arn_of("ssm", &format!("parameter{name}")))),
            Statement::allow(["ecs:RunTask"])
                .on([local_arn_of("ecs", &format!("task-definition/{family}:*"))]),
            Statement::allow(["iam:PassRole"])
                .on(roles)
                .when(Condition::equals::<Text>(
                    "iam:PassedToService",
                    "ecs-tasks.amazonaws.com".into(),
                )),
            Statement::allow(["ecs:TagResource"])
                .on(tasks())
                .when(Condition::equals::<Text>("ecs:CreateAction", "RunTask".into())),
            Statement::allow(["ecs:DescribeTasks"]).on(tasks()),
            stop,
            Statement::allow(["logs:GetLogEvents"]).on([local_arn_of("logs", &streams)]),
        ],
        variables: vec![
            Variable::plain("ENVIRONMENT", environment.as_str()),
            Variable::plain("CLUSTER", cluster),
            Variable::plain("SUBNETS_PARAMETER", subnets),
            Variable::plain("SECURITY_GROUP_PARAMETER", security_group),
            Variable::plain("LOG_GROUP", group),
            Variable::plain("LOG_STREAM", format!("{RUN_STREAM_PREFIX}/{app}")),
            Variable::plain("MINUTES", before.minutes.to_string()),
        ],
        output: None,
        pipeline,
        minutes: before.minutes + STOP_MINUTES,
    }
}
