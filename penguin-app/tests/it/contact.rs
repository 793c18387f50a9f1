//! The contact form: validation, delivery to a real SMTP server and to a folder, the rate, the log.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::client::{get, post_form};
use crate::program::Program;
use crate::server::{Server, Setup};
use crate::vacant::vacant;

const FORM: &str = "name=P%C3%ADm&email=pim%40floe.example&message=Is+there+room%3F%0D%0A.%0D%0AYours";

async fn with_folder(data: &Path) -> Server {
    let mut setup = Setup::default();
    setup.config.data_dir = Some(data.to_owned());
    Server::start_with(setup).await
}

/// The messages that wait in the folder.
fn delivered(data: &Path) -> Vec<PathBuf> {
    let new = fs_err::read_dir(data.join("contact/new")).unwrap();
    new.map(|entry| entry.unwrap().path()).collect()
}

/// Python with the tools of the tests; its mail library judges ours.
fn python(script: &str, arguments: &[&str]) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let interpreter = root.parent().unwrap().join(".venv/bin/python");
    assert!(
        interpreter.exists(),
        "no Python tools in .venv: `.ci/test rust` makes them"
    );
    let mut command = Command::new(interpreter);
    command
        .arg(root.join("tests/it/contact").join(script))
        .args(arguments);
    command
}

