//! The proxies that are compared: how each is started as the others' equal, and which version it is.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::cases::CASES;
use crate::exchange;
use crate::process::{LOAD_CORE, PROXY_CORE, Running};

/// A proxy that has not answered after this has not started.
const PATIENCE: Duration = Duration::from_secs(10);

/// Lines wait in buffers: Envoy's are written every ten seconds.
const LOG_PATIENCE: Duration = Duration::from_secs(15);

/// One of the proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    Penguin,
    /// penguin-proxy with two threads, on both cores: it shares one of them with the load.
    PenguinTwoThreads,
    Nginx,
    /// nginx with a system call for each line of its log, as it comes configured.
    NginxUnbuffered,
    Haproxy,
    Envoy,
    Pingora,
}

/// Where the programs are.
#[derive(Debug)]
pub struct Programs {
    pub penguin: PathBuf,
    pub nginx: PathBuf,
    pub haproxy: PathBuf,
    pub pingora: PathBuf,
    pub envoy: PathBuf,
    /// For configuration, logs and process ids.
    pub folder: PathBuf,
}

/// A proxy that runs.
#[derive(Debug)]
pub struct Peer {
    pub kind: Kind,
    pub address: SocketAddr,
    pub log: PathBuf,
    /// From the start of the process to its first answer of the app's.
    pub start: Duration,
    pub process: Running,
}

impl Kind {
    /// As the tables have it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Penguin => "penguin-proxy",
            Self::PenguinTwoThreads => "penguin-proxy, two threads",
            Self::Nginx => "nginx",
            Self::NginxUnbuffered => "nginx, a write a line",
            Self::Haproxy => "HAProxy",
            Self::Envoy => "Envoy",
            Self::Pingora => "pingora-proxy",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Penguin => "penguin",
            Self::PenguinTwoThreads => "penguin-two-threads",
            Self::Nginx => "nginx",
            Self::NginxUnbuffered => "nginx-unbuffered",
            Self::Haproxy => "haproxy",
            Self::Envoy => "envoy",
            Self::Pingora => "pingora",
        }
    }

    /// What the program says that it is.
    pub fn version(self, programs: &Programs) -> Result<String> {
        let (program, argument) = match self {
            Self::Penguin | Self::PenguinTwoThreads => (programs.penguin.as_path(), "--version"),
            Self::Nginx | Self::NginxUnbuffered => (programs.nginx.as_path(), "-v"),
            Self::Haproxy => (programs.haproxy.as_path(), "-v"),
            Self::Envoy => (programs.envoy.as_path(), "--version"),
            // Its crate's version is in its lock file and in this one's name.
            Self::Pingora => return Ok("pingora-proxy 0.9.1".to_owned()),
        };
        let said = Command::new(program).arg(argument).output();
        let said = said.with_context(|| format!("cannot start {}", program.display()))?;
        let text = [said.stdout, said.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        let line = text
            .lines()
            .find(|line| line.bytes().any(|byte| byte.is_ascii_digit()));
        Ok(line.unwrap_or("unknown").trim().to_owned())
    }

    /// Starts it in front of `app` and waits for its first answer.
    pub fn start(self, programs: &Programs, app: SocketAddr) -> Result<Peer> {
        let address = free_address()?;
        let log = programs.folder.join(format!("{}.log", self.name()));
        let mut command = self.command(programs, address, app, &log)?;
        let request = CASES[0].request();
        let began = Instant::now();
        let cores: &[usize] = match self {
            Self::PenguinTwoThreads => &[LOAD_CORE, PROXY_CORE],
            _ => &[PROXY_CORE],
        };
        let mut process = Running::start(&mut command, cores)?;
        // Its every thread that serves exists when it answers.
        while exchange::once(address, &request).is_err() {
            ensure!(
                process.is_alive()?,
                "{} ended at once; see {}",
                self.title(),
                programs.folder.display()
            );
            ensure!(began.elapsed() < PATIENCE, "{} does not answer", self.title());
            std::thread::sleep(Duration::from_micros(250));
        }
        let start = began.elapsed();
        process.find_children()?;
        Ok(Peer {
            kind: self,
            address,
            log,
            start,
            process,
        })
    }

    fn command(
        self,
        programs: &Programs,
        listen: SocketAddr,
        app: SocketAddr,
        log: &Path,
    ) -> Result<Command> {
        let configured = |template: &str, suffix: &str| -> Result<PathBuf> {
            let path = programs.folder.join(format!("{}.{suffix}", self.name()));
            let buffer = if self == Self::NginxUnbuffered {
                ""
            } else {
                " buffer=16k flush=1s"
            };
            let text = template
                .replace("{folder}", &programs.folder.display().to_string())
                .replace("{log}", &log.display().to_string())
                .replace("{buffer}", buffer)
                .replace("{listen}", &listen.to_string())
                .replace("{port}", &listen.port().to_string())
                .replace("{app}", &app.to_string())
                .replace("{app_port}", &app.port().to_string());
            fs_err::write(&path, text)?;
            Ok(path)
        };
        let lines = fs_err::OpenOptions::new().create(true).append(true).open(log)?;
        let said = fs_err::File::create(programs.folder.join(format!("{}.err", self.name())))?;
        let mut command = match self {
            Self::Penguin | Self::PenguinTwoThreads => {
                let threads = if self == Self::Penguin { "1" } else { "2" };
                let mut command = Command::new(&programs.penguin);
                command
                    .arg("serve")
                    .env("PROXY_THREADS", threads)
                    .env("PROXY_LOG_FORMAT", "json");
                command
                    .env("PROXY_LISTEN", listen.to_string())
                    .env("PROXY_UPSTREAM", app.to_string());
                command.env("PROXY_ADMIN_LISTEN", free_address()?.to_string());
                command
            }
            Self::Nginx | Self::NginxUnbuffered => {
                let mut command = Command::new(&programs.nginx);
                command
                    .arg("-c")
                    .arg(configured(include_str!("../peers/nginx.conf"), "conf")?);
                command.arg("-e").arg(programs.folder.join("nginx.err"));
                command
            }
            Self::Haproxy => {
                let mut command = Command::new(&programs.haproxy);
                command
                    .arg("-db")
                    .arg("-f")
                    .arg(configured(include_str!("../peers/haproxy.cfg"), "cfg")?);
                command
            }
            Self::Envoy => {
                let mut command = Command::new(&programs.envoy);
                command.args([
                    "--concurrency",
                    "1",
                    "--log-level",
                    "error",
                    "--disable-hot-restart",
                    "-c",
                ]);
                command.arg(configured(include_str!("../peers/envoy.yaml"), "yaml")?);
                command
            }
            Self::Pingora => {
                let mut command = Command::new(&programs.pingora);
                command.arg(listen.to_string()).arg(app.to_string()).arg(log);
                command
            }
        };
        command
            .stdin(Stdio::null())
            .stdout(lines.into_parts().0)
            .stderr(said.into_parts().0);
        Ok(command)
    }
}

