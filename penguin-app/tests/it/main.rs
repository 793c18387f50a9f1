//! The site over real sockets, and the program as a process.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

// What the tests are made with: a server in this process, a client that sees every byte, the real program.
mod client;
mod program;
mod server;

// What a visitor gets: every page, every link, HEAD like GET.
mod pages;
// Codings, conditions and ranges: the matrix of each.
mod negotiation;
// Every header on every kind of answer.
mod headers;
// A stop: under load, with half a request, with a slow client, twice.
mod drain;
// Clients that are slow on purpose, or speak nonsense.
mod patience;
// Development: a change at the next reload, a mistake as a page.
mod drafts;
// The command line: what is refused, with which words and status.
mod command_line;
// The real program under real signals.
mod signals;
