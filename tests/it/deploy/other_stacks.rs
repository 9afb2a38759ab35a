//! The other stacks: monitoring, a registry and a visualizer.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use super::stack::{assert_explains_its_settings, file, text};
use super::swarm::ROOT;

const FILES: [&str; 3] = ["stack.monitoring.yml", "stack.registry.yml", VISUALIZER];

/// The one that is given Docker's socket.
const VISUALIZER: &str = "stack.visualizer.yml";

fn services(name: &str) -> BTreeMap<String, Value> {
    let stack = file(name, &[]);
    let services = stack["services"].as_object().expect("a stack has services");
    services.iter().map(|(name, service)| (name.clone(), service.clone())).collect()
}

/// Returns every service of every file, with a name that includes the file.
fn all_services() -> Vec<(String, Value)> {
    let of_file =
        |name| services(name).into_iter().map(move |(of, it)| (format!("{name}: {of}"), it));
    FILES.into_iter().flat_map(of_file).collect()
}

#[test]
fn every_service_has_a_memory_limit_and_together_they_fit_a_pi_with_one_gigabyte() {
    let mut sum = 0;
    for (name, service) in all_services() {
        let limit = service["deploy"]["resources"]["limits"]["memory"].as_str();
        let limit = limit.unwrap_or_else(|| panic!("{name} has no limit"));
        let megabytes: u32 = limit.trim_end_matches('M').parse().expect("in M");
        // The visualizer runs only while somebody looks at it.
        sum += if name.starts_with(VISUALIZER) { 0 } else { megabytes };
        let heap = service["environment"]["GOMEMLIMIT"].as_str();
        let heap = heap.map(|heap| heap.trim_end_matches("MiB").parse::<u32>().expect("in MiB"));
        assert!(heap.is_none_or(|heap| heap < megabytes), "{name}: {heap:?} of {megabytes}");
    }
    assert!(sum < 700, "{sum} MB");
}

#[test]
fn every_image_is_pinned_to_a_version_of_three_numbers() {
    for (name, service) in all_services() {
        if name.starts_with(VISUALIZER) {
            // Its authors publish no such versions.
            continue;
        }
        let image = service["image"].as_str().expect("an image");
        let (_, tag) = image.rsplit_once(':').unwrap_or_else(|| panic!("{name}: {image}"));
        let numbers: Vec<_> =
            tag.trim_start_matches('v').split('.').map(str::parse::<u32>).collect();
        assert!(numbers.len() == 3 && numbers.iter().all(Result::is_ok), "{name}: {image}");
    }
}

#[test]
fn no_service_has_capabilities_and_only_the_visualizer_has_dockers_socket() {
    for (name, service) in all_services() {
        assert_eq!(service["cap_drop"], serde_json::json!(["ALL"]), "{name}");
        let has_socket = service.to_string().contains("docker.sock");
        assert_eq!(has_socket, name.starts_with(VISUALIZER), "{name}");
        assert_eq!(service["logging"]["options"]["max-size"], "5m", "{name}: logs without end");
    }
}

/// Returns a hash that a change of the file changes too: FNV-1a in 32 bits.
fn fingerprint(text: &str) -> String {
    let hash = text
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{hash:08x}")
}

#[test]
fn every_config_is_named_after_its_content() {
    let stack = file("stack.monitoring.yml", &[]);
    let configs = stack["configs"].as_object().expect("configs");
    for (config, settings) in configs {
        let path = settings["file"].as_str().expect("a file");
        let name = format!("pong-{config}-{}", fingerprint(&text(path)));
        assert_eq!(settings["name"], name.as_str(), "{path} has changed: name its config {name}");
        assert!(text(path).len() < 500_000, "Swarm takes no more");
    }
    let used = all_services().into_iter().flat_map(|(_, service)| {
        let used = service["configs"].as_array().cloned().unwrap_or_default();
        used.into_iter().map(|config| config["source"].as_str().expect("a source").to_owned())
    });
    let mut used: Vec<String> = used.collect();
    used.sort();
    assert_eq!(used, configs.keys().cloned().collect::<Vec<_>>(), "each is used, once");
}

