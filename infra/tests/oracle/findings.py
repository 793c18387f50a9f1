"""Findings of cdk-nag, cfripper and cfn-guard that are accepted: a pattern of the finding, and the reason."""

NAMES = r"(Dev|Staging|Prod)"

ACCEPTED = [
    # cdk-nag
    (
        r"cdk-nag: \w+PipelineStack (Synth|Tests)Project AwsSolutions-CB5$",
        "These builds compile the programs, so they run in the Rust image that the Dockerfiles use, from AWS's public mirror.",
    ),
    (r"cdk-nag: \w+AppStack LoadBalancerIngress(80|443) AwsSolutions-EC23$", "The load balancer serves a public web site."),
    (
        r"cdk-nag: \w+(AppStack|BeforeRelease) (Run)?TaskDefinition AwsSolutions-ECS2$",
        "The containers' variables are addresses, limits and log formats, part of what a release was tested with. None is secret.",
    ),
    (
        r"cdk-nag: \w+Cluster TrafficRole AwsSolutions-IAM4\[.*AmazonECSInfrastructureRolePolicyForLoadBalancers\]$",
        "AWS maintains this policy for exactly this role, and ECS's guide names it for blue-green deployments.",
    ),
    (
        r"cdk-nag: \w+ \w+Policy AwsSolutions-IAM5\[Resource::\*\]$",
        "Only actions that know no resource types; infra/tests/simulate fails for any other on `*`.",
    ),
    (
        r"cdk-nag: \w+ " + NAMES + r"DeployPolicy AwsSolutions-IAM5\[Resource::arn:.*(" + NAMES + r"AppStack-\*|-(dev|staging|prod)(-run|-before-release)?[-:]\*|/(dev|staging|prod|shared)/\*)\]$",
        "Names that begin with the stack or the environment: CloudFormation adds a random end to the name of a resource.",
    ),
    (
        r"cdk-nag: \w+ " + NAMES + r"DeployPolicy AwsSolutions-IAM5\[Resource::arn:.*:(acm|ec2|elasticloadbalancing|application-autoscaling):.*/\*\]$",
        "AWS chooses these ids; the statement's condition asks for the tags of the environment. infra/tests/simulate tries others.",
    ),
    (
        r"cdk-nag: \w+ " + NAMES + r"DeployPolicy AwsSolutions-IAM5\[Resource::arn:.*:route53:::change/\*\]$",
        "Route 53 chooses the ids of changes, and they tell nothing but whether a change is complete.",
    ),
    (
        r"cdk-nag: \w+ " + NAMES + r"DeployPolicy AwsSolutions-IAM5\[Resource::arn:.*:role/aws-service-role/\*\]$",
        "Service-linked roles, which only their service can assume; the condition names the services.",
    ),
    (
        r"cdk-nag: \w+Cluster " + NAMES + r"?ExecutionPolicy AwsSolutions-IAM5\[Resource::arn:.*:log-group:/.*/(app|proxy):\*\]$",
        "The log streams of one log group: each task has one of its own.",
    ),
    (
        r"cdk-nag: \w+PipelineStack \w+Policy AwsSolutions-IAM5\[Resource::<Artifacts.Arn>/(\*|\*/\w+/\*)\]$",
        "Objects of the pipeline's own bucket; CodePipeline chooses their keys.",
    ),
    (
        r"cdk-nag: \w+PipelineStack PipelinePolicy AwsSolutions-IAM5\[Resource::arn:.*:stack/(\w+-)?\w+(AppStack|BeforeRelease)/\*\]$",
        "The id of a stack ends in a random part, and is not known before the stack exists.",
    ),
    (
        r"cdk-nag: \w+PipelineStack Before" + NAMES + r"Policy AwsSolutions-IAM5\[Resource::arn:.*(-before-release:|:task/<Before\w+ClusterName>/|:log-stream:run/app/)\*\]$",
        "Revisions of one task definition, its tasks and their log streams; ECS chooses the ids, and tags limit what may be stopped.",
    ),
    (
        r"cdk-nag: \w+ (AccessLogs|Artifacts) AwsSolutions-S1$",
        "A bucket of access logs has none of its own, as AWS advises; artifacts are read by their pipeline alone.",
    ),
    (
        r"cdk-nag: \w+Cluster Cluster AwsSolutions-ECS4$",
        'No container insights: the settings say `insights = "disabled"`. They are on by default, and billed.',
    ),
    (
        r"cdk-nag: DevPipelineStack WebhookSecret AwsSolutions-SMG4$",
        "No rotation, with `token-secret` alone: GitHub has the same secret, which only a deployment changes in both places.",
    ),
    (
        r"cdk-nag: DevDatabase Secret AwsSolutions-SMG4$",
        "No rotation: tasks read the password when they start, and have no other way to learn of a new one.",
    ),
    (
        r"(cdk-nag: DevDatabase Database AwsSolutions-RDS3|cfn-guard: DevDatabase Database CT.RDS.PR.1)$",
        "One zone in dev; docs/database.md says what to set for prod.",
    ),
    (
        r"(cdk-nag: DevDatabase Database AwsSolutions-RDS11|cfn-guard: DevDatabase Database CT.RDS.PR.20)$",
        "The port that every client of PostgreSQL knows; only the security group of the tasks reaches it.",
    ),
    (
        r"cfn-guard: DevDatabase Database CT.RDS.PR.(2|7|30)$",
        "Enhanced monitoring, sign-in by IAM and a key of one's own cost money or code; the example is the least that is sound.",
    ),
    # cfripper
    (
        r"cfripper: DevDatabase Database HardcodedRDSPasswordRule: ",
        "The password is a dynamic reference to the secret, in Fn::Sub, which the rule does not read.",
    ),
    (
        r"cfripper: \w+Cluster " + NAMES + r"DeployPolicy WildcardResourceRule: .*\"([\w-]+:Describe\w+|logs:(Put|Delete)QueryDefinition)\"",
        "These actions know no resource types; infra/tests/simulate fails for any other on `*`.",
    ),
    (
        r"cfripper: \w+ (Key|LogKey) GenericResourceWildcardPolicyRule: ",
        "`kms:*` for the account, without which nobody could change the key's policy: the default of KMS.",
    ),
    (r"cfripper: \w+AppStack LoadBalancerIngress(80|443) EC2SecurityGroupIngressOpenToWorldRule: ", "The load balancer serves a public web site."),
    (r"cfripper: \w+AppStack LoadBalancer PublicELBCheckerRule: ", "The load balancer serves a public web site."),
    # cfn-guard: proactive rules of AWS Control Tower
    (
        r"cfn-guard: \w+ (\w+Logs|FlowLogGroup) CT\.CLOUDWATCH\.PR\.2$",
        "Kept for a year: `log-days` in the settings decides. Logs hold addresses of visitors, which are not kept longer than needed.",
    ),
    (
        r"cfn-guard: \w+ ImagesProject CT\.CODEBUILD\.PR\.4$",
        "No privileged mode: the build of images runs the Docker daemon, which needs it; no other build has it.",
    ),
    (
        r"cfn-guard: \w+Cluster Cluster CT\.ECS\.PR\.2$",
        "Container insights: `enhanced` is newer than the rule, which knows `enabled`; `insights` in the settings decides.",
    ),
    (
        r"cfn-guard: \w+(AppStack|BeforeRelease) (Run)?TaskDefinition CT\.ECS\.PR\.7$",
        "A memory limit for each container: on Fargate the task has one, and limits within it would leave memory that no container may use.",
    ),
    (
        r"cfn-guard: \w+AppStack Listener CT\.ELASTICLOADBALANCING\.PR\.1$",
        "A redirect to HTTPS: the settings name no certificate for the environment, which `infra check` reports.",
    ),
    (
        r"cfn-guard: \w+AppStack LoadBalancer CT\.ELASTICLOADBALANCING\.PR\.5$",
        "Deletion protection: `deletion-protection` in the settings decides, which is on for prod alone by default.",
    ),
    (
        r"cfn-guard: \w+Cluster AccessLogs CT\.S3\.PR\.10$",
        "Encryption with KMS: load balancers write access logs to buckets with SSE-S3 only.",
    ),
    (
        r"cfn-guard: \w+ (AccessLogs|Artifacts) CT\.S3\.PR\.2$",
        "A bucket of access logs has none of its own, as AWS advises; artifacts are read by their pipeline alone.",
    ),
    (r"cfn-guard: \w+ (AccessLogs|Artifacts) CT\.S3\.PR\.4$", "Event notifications: nothing waits for an object of these buckets."),
    (
        r"cfn-guard: \w+ (AccessLogs|Artifacts) CT\.S3\.PR\.9$",
        "Object lock: the objects expire by the bucket's lifecycle, and buckets with locked objects could not be emptied and deleted.",
    ),
]
