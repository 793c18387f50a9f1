//! Ports of the load balancers, with and without certificate.

use infra::settings::{EXAMPLE, Settings};
use infra::stacks::{self, Stack, StackKind};
use serde_json::{Value as Json, json};

const EVERYTHING: &str = include_str!("../settings/everything.toml");

/// Calls `look` for each app stack.
fn app_stacks(text: &str, mut look: impl FnMut(&Stack, Vec<&Json>)) {
    let graph = stacks::graph(&Settings::parse(text).unwrap()).unwrap();
    let mut seen = 0;
    for stack in graph.stacks() {
        if !matches!(stack.kind, StackKind::App) {
            continue;
        }
        let listeners = stack
            .template
            .resources()
            .filter(|(_, kind, _)| *kind == "AWS::ElasticLoadBalancingV2::Listener")
            .map(|(_, _, properties)| properties)
            .collect();
        look(stack, listeners);
        seen += 1;
    }
    assert_eq!(seen, 3, "dev, staging, prod");
}

#[test]
fn with_certificate_port_80_redirects_to_https() {
    let mut with_tls = 0;
    app_stacks(EVERYTHING, |stack, mut listeners| {
        listeners.sort_by_key(|listener| listener["Port"].as_u64());
        if listeners.len() == 1 {
            return;
        }
        let [plain, tls] = listeners[..] else {
            panic!("{} has other listeners: {listeners:?}", stack.name)
        };
        with_tls += 1;
        assert_eq!((&plain["Port"], &plain["Protocol"]), (&json!(80), &json!("HTTP")));
        assert_eq!((&tls["Port"], &tls["Protocol"]), (&json!(443), &json!("HTTPS")));
        assert_eq!(
            plain["DefaultActions"],
            json!([{
                "Type": "redirect",
                "RedirectConfig": { "Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301" },
            }]),
            "{}",
            stack.name
        );
        assert_eq!(tls["DefaultActions"][0]["Type"], "forward", "{}", stack.name);
        assert!(tls["SslPolicy"].as_str().unwrap().contains("TLS13"), "{tls}");
    });
    assert_eq!(
        with_tls, 2,
        "staging and prod have a certificate in these settings"
    );
}

#[test]
fn without_certificate_only_port_80_is_open() {
    app_stacks(EXAMPLE, |stack, listeners| {
        let [plain] = listeners[..] else {
            panic!("{} has other listeners: {listeners:?}", stack.name)
        };
        assert_eq!(plain["Port"], 80, "{}", stack.name);
        assert_eq!(plain["DefaultActions"][0]["Type"], "forward", "{}", stack.name);
    });
}
