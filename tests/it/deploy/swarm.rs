//! A Swarm of files: `overlay-net.sh` runs against the `docker` beside this file.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::stack::Settings;

pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A manager's node with nothing on it.
pub(crate) struct Swarm {
    folder: TempDir,
}

/// What a run of the script left on the terminal.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Swarm {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let swarm = Self { folder };
        for kind in ["networks", "services"] {
            fs::create_dir(swarm.file(kind)).expect("a folder of the test's own");
        }
        symlink(Path::new(ROOT).join("tests/it/deploy/docker"), swarm.file("docker"))
            .expect("the stand-in for docker");
        swarm.write("manager", "true\n");
        swarm.write("api", "1.44\n");
        swarm.write("nodes", "28.5.2 pi1/2kq4 active ready 192.168.1.11\n");
        swarm.write("answers", "PING --> MISS\nThe winner is PONG\n");
        swarm.program("sleep", "");
        let curl = "for url in \"$@\"; do :; done; echo \"$url\" >> requests; \
            cat answers 2>/dev/null || { echo \"curl: (7) $url is closed\" >&2; exit 7; }";
        swarm.program("curl", &format!("cd \"${{0%/*}}\"; {curl}"));
        swarm
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Changes the state of the Swarm, or makes it misbehave, as the head of the stand-in says.
    pub(crate) fn write(&self, file: &str, content: &str) {
        fs::write(self.file(file), content).expect("the test's own folder is writable");
    }

    /// Adds a program by the script that it is.
    pub(crate) fn program(&self, name: &str, script: &str) {
        self.write(name, &format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(self.file(name), fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    /// The URLs that were asked so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        let requests = fs::read_to_string(self.file("requests")).unwrap_or_default();
        requests.lines().map(str::to_owned).collect()
    }

    pub(crate) fn run(&self, arguments: &[&str], settings: &Settings<'_>) -> Ran {
        let path = format!("{}:/usr/bin:/bin", self.folder.path().display());
        run(&path, arguments, settings)
    }

    /// The words of each call of docker so far.
    pub(crate) fn calls(&self) -> Vec<Vec<String>> {
        fs::read_to_string(self.file("calls"))
            .unwrap_or_default()
            .lines()
            .map(|line| line.split_terminator('\u{1f}').map(str::to_owned).collect())
            .collect()
    }

    /// The calls that change something.
    pub(crate) fn changes(&self) -> Vec<Vec<String>> {
        let changing = |call: &Vec<String>| matches!(call[1].as_str(), "create" | "rm");
        self.calls().into_iter().filter(changing).collect()
    }

    /// The names of the networks or services there are.
    pub(crate) fn names(&self, kind: &str) -> Vec<String> {
        let entries = fs::read_dir(self.file(kind)).expect("made by new");
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<_> = entries.flatten().map(name).collect();
        names.sort();
        names
    }
}

/// Runs the script with nothing in its environment but a path and settings.
pub(crate) fn run(path: &str, arguments: &[&str], settings: &Settings<'_>) -> Ran {
    let output = Command::new("/bin/sh")
        .arg(Path::new(ROOT).join("overlay-net.sh"))
        .args(arguments)
        .env_clear()
        .envs(settings.iter().copied())
        .env("PATH", path)
        .output()
        .expect("every Unix has /bin/sh");
    Ran {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
