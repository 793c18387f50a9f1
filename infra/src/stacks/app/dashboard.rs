//! Dashboard of an environment: requests, errors, latency, tasks, load, the proxy.

use serde_json::{Value as Json, json};

use super::proxy_metrics::{
    ENDS, ERRORS, HELD, IN_FLIGHT, LATENCY, NAMESPACE, Party, REQUESTS, RETRIES, SHED, UPSTREAM_CONNECTS,
};
use crate::cfn::cloudwatch::Dashboard;
use crate::cfn::{Arn, TemplateBuilder, Text, Value, region, text};
use crate::settings::EnvironmentName;
use crate::stacks::names::Names;

/// What the widgets refer to.
pub(super) struct Subjects {
    pub(super) load_balancer: Value<Text>,
    pub(super) target_groups: Vec<Value<Text>>,
    pub(super) cluster: Value<Text>,
    pub(super) service: Value<Text>,
    pub(super) alarms: Vec<Value<Arn>>,
    /// Whether Container Insights counts deployments.
    pub(super) insights: bool,
}

/// Columns of a dashboard.
const WIDTH: usize = 24;
const HEIGHT: usize = 6;

const RED: &str = "#d62728";
const ORANGE: &str = "#ff7f0e";
const BLUE: &str = "#1f77b4";

/// Shades of one colour for each party.
fn shades(party: Party) -> [&'static str; 6] {
    match party {
        Party::App => ["#d62728", "#a50f15", "#ef3b2c", "#fb6a4a", "#fc9272", "#fcbba1"],
        Party::Connection => ["#ff7f0e", "#d94801", "#fdae6b", "#a63603", "#fdd0a2", "#7f2704"],
        Party::Proxy => ["#9467bd", "#6a51a3", "#54278f", "#9e9ac8", "#bcbddc", "#3f007d"],
    }
}

/// Adds the dashboard.
pub(super) fn build(
    template: &mut TemplateBuilder,
    names: &Names,
    environment: EnvironmentName,
    subjects: &Subjects,
) {
    let mut body = Body {
        names,
        environment,
        values: Vec::new(),
    };
    let rows = body.rows(subjects);
    let alarms: Vec<Json> = subjects.alarms.iter().map(|arn| body.value(arn.text())).collect();
    let mut widgets = vec![json!({
        "type": "alarm", "x": 0, "y": 0, "width": WIDTH, "height": 2,
        "properties": { "title": "Alarms", "alarms": alarms },
    })];
    let here = body.value(region());
    for (row, columns) in rows.into_iter().enumerate() {
        let width = WIDTH / columns.len();
        for (column, mut properties) in columns.into_iter().enumerate() {
            properties["region"] = here.clone();
            properties["period"] = json!(60);
            properties["yAxis"]["left"]["min"] = json!(0);
            widgets.push(json!({
                "type": "metric", "x": column * width, "y": 2 + row * HEIGHT, "width": width, "height": HEIGHT,
                "properties": properties,
            }));
        }
    }
    template.add(
        "Dashboard",
        &Dashboard {
            dashboard_name: names.prefixed(environment.as_str()).into(),
            dashboard_body: body.finish(&json!({ "widgets": widgets })),
        },
    );
}

/// A dashboard's body, whose values of other resources are placeholders until it is finished.
struct Body<'a> {
    names: &'a Names,
    environment: EnvironmentName,
    values: Vec<Value<Text>>,
}

/// Around the number of a value; a character of no name.
const MARK: char = '\u{e000}';

