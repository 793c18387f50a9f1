//! Development: a change at the next reload, a mistake as a page, and never a dead server.

use std::path::Path;

use crate::client::{get, send};
use crate::server::{Server, Setup, source_copy};

async fn live(root: &Path) -> Server {
    Server::start_with(Setup::live(root)).await
}

fn change(file: &Path, from: &str, to: &str) {
    let text = fs_err::read_to_string(file).unwrap();
    assert!(text.contains(from), "{} holds no {from}", file.display());
    fs_err::write(file, text.replace(from, to)).unwrap();
}

#[tokio::test]
async fn a_changed_template_shows_at_the_next_reload() {
    let source = source_copy();
    let server = live(source.path()).await;
    let layout = source.path().join("templates/layout.html");
    assert!(get(server.address, "/").await.text().contains("Skip to content"));
    change(&layout, "Skip to content", "Jump over the navigation");
    for path in ["/", "/about", "/nowhere"] {
        let html = get(server.address, path).await.text();
        assert!(html.contains("Jump over the navigation"), "{path}");
    }
}

#[tokio::test]
async fn a_changed_asset_gets_another_address() {
    let source = source_copy();
    let server = live(source.path()).await;
    let before = server.site.assets.url("css/site.css").unwrap();
    assert!(get(server.address, "/").await.text().contains(&before));
    let file = source.path().join("static/css/site.css");
    let css = fs_err::read_to_string(&file).unwrap();
    fs_err::write(&file, format!("{css}\nbody {{ color: teal }}\n")).unwrap();
    let html = get(server.address, "/").await.text();
    assert!(!html.contains(&before), "the page asks for the old stylesheet");
    let outdated = get(server.address, &before).await;
    assert_eq!(
        (outdated.status, outdated.header("cache-control")),
        (200, Some("no-cache"))
    );
    let plain = get(server.address, "/static/css/site.css").await;
    assert!(plain.text().ends_with("body { color: teal }\n"));
}

#[tokio::test]
async fn a_new_asset_is_there_and_a_removed_one_is_missed() {
    let source = source_copy();
    let server = live(source.path()).await;
    let file = source.path().join("static/krill.txt");
    assert_eq!(get(server.address, "/static/krill.txt").await.status, 404);
    fs_err::write(&file, "krill").unwrap();
    assert_eq!(get(server.address, "/static/krill.txt").await.text(), "krill");
    fs_err::remove_file(&file).unwrap();
    assert_eq!(get(server.address, "/static/krill.txt").await.status, 404);

    fs_err::remove_file(source.path().join("static/css/site.css")).unwrap();
    let reply = get(server.address, "/").await;
    assert_eq!(reply.status, 500);
    assert!(
        reply
            .text()
            .contains("there is no file `css/site.css` below static/"),
        "{}",
        reply.text()
    );
}

#[tokio::test]
async fn a_mistake_is_shown_until_it_is_corrected_and_the_rest_goes_on() {
    let source = source_copy();
    let server = live(source.path()).await;
    let template = source.path().join("templates/pages/about.html");
    let good = fs_err::read_to_string(&template).unwrap();
    fs_err::write(
        &template,
        format!("{good}{{{{ <script>alert(1)</script> | penguin }}}}"),
    )
    .unwrap();

    let reply = get(server.address, "/about").await;
    assert_eq!(reply.status, 500);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let html = reply.text();
    assert!(html.contains("pages/about.html"), "{html}");
    assert!(!html.contains("<script>alert"), "the excerpt stays text: {html}");
    let head = send(server.address, "HEAD", "/about", &[]).await;
    assert_eq!(
        (head.status, head.header("content-length")),
        (500, reply.header("content-length"))
    );

    // The last good site stays for everything that is not a page.
    let css = server.site.assets.url("css/site.css").unwrap();
    for path in [css.as_str(), "/healthz"] {
        assert_eq!(get(server.address, path).await.status, 200, "{path}");
    }
    fs_err::write(&template, good).unwrap();
    assert_eq!(get(server.address, "/about").await.status, 200);
}

#[tokio::test]
async fn what_an_editor_leaves_behind_is_no_part_of_the_site() {
    let source = source_copy();
    for name in ["pages/.about.html.swp", "pages/about.html~", "pages/#about.html#"] {
        fs_err::write(source.path().join("templates").join(name), "{{ nonsense").unwrap();
    }
    fs_err::write(source.path().join("static/.DS_Store"), "?").unwrap();
    let server = live(source.path()).await;
    assert_eq!(get(server.address, "/about").await.status, 200);
    assert_eq!(get(server.address, "/static/.DS_Store").await.status, 404);
}

#[tokio::test]
async fn a_folder_that_is_gone_leaves_the_last_edition() {
    let source = source_copy();
    let server = live(source.path()).await;
    let away = source.path().join("away");
    fs_err::rename(source.path().join("templates"), &away).unwrap();
    let reply = get(server.address, "/").await;
    assert_eq!(reply.status, 500);
    assert!(reply.text().contains("templates"), "{}", reply.text());
    fs_err::rename(&away, source.path().join("templates")).unwrap();
    assert_eq!(get(server.address, "/").await.status, 200);
}

#[tokio::test]
async fn changed_content_and_a_new_page_show_at_the_next_reload() {
    let source = source_copy();
    let server = live(source.path()).await;
    let content = source.path().join("penguin-app/content");
    change(
        &content.join("site.toml"),
        "Cold water, warm teachers.",
        "Warm water, cold teachers.",
    );
    assert!(
        get(server.address, "/about")
            .await
            .text()
            .contains("Warm water, cold teachers.")
    );

    assert_eq!(get(server.address, "/krill").await.status, 404);
    fs_err::write(
        source.path().join("templates/pages/krill.html"),
        "{% extends \"layout.html\" %}{% block content %}<h1>Krill</h1>{% endblock content %}",
    )
    .unwrap();
    let line = "    { path = \"/krill\", template = \"pages/krill.html\", updated = \"2026-11-28\", title = \"Krill\", \
                description = \"Small, pink and many: what there is for lunch at school.\" },\n]\n";
    change(&content.join("pages.toml"), "]\n", line);
    let page = get(server.address, "/krill").await;
    assert_eq!(page.status, 200);
    assert!(
        page.text().contains("<title>Krill – Penguin School</title>"),
        "{}",
        page.text()
    );
    assert!(
        get(server.address, "/sitemap.xml")
            .await
            .text()
            .contains("/krill</loc>")
    );

    change(&content.join("pages.toml"), "title = \"Krill\", ", "");
    let reply = get(server.address, "/krill").await;
    assert_eq!(reply.status, 500);
    assert!(
        reply.text().contains("penguin-app/content/pages.toml")
            && reply.text().contains("missing field `title`"),
        "{}",
        reply.text()
    );
}
