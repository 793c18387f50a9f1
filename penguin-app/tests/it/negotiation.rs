//! Codings, conditions and ranges: the matrix of each, over every document.

use std::io::Read as _;

use crate::client::{Reply, get, send};
use crate::server::Server;

async fn get_with(server: &Server, target: &str, headers: &[&str]) -> Reply {
    send(server.address, "GET", target, headers).await
}

fn decode(reply: &Reply) -> Vec<u8> {
    let mut plain = Vec::new();
    match reply.header("content-encoding") {
        None => plain.clone_from(&reply.body),
        Some("br") => {
            brotli::BrotliDecompress(&mut reply.body.as_slice(), &mut plain).unwrap();
        }
        Some("gzip") => {
            flate2::read::GzDecoder::new(reply.body.as_slice())
                .read_to_end(&mut plain)
                .unwrap();
        }
        Some(other) => panic!("{other} was never on offer"),
    }
    plain
}

#[tokio::test]
async fn every_coding_holds_the_same_document() {
    let server = Server::start().await;
    let site = &server.site;
    let mut targets: Vec<String> = site.documents.keys().cloned().collect();
    targets.extend(site.assets.names().map(|name| site.assets.url(name).unwrap()));
    targets.push("/nowhere".to_owned());
    let mut compressed = 0;
    for target in targets {
        let plain = get(server.address, &target).await;
        assert_eq!(plain.header("content-encoding"), None, "{target}");
        let mut tags = vec![plain.header("etag").map(str::to_owned)];
        for coding in ["br", "gzip"] {
            let reply = get_with(&server, &target, &[&format!("accept-encoding: {coding}")]).await;
            assert_eq!(decode(&reply), plain.body, "{target} in {coding}");
            assert_eq!(reply.header("vary"), plain.header("vary"), "{target} in {coding}");
            if reply.header("content-encoding").is_some() {
                assert_eq!(reply.header("content-encoding"), Some(coding));
                assert_eq!(reply.header("vary"), Some("accept-encoding"), "{target}");
                assert!(reply.body.len() < plain.body.len(), "{target} in {coding}");
                tags.push(reply.header("etag").map(str::to_owned));
                compressed += 1;
            }
        }
        if target != "/nowhere" {
            let all = tags.len();
            tags.sort_unstable();
            tags.dedup();
            assert_eq!(tags.len(), all, "{target}: each form has a tag of its own");
        }
    }
    assert!(compressed > 40, "only {compressed} forms were compressed");
}

#[tokio::test]
async fn a_picture_is_not_compressed_and_does_not_vary() {
    let server = Server::start().await;
    let url = server.site.assets.url("icons/share.png").unwrap();
    let reply = get_with(&server, &url, &["accept-encoding: br, gzip"]).await;
    assert_eq!(reply.header("content-encoding"), None);
    assert_eq!(reply.header("vary"), None);
}

#[tokio::test]
async fn a_document_that_is_known_is_not_sent_again() {
    let server = Server::start().await;
    let css = server.site.assets.url("css/site.css").unwrap();
    for (target, caching) in [
        ("/", "no-cache"),
        ("/sitemap.xml", "no-cache"),
        ("/static/css/site.css", "no-cache"),
        ("/favicon.ico", "no-cache"),
        (css.as_str(), "public, max-age=31536000, immutable"),
    ] {
        for coding in ["identity", "br", "gzip"] {
            let accept = format!("accept-encoding: {coding}");
            let fresh = get_with(&server, target, &[&accept]).await;
            let tag = fresh.header("etag").unwrap().to_owned();
            for known in [
                tag.clone(),
                format!("W/{tag}"),
                format!("\"other\", {tag}"),
                "*".to_owned(),
            ] {
                let condition = format!("if-none-match: {known}");
                for method in ["GET", "HEAD"] {
                    let reply = send(server.address, method, target, &[&accept, &condition]).await;
                    assert_eq!(reply.status, 304, "{target} {known}");
                    assert_eq!(reply.header("etag"), Some(tag.as_str()), "{target}");
                    assert_eq!(reply.header("cache-control"), Some(caching), "{target}");
                    assert_eq!(reply.header("vary"), fresh.header("vary"), "{target}");
                    // Optional in a 304, but not free: it is that of the 200.
                    assert!(
                        [None, fresh.header("content-length")].contains(&reply.header("content-length")),
                        "{target}"
                    );
                    assert_eq!(reply.header("content-encoding"), None, "{target}");
                }
            }
            let stale = get_with(&server, target, &[&accept, "if-none-match: \"other\""]).await;
            assert_eq!(stale.body, fresh.body, "{target}");
        }
    }
}

