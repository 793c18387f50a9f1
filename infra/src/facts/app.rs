//! An installation of the service.

use serde_json::Value as Json;

use super::{count, number, of_type, words};
use crate::settings::{Cron, EnvironmentName};
use crate::stacks::Stack;

/// Load balancer, service, tasks.
#[derive(Clone, Debug)]
pub struct App {
    /// Name of its stack.
    pub stack: String,
    /// Which one.
    pub environment: EnvironmentName,
    /// How visitors come in.
    pub listeners: Listeners,
    /// The containers of a task and their ports; the first is the one that the load balancer asks.
    pub containers: Vec<(String, u32)>,
    /// CPU units of a task; 1024 are one core.
    pub cpu: u32,
    /// Memory of a task, in MiB.
    pub memory: u32,
    /// `arm64` or `x86_64`.
    pub architecture: String,
    /// Tasks, at least and at most.
    pub tasks: (u32, u32),
    /// When the lower bound changes, and to what.
    pub schedules: Vec<(Cron, u32)>,
    /// Measures that scaling follows.
    pub scaling_policies: u32,
    /// On what capacity tasks run.
    pub capacity: Capacity,
    /// How a release is exchanged for the next: `rolling`, `blue/green` or `canary`.
    pub deployment: String,
    /// Alarms that roll a deployment back.
    pub alarms: u32,
    /// Days for which logs are kept.
    pub log_days: u32,
    /// It cannot be deleted by mistake.
    pub protected: bool,
}

/// How visitors come in.
#[derive(Clone, Debug, Default)]
pub struct Listeners(pub Vec<Listener>);

/// A port of the load balancer.
#[derive(Clone, Debug)]
pub struct Listener {
    /// The port.
    pub port: u32,
    /// `HTTP` or `HTTPS`.
    pub protocol: String,
    /// It only sends visitors on to HTTPS.
    pub redirects: bool,
}

impl Listeners {
    /// Visitors are answered over HTTPS.
    pub fn secure(&self) -> bool {
        self.0.iter().any(|listener| listener.protocol == "HTTPS")
    }
}

/// On what capacity tasks run: so many on capacity that stays, the others shared out by weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// Tasks that come first, on capacity that stays.
    pub base: u32,
    /// Weight of capacity that stays, for the others.
    pub steady: u32,
    /// Weight of spare capacity, which can be taken away.
    pub spot: u32,
}

impl Capacity {
    /// Of `tasks`, how many run on capacity that stays and how many on spare capacity. Means over time, so that
    /// halves are possible.
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
    let one = |kind| {
        of_type(stack, kind)
            .first()
            .map_or(&Json::Null, |(_, properties)| *properties)
    };
    let task = one("AWS::ECS::TaskDefinition");
    let service = one("AWS::ECS::Service");
    let scaling = one("AWS::ApplicationAutoScaling::ScalableTarget");
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
        alarms: count(stack, "AWS::CloudWatch::Alarm"),
        log_days: of_type(stack, "AWS::Logs::LogGroup")
            .first()
            .map_or(0, |(_, properties)| number(&properties["RetentionInDays"])),
        protected: stack.termination_protection,
    }
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

fn list(value: &Json) -> impl Iterator<Item = &Json> {
    value.as_array().into_iter().flatten()
}
