//! nginx instead of the proxy, in the network namespace of the app's container, with typical settings. Debian's nginx, since
//! there is no image of it in the tests.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::docker::{Container, wait_for};

/// A running nginx.
#[derive(Debug)]
pub(crate) struct Nginx {
    process: Child,
    _folder: TempDir,
}

impl Nginx {
    /// Returns why nginx cannot be used, if so.
    pub(crate) fn obstacle() -> Option<&'static str> {
        let found = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
        let own = std::process::id().to_string();
        if !found(Command::new("nginx").arg("-v")) {
            Some("nginx is missing")
        } else if !found(Command::new("nsenter").args(["--target", &own, "--net", "--", "true"])) {
            Some("cannot enter network namespaces")
        } else {
            None
        }
    }

    /// Starts nginx in the network of `app`, which listens on `upstream`.
    pub(crate) fn start(app: &Container, port: u16, upstream: u16) -> Self {
        let folder = TempDir::new().unwrap();
        let here = folder.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {here}/{kind};\n"))
            .concat();
        let settings = format!(
            "daemon off;\nworker_processes 1;\npid {here}/nginx.pid;\nerror_log {here}/error.log;\n\
             events {{ worker_connections 1024; }}\n\
             http {{\naccess_log {here}/access.log;\n{temporary}\
             upstream app {{ server 127.0.0.1:{upstream}; keepalive 32; }}\n\
             server {{\nlisten {port};\nkeepalive_timeout 75s;\n\
             location / {{\nproxy_pass http://app;\nproxy_http_version 1.1;\nproxy_set_header Connection \"\";\n\
             proxy_set_header Host $host;\nproxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n}}\n}}\n}}\n"
        );
        let file = folder.path().join("nginx.conf");
        fs_err::write(&file, settings).unwrap();
        let namespace = app.inspect()["State"]["Pid"].as_u64().unwrap();
        let process = Command::new("nsenter")
            .args(["--target", &namespace.to_string(), "--net", "--", "nginx", "-c"])
            .arg(&file)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            process,
            _folder: folder,
        }
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for the end.
    pub(crate) fn ended(&mut self, patience: Duration) {
        wait_for("nginx to end", patience, || self.process.try_wait().unwrap());
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Workers exit with the master after a signal, not after SIGKILL.
        if self.process.try_wait().is_ok_and(|ended| ended.is_none()) {
            self.signal("TERM");
            self.ended(Duration::from_secs(20));
        }
    }
}