#[test]
fn prometheus_is_on_the_network_of_the_match() {
    let stack = file("stack.monitoring.yml", &[]);
    let network = &stack["networks"]["ping-pong-net"];
    assert_eq!(network["name"], file("stack.yml", &[])["networks"]["ping-pong-net"]["name"]);
    assert_eq!(network["external"], true);
    let prometheus = &services("stack.monitoring.yml")["prometheus"];
    assert!(
        prometheus["networks"].as_array().is_some_and(|on| on.contains(&"ping-pong-net".into()))
    );
    assert_eq!(prometheus["ports"], Value::Null, "it has no password");
}

#[test]
fn prometheus_scrapes_every_service_of_the_match_and_every_machine() {
    let config: Value = serde_saphyr::from_str(&text("monitoring/prometheus.yml")).expect("YAML");
    let jobs = config["scrape_configs"].as_array().expect("jobs");
    let names = jobs.iter().filter_map(|job| job["dns_sd_configs"][0]["names"][0].as_str());
    let mut looked_for: Vec<&str> = names.collect();
    looked_for.sort_unstable();
    let stack = file("stack.yml", &[]);
    let played = stack["services"].as_object().expect("services").keys();
    let mut wanted: Vec<String> = played.map(|service| format!("tasks.{service}")).collect();
    wanted.push("tasks.node-exporter".into());
    wanted.sort();
    assert_eq!(looked_for, wanted);
    for job in jobs.iter().filter(|job| job["job_name"] != "prometheus") {
        let port = if job["job_name"] == "node" { 9100 } else { 3001 };
        let sought = &job["dns_sd_configs"][0];
        assert_eq!((&sought["type"], &sought["port"]), (&"A".into(), &port.into()), "{job}");
    }
}

#[test]
fn grafana_has_no_account_whose_password_could_be_guessed() {
    let grafana = &services("stack.monitoring.yml")["grafana"]["environment"];
    for (setting, value) in [
        ("GF_AUTH_ANONYMOUS_ORG_ROLE", "Viewer"),
        ("GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION", "true"),
        ("GF_AUTH_DISABLE_LOGIN_FORM", "true"),
        ("GF_AUTH_BASIC_ENABLED", "false"),
    ] {
        assert_eq!(grafana[setting], value, "{setting}");
    }
}

#[test]
fn the_visualizer_asks_the_engine_of_each_manager() {
    let visualizer = &services(VISUALIZER)["visualizer"];
    assert_eq!(visualizer["deploy"]["mode"], "global", "one to a port");
    let placement = serde_json::json!({ "constraints": ["node.role == manager"] });
    assert_eq!(visualizer["deploy"]["placement"], placement);
    assert_eq!(visualizer["ports"][0]["mode"], "host");
    assert_eq!(visualizer["networks"], Value::Null, "nobody else's network");
    let risk = text(VISUALIZER);
    assert!(risk.contains("# RISK: ") && risk.contains("join tokens"));
}

#[test]
fn every_setting_of_the_other_stacks_is_explained_with_its_default() {
    FILES.into_iter().for_each(assert_explains_its_settings);
}

#[test]
fn docker_accepts_the_other_stacks() {
    for files in [&FILES[..1], &FILES[1..2], &["stack.yml", VISUALIZER]] {
        let files = files.iter().flat_map(|name| ["-c", name]);
        let mut config = Command::new("docker");
        config.args(["stack", "config"]).args(files).current_dir(ROOT);
        let Ok(output) = config.output() else { return };
        let said = String::from_utf8_lossy(&output.stderr);
        // A client before 25 has no such command.
        if !said.contains("is not a docker command") {
            assert!(output.status.success() && said.is_empty(), "{config:?}: {said}");
        }
    }
}
