//! What the README shows: each of its recipes, compiled and run.
//!
//! A block of code in the README that follows `<!-- FILE -->` is the whole of that file, or a part of it.

#[expect(unreachable_pub, reason = "as it would stand in the library")]
mod database;
#[expect(unreachable_pub, reason = "as it would stand in the library")]
mod dynamic_page;
#[expect(unreachable_pub, reason = "as it would stand in the library")]
mod form;
#[expect(unreachable_pub, reason = "as it would stand in the library")]
mod json;

use std::path::Path;

use axum::routing::{get as on_get, post};
use axum::{Extension, Router};

use crate::client::{get, post_form};
use crate::server::{Server, Setup, source_copy};

fn readme() -> String {
    fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The block of code after `<!-- mark -->`.
fn block(mark: &str) -> String {
    let readme = readme();
    let (_, rest) = readme
        .split_once(&format!("<!-- {mark} -->\n"))
        .unwrap_or_else(|| panic!("the README has no block `{mark}`"));
    let (_, code) = rest.split_once('\n').unwrap();
    code.split("\n```").next().unwrap().to_owned()
}

#[test]
fn code_in_the_readme_is_the_code_in_the_tree() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = readme();
    let marks: Vec<_> = readme
        .split("<!-- ")
        .skip(1)
        .filter_map(|rest| rest.split(" -->").next())
        .filter(|mark| {
            Path::new(mark)
                .extension()
                .is_some_and(|extension| extension == "rs")
        })
        .collect();
    assert!(marks.len() >= 5, "{marks:?}");
    for mark in marks {
        let file = fs_err::read_to_string(root.join(mark)).unwrap();
        assert!(file.contains(&block(mark)), "{mark} differs from the README");
    }
    let middleware = fs_err::read_to_string(root.join("src/router.rs")).unwrap();
    let layers = middleware.matches(".layer(").count();
    assert_eq!(
        block("src/router.rs").matches(".layer(").count(),
        layers,
        "every layer is on the screen"
    );
}

/// Adds a line to `pages.toml`, and a template.
fn add_page(root: &Path, line: &str, template: &str, html: &str) {
    let pages = root.join("penguin-app/content/pages.toml");
    let text = fs_err::read_to_string(&pages).unwrap();
    let (list, _) = text.rsplit_once(']').unwrap();
    fs_err::write(&pages, format!("{list}{line}\n]\n")).unwrap();
    fs_err::write(root.join("templates").join(template), html).unwrap();
}

#[tokio::test]
async fn static_page_is_a_template_and_one_line() {
    let source = source_copy();
    add_page(
        source.path(),
        &block("static page: line"),
        "pages/lunch.html",
        &block("static page: template"),
    );
    let server = Server::start_with(Setup::live(source.path())).await;
    let page = get(server.address, "/lunch").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("<h1>Lunch</h1>"), "{}", page.text());
    assert!(
        get(server.address, "/sitemap.xml")
            .await
            .text()
            .contains("/lunch</loc>")
    );
}

#[tokio::test]
async fn dynamic_page_form_and_json_are_routes() {
    let source = source_copy();
    add_page(
        source.path(),
        &block("dynamic page: line"),
        "pages/tide.html",
        &block("dynamic page: template"),
    );
    let mut setup = Setup::live(source.path());
    setup.routes = Router::new()
        .route("/tide", on_get(dynamic_page::tide))
        .route("/guestbook", post(form::sign))
        .route("/api/teachers", on_get(json::teachers));
    let server = Server::start_with(setup).await;

    let page = get(server.address, "/tide").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("7 fathoms"), "{}", page.text());

    let signed = post_form(server.address, "/guestbook", &[], "name=Pim").await;
    assert_eq!((signed.status, signed.header("location")), (303, Some("/about")));
    assert_eq!(
        post_form(server.address, "/guestbook", &[], "name=").await.status,
        422
    );
    let elsewhere = post_form(
        server.address,
        "/guestbook",
        &["sec-fetch-site: cross-site"],
        "name=Pim",
    )
    .await;
    assert_eq!(elsewhere.status, 403);

    let names: Vec<String> =
        serde_json::from_slice(&get(server.address, "/api/teachers").await.body).unwrap();
    assert_eq!(names, ["Old Marit", "Captain Pim", "Bo", "Bix"]);
}

#[tokio::test]
async fn database_pool_is_opened_at_start_and_shared() {
    let folder = tempfile::tempdir().unwrap();
    let pool = database::open(&folder.path().join("site.db")).await.unwrap();
    let server = Server::start_with(Setup {
        routes: Router::new()
            .route("/visits", on_get(database::count_visit))
            .layer(Extension(pool.clone())),
        ..Setup::default()
    })
    .await;
    for count in ["1", "2", "3"] {
        assert_eq!(get(server.address, "/visits").await.text(), count);
    }
    pool.close().await;
    let broken = get(server.address, "/visits").await;
    assert_eq!(broken.status, 500);
    assert!(broken.text().contains("We fell through the ice") && !broken.text().contains("pool"));
    assert!(
        database::open(&folder.path().join("no/such/folder.db"))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn words_are_changed_in_a_content_file() {
    let source = source_copy();
    let file = source.path().join("penguin-app/content/classes.toml");
    let text = fs_err::read_to_string(&file).unwrap();
    let line = block("changing words");
    let (name, _) = line.split_once(" = ").unwrap();
    let old = text
        .lines()
        .find(|known| known.starts_with(&format!("{name} = ")))
        .unwrap();
    fs_err::write(&file, text.replacen(old, &line, 1)).unwrap();
    let server = Server::start_with(Setup::live(source.path())).await;
    let value = line.split('"').nth(1).unwrap();
    assert!(get(server.address, "/").await.text().contains(value));
}
