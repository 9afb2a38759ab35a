//! A real limit of memory for each process, as Docker sets one: a cgroup, which counts what the kernel
//! keeps for its connections too (cgroups(7)). It takes root.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::process::{Process, binary};

/// What `stack.yml` allows a proxy, in megabytes.
pub(crate) const LIMIT_MB: f64 = 32.0;
const LIMIT: &str = "32M";

/// Our cgroups are named with this, the process that made them, and the service.
const PREFIX: &str = "swarm-pong-door-";

/// How often, and after what pauses, a cgroup is tried to be removed, whose processes are just ending.
const TRIES: usize = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// Where a version of cgroups has what.
struct Version {
    root: &'static str,
    /// A file of the root, and what is in it if groups below it have a limit of memory.
    sign: (&'static str, &'static str),
    /// What is written to a group's files; only the first is there on every system.
    limits: &'static [(&'static str, &'static str)],
    /// The most bytes that were used; version 1 counts those of connections apart.
    peaks: &'static [&'static str],
    /// Has a line that says how many processes were killed.
    kills: &'static str,
}

const VERSIONS: [Version; 2] = [
    Version {
        root: "/sys/fs/cgroup",
        sign: ("cgroup.subtree_control", "memory"),
        limits: &[("memory.max", LIMIT), ("memory.swap.max", "0")],
        peaks: &["memory.peak"],
        kills: "memory.events",
    },
    Version {
        root: "/sys/fs/cgroup/memory",
        sign: ("memory.limit_in_bytes", ""),
        limits: &[
            ("memory.limit_in_bytes", LIMIT),
            ("memory.memsw.limit_in_bytes", LIMIT),
            ("memory.kmem.tcp.limit_in_bytes", LIMIT),
        ],
        peaks: &["memory.max_usage_in_bytes", "memory.kmem.tcp.max_usage_in_bytes"],
        kills: "memory.oom_control",
    },
];

/// A limit for one process; removed when dropped, which must be after the process.
pub(crate) struct Limit {
    version: &'static Version,
    folder: PathBuf,
}

impl Limit {
    /// Sets a limit for a service.
    ///
    /// # Errors
    ///
    /// That of the system, if there can be none.
    pub(crate) fn new(service: &str) -> io::Result<Self> {
        let version = version()?;
        let folder = format!("{PREFIX}{}-{service}", std::process::id());
        let folder = Path::new(version.root).join(folder);
        fs::create_dir(&folder)?;
        let limit = Self { version, folder };
        for (n, (file, value)) in version.limits.iter().enumerate() {
            let written = fs::write(limit.folder.join(file), value);
            if n == 0 {
                written?;
            }
        }
        Ok(limit)
    }

    /// Starts a service below it.
    pub(crate) fn start(&self, arguments: &[&str]) -> Process {
        let mut command = Command::new("sh");
        let join = r#"echo $$ >"$0" && exec "$@""#;
        command.arg("-c").arg(join).arg(self.folder.join("cgroup.procs")).arg(binary());
        Process::start_by(command, arguments, &[])
    }

    /// Returns the most that was used, in megabytes; with version 1, the sum of two peaks.
    pub(crate) fn peak_mb(&self) -> f64 {
        let bytes = self
            .version
            .peaks
            .iter()
            .map(|file| self.read(file).trim().parse::<f64>().expect("a number of bytes"));
        bytes.sum::<f64>() / f64::from(1 << 20)
    }

    /// Returns whether the kernel has killed the service.
    pub(crate) fn has_killed(&self) -> bool {
        let kills = self.read(self.version.kills);
        !kills.lines().any(|line| line == "oom_kill 0")
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.join(file)).expect("readable")
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        remove(&self.folder);
    }
}

/// Returns the version of cgroups that can limit memory here.
fn version() -> io::Result<&'static Version> {
    let is_there = |version: &&Version| {
        let (file, word) = version.sign;
        fs::read_to_string(Path::new(version.root).join(file)).is_ok_and(|text| text.contains(word))
    };
    VERSIONS.iter().find(is_there).ok_or_else(|| io::ErrorKind::Unsupported.into())
}

/// Ends what a run has left behind that was killed or interrupted: the cgroups whose process is this one
/// or has ended, and the services in them.
pub(crate) fn clear() {
    let Ok(entries) = version().and_then(|version| fs::read_dir(version.root)) else { return };
    for folder in entries.flatten().map(|entry| entry.path()) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-'));
        if owner.is_some_and(|(owner, _)| is_this_or_ended(owner)) {
            remove(&folder);
        }
    }
}

fn is_this_or_ended(process: &str) -> bool {
    process == std::process::id().to_string() || !Path::new("/proc").join(process).exists()
}

/// Removes a cgroup, and ends what is still in it.
fn remove(folder: &Path) {
    for _ in 0..TRIES {
        let processes = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
        for process in processes.lines().filter_map(|id| Pid::from_raw(id.parse().ok()?)) {
            // It may have ended by itself.
            let _ = kill_process(process, Signal::KILL);
        }
        if fs::remove_dir(folder).is_ok() || !folder.exists() {
            return;
        }
        sleep(PAUSE);
    }
    eprintln!("cannot remove {}", folder.display());
}
