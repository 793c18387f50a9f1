//! Diagrams as Mermaid flowcharts.

use std::fmt::Write as _;

use super::words;
use crate::inventory::{ActionKind, App, Cluster, Inventory, Pipeline};

/// Networks, load balancers, services.
pub(super) fn architecture(inventory: &Inventory) -> String {
    let mut chart = Chart::new("TB");
    chart.line(&format!("internet([{}])", label(&["internet"])));
    for cluster in &inventory.clusters {
        let apps: Vec<&App> = inventory.apps_in(cluster.name).collect();
        network(&mut chart, cluster, &apps);
    }
    for app in &inventory.apps {
        let name = app.environment;
        chart.line(&format!("internet ==> {name}_balancer"));
        if let Some((first, _)) = app.containers.first() {
            chart.line(&format!("{name}_balancer ==> {name}_{first}"));
        }
    }
    for cluster in &inventory.clusters {
        calls_out(&mut chart, cluster, inventory);
    }
    chart.text
}

fn network(chart: &mut Chart, cluster: &Cluster, apps: &[&App]) {
    let id = cluster.name.as_str();
    // Short, since Mermaid draws long titles over the content.
    let title = format!("{} {}", cluster.stack, cluster.cidr);
    chart.group(&format!("{id}_cluster"), &title, |chart| {
        chart.group(&format!("{id}_public"), "public subnets", |chart| {
            for app in apps {
                let name = app.environment;
                let what = label(&[&format!("load balancer of {name}"), &words::listeners(app)]);
                chart.line(&format!("{name}_balancer[{what}]"));
            }
            for index in gateways(cluster) {
                let what = label(&["NAT gateway", &format!("zone {index}")]);
                chart.line(&format!("{id}_nat{index}[{what}]"));
            }
        });
        let zones = words::counted(cluster.zones.len(), "zone");
        chart.group(
            &format!("{id}_private"),
            &format!("private subnets, {zones}"),
            |chart| {
                for app in apps {
                    service(chart, app);
                }
                for (way, index) in words::ways_out(cluster).iter().zip(1..) {
                    chart.line(&format!("{id}_endpoint{index}[{}]", label(&[way])));
                }
            },
        );
    });
}

/// The containers of a task in request order; the last one has the size of the service.
fn service(chart: &mut Chart, app: &App) {
    let name = app.environment;
    let service = words::service(app);
    let mut before: Option<String> = None;
    for (index, (container, port)) in app.containers.iter().enumerate() {
        let id = format!("{name}_{container}");
        let address = format!("{container} of {name} :{port}");
        let mut lines = vec![address.as_str()];
        if index + 1 == app.containers.len() {
            lines.extend(service.iter().map(String::as_str));
        }
        chart.line(&format!("{id}[{}]", label(&lines)));
        if let Some(before) = before.replace(id.clone()) {
            chart.line(&format!("{before} ==> {id}"));
        }
    }
}

/// Returns the zones with a NAT gateway, counted from 1.
fn gateways(cluster: &Cluster) -> impl Iterator<Item = usize> {
    (1..)
        .zip(&cluster.zones)
        .filter(|(_, zone)| zone.nat)
        .map(|(index, _)| index)
}

fn calls_out(chart: &mut Chart, cluster: &Cluster, inventory: &Inventory) {
    let id = cluster.name.as_str();
    for index in gateways(cluster) {
        for app in inventory.apps_in(cluster.name) {
            if let Some((last, _)) = app.containers.last() {
                chart.line(&format!("{}_{last} -.-> {id}_nat{index}", app.environment));
            }
        }
        chart.line(&format!("{id}_nat{index} -.-> internet"));
    }
}

/// From a push to prod.
pub(super) fn pipelines(inventory: &Inventory) -> String {
    let mut chart = Chart::new("TB");
    let mut tags = Vec::new();
    for pipeline in &inventory.pipelines {
        tags.extend(stages(&mut chart, pipeline));
    }
    if let [(writer, parameter), (reader, _), ..] = &tags[..] {
        chart.line(&format!(
            "tag([{}])",
            label(&[parameter, "tag of the latest release"])
        ));
        chart.line(&format!("{writer} -.-> tag"));
        chart.line(&format!("tag -.-> {reader}"));
    }
    chart.text
}

/// Adds the stages; returns the actions that access the tag parameter, and the parameter.
fn stages(chart: &mut Chart, pipeline: &Pipeline) -> Vec<(String, String)> {
    let prefix = if pipeline.releases { "release" } else { "dev" };
    let mut tags = Vec::new();
    let title = format!("{}: {}", pipeline.name, words::start(pipeline));
    chart.group(prefix, &title, |chart| {
        chart.line("direction LR");
        let mut before: Vec<String> = Vec::new();
        for stage in &pipeline.stages {
            let mut here = Vec::new();
            for action in &stage.actions {
                let id = format!("{prefix}_{}", action.name);
                let what = label(&[&action.name, &words::action(action)]);
                chart.line(&match action.kind {
                    ActionKind::Approval => format!("{id}{{{{{what}}}}}"),
                    _ => format!("{id}[{what}]"),
                });
                for from in &before {
                    chart.line(&format!("{from} --> {id}"));
                }
                if let ActionKind::Build(build) = &action.kind {
                    tags.extend(
                        build
                            .tag_parameter()
                            .map(|parameter| (id.clone(), parameter.to_owned())),
                    );
                }
                here.push(id);
            }
            before = here;
        }
    });
    tags
}

/// Quotes a label with line breaks.
fn label(lines: &[&str]) -> String {
    let text = lines.join("<br/>").replace('"', "#quot;");
    format!("\"{text}\"")
}

struct Chart {
    text: String,
    depth: usize,
}

impl Chart {
    fn new(direction: &str) -> Self {
        Self {
            text: format!("flowchart {direction}\n"),
            depth: 1,
        }
    }

    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{:width$}{line}", "", width = self.depth * 2);
    }

    fn group(&mut self, id: &str, title: &str, inside: impl FnOnce(&mut Self)) {
        self.line(&format!("subgraph {id}[{}]", label(&[title])));
        self.depth += 1;
        inside(self);
        self.depth -= 1;
        self.line("end");
    }
}
