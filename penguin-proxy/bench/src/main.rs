//! Runs penguin-proxy and its peers side by side on the same requests, and prints what each needed for them.
//!
//! `run`, beside this folder, builds and installs what is compared. In each round of a case every proxy has its turn,
//! so that whatever else the machine does meets them all.

mod cases;
mod exchange;
mod load;
mod peer;
mod process;
mod table;
mod upstream;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;

use crate::cases::{CASES, CONNECTIONS, Case, IDLE_CONNECTIONS};
use crate::load::Load;
use crate::peer::{Kind, Peer, Programs};
use crate::process::{LOAD_CORE, pin};
use crate::table::{Row, Slice, Verdict};

/// Until connections are at rest: longer than any proxy here keeps idle connections to the app without looking at them.
const SETTLE: Duration = Duration::from_secs(6);
/// For how long the processor time at rest is counted.
const REST: Duration = Duration::from_secs(5);

/// penguin-proxy beside nginx, `HAProxy`, Envoy and pingora
#[derive(Debug, Parser)]
struct Arguments {
    /// A round of each case instead of five, and shorter: about a minute
    #[arg(long)]
    quick: bool,
    /// Only these cases: 1k, page, gzip, zstd, 100k, fresh, rate, post, post-64k, idle, start
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// The proxies
    #[arg(long, value_delimiter = ',', value_enum, default_values = ["nginx", "penguin", "haproxy", "envoy", "pingora"])]
    peers: Vec<Kind>,
    /// Rounds of each case
    #[arg(long)]
    rounds: Option<usize>,
    /// The penguin-proxy to measure
    #[arg(long)]
    penguin: PathBuf,
    /// The nginx to compare with
    #[arg(long, default_value = "nginx")]
    nginx: PathBuf,
    /// The `HAProxy` to compare with
    #[arg(long, default_value = "haproxy")]
    haproxy: PathBuf,
    /// The proxy on pingora
    #[arg(long)]
    pingora: PathBuf,
    /// Envoy
    #[arg(long)]
    envoy: PathBuf,
    /// Folder for configuration and logs
    #[arg(long)]
    folder: PathBuf,
}

impl Arguments {
    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    for name in &arguments.only {
        let known = CASES.iter().any(|case| case.name == name) || ["idle", "start"].contains(&name.as_str());
        ensure!(known, "there is no case `{name}`");
    }
    let programs = Programs {
        penguin: arguments.penguin.clone(),
        nginx: arguments.nginx.clone(),
        haproxy: arguments.haproxy.clone(),
        pingora: arguments.pingora.clone(),
        envoy: arguments.envoy.clone(),
        folder: arguments.folder.clone(),
    };
    fs_err::create_dir_all(&programs.folder)?;
    pin(&[LOAD_CORE])?;
    let app = upstream::start()?;
    let mut peers = Vec::new();
    for &kind in &arguments.peers {
        eprintln!("starting {}: {}", kind.title(), kind.version(&programs)?);
        peers.push(kind.start(&programs, app)?);
    }
    check(&peers)?;

    let (rounds, time) = if arguments.quick { (1, 1000) } else { (5, 1200) };
    let rounds = arguments.rounds.unwrap_or(rounds);
    let mut verdicts = Vec::new();
    for case in CASES.iter().filter(|case| arguments.wants(case.name)) {
        let rows = compare(case, &peers, rounds, Duration::from_millis(time))?;
        println!("{}", table::print(case, &rows));
        verdicts.extend(table::verdicts(case, &rows));
    }
    for peer in &peers {
        let bytes = peer.judge_log()?;
        eprintln!("{}: a line of its log is {bytes} bytes", peer.kind.title());
    }
    if arguments.wants("start") {
        starts(&peers, &programs, app, if arguments.quick { 3 } else { 11 })?;
    }
    if arguments.wants("idle") {
        verdicts.extend(idle(&programs, app, &arguments.peers)?);
    }
    if !verdicts.is_empty() {
        println!("| figure | bar | measured | |\n|---|--:|--:|---|");
        for verdict in verdicts {
            let met = if verdict.measured <= verdict.bar {
                "met"
            } else {
                "**missed**"
            };
            println!(
                "| {} | ≤ {} | {:.2} | {met} |",
                verdict.what, verdict.bar, verdict.measured
            );
        }
    }
    Ok(())
}

