//! The plain services of `overlay-net.sh` are those of `stack.yml`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use super::flags::{Flags, of_call, of_stack};
use super::stack::{Settings, assert_explains_its_settings, file, stack, text, variables};
use super::swarm::{ROOT, Swarm};

const EVERY_SETTING: &Settings<'_> = &[
    ("PONG_IMAGE", "registry.example/pong:7"),
    ("PONG_PORT", "8080"),
    ("PONG_PING_REPLICAS", "3"),
    ("PONG_PONG_REPLICAS", "4"),
    ("PONG_MANAGER_REPLICAS", "5"),
    ("PONG_SCOREBOARD_REPLICAS", "6"),
    ("PONG_HIT_CHANCE", "50"),
    ("PONG_LOG", "json"),
    ("PONG_LOG_LEVEL", "debug"),
    ("PONG_SUBNET", "10.0.99.0/24"),
    ("PONG_HEALTH_INTERVAL", "5m"),
    ("PONG_PUBLISHED", "pi1=pi1.local:8080"),
    ("PONG_VIP", "proxy:3000"),
];

/// What the script finds out itself, on a Swarm of one node.
const FOUND: (&str, &str) = ("PONG_PUBLISHED", "pi1/2kq4=192.168.1.11:3000");

fn services_of_the_stack(settings: &Settings<'_>) -> BTreeMap<String, Flags> {
    services_of(&stack(settings))
}

fn services_of(stack: &Value) -> BTreeMap<String, Flags> {
    let services = stack["services"].as_object().expect("a stack has services");
    services.iter().map(|(name, service)| (name.clone(), of_stack(service))).collect()
}

fn plain_services(settings: &Settings<'_>) -> BTreeMap<String, Flags> {
    services_made_on(&Swarm::new(), settings)
}

fn services_made_on(swarm: &Swarm, settings: &Settings<'_>) -> BTreeMap<String, Flags> {
    let ran = swarm.run(&["up"], settings);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let name = |call: &[String]| {
        let option = call.iter().position(|word| word == "--name").expect("services have names");
        call[option + 1].clone()
    };
    let calls = swarm.calls();
    let created = calls.iter().filter(|call| call[0] == "service" && call[1] == "create");
    created.map(|call| (name(call), of_call(call))).collect()
}

#[test]
fn plain_services_are_those_of_the_stack() {
    assert_eq!(plain_services(&[]), services_of_the_stack(&[FOUND]));
}

#[test]
fn every_setting_means_the_same_to_both() {
    assert_eq!(plain_services(EVERY_SETTING), services_of_the_stack(EVERY_SETTING));
    let names = |settings: &Settings<'_>| -> BTreeSet<String> {
        settings.iter().map(|(name, _)| (*name).to_owned()).collect()
    };
    let stack = text("stack.yml");
    let used = variables(&stack).into_iter().filter_map(|variable| variable.split_once(":-"));
    assert_eq!(
        used.map(|(name, _)| name.to_owned()).collect::<BTreeSet<_>>(),
        names(EVERY_SETTING)
    );
}

#[test]
fn services_published_through_the_mesh_are_those_of_both_stack_files() {
    let mut stack = stack(&[FOUND]);
    let Value::Object(ingress) = file("stack.ingress.yml", &[]) else { panic!("no mapping") };
    override_with(&mut stack, Value::Object(ingress));
    assert_eq!(plain_services(&[("PONG_PUBLISH", "ingress")]), services_of(&stack));
}

/// Merges stack files as Docker does: mappings key by key, all else is replaced. Docker merges lists
/// of ports by the published port, and here there is one.
fn override_with(one: &mut Value, other: Value) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            for (key, value) in other {
                override_with(one.entry(key).or_insert(Value::Null), value);
            }
        }
        (one, other) => *one = other,
    }
}

#[test]
fn with_docker_before_25_every_task_is_checked_as_often_as_a_new_one() {
    for (settings, interval) in [(&[][..], "2s"), (&[("PONG_HEALTH_INTERVAL", "5m")], "5m")] {
        let swarm = Swarm::new();
        swarm.write("api", "1.43\n");
        for (name, flags) in services_made_on(&swarm, settings) {
            let flag =
                |name: &str| flags.iter().find(|(flag, _)| flag == name).map(|(_, of)| of.as_str());
            assert_eq!(flag("--health-interval"), Some(interval), "{name}");
            assert_eq!(flag("--health-start-interval"), None, "{name}");
        }
    }
}

#[test]
fn every_setting_is_explained_with_its_default_in_both() {
    ["stack.yml", "overlay-net.sh"].into_iter().for_each(assert_explains_its_settings);
}

#[test]
fn both_make_the_same_network() {
    let swarm = Swarm::new();
    assert_eq!(swarm.run(&[], &[]).code, Some(0));
    let changes = swarm.changes();
    let [call] = changes.as_slice() else { panic!("one change, not {changes:?}") };

    let network = &stack(&[])["networks"]["ping-pong-net"];
    let subnet = network["ipam"]["config"][0]["subnet"].as_str().expect("a subnet");
    let flag = |name: &str, value: &Value| (name.to_owned(), value.to_string().replace('"', ""));
    let wanted = Flags::from([
        flag("--driver", &network["driver"]),
        flag("--attachable", &network["attachable"]),
        flag("--subnet", &subnet.into()),
        flag("image", &network["name"]),
    ]);
    assert_eq!(of_call(call), wanted);
}

#[test]
fn the_script_labels_the_network_as_the_stacks_own() {
    let swarm = Swarm::new();
    swarm.run(&[], &[("PONG_STACK", "friday")]);
    let label = "com.docker.stack.namespace=friday".to_owned();
    assert!(swarm.changes()[0].contains(&label));
}

#[test]
fn docker_accepts_the_stack_files() {
    let docker = |arguments: &[&str], settings: &Settings<'_>| {
        let mut docker = Command::new("docker");
        docker.args(arguments).current_dir(ROOT).envs(settings.iter().copied()).output()
    };
    // A client before 25 has no such command; without a client there is nobody to ask.
    let knows = docker(&["stack", "config", "--help"], &[]);
    if !knows.is_ok_and(|help| String::from_utf8_lossy(&help.stdout).contains("--compose-file")) {
        return;
    }
    let alone = ["stack", "config", "-c", "stack.yml"];
    let with_ingress = [&alone[..], &["-c", "stack.ingress.yml"]].concat();
    for arguments in [&alone[..], &with_ingress] {
        for settings in [&[], EVERY_SETTING] {
            let output = docker(arguments, settings).expect("it ran");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        }
    }
}
