//! A release by tag: its workflow calls scripts that run on any machine.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::stack::file;
use super::swarm::ROOT;

const WORKFLOW: &str = ".github/workflows/release.yml";

/// Every line that a step of the workflow runs.
fn lines() -> Vec<String> {
    let workflow = file(WORKFLOW, &[]);
    let jobs = workflow["jobs"].as_object().expect("a workflow has jobs").values();
    let steps = jobs.flat_map(|job| job["steps"].as_array().expect("a job has steps"));
    steps.filter_map(|step| step["run"].as_str().map(str::to_owned)).collect()
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[test]
fn every_step_is_one_line_that_calls_a_script() {
    let lines = lines();
    assert!(lines.iter().any(|line| line.ends_with(" .ci/run")), "{lines:?}");
    for line in lines {
        assert_eq!(line.lines().count(), 1, "{line}");
        let called = line.split(' ').any(|word| is_program(&Path::new(ROOT).join(word)));
        assert!(called, "no script: {line}");
    }
}

#[test]
fn a_tag_that_is_not_the_version_is_no_release() {
    let check = Command::new("release/check").arg("v0.0.0").current_dir(ROOT).output();
    let check = check.expect("it runs");
    let said = String::from_utf8_lossy(&check.stderr);
    let version = env!("CARGO_PKG_VERSION");
    assert!(said.contains(&format!("the tag v0.0.0 is not v{version}")), "{said}");
    assert_eq!(check.status.code(), Some(1));
}
