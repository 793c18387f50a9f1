//! What a visitor gets: every page, every link, HEAD like GET.

use std::collections::BTreeSet;

use crate::client::{get, send};
use crate::server::{Server, Setup, source_copy};

fn page_paths(server: &Server) -> Vec<&str> {
    let pages = &server.site.content.pages;
    let mut paths: Vec<_> = pages.iter().map(|page| page.path.as_str()).collect();
    paths.sort_unstable();
    paths
}

/// Everything that the site answers with 200.
fn every_address(server: &Server) -> Vec<String> {
    let mut addresses: Vec<_> = page_paths(server).into_iter().map(str::to_owned).collect();
    addresses.extend(server.site.documents.keys().cloned());
    for name in server.site.assets.names() {
        addresses.push(server.site.assets.url(name).unwrap());
        addresses.push(format!("/static/{name}"));
    }
    addresses.extend(["/favicon.ico", "/healthz", "/.well-known/security.txt"].map(str::to_owned));
    addresses
}

#[tokio::test]
async fn every_page_is_there() {
    let server = Server::start().await;
    assert!(page_paths(&server).len() >= 10);
    for path in page_paths(&server) {
        let reply = get(server.address, path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(
            reply.header("content-type"),
            Some("text/html; charset=utf-8"),
            "{path}"
        );
        let html = reply.text();
        assert_eq!(html.matches("<h1").count(), 1, "{path} has one main heading");
        let canonical = format!("<link rel=\"canonical\" href=\"https://penguins.test{path}\">");
        assert!(html.contains(&canonical), "{path} lacks {canonical}");
        assert!(!html.contains("noindex"), "{path}");
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let server = Server::start().await;
    let mut addresses = every_address(&server);
    addresses.extend(["/nowhere".to_owned(), "/about/".to_owned()]);
    for address in addresses {
        for coding in ["identity", "br, gzip"] {
            let accept = format!("accept-encoding: {coding}");
            let got = send(server.address, "GET", &address, &[&accept]).await;
            let head = send(server.address, "HEAD", &address, &[&accept]).await;
            // Of a body that is compressed on its way the length is not known before.
            let framing = |head: String| head.replace("transfer-encoding: chunked\n", "");
            assert_eq!(framing(head.head()), framing(got.head()), "{address}");
            assert!(head.body.is_empty(), "{address}");
        }
    }
}

/// Follows every link of every page, and everything that a page needs to be drawn.
#[tokio::test]
async fn no_link_leads_nowhere() {
    let server = Server::start().await;
    let mut seen = BTreeSet::new();
    for path in page_paths(&server) {
        let html = get(server.address, path).await.text();
        for link in links(&html) {
            let link = link
                .strip_prefix("https://penguins.test")
                .unwrap_or(&link)
                .to_owned();
            if link.starts_with("mailto:") || !seen.insert(link.clone()) {
                continue;
            }
            let (target, fragment) = link.split_once('#').unwrap_or((&link, ""));
            let target = if target.is_empty() { path } else { target };
            assert!(
                target.starts_with('/'),
                "{path} links to {link}, which is elsewhere"
            );
            let reply = get(server.address, target).await;
            assert_eq!(reply.status, 200, "{path} links to {link}");
            if !fragment.is_empty() {
                let id = format!("id=\"{fragment}\"");
                assert!(
                    reply.text().contains(&id),
                    "{path} links to {link}, where nothing has that id"
                );
            }
        }
    }
    assert!(seen.len() > 20, "only {} links were found", seen.len());
}

/// The values of `href`, `src` and `content` that look like addresses.
fn links(html: &str) -> BTreeSet<String> {
    let mut links = BTreeSet::new();
    for attribute in [" href=\"", " src=\"", " content=\""] {
        for rest in html.split(attribute).skip(1) {
            let value = rest.split('"').next().unwrap();
            if attribute != " content=\"" || value.starts_with("http") {
                links.insert(value.replace("&amp;", "&"));
            }
        }
    }
    links
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_design_of_the_site() {
    let server = Server::start().await;
    for address in [
        "/nowhere",
        "/static/",
        "/static/css/sight.00000000.css",
        "/static/css/../css/site.css",
        "/static/%2e%2e/Cargo.toml",
        "/static/%ff",
        "/classes/krill",
        "/index.php?a=b",
        "//elsewhere.example/",
        "/about%00",
    ] {
        let reply = get(server.address, address).await;
        assert_eq!(reply.status, 404, "{address}");
        assert_eq!(reply.header("cache-control"), Some("no-cache"), "{address}");
        let html = reply.text();
        assert!(
            html.contains("<h1") && html.contains("noindex"),
            "{address}: {html}"
        );
    }
}

#[tokio::test]
async fn a_slash_too_many_is_taken_away_for_known_pages_alone() {
    let server = Server::start().await;
    for (asked, location) in [
        ("/about/", "/about"),
        ("/about//", "/about"),
        ("/classes/fishing/?from=home", "/classes/fishing?from=home"),
    ] {
        let reply = get(server.address, asked).await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (308, Some(location)),
            "{asked}"
        );
    }
}

#[tokio::test]
async fn other_methods_are_refused_with_the_methods_that_are_allowed() {
    let server = Server::start().await;
    let css = server.site.assets.url("css/site.css").unwrap();
    for address in ["/", "/sitemap.xml", "/healthz", "/favicon.ico", &css] {
        for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "OPTIONS"] {
            let reply = send(server.address, method, address, &["content-length: 0"]).await;
            assert_eq!(reply.status, 405, "{method} {address}");
            assert_eq!(reply.header("allow"), Some("GET,HEAD"), "{method} {address}");
            assert!(reply.text().contains("<h1"), "{method} {address}");
        }
    }
    for (method, address) in [("POST", "/nowhere"), ("OPTIONS", "*")] {
        let reply = send(server.address, method, address, &["content-length: 0"]).await;
        assert_eq!(reply.status, 404, "{method} {address}");
    }
}

#[tokio::test]
async fn names_of_assets_are_percent_decoded() {
    let source = source_copy();
    fs_err::write(
        source.path().join("static/a b é.svg"),
        "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
    )
    .unwrap();
    let server = Server::start_with(Setup::live(source.path())).await;
    let reply = get(server.address, "/static/a%20b%20%C3%A9.svg").await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("image/svg+xml"))
    );
}