impl Peer {
    /// Forgets the lines so far: a comparison should not fill the disk.
    pub fn empty_log(&self) -> Result<()> {
        Ok(fs_err::OpenOptions::new()
            .write(true)
            .open(&self.log)?
            .set_len(0)?)
    }

    /// Holds the last line of its log against what every log must hold, and gives the line's length in bytes.
    pub fn judge_log(&self) -> Result<usize> {
        let began = Instant::now();
        let line = loop {
            let text = fs_err::read_to_string(&self.log)?;
            if let Some(line) = text.lines().rev().find(|line| line.ends_with('}')) {
                break line.to_owned();
            }
            ensure!(
                began.elapsed() < LOG_PATIENCE,
                "{} wrote no line into its log",
                self.kind.title()
            );
            std::thread::sleep(Duration::from_millis(100));
        };
        let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&line)
            .with_context(|| format!("{} logs what is not JSON: {line}", self.kind.title()))?;
        let needed = "time client peer method target host protocol status bytes_in bytes_out request_id \
                      amzn_trace_id user_agent upstream";
        for name in needed.split_whitespace() {
            let missing = fields
                .get(name)
                .is_none_or(|value| value.is_null() || value == "");
            ensure!(!missing, "{} logs no `{name}`: {line}", self.kind.title());
        }
        Ok(line.len())
    }
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?.local_addr()?)
}
