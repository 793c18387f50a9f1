"""The same pipelines, cluster and service, made with AWS's CDK as its documentation shows, with the fewest options."""

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_ecs_patterns as patterns

CONNECTION = "arn:aws:codeconnections:eu-central-1:111122223333:connection/0a1b2c3d"


def build(scope, name, privileged=False):
    return codebuild.PipelineProject(
        scope,
        name,
        environment=codebuild.BuildEnvironment(
            build_image=codebuild.LinuxArmBuildImage.AMAZON_LINUX_2_STANDARD_3_0, privileged=privileged
        ),
    )


def cluster(stack):
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2)
    return ecs.Cluster(stack, "Cluster", vpc=vpc, container_insights_v2=ecs.ContainerInsights.ENABLED)


def service(stack, repositories):
    task = ecs.FargateTaskDefinition(stack, "Task", cpu=256, memory_limit_mib=512)
    for name, port in (("proxy", 8080), ("app", 3000)):
        task.add_container(
            name,
            image=ecs.ContainerImage.from_ecr_repository(repositories[name], "tag"),
            port_mappings=[ecs.PortMapping(container_port=port)],
            logging=ecs.LogDrivers.aws_logs(stream_prefix=name),
        )
    made = patterns.ApplicationLoadBalancedFargateService(
        stack,
        "Service",
        cluster=cluster(stack),
        task_definition=task,
        circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
        min_healthy_percent=100,
    )
    count = made.service.auto_scale_task_count(min_capacity=1, max_capacity=4)
    count.scale_on_cpu_utilization("Cpu", target_utilization_percent=50)
    count.scale_on_request_count("Requests", requests_per_target=1000, target_group=made.target_group)
    count.scale_on_schedule("Even", schedule=scaling.Schedule.cron(hour="0/2", minute="0"), min_capacity=2)


def pipeline(stack, repositories):
    source, images, templates = (codepipeline.Artifact(name) for name in ("Source", "Images", "Templates"))
    builds = {"Images": build(stack, "Images", privileged=True), "Synth": build(stack, "Synth")}
    for repository in repositories.values():
        repository.grant_pull_push(builds["Images"])
    codepipeline.Pipeline(
        stack,
        "Pipeline",
        pipeline_type=codepipeline.PipelineType.V2,
        stages=[
            codepipeline.StageProps(
                stage_name="Source",
                actions=[
                    actions.CodeStarConnectionsSourceAction(
                        action_name="Source", connection_arn=CONNECTION, owner="OWNER", repo="NAME", output=source
                    )
                ],
            ),
            codepipeline.StageProps(
                stage_name="Build",
                actions=[
                    actions.CodeBuildAction(action_name=name, project=builds[name], input=source, outputs=[output])
                    for name, output in (("Images", images), ("Synth", templates))
                ],
            ),
            codepipeline.StageProps(stage_name="Approval", actions=[actions.ManualApprovalAction(action_name="Approve", notify_emails=["team@example.com"])]),
            codepipeline.StageProps(
                stage_name="Deploy",
                actions=[
                    actions.CloudFormationCreateUpdateStackAction(
                        action_name="Deploy",
                        stack_name="DevAppStack",
                        template_path=templates.at_path("DevAppStack.template.json"),
                        admin_permissions=False,
                    )
                ],
            ),
        ],
    )


def template(folder):
    """The template of all of it."""
    app = cdk.App(outdir=str(folder), analytics_reporting=False)
    stack = cdk.Stack(app, "Oracle", env=cdk.Environment(account="111122223333", region="eu-central-1"))
    repositories = {name: ecr.Repository(stack, f"{name}Repository") for name in ("app", "proxy")}
    service(stack, repositories)
    pipeline(stack, repositories)
    return app.synth().get_stack_by_name("Oracle").template