/// What Python's mail library reads in a message.
fn parse(file: &Path) -> serde_json::Value {
    let output = python("read_mail.py", &[file.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn assert_is_the_message(mail: &serde_json::Value) {
    assert_eq!(mail["from"], "Penguin School <hello@penguin-school.example>");
    assert_eq!(mail["to"], "Penguin School <hello@penguin-school.example>");
    assert_eq!(mail["reply-to"], "Pím <pim@floe.example>");
    assert_eq!(mail["subject"], "Message from Pím");
    let text = mail["text"].as_str().unwrap().replace("\r\n", "\n");
    assert_eq!(text.trim_end(), "Is there room?\n.\nYours");
    assert_eq!(mail["defects"], 0);
}

#[tokio::test]
async fn message_is_delivered_to_the_folder_and_the_browser_is_redirected() {
    let data = tempfile::tempdir().unwrap();
    let server = with_folder(data.path()).await;
    let page = get(server.address, "/contact").await.text();
    assert!(
        page.contains("<form class=\"form\" action=\"/contact\" method=\"post\">"),
        "{page}"
    );
    let reply = post_form(server.address, "/contact", &["sec-fetch-site: same-origin"], FORM).await;
    assert_eq!(
        (reply.status, reply.header("location")),
        (303, Some("/contact?sent"))
    );
    let files = delivered(data.path());
    assert_eq!(files.len(), 1);
    assert_is_the_message(&parse(&files[0]));
    let thanks = get(server.address, "/contact?sent").await.text();
    assert!(thanks.contains("role=\"status\""), "{thanks}");
}

#[tokio::test]
async fn invalid_message_is_shown_again_with_errors_beside_the_fields() {
    let data = tempfile::tempdir().unwrap();
    let server = with_folder(data.path()).await;
    let form = "name=%3Cb%3EPim&email=pim&message=";
    let reply = post_form(server.address, "/contact", &[], form).await;
    assert_eq!(
        (reply.status, reply.header("cache-control")),
        (422, Some("no-store"))
    );
    let html = reply.text();
    assert!(
        html.contains("value=\"&lt;b&gt;Pim\""),
        "what was typed is kept, as text: {html}"
    );
    for field in ["email", "message"] {
        assert!(
            html.contains(&format!(
                "aria-invalid=\"true\" aria-describedby=\"{field}-error\""
            )),
            "{html}"
        );
        assert!(
            html.contains(&format!("id=\"{field}-error\"")) && html.contains(&format!("href=\"#{field}\""))
        );
    }
    assert!(!html.contains("name-error"), "{html}");
    assert!(delivered(data.path()).is_empty());
}

#[tokio::test]
async fn cross_site_and_malformed_posts_are_refused() {
    let data = tempfile::tempdir().unwrap();
    let server = with_folder(data.path()).await;
    for (headers, form, status) in [
        (&["sec-fetch-site: cross-site"][..], FORM, 403),
        (&["origin: https://elsewhere.example"], FORM, 403),
        (&[], "name=%FF&email=a", 422),
    ] {
        let reply = post_form(server.address, "/contact", headers, form).await;
        assert_eq!(reply.status, status, "{headers:?}");
        assert!(reply.text().contains("<h1"), "{headers:?}");
    }
    let json = crate::client::send(
        server.address,
        "POST",
        "/contact",
        &["content-type: application/json", "content-length: 0"],
    );
    assert_eq!(json.await.status, 415);
    assert!(delivered(data.path()).is_empty());
}

#[tokio::test]
async fn rate_is_bounded_and_nothing_that_was_typed_is_lost() {
    let data = tempfile::tempdir().unwrap();
    let server = with_folder(data.path()).await;
    let mut statuses = Vec::new();
    let last = loop {
        let reply = post_form(server.address, "/contact", &[], FORM).await;
        statuses.push(reply.status);
        if reply.status != 303 || statuses.len() > 60 {
            break reply;
        }
    };
    assert_eq!(last.status, 429, "{statuses:?}");
    assert!(last.header("retry-after").unwrap().parse::<u64>().unwrap() <= 301);
    assert!(last.text().contains("value=\"Pím\"") && last.text().contains("Is there room?"));
    assert_eq!(delivered(data.path()).len(), statuses.len() - 1);
}

#[tokio::test]
async fn rate_is_bounded_for_each_visitor_behind_the_proxy() {
    let data = tempfile::tempdir().unwrap();
    let server = with_folder(data.path()).await;
    for (forwarded, status) in [
        ("198.51.100.7", 303),
        ("203.0.113.1, 198.51.100.7, 10.0.0.9", 303),
        ("203.0.113.2, 198.51.100.7", 303),
        ("203.0.113.3, 198.51.100.7", 429),
        ("198.51.100.8", 303),
    ] {
        let header = format!("x-forwarded-for: {forwarded}");
        let reply = post_form(server.address, "/contact", &[&header], FORM).await;
        assert_eq!(reply.status, status, "{forwarded}");
    }
}

#[tokio::test]
async fn without_a_mailbox_the_page_says_how_to_reach_the_school() {
    let server = Server::start().await;
    let page = get(server.address, "/contact").await.text();
    assert!(
        page.contains("mailto:hello@penguin-school.example") && !page.contains("<form"),
        "{page}"
    );
    assert_eq!(post_form(server.address, "/contact", &[], FORM).await.status, 404);
}

/// aiosmtpd on a port of its own.
struct SmtpServer {
    process: Child,
    stdout: BufReader<ChildStdout>,
    port: u16,
}

impl SmtpServer {
    /// Starts it; `refuse` makes it refuse every message.
    fn start(refuse: bool) -> Self {
        let argument = if refuse { "refuse" } else { "accept" };
        let mut process = python("smtp_server.py", &[argument])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap();
        Self {
            process,
            stdout,
            port,
        }
    }

    /// Waits for the next message.
    fn message(&mut self) -> serde_json::Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn with_smtp(port: u16) -> Server {
    let mut setup = Setup::default();
    setup.config.smtp_url = Some(format!("smtp://127.0.0.1:{port}").into());
    Server::start_with(setup).await
}

#[tokio::test]
async fn message_is_delivered_to_an_smtp_server() {
    let mut smtp = SmtpServer::start(false);
    let server = with_smtp(smtp.port).await;
    for _ in 0..2 {
        let reply = post_form(server.address, "/contact", &[], FORM).await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (303, Some("/contact?sent"))
        );
        let mail = smtp.message();
        assert_is_the_message(&mail);
        assert_eq!(mail["envelope-from"], "hello@penguin-school.example");
        assert_eq!(mail["envelope-to"], "hello@penguin-school.example");
    }
}

#[tokio::test]
async fn failed_delivery_is_told_and_nothing_that_was_typed_is_lost() {
    let refusing = SmtpServer::start(true);
    for port in [refusing.port, vacant().port()] {
        let server = with_smtp(port).await;
        let reply = post_form(server.address, "/contact", &[], FORM).await;
        assert_eq!(
            (reply.status, reply.header("cache-control")),
            (503, Some("no-store"))
        );
        assert!(reply.text().contains("role=\"alert\"") && reply.text().contains("Is there room?"));
    }
}

/// The real program, with every log line there is.
#[tokio::test]
async fn nothing_personal_is_logged() {
    let refusing = SmtpServer::start(true);
    let url = format!("smtp://127.0.0.1:{}", refusing.port);
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().to_str().unwrap();
    for (settings, message) in [
        (
            [("APP_LOG_LEVEL", "trace"), ("APP_SMTP_URL", url.as_str())],
            "contact message not delivered",
        ),
        (
            [("APP_LOG_LEVEL", "trace"), ("APP_DATA_DIR", folder)],
            "contact message delivered",
        ),
    ] {
        let program = Program::serve(&settings);
        post_form(program.address, "/contact", &[], FORM).await;
        post_form(program.address, "/contact", &[], "name=&email=pim%40floe.example").await;
        program.signal("TERM");
        let (_, log) = program.ended();
        assert!(log.contains(message), "{log}");
        for personal in ["pim", "floe", "P%C3", "Pím", "room"] {
            assert!(
                !log.to_lowercase().contains(&personal.to_lowercase()),
                "{personal} is in the log: {log}"
            );
        }
    }
}