#[tokio::test]
async fn another_forms_tag_is_not_known() {
    let server = Server::start().await;
    let plain = get(server.address, "/").await;
    let condition = format!("if-none-match: {}", plain.header("etag").unwrap());
    let reply = get_with(&server, "/", &["accept-encoding: br", &condition]).await;
    assert_eq!(
        (reply.status, reply.header("content-encoding")),
        (200, Some("br"))
    );
}

#[tokio::test]
async fn a_part_of_an_asset_is_the_part_that_was_asked_for() {
    let server = Server::start().await;
    let css = server.site.assets.url("css/site.css").unwrap();
    for accept in [
        "accept-encoding: identity",
        "accept-encoding: br",
        "accept-encoding: gzip",
    ] {
        let whole = get_with(&server, &css, &[accept]).await;
        assert_eq!(whole.header("accept-ranges"), Some("bytes"));
        let length = whole.body.len();
        for (range, first, end) in [
            ("bytes=0-99".to_owned(), 0, 100),
            ("bytes=100-".to_owned(), 100, length),
            ("bytes=-7".to_owned(), length - 7, length),
            (format!("bytes=5-{}", length * 2), 5, length),
        ] {
            let reply = get_with(&server, &css, &[accept, &format!("range: {range}")]).await;
            assert_eq!(reply.status, 206, "{range}");
            assert_eq!(reply.body, whole.body[first..end], "{range}");
            let expected = format!("bytes {first}-{}/{length}", end - 1);
            assert_eq!(reply.header("content-range"), Some(expected.as_str()), "{range}");
            for name in [
                "etag",
                "cache-control",
                "vary",
                "content-type",
                "content-encoding",
            ] {
                assert_eq!(reply.header(name), whole.header(name), "{range} {name}");
            }
        }
        let beyond = get_with(&server, &css, &[accept, &format!("range: bytes={length}-")]).await;
        assert_eq!(beyond.status, 416);
        assert_eq!(
            beyond.header("content-range"),
            Some(format!("bytes */{length}").as_str())
        );
        assert_eq!(
            beyond.header("cache-control"),
            Some("no-cache"),
            "a failure is not kept"
        );
        for ignored in ["bytes=0-1,5-6", "lines=0-1"] {
            let reply = get_with(&server, &css, &[accept, &format!("range: {ignored}")]).await;
            assert_eq!((reply.status, reply.body.len()), (200, length), "{ignored}");
        }
        let head = send(server.address, "HEAD", &css, &[accept, "range: bytes=0-1"]).await;
        assert_eq!(head.status, 200, "a range means something for GET alone");
    }
}

#[tokio::test]
async fn a_part_of_something_else_is_never_sent() {
    let server = Server::start().await;
    let css = server.site.assets.url("css/site.css").unwrap();
    let tag = get(server.address, &css).await.header("etag").unwrap().to_owned();
    for (condition, status) in [
        (tag.clone(), 206),
        (format!("W/{tag}"), 200),
        ("\"other\"".to_owned(), 200),
        ("Mon, 23 Nov 2026 09:00:00 GMT".to_owned(), 200),
    ] {
        let headers = ["range: bytes=0-3".to_owned(), format!("if-range: {condition}")];
        let reply = get_with(&server, &css, &[&headers[0], &headers[1]]).await;
        assert_eq!(reply.status, status, "{condition}");
    }
    let known = format!("if-none-match: {tag}");
    let reply = get_with(&server, &css, &["range: bytes=0-3", &known]).await;
    assert_eq!(reply.status, 304, "who has it all needs no part");
}

#[tokio::test]
async fn only_the_true_hash_is_kept_for_ever() {
    let server = Server::start().await;
    let css = server.site.assets.url("css/site.css").unwrap();
    for (target, status, caching) in [
        (css.as_str(), 200, "public, max-age=31536000, immutable"),
        ("/static/css/site.css", 200, "no-cache"),
        ("/static/css/site.deadbeef.css", 200, "no-cache"),
        ("/static/css/nothing.css", 404, "no-cache"),
    ] {
        let reply = get(server.address, target).await;
        assert_eq!(
            (reply.status, reply.header("cache-control")),
            (status, Some(caching)),
            "{target}"
        );
    }
}
