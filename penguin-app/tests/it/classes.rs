//! The search of the classes, as a page and as JSON.

use std::io::Read as _;

use serde_json::json;

use crate::client::{get, send};
use crate::server::Server;

/// The classes that the page shows, in order.
fn shown(html: &str) -> Vec<&str> {
    let found = html.split("<ul class=\"cards\">").nth(1).unwrap_or_default();
    found
        .split("<a href=\"/classes/")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect()
}

#[tokio::test]
async fn query_filters_and_sorts_the_page_and_stays_in_the_form() {
    let server = Server::start().await;
    for (query, expected) in [
        ("", &["fishing", "swimming", "snow-forts"][..]),
        ("?place=water", &["swimming"]),
        ("?age=4&sort=weeks", &["snow-forts", "fishing"]),
        ("?age=1", &[]),
        ("?unknown=1", &["fishing", "swimming", "snow-forts"]),
    ] {
        let reply = get(server.address, &format!("/classes{query}")).await;
        assert_eq!(reply.status, 200, "{query}");
        assert_eq!(shown(&reply.text()), expected, "{query}");
    }
    let html = get(server.address, "/classes?age=4&place=ice").await.text();
    assert!(html.contains("name=\"age\" type=\"text\" value=\"4\""), "{html}");
    assert!(html.contains("<option value=\"ice\" selected>"), "{html}");
}

#[tokio::test]
async fn wrong_value_is_told_beside_its_field() {
    let server = Server::start().await;
    let reply = get(server.address, "/classes?age=%22%3E%3Cscript%3E&weeks=3").await;
    assert_eq!(reply.status, 422);
    let html = reply.text();
    assert!(html.contains("<title>Error: Classes"), "{html}");
    assert!(
        html.contains("aria-invalid=\"true\" aria-describedby=\"age-error\""),
        "{html}"
    );
    assert!(
        html.contains("id=\"age-error\">Enter a whole number from 0 to 600"),
        "{html}"
    );
    assert!(
        html.contains("href=\"#age\""),
        "the summary links to the field: {html}"
    );
    assert!(
        !html.contains("weeks-error") && !html.contains("\"><script>"),
        "{html}"
    );
    assert_eq!(shown(&html), [""; 0]);
    let twice = get(server.address, "/classes?age=1&age=2").await;
    assert_eq!(twice.status, 400);
    assert!(twice.text().contains("<h1"));
}

#[tokio::test]
async fn page_rendered_per_request_has_a_weak_validator_and_is_compressed() {
    let server = Server::start().await;
    let plain = get(server.address, "/classes").await;
    let tag = plain.header("etag").unwrap().to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    assert_eq!(plain.header("cache-control"), Some("no-cache"));
    let condition = format!("if-none-match: {tag}");
    let known = send(server.address, "GET", "/classes", &[&condition]).await;
    assert_eq!((known.status, known.header("etag")), (304, Some(tag.as_str())));
    let changed = send(server.address, "GET", "/classes?place=ice", &[&condition]).await;
    assert_eq!(changed.status, 200);

    let packed = send(server.address, "GET", "/classes", &["accept-encoding: gzip"]).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(packed.header("vary"), Some("accept-encoding"));
    let mut html = String::new();
    flate2::read::GzDecoder::new(packed.body.as_slice())
        .read_to_string(&mut html)
        .unwrap();
    assert_eq!(html, plain.text());
}

#[tokio::test]
async fn api_gives_the_same_as_json() {
    let server = Server::start().await;
    let reply = get(server.address, "/api/classes?place=ice").await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("application/json"))
    );
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(
        body,
        json!({ "classes": [{
            "slug": "fishing",
            "name": "Fishing Classes",
            "summary": "Sit still, look down, think like a herring. Lunch follows those who can wait for it.",
            "months": 4,
            "weeks": 6,
            "place": "ice",
            "url": "https://penguins.test/classes/fishing",
        }] })
    );
}

#[tokio::test]
async fn errors_below_the_api_are_json() {
    let server = Server::start().await;
    for (method, target, status, message) in [
        ("GET", "/api", 404, "Not Found"),
        ("GET", "/api/krill", 404, "Not Found"),
        ("DELETE", "/api/classes", 405, "Method Not Allowed"),
        (
            "GET",
            "/api/classes?age=x&place=moon",
            422,
            "Unprocessable Content",
        ),
    ] {
        let reply = send(server.address, method, target, &["accept-encoding: gzip"]).await;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (status, Some("application/json")),
            "{target}"
        );
        let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(body["error"]["status"], status, "{target}");
        let fields: Vec<_> = body["error"]["fields"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(
            fields,
            if status == 422 { &["age", "place"][..] } else { &[] },
            "{target}"
        );
        assert!(status == 422 || body["error"]["message"] == message, "{body}");
    }
    assert_eq!(
        get(server.address, "/apiary").await.header("content-type"),
        Some("text/html; charset=utf-8")
    );
}
