//! App stack: load balancer, service, tasks.

use serde_json::Value as Json;

use super::{count, first, list, number, of_type, words};
use crate::settings::{Cron, EnvironmentName};
use crate::stacks::{RUN_TASK_DEFINITION, Stack};

/// An app stack.
#[derive(Clone, Debug)]
pub struct App {
    /// Stack name.
    pub stack: String,
    /// Environment.
    pub environment: EnvironmentName,
    /// Listeners of the load balancer.
    pub listeners: Listeners,
    /// Containers with ports; the first is the load balancer target.
    pub containers: Vec<(String, u32)>,
    /// CPU units of a task; 1024 units are one vCPU.
    pub cpu: u32,
    /// Memory of a task in MiB.
    pub memory: u32,
    /// `arm64` or `x86_64`.
    pub architecture: String,
    /// Minimum and maximum number of tasks.
    pub tasks: (u32, u32),
    /// Scheduled changes of the minimum.
    pub schedules: Vec<(Cron, u32)>,
    /// Metrics of scaling policies.
    pub scaling_policies: u32,
    /// Capacity providers.
    pub capacity: Capacity,
    /// Deployment strategy: `rolling`, `blue/green` or `canary`.
    pub deployment: String,
    /// Number of alarms that roll a deployment back.
    pub alarms: u32,
    /// Number of metrics that all alarms watch, by which AWS bills them.
    pub alarm_metrics: u32,
    /// Number of dashboards.
    pub dashboards: u32,
    /// Whether the proxy logs metrics for CloudWatch.
    pub metrics: bool,
    /// Log retention in days.
    pub log_days: u32,
    /// Whether it has deletion protection.
    pub protected: bool,
}

/// Listeners of a load balancer.
#[derive(Clone, Debug, Default)]
pub struct Listeners(pub Vec<Listener>);

/// A listener.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Port.
    pub port: u32,
    /// `HTTP` or `HTTPS`.
    pub protocol: String,
    /// Whether it only redirects to HTTPS.
    pub redirects: bool,
}

impl Listeners {
    /// Returns true if the site is served over HTTPS.
    pub fn secure(&self) -> bool {
        self.0.iter().any(|listener| listener.protocol == "HTTPS")
    }
}

/// Capacity provider strategy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// Number of tasks on Fargate before weights apply.
    pub base: u32,
    /// Weight of Fargate.
    pub steady: u32,
    /// Weight of Fargate Spot.
    pub spot: u32,
}

impl Capacity {
    /// Divides `tasks`, an average, into Fargate and Fargate Spot.
    pub fn share(self, tasks: f64) -> (f64, f64) {
        let weights = f64::from(self.steady + self.spot);
        if weights == 0.0 {
            return (tasks, 0.0);
        }
        let beyond = (tasks - f64::from(self.base)).max(0.0);
        let spot = beyond * f64::from(self.spot) / weights;
        (tasks - spot, spot)
    }
}

pub(super) fn read(stack: &Stack, environment: EnvironmentName) -> App {
    let tasks = stack.template.resources();
    let of_service = |(id, kind, _): &(&str, &str, &Json)| {
        *kind == "AWS::ECS::TaskDefinition" && *id != RUN_TASK_DEFINITION
    };
    let (.., task) = tasks
        .into_iter()
        .find(of_service)
        .unwrap_or(("", "", &Json::Null));
    let service = first(stack, "AWS::ECS::Service");
    let scaling = first(stack, "AWS::ApplicationAutoScaling::ScalableTarget");
    App {
        stack: stack.name.clone(),
        environment,
        listeners: listeners(stack),
        containers: list(&task["ContainerDefinitions"])
            .map(|one| {
                (
                    words(&one["Name"]),
                    number(&one["PortMappings"][0]["ContainerPort"]),
                )
            })
            .collect(),
        cpu: number(&task["Cpu"]),
        memory: number(&task["Memory"]),
        architecture: words(&task["RuntimePlatform"]["CpuArchitecture"]).to_lowercase(),
        tasks: (number(&scaling["MinCapacity"]), number(&scaling["MaxCapacity"])),
        schedules: list(&scaling["ScheduledActions"])
            .filter_map(|action| {
                let cron = action["Schedule"].as_str()?.parse().ok()?;
                Some((cron, number(&action["ScalableTargetAction"]["MinCapacity"])))
            })
            .collect(),
        scaling_policies: count(stack, "AWS::ApplicationAutoScaling::ScalingPolicy"),
        capacity: capacity(&service["CapacityProviderStrategy"]),
        deployment: match service["DeploymentConfiguration"]["Strategy"].as_str() {
            Some("BLUE_GREEN") => "blue/green".to_owned(),
            Some(other) => other.to_lowercase(),
            None => "rolling".to_owned(),
        },
        alarms: u32::try_from(list(&service["DeploymentConfiguration"]["Alarms"]["AlarmNames"]).count())
            .unwrap_or(u32::MAX),
        alarm_metrics: of_type(stack, "AWS::CloudWatch::Alarm")
            .into_iter()
            .map(|(_, alarm)| watched(alarm))
            .sum(),
        dashboards: count(stack, "AWS::CloudWatch::Dashboard"),
        metrics: list(&task["ContainerDefinitions"])
            .flat_map(|one| list(&one["Environment"]))
            .any(|variable| variable["Name"] == "PROXY_METRICS_LOG" && variable["Value"] == "emf"),
        log_days: number(&first(stack, "AWS::Logs::LogGroup")["RetentionInDays"]),
        protected: stack.termination_protection,
    }
}

/// Returns the number of metrics that an alarm watches.
fn watched(alarm: &Json) -> u32 {
    let metrics = list(&alarm["Metrics"]).filter(|query| query["MetricStat"].is_object());
    u32::try_from(metrics.count()).unwrap_or(u32::MAX).max(1)
}

fn listeners(stack: &Stack) -> Listeners {
    let mut found: Vec<_> = of_type(stack, "AWS::ElasticLoadBalancingV2::Listener")
        .into_iter()
        .map(|(_, properties)| Listener {
            port: number(&properties["Port"]),
            protocol: words(&properties["Protocol"]),
            redirects: properties["DefaultActions"][0]["Type"] == "redirect",
        })
        .collect();
    found.sort_by_key(|listener| listener.port);
    Listeners(found)
}

fn capacity(strategy: &Json) -> Capacity {
    list(strategy).fold(Capacity::default(), |sum, item| {
        let weight = number(&item["Weight"]);
        if item["CapacityProvider"] == "FARGATE_SPOT" {
            Capacity { spot: weight, ..sum }
        } else {
            Capacity {
                base: number(&item["Base"]),
                steady: weight,
                ..sum
            }
        }
    })
}
