//! Every header on every kind of answer.

use std::fmt::Write as _;

use axum::Router;
use axum::routing::get as on_get;
use insta::assert_snapshot;
use penguin_app::policy::security_headers;
use penguin_app::router::Shared;

use crate::client::{Reply, send};
use crate::server::{Server, Wishes};

async fn broken() -> &'static str {
    panic!("on purpose")
}

async fn empty_teapot() -> http::StatusCode {
    http::StatusCode::IM_A_TEAPOT
}

fn extra_routes() -> Router<Shared> {
    Router::new()
        .route("/broken", on_get(broken))
        .route("/teapot", on_get(empty_teapot))
}

/// One answer of each kind there is.
async fn every_kind() -> Vec<(&'static str, Reply)> {
    let server = Server::start_with(Wishes {
        routes: extra_routes(),
        ..Wishes::default()
    })
    .await;
    let css = server.edition.assets.url("css/site.css").unwrap();
    let mut replies = Vec::new();
    for (kind, method, target, headers) in [
        ("page", "GET", "/", &["accept-encoding: br"][..]),
        ("page not modified", "GET", "/", &["if-none-match: *"]),
        ("hashed asset", "GET", css.as_str(), &["accept-encoding: br"]),
        ("plain asset", "GET", "/static/icons/share.png", &[]),
        ("part of an asset", "GET", &css, &["range: bytes=0-9"]),
        ("beyond an asset", "GET", &css, &["range: bytes=999999-"]),
        ("sitemap", "GET", "/sitemap.xml", &[]),
        ("web manifest", "GET", "/site.webmanifest", &[]),
        ("health", "GET", "/healthz", &[]),
        ("redirect", "GET", "/about/", &[]),
        ("options", "OPTIONS", "/", &[]),
        ("not found", "GET", "/nowhere", &[]),
        ("wrong method", "POST", "/", &["content-length: 0"]),
        ("not acceptable", "GET", "/", &["accept-encoding: *;q=0"]),
        ("precondition failed", "GET", "/", &["if-match: \"other\""]),
        ("another failure", "GET", "/teapot", &[]),
        ("panic", "GET", "/broken", &[]),
    ] {
        replies.push((kind, send(server.address, method, target, headers).await));
    }
    server.stopper.stop();
    server.ended().await;
    replies
}

#[tokio::test]
async fn what_the_browser_may_do_stands_on_every_answer() {
    for (kind, reply) in every_kind().await {
        for (name, value) in &security_headers::HEADERS {
            assert_eq!(
                reply.header(name.as_str()),
                Some(value.to_str().unwrap()),
                "{kind}"
            );
        }
        assert_eq!(
            reply.header("strict-transport-security"),
            None,
            "the proxy owns it: {kind}"
        );
        assert_eq!(reply.header("server"), None, "{kind}");
    }
}

#[tokio::test]
async fn the_other_headers_of_every_kind_of_answer() {
    let mut text = String::new();
    for (kind, reply) in every_kind().await {
        let own: Vec<_> = reply
            .head()
            .lines()
            .filter(|line| {
                !security_headers::HEADERS
                    .iter()
                    .any(|(name, _)| line.starts_with(&format!("{name}: ")))
            })
            // Lengths and tags change with every word of the site.
            .map(|line| match line.split_once(": ") {
                Some((name @ ("content-length" | "etag" | "content-range"), _)) => format!("  {name}: …"),
                _ => format!("  {line}"),
            })
            .collect();
        writeln!(text, "{kind}\n{}", own.join("\n")).unwrap();
    }
    assert_snapshot!(text);
}

#[tokio::test]
async fn the_security_headers_are_these() {
    let lines: Vec<_> = security_headers::HEADERS
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn a_panic_is_a_page_and_says_nothing_of_itself() {
    for (kind, reply) in every_kind().await {
        if kind == "panic" {
            assert_eq!(reply.status, 500);
            assert_eq!(reply.header("cache-control"), Some("no-store"));
            let html = reply.text();
            assert!(html.contains("We fell through the ice"), "{html}");
            assert!(!html.contains("on purpose"), "{html}");
        }
    }
}
