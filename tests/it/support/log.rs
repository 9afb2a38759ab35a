//! Log lines in JSON, found by their message and fields.

use serde_json::Value;

pub(crate) const FEED_CONNECTED: &str = "feed connected";
pub(crate) const ENDPOINT_REMOVED: &str = "endpoint removed";
pub(crate) const LISTENING: &str = "listening";
pub(crate) const LOG_LINES_SUPPRESSED: &str = "log lines suppressed";
pub(crate) const RALLY_FINISHED: &str = "rally finished";
pub(crate) const PLAYER_FAILED: &str = "player failed, trying another";
pub(crate) const UPSTREAM_FAILED: &str = "upstream failed, trying another";
pub(crate) const BACKEND_UNAVAILABLE: &str = "backend unavailable";
pub(crate) const NO_LED_FOUND: &str = "no LED found, simulating the lamp in this log";
pub(crate) const LAMP_CHANGED: &str = "lamp changed";
pub(crate) const LAMP_FAILED: &str = "lamp failed, retrying";
pub(crate) const LAMP_RECOVERED: &str = "lamp recovered";

/// Parses all lines of a log.
pub(crate) fn lines(log: &str) -> Vec<Value> {
    log.lines().map(|line| serde_json::from_str(line).expect("every line is JSON")).collect()
}

/// Returns the lines with a message.
pub(crate) fn with<'a>(lines: &'a [Value], message: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["message"] == message).collect()
}

/// Returns whether a line has this message and these fields.
pub(crate) fn matches(line: &Value, message: &str, fields: &[(&str, &str)]) -> bool {
    line["message"] == message && fields.iter().all(|(name, value)| field(line, name) == *value)
}

/// Returns a field as text; one of the span by a name such as `span.task`. Empty if there is none.
pub(crate) fn field(line: &Value, name: &str) -> String {
    match name.split('.').fold(line, |value, part| &value[part]) {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Returns how many lines of a kind were logged, and how many were suppressed instead.
pub(crate) fn count(lines: &[Value], message: &str) -> (u64, u64) {
    let suppressed = with(lines, LOG_LINES_SUPPRESSED);
    let suppressed = suppressed.iter().filter_map(|line| line["suppressed"].as_u64()).sum();
    (with(lines, message).len() as u64, suppressed)
}
