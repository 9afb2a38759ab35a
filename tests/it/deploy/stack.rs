//! `stack.yml` as `docker stack deploy` understands it.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::swarm::ROOT;

/// Environment variables and their values.
pub(crate) type Settings<'a> = [(&'a str, &'a str)];

pub(crate) fn text(file: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(file)).expect("a file of the project's root")
}

/// The stack file with the settings filled in.
pub(crate) fn stack(settings: &Settings<'_>) -> Value {
    file("stack.yml", settings)
}

/// A stack file with the settings filled in.
pub(crate) fn file(name: &str, settings: &Settings<'_>) -> Value {
    let filled = fill(&text(name), settings);
    serde_saphyr::from_str(&filled).unwrap_or_else(|error| panic!("{name} is no YAML: {error}"))
}

/// Every `NAME:-default` between `${` and `}`.
pub(crate) fn variables(text: &str) -> Vec<&str> {
    text.split("${")
        .skip(1)
        .filter_map(|part| part.split_once('}'))
        .map(|(variable, _)| variable)
        .filter(|variable| variable.contains(":-") && variable.starts_with("PONG_"))
        .collect()
}

/// Fails unless a file explains every setting it uses, with its default.
pub(crate) fn assert_explains_its_settings(file: &str) {
    let text = text(file);
    for variable in variables(&text) {
        let (setting, default) = variable.split_once(":-").expect("variables have defaults");
        let explained = text.lines().any(|line| {
            let words: Vec<_> = line.trim_start_matches('#').split_whitespace().collect();
            words.len() > 2 && words[0] == setting && words[1] == default
        });
        assert!(explained, "{file} does not explain {setting} with its default {default}");
    }
}

fn fill(text: &str, settings: &Settings<'_>) -> String {
    variables(text).into_iter().fold(text.to_owned(), |filled, variable| {
        let (name, default) = variable.split_once(":-").expect("variables have defaults");
        let set = settings.iter().find(|(key, _)| *key == name);
        filled.replace(&format!("${{{variable}}}"), set.map_or(default, |(_, value)| value))
    })
}
