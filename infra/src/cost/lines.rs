//! Cost items, calculated from the inventory.

use super::{Amount, Assumptions, HOURS, Line, Price, Prices};
use crate::inventory::{
    Action, ActionKind, App, Build, Cluster, Foundation, Insights, Pipeline, Purpose, Size,
};
use crate::settings::{Cron, EnvironmentName};

/// Days of an AWS billing month.
const DAYS: f64 = HOURS / 24.0;
const KB_A_GB: f64 = 1e6;
const MB_A_GB: f64 = 1000.0;

/// Calculates the items of a bill.
pub(super) struct Biller<'a> {
    pub(super) prices: &'a Prices,
    pub(super) assumptions: &'a Assumptions,
}

/// Returns the average number of tasks for the minimum and the maximum.
fn tasks(app: &App) -> (f64, f64) {
    (Cron::mean(app.tasks.0, &app.schedules), f64::from(app.tasks.1))
}

/// Formats a number without trailing zeros.
fn short(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn plural(count: f64, one: &str) -> String {
    let s = if (count - 1.0).abs() < 1e-9 { "" } else { "s" };
    format!("{} {one}{s}", short(count))
}

/// Returns the minutes of a build.
fn minutes(build: &Build) -> f64 {
    let (images, tests, others) = Assumptions::BUILD_MINUTES;
    match build.purpose {
        Purpose::Images => images,
        Purpose::Tests => tests,
        Purpose::Templates | Purpose::Tag { .. } | Purpose::BeforeRelease | Purpose::SmokeTest => others,
    }
}

impl Line {
    fn flat(what: &'static str, detail: String, amount: f64) -> Self {
        Self {
            what,
            detail,
            amount: Amount::flat(amount),
        }
    }
}

impl Biller<'_> {
    fn price(&self, price: Price) -> f64 {
        self.prices.get(price)
    }

    /// Returns the requests per month.
    fn requests(&self, app: &App) -> f64 {
        let millions = match app.environment {
            EnvironmentName::Prod => self.assumptions.requests,
            EnvironmentName::Dev | EnvironmentName::Staging => self.assumptions.requests / 10.0,
        };
        millions * 1e6
    }

    fn logged(&self, app: &App) -> f64 {
        self.requests(app) * Assumptions::LOGGED_KB / KB_A_GB
    }

    /// Returns the items of an app stack.
    pub(super) fn app(&self, app: &App, zones: usize) -> Vec<Line> {
        let mut lines = vec![
            self.tasks(app),
            self.balancer(app),
            self.addresses(
                f64::from(u32::try_from(zones).unwrap_or(0)),
                "of the load balancer",
            ),
            self.alarms(app),
            self.logs(self.logged(app), app.log_days),
            self.sent(app),
        ];
        if app.metrics {
            lines.push(self.metrics());
        }
        if app.dashboards > 0 {
            lines.push(Line::flat(
                "dashboard",
                app.dashboards.to_string(),
                f64::from(app.dashboards) * self.price(Price::Dashboard),
            ));
        }
        lines
    }

    /// Returns the metrics that the proxy logs. Their lines are a few MB.
    fn metrics(&self) -> Line {
        let (always, errors) = Assumptions::PROXY_METRICS;
        Line::flat(
            "proxy metrics",
            format!("{}, and {} kinds of errors", short(always), short(errors)),
            (always + errors) * self.price(Price::Metric),
        )
    }

    fn tasks(&self, app: &App) -> Line {
        let (vcpu, gb) = (f64::from(app.cpu) / 1024.0, f64::from(app.memory) / 1024.0);
        let (core, memory) = if app.architecture == "arm64" {
            (Price::ArmVcpu, Price::ArmGb)
        } else {
            (Price::X86Vcpu, Price::X86Gb)
        };
        let task = (vcpu * self.price(core) + gb * self.price(memory)) * HOURS;
        let spot = self.price(Price::SpotVcpu) / self.price(Price::X86Vcpu);
        let usd = |tasks: f64| {
            let (steady, spare) = app.capacity.share(tasks);
            (steady + spare * spot) * task
        };
        let (least, most) = tasks(app);
        let spare = app.capacity.share(most).1;
        let on_spot = if spare > 0.0 {
            format!(", up to {} Spot", short(spare))
        } else {
            String::new()
        };
        Line {
            what: "tasks",
            detail: format!(
                "{}–{} × {} vCPU, {} GB{on_spot}",
                short(least),
                short(most),
                short(vcpu),
                short(gb)
            ),
            amount: Amount {
                least: usd(least),
                most: usd(most),
            },
        }
    }

    fn balancer(&self, app: &App) -> Line {
        let requests = self.requests(app);
        let gb = requests * Assumptions::SENT_KB / KB_A_GB;
        let connections = requests / Assumptions::PER_CONNECTION;
        let (lcu_gb, lcu_connections) = Assumptions::LCU;
        // Only the most used dimension is charged.
        let units = (gb / lcu_gb).max(connections / (lcu_connections * 3600.0));
        Line::flat(
            "load balancer",
            format!("1, and {}", plural(units, "LCU-hour")),
            HOURS * self.price(Price::Balancer) + units * self.price(Price::Lcu),
        )
    }

    fn addresses(&self, count: f64, whose: &str) -> Line {
        Line::flat(
            "IPv4 addresses",
            format!("{} {whose}", short(count)),
            count * HOURS * self.price(Price::Address),
        )
    }

    fn alarms(&self, app: &App) -> Line {
        let of_scaling = app.scaling_policies * Assumptions::ALARMS_OF_SCALING;
        Line::flat(
            "alarms",
            format!(
                "on {} metrics, and {of_scaling} of scaling policies",
                app.alarm_metrics
            ),
            f64::from(app.alarm_metrics + of_scaling) * self.price(Price::Alarm),
        )
    }

    fn logs(&self, gb: f64, days: u32) -> Line {
        let months = f64::from(days) / DAYS;
        let kept = gb * months * self.price(Price::LogGbMonth);
        Line::flat(
            "logs",
            format!("{} GB, kept {days} days", short(gb)),
            gb * self.price(Price::LogGb) + kept,
        )
    }

    fn sent(&self, app: &App) -> Line {
        let gb = self.requests(app) * Assumptions::SENT_KB / KB_A_GB;
        Line::flat(
            "data transfer out",
            format!("{} GB", short(gb)),
            gb * self.price(Price::OutGb),
        )
    }

    /// Returns the items of a cluster, its network and its monitoring.
    pub(super) fn cluster(&self, cluster: &Cluster, apps: &[&App]) -> Vec<Line> {
        let logged: f64 = apps.iter().map(|app| self.logged(app)).sum();
        let fetched = Assumptions::CLUSTER_GB + logged;
        let gateways =
            f64::from(u32::try_from(cluster.zones.iter().filter(|zone| zone.nat).count()).unwrap_or(0));
        let mut lines = Vec::new();
        if gateways > 0.0 {
            lines.push(Line::flat(
                "NAT gateways",
                format!("{}, {} GB", short(gateways), short(fetched)),
                gateways * HOURS * self.price(Price::Nat) + fetched * self.price(Price::NatGb),
            ));
            lines.push(self.addresses(gateways, "of NAT gateways"));
        }
        if !cluster.endpoints.is_empty() {
            let (services, zones) = (cluster.endpoints.len(), cluster.zones.len());
            let hours = f64::from(u32::try_from(services * zones).unwrap_or(0)) * HOURS;
            lines.push(Line::flat(
                "endpoints",
                format!("{services} services in {zones} zones, {} GB", short(fetched)),
                hours * self.price(Price::Endpoint) + fetched * self.price(Price::EndpointGb),
            ));
        }
        lines.extend(self.insights(cluster.insights, apps));
        if let Some(days) = cluster.flow_log_days {
            let flow_log = self.logs(Assumptions::CLUSTER_GB, days);
            lines.push(Line {
                what: "flow log",
                ..flow_log
            });
        }
        if let Some(days) = cluster.access_log_days {
            let gb = logged * f64::from(days) / DAYS;
            lines.push(self.objects("access logs", gb));
        }
        if cluster.keys > 0 {
            lines.push(self.keys(cluster.keys));
        }
        lines
    }

    fn insights(&self, insights: Insights, apps: &[&App]) -> Option<Line> {
        let ((cluster, each), price) = match insights {
            Insights::Off => return None,
            Insights::Services => (Assumptions::METRICS, Price::Metric),
            Insights::Containers => (Assumptions::ENHANCED_METRICS, Price::EnhancedMetric),
        };
        let metrics =
            |count: fn(&App) -> f64| cluster + apps.iter().map(|app| each * count(app)).sum::<f64>();
        let (least, most) = if insights == Insights::Services {
            let all = metrics(|_| 1.0);
            (all, all)
        } else {
            (metrics(|app| tasks(app).0), metrics(|app| tasks(app).1))
        };
        let detail = if (most - least).abs() < 1e-9 {
            format!("{} metrics", short(least))
        } else {
            format!("{least:.0} to {most:.0} metrics")
        };
        Some(Line {
            what: "insights",
            detail,
            amount: Amount {
                least: least * self.price(price),
                most: most * self.price(price),
            },
        })
    }

    fn keys(&self, count: u32) -> Line {
        Line::flat(
            "keys",
            count.to_string(),
            f64::from(count) * self.price(Price::Key),
        )
    }

    fn objects(&self, what: &'static str, gb: f64) -> Line {
        Line {
            what,
            detail: format!("{} GB", short(gb)),
            amount: Amount::flat(gb * self.price(Price::ObjectGb)),
        }
    }

    /// Returns the items of a pipeline and its builds.
    pub(super) fn pipeline(&self, pipeline: &Pipeline) -> Vec<Line> {
        let runs = if pipeline.releases {
            self.assumptions.pushes / 10.0
        } else {
            self.assumptions.pushes
        };
        let actions: Vec<&Action> = pipeline.stages.iter().flat_map(|stage| &stage.actions).collect();
        let mut lines = vec![self.actions(pipeline, &actions, runs)];
        lines.extend(actions.iter().filter_map(|action| match &action.kind {
            ActionKind::Build(build) => Some(self.build(build, runs)),
            _ => None,
        }));
        lines.push(self.objects("artifacts", runs * Assumptions::ARTIFACTS_MB / MB_A_GB));
        if pipeline.keys > 0 {
            lines.push(self.keys(pipeline.keys));
        }
        lines
    }

    fn actions(&self, pipeline: &Pipeline, actions: &[&Action], runs: f64) -> Line {
        let minutes: f64 = actions
            .iter()
            .map(|action| match &action.kind {
                ActionKind::Approval => 0.0,
                ActionKind::Build(build) => minutes(build),
                ActionKind::Source { .. } | ActionKind::Deploy { .. } => Assumptions::ACTION_MINUTES,
            })
            .sum();
        let usd = if pipeline.by_the_minute {
            runs * minutes * self.price(Price::ActionMinute)
        } else {
            self.price(Price::Pipeline)
        };
        Line::flat(
            "pipeline",
            format!("{} of {} minutes", plural(runs, "run"), short(minutes)),
            usd,
        )
    }

    fn build(&self, build: &Build, runs: f64) -> Line {
        let minutes = runs * minutes(build);
        let (price, machine) = match (build.arm, build.size) {
            (true, Size::Small) => (Price::BuildArmSmall, "small"),
            (true, Size::Medium) => (Price::BuildArmMedium, "medium"),
            (true, Size::Large) => (Price::BuildArmLarge, "large"),
            (false, Size::Small) => (Price::BuildX86Small, "small"),
            (false, Size::Medium) => (Price::BuildX86Medium, "medium"),
            (false, Size::Large) => (Price::BuildX86Large, "large"),
        };
        let architecture = if build.arm { "arm64" } else { "x86_64" };
        let what = match build.purpose {
            Purpose::Images => "image builds",
            Purpose::Templates => "template builds",
            Purpose::Tag { .. } => "release checks",
            Purpose::Tests => "tests",
            Purpose::BeforeRelease => "release commands",
            Purpose::SmokeTest => "smoke tests",
        };
        let detail = format!("{} minutes, {machine}, {architecture}", short(minutes));
        Line::flat(what, detail, minutes * self.price(price))
    }

    /// Returns the storage of images.
    pub(super) fn foundation(&self, foundation: &Foundation) -> Vec<Line> {
        let repositories = foundation.repositories.len();
        let images = f64::from(foundation.images_kept) * f64::from(u32::try_from(repositories).unwrap_or(0));
        let gb = images * Assumptions::IMAGE_MB / MB_A_GB;
        vec![Line::flat(
            "image storage",
            format!(
                "{} images in {repositories} repositories, {} GB",
                short(images),
                short(gb)
            ),
            gb * self.price(Price::ImageGb),
        )]
    }
}