/// Whether the proxies do the same job: each compresses, and each names the request.
fn check(peers: &[Peer]) -> Result<()> {
    for case in CASES.iter().filter(|case| case.accepts.is_some()) {
        for peer in peers {
            let seen = exchange::once(peer.address, &case.request()).context(peer.kind.title())?;
            ensure!(
                !seen.coding.is_empty(),
                "{} does not compress `{}`",
                peer.kind.title(),
                case.name
            );
            ensure!(seen.has_id, "{} returns no request id", peer.kind.title());
            eprintln!(
                "{}: {} is answered in {}",
                peer.kind.title(),
                case.name,
                seen.coding
            );
        }
    }
    Ok(())
}

fn compare(case: &Case, peers: &[Peer], rounds: usize, time: Duration) -> Result<Vec<Row>> {
    let request = case.request();
    let mut rows: Vec<Row> = peers
        .iter()
        .map(|peer| Row {
            kind: peer.kind,
            slices: Vec::new(),
        })
        .collect();
    for round in 0..rounds {
        eprintln!("{}: round {} of {rounds}", case.name, round + 1);
        for (peer, row) in peers.iter().zip(&mut rows) {
            let load = Load {
                proxy: peer.address,
                request: &request,
                connections: CONNECTIONS,
                pace: case.pace,
                warm_up: Duration::from_millis(300),
                time,
            };
            let account = load::run(&load, || peer.process.cpu());
            let mut account = account.with_context(|| format!("{} in `{}`", peer.kind.title(), case.name))?;
            ensure!(account.requests > 0, "{} answered nothing", peer.kind.title());
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a slice has fewer requests than that"
            )]
            let requests = account.requests as u32;
            row.slices.push(Slice {
                cpu: account.cpu / requests,
                per_second: f64::from(requests) / account.time.as_secs_f64(),
                p50: account.quantile(0.5),
                p99: account.quantile(0.99),
                body: account.body,
                busy: account.cpu.as_secs_f64() / account.time.as_secs_f64(),
            });
            if round + 1 < rounds {
                peer.empty_log()?;
            }
        }
    }
    Ok(rows)
}

/// From the start of the process to its first answer, in turns.
fn starts(peers: &[Peer], programs: &Programs, app: std::net::SocketAddr, rounds: usize) -> Result<()> {
    let mut times: Vec<Vec<f64>> = peers
        .iter()
        .map(|peer| vec![peer.start.as_secs_f64() * 1e3])
        .collect();
    for _ in 1..rounds {
        for (peer, times) in peers.iter().zip(&mut times) {
            times.push(peer.kind.start(programs, app)?.start.as_secs_f64() * 1e3);
        }
    }
    println!("### From its start to its first answer (`start`)\n\n| | ms |\n|---|--:|");
    for (peer, times) in peers.iter().zip(times) {
        println!("| {} | {:.1} |", peer.kind.title(), table::median(times));
    }
    println!();
    Ok(())
}

/// The memory of a proxy that has just started, and with many connections that have asked once and now do nothing.
fn idle(programs: &Programs, app: std::net::SocketAddr, kinds: &[Kind]) -> Result<Vec<Verdict>> {
    let mut verdicts = Vec::new();
    println!("### {IDLE_CONNECTIONS} idle connections (`idle`)\n");
    println!(
        "| | resident at start, MiB | with the connections | KiB a connection | CPU at rest, ms a second |\n|---|--:|--:|--:|--:|"
    );
    for kind in kinds {
        let peer = kind.start(programs, app)?;
        let (at_start, _) = peer.process.memory()?;
        let request = CASES[0].request();
        let mut held = Vec::with_capacity(IDLE_CONNECTIONS);
        for _ in 0..IDLE_CONNECTIONS {
            held.push(
                exchange::once(peer.address, &request)
                    .context(kind.title())?
                    .stream,
            );
        }
        std::thread::sleep(SETTLE);
        let before = peer.process.cpu()?;
        std::thread::sleep(REST);
        let rest = peer.process.cpu()?.saturating_sub(before).as_secs_f64() / REST.as_secs_f64();
        let (with, _) = peer.process.memory()?;
        let each = with.saturating_sub(at_start) as f64 / IDLE_CONNECTIONS as f64;
        let rest = rest * 1e3;
        println!(
            "| {} | {:.1} | {:.1} | {each:.1} | {rest:.2} |",
            kind.title(),
            at_start as f64 / 1024.0,
            with as f64 / 1024.0,
        );
        if *kind == Kind::Penguin {
            verdicts = table::idle_verdicts(each, rest);
        }
        drop(held);
    }
    println!();
    Ok(verdicts)
}
