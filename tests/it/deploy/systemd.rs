//! The files in `systemd/`: the wiring of two machines is that of the services on them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::swarm::ROOT;

type Settings = BTreeMap<String, String>;

fn settings(file: &Path) -> Settings {
    let text = fs::read_to_string(file).expect("a file");
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.into(), value.into()));
    lines.map(|line| pair(line).unwrap_or_else(|| panic!("{line}"))).collect()
}

/// Returns what runs on each machine: the machine, the service's name there, its settings.
fn services() -> Vec<(String, String, Settings)> {
    let machine = |machine: &str| {
        let files = fs::read_dir(Path::new(ROOT).join("systemd").join(machine)).expect("a folder");
        let service = |file: fs::DirEntry| {
            let name = file.file_name().to_str().expect("a name").replace(".env", "");
            (machine.to_owned(), name, settings(&file.path()))
        };
        files.map(|file| service(file.expect("a file"))).collect::<Vec<_>>()
    };
    ["pi1", "pi2"].into_iter().flat_map(machine).collect()
}

#[test]
fn the_wiring_leads_to_the_services() {
    let wiring = settings(&Path::new(ROOT).join("systemd/cluster.env"));
    let services = services();
    let ports = |name: &str, setting: &str| -> BTreeSet<String> {
        let of = services.iter().filter(|(_, service, _)| name.is_empty() || service == name);
        of.map(|(machine, _, settings)| machine.to_owned() + &settings[setting]).collect()
    };
    for (target, name, setting) in [
        ("PONG_PING", "ping", "PONG_LISTEN"),
        ("PONG_PONG", "pong", "PONG_LISTEN"),
        ("PONG_MANAGERS", "manager", "PONG_LISTEN"),
        ("PONG_SCOREBOARDS", "scoreboard", "PONG_LISTEN"),
        ("PONG_PROXIES", "proxy", "PONG_ADMIN"),
        ("PONG_TASK_TARGETS", "", "PONG_ADMIN"),
    ] {
        let targets: BTreeSet<_> = wiring[target].split(',').map(str::to_owned).collect();
        assert_eq!(targets, ports(name, setting), "{target}");
    }
    assert_eq!(wiring.len(), 6);
}

#[test]
fn no_two_services_of_a_machine_share_a_port_and_the_manual_has_them_all() {
    let manual = fs::read_to_string(Path::new(ROOT).join("docs/without-docker.md"));
    let manual = manual.expect("a manual");
    let mut taken = BTreeSet::new();
    for (machine, name, settings) in services() {
        let mut row = BTreeSet::new();
        for port in ["PONG_LISTEN", "PONG_ADMIN"].into_iter().filter_map(|name| settings.get(name))
        {
            assert!(taken.insert(machine.clone() + port), "{port} of {machine} is taken");
            row.insert(port.trim_start_matches(':'));
        }
        let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect();
        let documented = manual.lines().map(cells).any(|cells: Vec<String>| {
            cells.len() == 6
                && (cells[1] == machine || cells[1] == "both")
                && cells[2] == name
                && row.iter().all(|port| cells[3..].iter().any(|cell| cell == port))
        });
        assert!(documented, "{name} on {machine}");
    }
}
