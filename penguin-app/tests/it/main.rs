//! The site over real sockets, and the program as a process.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

// The crate's import graph, and the rules that it keeps.
#[path = "../../../.ci/imports.rs"]
mod imports;
mod layers;

// Addresses that nobody listens on.
#[path = "../../../.ci/vacant.rs"]
mod vacant;

// What the tests are made with: a server in this process, a client that sees every byte, the real program.
mod client;
mod program;
mod server;

// What a visitor gets: every page, every link, HEAD like GET.
mod pages;
// The search of the classes, as a page and as JSON.
mod classes;
// The contact form: validation, delivery to a real SMTP server and to a folder, the rate, the log.
mod contact;
// Encodings, If-None-Match and ranges: the matrix of each.
mod negotiation;
// Every header on every kind of answer.
mod headers;
// A stop: under load, with half a request, with a slow client, twice.
mod drain;
// HTTP as clients speak it: pipelining, HTTP/1.0, malformed requests, slow and large bodies, upgrades.
mod protocol;
// Development: a change at the next reload, an error as a page.
mod live;
// The command line: what is refused, with which words and status.
mod command_line;
// The real program under real signals.
mod signals;
// Two releases with different styles behind HAProxy, as in a rolling deployment.
mod rolling;
// What the README shows: each of its recipes, compiled and run.
mod recipes;
