//! Tests of the estimate: manual calculations, shared costs, effect of settings.

use super::*;
use crate::inventory::{self, Inventory};
use crate::settings::{EXAMPLE, Settings};
use crate::stacks;

fn inventory(text: &str) -> Inventory {
    inventory::of(&stacks::graph(&Settings::parse(text).unwrap()).unwrap())
}

fn of(text: &str) -> Estimate {
    let prices = Prices::of("eu-central-1").unwrap();
    estimate(&inventory(text), &|_| true, &prices, &Assumptions::default())
}

fn line<'a>(estimate: &'a Estimate, group: &str, what: &str) -> &'a Line {
    let group = estimate.groups.iter().find(|other| other.name == group).unwrap();
    group.lines.iter().find(|line| line.what == what).unwrap()
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 0.005
}

#[test]
fn amounts_match_manual_calculation() {
    let estimate = of(EXAMPLE);
    let task = (0.25 * 0.03725 + 0.5 * 0.00409) * 730.0;
    let spot = 0.014_045_8 / 0.04656;
    let tasks = line(&estimate, "dev", "tasks").amount;
    assert!(near(tasks.least, task * (1.0 + 0.5 * spot)), "{tasks:?}");
    assert!(near(tasks.most, task * (1.0 + 3.0 * spot)), "{tasks:?}");
    let tasks = line(&estimate, "prod", "tasks").amount;
    assert!(
        near(tasks.least, task * 1.5) && near(tasks.most, task * 4.0),
        "{tasks:?}"
    );
    // 20 GB per hour are 20 capacity units; connections need fewer.
    let balancer = line(&estimate, "prod", "load balancer").amount.least;
    assert!(near(balancer, 730.0 * 0.027 + 20.0 * 0.008), "{balancer}");
    let nat = line(&estimate, "dev", "NAT gateways").amount.least;
    assert!(near(nat, 730.0 * 0.052 + 1.1 * 0.052), "{nat}");
    let logs = line(&estimate, "prod", "logs").amount.least;
    assert!(near(logs, 0.63 + 0.0324 * 90.0 / (730.0 / 24.0)), "{logs}");
    let images = line(&estimate, "dev pipeline", "image builds").amount.least;
    assert!(near(images, 800.0 * 0.0175), "{images}");
}

#[test]
fn shared_costs_are_divided_and_add_up() {
    let estimate = of(EXAMPLE);
    let staging = line(&estimate, "staging", "NAT gateways");
    let prod = line(&estimate, "prod", "NAT gateways");
    assert_eq!(staging.amount, prod.amount);
    let half = 730.0 * 0.052 + 1.05 * 0.052;
    assert!(near(prod.amount.least, half), "{prod:?}");
    assert!(prod.detail.starts_with("1/2 of 2"));
    let lines: Amount = estimate
        .groups
        .iter()
        .flat_map(|group| &group.lines)
        .map(|line| line.amount)
        .sum();
    assert!(near(lines.least, estimate.amount.least) && near(lines.most, estimate.amount.most));
    assert!(estimate.amount.least < estimate.amount.most);
}

#[test]
fn cluster_cost_goes_to_selected_stacks() {
    let prices = Prices::of("us-east-1").unwrap();
    let inventory = inventory(EXAMPLE);
    let only = |name: &str| {
        estimate(
            &inventory,
            &|stack| stack == name,
            &prices,
            &Assumptions::default(),
        )
    };
    let cluster = only("ProdCluster");
    assert_eq!(cluster.groups.len(), 1);
    assert!(near(
        line(&cluster, "ProdCluster", "NAT gateways").amount.least,
        2.0 * 730.0 * 0.045 + 2.1 * 0.045
    ));
    let app = only("ProdAppStack");
    assert!(app.groups[0].lines.iter().all(|line| line.what != "NAT gateways"));
}

#[test]
fn settings_change_their_items() {
    let with = |from: &str, to: &str| {
        assert!(EXAMPLE.contains(from), "{from}");
        of(&EXAMPLE.replacen(from, to, 1))
    };
    let usual = of(EXAMPLE);
    let none = with("nat = \"single\"", "nat = \"none\"");
    let endpoints = line(&none, "dev", "endpoints");
    assert!(
        near(endpoints.amount.least, 10.0 * 730.0 * 0.012 + 1.1 * 0.01),
        "{endpoints:?}"
    );
    let dev = &none.groups[0];
    assert!(dev.lines.iter().all(|line| line.what != "NAT gateways"));

    let off = with("insights = \"enabled\"", "insights = \"disabled\"");
    let insights = line(&usual, "dev", "insights").amount.least;
    assert!(near(insights, 25.0 * 0.3));
    assert!(near(usual.amount.least - off.amount.least, insights));

    let intel = with("# architecture = \"arm64\"", "architecture = \"x86_64\"");
    let ratio = line(&intel, "prod", "tasks").amount.most / line(&usual, "prod", "tasks").amount.most;
    assert!((1.2..1.3).contains(&ratio), "{ratio}");

    let zones = with("zones = 2", "zones = 3");
    assert!(near(
        line(&zones, "dev", "IPv4 addresses").amount.least,
        3.0 * 730.0 * 0.005
    ));
}

#[test]
fn requests_and_pushes_increase_cost() {
    let prices = Prices::of("eu-central-1").unwrap();
    let inventory = inventory(EXAMPLE);
    let with = |requests, pushes| {
        estimate(&inventory, &|_| true, &prices, &Assumptions { requests, pushes })
            .amount
            .least
    };
    assert!(with(100.0, 100.0) > with(1.0, 100.0) + 100.0);
    assert!(with(1.0, 1000.0) > with(1.0, 100.0) + 100.0);
    assert!(with(0.0, 0.0) > 100.0, "idle stacks cost too");
}

#[test]
fn names_of_all_items_fit_their_column() {
    for group in of(include_str!("../../tests/settings/everything.toml")).groups {
        for line in group.lines {
            assert!(line.what.len() <= 17, "{}", line.what);
        }
    }
}
