//! Prometheus' own text format, for clients that do not ask for OpenMetrics: `curl`, `promtool`.
//!
//! The two differ in what precedes the samples: the text format names a counter as its samples are
//! named, has no type for information metrics, no units and no end.

/// Converts metrics from OpenMetrics to the text format.
pub(super) fn from_open_metrics(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut help = None;
    for line in text.lines() {
        if let Some(described) = line.strip_prefix("# HELP ") {
            help = described.split_once(' ').map(|(_, help)| help);
        } else if let Some((name, kind)) = typed(line) {
            let (ending, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                other => ("", other),
            };
            if let Some(help) = help.take() {
                plain.push_str(&format!("# HELP {name}{ending} {help}\n"));
            }
            plain.push_str(&format!("# TYPE {name}{ending} {kind}\n"));
        } else if !line.starts_with('#') {
            plain.push_str(line);
            plain.push('\n');
        }
    }
    plain
}

fn typed(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("# TYPE ")?.split_once(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_and_information_are_named_as_their_samples_are() {
        let open = "# HELP pong_build What it runs.\n# TYPE pong_build info\n\
            pong_build_info{task=\"ping.1\"} 1\n\
            # HELP pong_strokes Strokes.\n# TYPE pong_strokes counter\npong_strokes_total 3\n\
            # HELP pong_stroke_duration_seconds Time.\n# TYPE pong_stroke_duration_seconds histogram\n\
            # UNIT pong_stroke_duration_seconds seconds\npong_stroke_duration_seconds_count 3\n# EOF\n";
        let plain = "# HELP pong_build_info What it runs.\n# TYPE pong_build_info gauge\n\
            pong_build_info{task=\"ping.1\"} 1\n\
            # HELP pong_strokes_total Strokes.\n# TYPE pong_strokes_total counter\n\
            pong_strokes_total 3\n\
            # HELP pong_stroke_duration_seconds Time.\n# TYPE pong_stroke_duration_seconds histogram\n\
            pong_stroke_duration_seconds_count 3\n";
        assert_eq!(from_open_metrics(open), plain);
    }
}