#[tokio::test]
async fn machines_find_their_way() {
    let server = Server::start().await;
    let robots = get(server.address, "/robots.txt").await.text();
    assert!(
        robots.contains("Sitemap: https://penguins.test/sitemap.xml"),
        "{robots}"
    );

    let sitemap = get(server.address, "/sitemap.xml").await;
    assert_eq!(sitemap.header("content-type"), Some("text/xml; charset=utf-8"));
    for path in page_paths(&server) {
        let entry = format!("<loc>https://penguins.test{path}</loc>");
        assert!(sitemap.text().contains(&entry), "the sitemap lacks {path}");
    }
    assert!(!sitemap.text().contains("/404"));

    let security = get(server.address, "/.well-known/security.txt").await.text();
    let expires = security
        .lines()
        .find_map(|line| line.strip_prefix("Expires: "))
        .unwrap();
    let expires = humantime::parse_rfc3339(expires).unwrap();
    assert!(expires > std::time::SystemTime::now(), "{security}");

    let manifest = get(server.address, "/site.webmanifest").await.text();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    for icon in manifest["icons"].as_array().unwrap() {
        let reply = get(server.address, icon["src"].as_str().unwrap()).await;
        assert_eq!(reply.header("content-type"), icon["type"].as_str());
    }
}

/// What search engines read stands in a script element, and has to be JSON nevertheless.
#[tokio::test]
async fn structured_data_can_be_read() {
    let server = Server::start().await;
    let mut found = 0;
    for path in page_paths(&server) {
        let html = get(server.address, path).await.text();
        for block in html.split("<script type=\"application/ld+json\">").skip(1) {
            let json = block.split("</script>").next().unwrap();
            let value: serde_json::Value =
                serde_json::from_str(json).unwrap_or_else(|error| panic!("{path}: {error}\n{json}"));
            assert_eq!(value["@context"], "https://schema.org", "{path}");
            found += 1;
        }
    }
    assert!(found >= 4, "the school and its three courses, and not {found}");
}

/// The colour of the browser's frame is that of the page, in both schemes.
#[tokio::test]
async fn theme_colour_is_the_colour_of_the_page() {
    let server = Server::start().await;
    let css = get(server.address, "/static/css/site.css").await.text();
    let (_, colours) = css.split_once("--page: light-dark(").unwrap();
    let (light, dark) = colours.split(')').next().unwrap().split_once(", ").unwrap();
    let html = get(server.address, "/").await.text();
    for (scheme, colour) in [("light", light), ("dark", dark)] {
        let tag = format!(
            "<meta name=\"theme-color\" content=\"{colour}\" media=\"(prefers-color-scheme: {scheme})\">"
        );
        assert!(html.contains(&tag), "the page lacks {tag}");
    }
    let manifest = get(server.address, "/site.webmanifest").await.text();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(
        (&manifest["theme_color"], &manifest["background_color"]),
        (&light.into(), &light.into())
    );
}
