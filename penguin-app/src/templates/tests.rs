//! What our functions and our filter say, on templates of one line.

use super::*;

fn files(files: &[(&str, &str)]) -> Files {
    let files = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned().into()));
    files.collect()
}

fn assets() -> Arc<Assets> {
    let files = files(&[("css/site.css", "a{}"), ("drawings/pim.svg", "<svg/>")]);
    Arc::new(Assets::new(&files).unwrap())
}

fn render(template: &str) -> Result<String, String> {
    let templates = files(&[("page.html", template)]);
    let tera = engine(&templates, &assets(), "https://penguins.test").map_err(|error| error.to_string())?;
    let mut context = tera::Context::new();
    context.insert("title", "Fish & <b>chips</b>");
    context.insert("closing", "</script><script>alert(1)</script>");
    tera.render("page.html", &context)
        .map_err(|error| error.to_string())
}

#[test]
fn an_asset_stands_under_its_hashed_address() {
    let html = render(r#"{{ asset(path="css/site.css") }}"#).unwrap();
    assert_eq!(Some(html), assets().url("css/site.css"));
}

#[test]
fn an_asset_that_is_missing_is_named_with_the_place() {
    let error = render(r#"<p>{{ asset(path="css/sight.css") }}</p>"#).unwrap_err();
    assert!(
        error.starts_with("error: there is no file `css/sight.css` below static/\n"),
        "{error}"
    );
    assert!(error.contains("page.html:1:"), "{error}");
}

#[test]
fn an_absolute_address_begins_with_the_public_one() {
    assert_eq!(
        render(r#"{{ absolute(path="/about") }}"#).unwrap(),
        "https://penguins.test/about"
    );
    let error = render(r#"{{ absolute(path="about") }}"#).unwrap_err();
    assert!(error.contains("`about` does not start with `/`"), "{error}");
}

#[test]
fn words_are_escaped_unless_the_template_says_otherwise() {
    let html = render("{{ title }}").unwrap();
    assert!(!html.contains("<b>") && html.contains("&amp;"), "{html}");
}

#[test]
fn json_cannot_end_the_element_in_which_it_stands() {
    let html = render(r#"<script type="application/ld+json">{{ closing | json | safe }}</script>"#).unwrap();
    assert_eq!(html.matches("</script>").count(), 1, "{html}");
    let json = html
        .strip_prefix(r#"<script type="application/ld+json">"#)
        .and_then(|rest| rest.strip_suffix("</script>"))
        .unwrap();
    let read: String = serde_json::from_str(json).unwrap();
    assert_eq!(read, "</script><script>alert(1)</script>");
}

#[test]
fn a_variable_that_is_not_there_is_a_mistake() {
    assert!(render("{{ titel }}").unwrap_err().contains("titel"));
}
