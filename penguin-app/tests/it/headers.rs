//! Every header on every kind of answer.

use std::fmt::Write as _;

use axum::Router;
use axum::routing::get as on_get;
use insta::assert_snapshot;
use penguin_app::config::Indexing;
use penguin_app::middleware::security_headers;
use penguin_app::state::AppState;

use crate::client::{Reply, send};
use crate::server::{Server, Setup};

async fn broken() -> &'static str {
    panic!("on purpose")
}

async fn empty_teapot() -> http::StatusCode {
    http::StatusCode::IM_A_TEAPOT
}

fn extra_routes() -> Router<AppState> {
    Router::new()
        .route("/broken", on_get(broken))
        .route("/teapot", on_get(empty_teapot))
}

/// One answer of each kind there is.
async fn every_kind() -> Vec<(&'static str, Reply)> {
    let server = Server::start_with(Setup {
        routes: extra_routes(),
        ..Setup::default()
    })
    .await;
    let css = server.site.assets.url("css/site.css").unwrap();
    let svg = server.site.assets.url("drawings/pim.svg").unwrap();
    let share = server.site.assets.url("icons/share.png").unwrap();
    let mut replies = Vec::new();
    for (kind, method, target, headers) in [
        ("page", "GET", "/", &["accept-encoding: br"][..]),
        ("page not modified", "GET", "/", &["if-none-match: *"]),
        ("hashed asset", "GET", css.as_str(), &["accept-encoding: br"]),
        ("drawing", "GET", &svg, &[]),
        ("shared picture", "GET", &share, &[]),
        (
            "asset of another release",
            "GET",
            "/static/css/site.00000000.css",
            &[],
        ),
        ("plain asset", "GET", "/static/icons/touch.png", &[]),
        ("part of an asset", "GET", &css, &["range: bytes=0-9"]),
        ("beyond an asset", "GET", &css, &["range: bytes=999999-"]),
        ("sitemap", "GET", "/sitemap.xml", &[]),
        ("web manifest", "GET", "/site.webmanifest", &[]),
        ("health", "GET", "/healthz", &[]),
        ("redirect", "GET", "/about/", &[]),
        ("options", "OPTIONS", "/", &[]),
        ("not found", "GET", "/nowhere", &[]),
        ("wrong method", "POST", "/", &["content-length: 0"]),
        (
            "cross-site post",
            "POST",
            "/",
            &["content-length: 0", "sec-fetch-site: cross-site"],
        ),
        ("not found below the API", "GET", "/api/nothing", &[]),
        ("body too large", "POST", "/teapot", &["content-length: 100000"]),
        ("another failure", "GET", "/teapot", &[]),
        ("panic", "GET", "/broken", &[]),
    ] {
        replies.push((kind, send(server.address, method, target, headers).await));
    }
    server.shutdown.shut_down();
    server.ended().await;
    replies
}

/// What a route sets itself.
const EXCEPTIONS: [(&str, &str); 2] = [
    ("drawing", "content-security-policy"),
    ("shared picture", "cross-origin-resource-policy"),
];

#[tokio::test]
async fn security_headers_stand_on_every_response() {
    for (kind, reply) in every_kind().await {
        for (name, value) in &security_headers::HEADERS {
            let expected = (!EXCEPTIONS.contains(&(kind, *name))).then_some(*value);
            let found = reply
                .header(name)
                .unwrap_or_else(|| panic!("{kind} lacks {name}"));
            assert_eq!(found == *value, expected.is_some(), "{kind} {name}: {found}");
        }
        assert_eq!(
            reply.header("strict-transport-security"),
            None,
            "the proxy owns it: {kind}"
        );
        assert_eq!(reply.header("server"), None, "{kind}");
        assert_eq!(reply.header("x-robots-tag"), None, "{kind}");
    }
}

#[tokio::test]
async fn a_drawing_may_style_itself_and_nothing_else() {
    let replies = every_kind().await;
    let (_, drawing) = replies.iter().find(|(kind, _)| *kind == "drawing").unwrap();
    assert_eq!(
        drawing.header("content-security-policy"),
        Some("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
    );
    let (_, picture) = replies
        .iter()
        .find(|(kind, _)| *kind == "shared picture")
        .unwrap();
    assert_eq!(
        picture.header("cross-origin-resource-policy"),
        Some("cross-origin")
    );
}

#[tokio::test]
async fn only_the_public_site_may_be_indexed() {
    let mut setup = Setup::default();
    setup.config.indexing = Indexing::Deny;
    let server = Server::start_with(setup).await;
    for target in ["/", "/static/icons/share.png", "/nowhere", "/robots.txt"] {
        let reply = send(server.address, "GET", target, &[]).await;
        assert_eq!(reply.header("x-robots-tag"), Some("noindex"), "{target}");
    }
    let robots = send(server.address, "GET", "/robots.txt", &[]).await.text();
    assert_eq!(robots, "User-agent: *\nDisallow: /\n");
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
        .map(|(name, value)| format!("{name}: {}", *value))
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
