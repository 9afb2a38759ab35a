//! Services as flags of `docker service create`, so that both ways of making one can be compared.

use std::collections::BTreeSet;

use serde_json::Value;

/// Flags with their values, and the words after them.
pub(crate) type Flags = BTreeSet<(String, String)>;

/// The keys of the stack file and the flags that mean the same.
const PLACES: &[(&str, &str)] = &[
    ("cap_drop", "--cap-drop"),
    ("command", "command"),
    ("deploy.endpoint_mode", "--endpoint-mode"),
    ("deploy.mode", "--mode"),
    ("deploy.replicas", "--replicas"),
    ("deploy.resources.limits.memory", "--limit-memory"),
    ("deploy.resources.reservations.memory", "--reserve-memory"),
    ("deploy.restart_policy.condition", "--restart-condition"),
    ("deploy.restart_policy.delay", "--restart-delay"),
    ("deploy.rollback_config.delay", "--rollback-delay"),
    ("deploy.rollback_config.failure_action", "--rollback-failure-action"),
    ("deploy.rollback_config.monitor", "--rollback-monitor"),
    ("deploy.rollback_config.order", "--rollback-order"),
    ("deploy.rollback_config.parallelism", "--rollback-parallelism"),
    ("deploy.update_config.delay", "--update-delay"),
    ("deploy.update_config.failure_action", "--update-failure-action"),
    ("deploy.update_config.monitor", "--update-monitor"),
    ("deploy.update_config.order", "--update-order"),
    ("deploy.update_config.parallelism", "--update-parallelism"),
    ("environment", "--env"),
    ("healthcheck.interval", "--health-interval"),
    ("healthcheck.retries", "--health-retries"),
    ("healthcheck.start_interval", "--health-start-interval"),
    ("healthcheck.start_period", "--health-start-period"),
    ("healthcheck.timeout", "--health-timeout"),
    ("image", "image"),
    ("logging.driver", "--log-driver"),
    ("logging.options", "--log-opt"),
    ("networks", "--network"),
    ("ports", "--publish"),
    ("read_only", "--read-only"),
    ("stop_grace_period", "--stop-grace-period"),
    ("user", "--user"),
    ("volumes", "--mount"),
];

/// Returns the flags that make a service of the stack file.
///
/// # Panics
///
/// On a key without a known flag: it would not be compared.
pub(crate) fn of_stack(service: &Value) -> Flags {
    let mut flags = Flags::new();
    collect(service, "", &mut flags);
    flags
}

fn collect(value: &Value, path: &str, flags: &mut Flags) {
    let flag = PLACES.iter().find(|(place, _)| *place == path).map(|(_, flag)| *flag);
    match (flag, value) {
        (None, Value::Object(keys)) => {
            for (key, value) in keys {
                collect(value, format!("{path}.{key}").trim_start_matches('.'), flags);
            }
        }
        (None, _) => panic!("stack.yml says {path}, but no flag is known for it"),
        (Some(flag), Value::Object(keys)) => {
            let pairs = keys.iter().map(|(key, value)| format!("{key}={}", plain(value)));
            flags.extend(pairs.map(|pair| (flag.to_owned(), pair)));
        }
        (Some(flag), Value::Array(items)) => {
            flags.extend(items.iter().map(|item| (flag.to_owned(), plain(item))));
        }
        (Some(flag), scalar) => drop(flags.insert((flag.to_owned(), plain(scalar)))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(keys) => {
            let pairs = keys.iter().map(|(key, value)| format!("{key}={}", plain(value)));
            sorted(pairs.collect())
        }
        other => other.to_string(),
    }
}

fn sorted(mut parts: Vec<String>) -> String {
    parts.sort();
    parts.join(",")
}

/// Returns the flags of a recorded call but for those that only the script needs.
pub(crate) fn of_call(words: &[String]) -> Flags {
    let mut flags = Flags::new();
    let mut words = words.iter().skip(2);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--detach" | "--quiet" => {}
            "--read-only" | "--attachable" => drop(flags.insert((word.clone(), "true".into()))),
            "--mount" | "--publish" => {
                let parts = words.next().expect("its parts").split(',').map(str::to_owned);
                flags.insert((word.clone(), sorted(parts.collect())));
            }
            flag if flag.starts_with("--") => {
                flags.insert((flag.to_owned(), words.next().expect("a value").clone()));
            }
            image => {
                flags.insert(("image".into(), image.to_owned()));
                flags.extend(words.by_ref().map(|word| ("command".to_owned(), word.clone())));
            }
        }
    }
    flags.retain(|(flag, _)| flag != "--name" && flag != "--label");
    flags
}