impl Body<'_> {
    fn value(&mut self, value: Value<Text>) -> Json {
        self.values.push(value);
        json!(format!("{MARK}{}{MARK}", self.values.len() - 1))
    }

    fn finish(self, body: &Json) -> Value<Text> {
        let body = body.to_string();
        text(body.split(MARK).enumerate().map(|(index, part)| {
            let value = part
                .parse()
                .ok()
                .and_then(|number: usize| self.values.get(number));
            value
                .filter(|_| index % 2 == 1)
                .map_or_else(|| part.into(), Clone::clone)
        }))
    }

    /// A metric of the proxy.
    fn proxy(&self, metric: &str, statistic: &str, label: &str) -> Json {
        let (service, environment) = (self.names.project(), self.environment.as_str());
        json!([NAMESPACE, metric, "Service", service, "Environment", environment, { "stat": statistic, "label": label }])
    }

    fn count(&self, metric: &str, label: &str) -> Json {
        self.proxy(metric, "Sum", label)
    }

    fn rows(&mut self, subjects: &Subjects) -> Vec<Vec<Json>> {
        let errors: Vec<Json> = ENDS
            .iter()
            .flat_map(|(party, ends)| {
                let shaded = ends.iter().zip(shades(*party));
                shaded.map(|(end, shade)| {
                    let mut metric = self.count(&format!("{ERRORS}.{end}"), &label(end, *party));
                    metric[6]["color"] = json!(shade);
                    metric
                })
            })
            .collect();
        let latency = ["p50", "p90", "p99"].map(|percentile| self.proxy(LATENCY, percentile, percentile));
        let [balancer, cluster, service] = [&subjects.load_balancer, &subjects.cluster, &subjects.service]
            .map(|value| self.value(value.clone()));
        let of_balancer = |metric: &str, label: &str, color: &str| {
            json!(["AWS/ApplicationELB", metric, "LoadBalancer", balancer,
                { "stat": "Sum", "label": label, "color": color }])
        };
        let of_service = |namespace: &str, metric: &str, statistic: &str, label: &str| {
            json!([namespace, metric, "ClusterName", cluster, "ServiceName", service,
                { "stat": statistic, "label": label }])
        };
        let mut tasks: Vec<Json> = subjects
            .target_groups
            .iter()
            .map(|group| {
                let group = self.value(group.clone());
                json!(["AWS/ApplicationELB", "HealthyHostCount", "TargetGroup", group, "LoadBalancer", balancer,
                    { "stat": "Maximum", "label": "healthy" }])
            })
            .collect();
        if subjects.insights {
            for (metric, label) in [
                ("RunningTaskCount", "running"),
                ("DesiredTaskCount", "desired"),
                ("DeploymentCount", "deployments (2: one in progress)"),
            ] {
                tasks.push(of_service("ECS/ContainerInsights", metric, "Maximum", label));
            }
        }
        let load = |title: &str, metric: &str| {
            let metrics = [("Average", "average"), ("Maximum", "busiest task")]
                .map(|(statistic, label)| of_service("AWS/ECS", metric, statistic, label));
            let mut chart = chart(title, "%", &metrics);
            chart["yAxis"]["left"]["max"] = json!(100);
            chart
        };
        vec![
            vec![
                chart(
                    "Requests per minute",
                    "",
                    &[self.count(REQUESTS, "requests"), self.count(ERRORS, "5xx")],
                ),
                stacked("5xx per minute, by who ended them (`end` in the log)", &errors),
            ],
            vec![
                chart("Latency to the last byte", "ms", &latency),
                chart(
                    "Errors at the load balancer per minute",
                    "",
                    &[
                        of_balancer("HTTPCode_ELB_5XX_Count", "5xx of its own: no task answered", RED),
                        of_balancer("HTTPCode_Target_5XX_Count", "5xx of tasks", ORANGE),
                        of_balancer("HTTPCode_Target_4XX_Count", "4xx of tasks", BLUE),
                    ],
                ),
            ],
            vec![
                chart("Tasks and deployments", "", &tasks),
                load("CPU", "CPUUtilization"),
                load("Memory", "MemoryUtilization"),
            ],
            vec![
                chart(
                    "Requests in flight",
                    "",
                    &[
                        self.proxy(IN_FLIGHT, "Sum", "all tasks"),
                        self.proxy(IN_FLIGHT, "Maximum", "busiest task"),
                    ],
                ),
                chart(
                    "Retried, held and shed per minute",
                    "",
                    &[
                        self.count(RETRIES, "sent to the app again"),
                        self.count(HELD, "waited for the app"),
                        self.count(SHED, "refused by a limit"),
                    ],
                ),
                chart(
                    "Connections opened to the app per minute",
                    "",
                    &[self.count(UPSTREAM_CONNECTS, "connections")],
                ),
            ],
        ]
    }
}

fn label(end: &str, party: Party) -> String {
    match (end, party) {
        ("ok", _) => "ok: the app's own".to_owned(),
        (_, Party::App) => format!("{end}: the app's own"),
        _ => end.to_owned(),
    }
}

fn chart(title: &str, unit: &str, metrics: &[Json]) -> Json {
    json!({
        "title": title, "view": "timeSeries", "stacked": false, "metrics": metrics,
        "yAxis": { "left": { "label": unit, "showUnits": false } },
    })
}

fn stacked(title: &str, metrics: &[Json]) -> Json {
    let mut chart = chart(title, "", metrics);
    chart["stacked"] = json!(true);
    chart["legend"] = json!({ "position": "right" });
    chart
}
