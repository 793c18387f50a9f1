//! Runs a build spec like CodeBuild: phase by phase, in its environment, in a checkout.
//!
//! CodeBuild keeps exported variables and the working directory between commands. This machine keeps only these: every
//! command gets a new shell, so that a spec that relies on more fails.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use super::spec::{OnFailure, PhaseName, Spec};

/// Timeout of a command: a full compilation on a busy machine.
const PATIENCE: Duration = Duration::from_mins(20);
/// Variables taken from this machine instead of a build image: paths of programs and their settings, network access.
const OF_THE_IMAGE: [&str; 16] = [
    "PATH",
    "HOME",
    "LANG",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "DOCKER_HOST",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];

/// Result of a build.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The first failed phase.
    pub(crate) failed: Option<PhaseName>,
    /// Output of the commands.
    pub(crate) log: String,
    pub(crate) exported: BTreeMap<String, String>,
    /// Directory with the collected artifacts.
    pub(crate) artifacts: TempDir,
}

impl Outcome {
    /// Panics with the log unless the build succeeded.
    pub(crate) fn assert_succeeded(&self) {
        assert!(self.failed.is_none(), "{:?} failed:\n{}", self.failed, self.log);
    }

    /// Panics with the log unless this phase failed and the log contains `says`.
    pub(crate) fn assert_failed(&self, phase: PhaseName, says: &str) {
        assert_eq!(self.failed, Some(phase), "{}", self.log);
        assert!(self.log.contains(says), "{says:?} is missing:\n{}", self.log);
    }
}

/// Returns the environment of a build: image, CodeBuild, project.
pub(crate) fn environment(
    source: &Path,
    commit: &str,
    region: &str,
    project: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let source = source.display().to_string();
    let image = OF_THE_IMAGE
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)));
    let codebuild = [
        ("CI", "true"),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_REGION", region),
        ("CODEBUILD_BUILD_ID", "test:00000000-0000-4000-8000-000000000000"),
        ("CODEBUILD_BUILD_NUMBER", "1"),
        ("CODEBUILD_INITIATOR", "codepipeline/test"),
        ("CODEBUILD_RESOLVED_SOURCE_VERSION", commit),
        ("CODEBUILD_SOURCE_VERSION", "arn:aws:s3:::artifacts/source.zip"),
        ("CODEBUILD_SRC_DIR", &source),
        ("CODEBUILD_START_TIME", "1790000000000"),
    ];
    let codebuild = codebuild.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let project = project.iter().map(|(name, value)| (name.clone(), value.clone()));
    image.chain(codebuild).chain(project).collect()
}

/// Runs `spec` in the directory `source`.
pub(crate) fn run(spec: &Spec, source: &Path, environment: BTreeMap<String, String>) -> Outcome {
    assert!(
        (spec.version - 0.2).abs() < f32::EPSILON,
        "another version works otherwise"
    );
    let mut shell = Shell {
        program: spec.env.shell.clone().unwrap_or_else(|| "sh".to_owned()),
        notes: TempDir::new().unwrap(),
        environment,
        folder: source.to_owned(),
    };
    let mut failed = None;
    let mut goes_on = true;
    for (name, phase) in &spec.phases {
        if !goes_on {
            break;
        }
        shell.environment.insert(
            "CODEBUILD_BUILD_SUCCEEDING".to_owned(),
            u8::from(failed.is_none()).to_string(),
        );
        if !phase.commands.iter().all(|command| shell.run(command)) {
            failed = failed.or(Some(*name));
            goes_on = match phase.on_failure {
                Some(OnFailure::Abort) => false,
                Some(OnFailure::Continue) => true,
                // `post_build` also runs after a failed build.
                None => *name == PhaseName::Build,
            };
        }
    }
    let artifacts = TempDir::new().unwrap();
    if let Some(wanted) = &spec.artifacts
        && goes_on
    {
        let base = source.join(wanted.base_directory.as_deref().unwrap_or("."));
        for pattern in &wanted.files {
            if !collect(&base, pattern, artifacts.path()) {
                shell.note(&format!("no matching artifact paths found: {pattern}\n"));
                failed = failed.or(Some(PhaseName::PostBuild));
            }
        }
    }
    let exported = spec.env.exported_variables.iter().filter_map(|name| {
        let value = shell.environment.get(name)?;
        Some((name.clone(), value.clone()))
    });
    Outcome {
        failed,
        exported: exported.collect(),
        log: fs_err::read_to_string(shell.log()).unwrap_or_default(),
        artifacts,
    }
}

/// Copies the files that match `pattern`: a name, or `*` with a suffix.
fn collect(base: &Path, pattern: &str, to: &Path) -> bool {
    assert!(!pattern.contains('/'), "directories are not supported: {pattern}");
    let matches = |name: &str| match pattern.strip_prefix('*') {
        Some(end) => name.ends_with(end),
        None => name == pattern,
    };
    let Ok(entries) = fs_err::read_dir(base) else {
        return false;
    };
    let found = entries.filter(|entry| {
        let entry = entry.as_ref().unwrap();
        let name = entry.file_name();
        let meant = matches(&name.to_string_lossy());
        if meant {
            fs_err::copy(entry.path(), to.join(name)).unwrap();
        }
        meant
    });
    found.count() > 0
}

/// State that is kept between commands.
struct Shell {
    program: String,
    /// Contains the log and the saved state.
    notes: TempDir,
    environment: BTreeMap<String, String>,
    folder: PathBuf,
}

impl Shell {
    fn log(&self) -> PathBuf {
        self.notes.path().join("log")
    }

    fn note(&self, text: &str) {
        let said = fs_err::read_to_string(self.log()).unwrap_or_default();
        fs_err::write(self.log(), said + text).unwrap();
    }

    /// Runs `command` and returns whether it succeeded.
    fn run(&mut self, command: &str) -> bool {
        let [variables, folder] = ["variables", "folder"].map(|name| self.notes.path().join(name));
        let script = format!(
            "trap 'env -0 >{}; pwd >{}' EXIT\n{command}\n",
            variables.display(),
            folder.display()
        );
        let script_file = self.notes.path().join("script");
        fs_err::write(&script_file, script).unwrap();
        let log = fs_err::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log())
            .unwrap()
            .into_parts()
            .0;
        let mut child = Command::new(&self.program)
            .arg(&script_file)
            .current_dir(&self.folder)
            .env_clear()
            .envs(&self.environment)
            .process_group(0)
            .stdin(std::process::Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let status = wait(&mut child);
        let left = fs_err::read_to_string(variables).unwrap();
        self.environment = left
            .split_terminator('\0')
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        self.folder = fs_err::read_to_string(folder).unwrap().trim_end().into();
        status.is_some_and(|status| status.success())
    }
}

/// Waits for a command; kills its process group on timeout.
fn wait(child: &mut std::process::Child) -> Option<ExitStatus> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let group = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process_group(group, Signal::TERM).unwrap();
    child.wait().unwrap();
    None
}
