//! Which paths and nodes were in trouble, when, and for how long.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use humantime::{format_duration, format_rfc3339_seconds};
use protocol::timeline::{Timeline, TimelineEntry, TimelineEvent};
use tokio::time::sleep;

use super::{PathsError, PathsOptions, ask, json, write};

/// Interval between looks: a scoreboard's timeline is at most half a second old.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The last millisecond of the year 9999, which is the last that can be written.
const MAX_MILLIS: u64 = 253_402_300_799_999;

/// Prints what happened, and with `--watch` what happens; the exit code says whether a path or port
/// is broken, or a path loses packets, at the end.
pub(super) async fn run(
    options: &PathsOptions,
    patience: Duration,
    out: &mut impl Write,
) -> Result<ExitCode, PathsError> {
    let mut timeline: Timeline = ask(&options.url, "/timeline", patience).await?;
    let mut shown = BTreeMap::new();
    loop {
        let text = if options.json { json(&timeline) } else { news(&timeline.entries, &mut shown) };
        let is_read = write(out, &text)?;
        if !options.watch || !is_read {
            return Ok(ExitCode::from(u8::from(timeline.entries.iter().any(goes_on))));
        }
        sleep(LOOK_INTERVAL).await;
        // Whoever watches a cluster that fails wants to see it come back.
        match ask(&options.url, "/timeline", patience).await {
            Ok(latest) => timeline = latest,
            Err(PathsError::NoAnswer(..) | PathsError::NoScoreboard(..)) => {}
            Err(error) => return Err(error),
        }
    }
}

/// Returns whether a path or a port is broken, or a path loses packets, now.
fn goes_on(entry: &TimelineEntry) -> bool {
    entry.end.is_none()
        && matches!(entry.event, TimelineEvent::Path { .. } | TimelineEvent::Port { .. })
}

/// Returns a line for each entry that was not shown yet, or without its end, the oldest first.
fn news(
    entries: &[TimelineEntry],
    shown: &mut BTreeMap<(u64, TimelineEvent), Option<u64>>,
) -> String {
    let mut text = String::new();
    for entry in entries.iter().rev() {
        let Some(what) = describe(&entry.event) else { continue };
        let before = shown.insert((entry.at, entry.event.clone()), entry.end);
        // Writing to a string does not fail.
        let _ = match (before, entry.end) {
            (Some(before), end) if before == end => continue,
            (None, None) => writeln!(text, "{}  {what}", time(entry.at)),
            (None, Some(end)) => {
                writeln!(text, "{}  {what}, for {}", time(entry.at), span(entry.at, end))
            }
            (Some(_), Some(end)) => {
                writeln!(text, "{}  over: {what}, for {}", time(end), span(entry.at, end))
            }
            // Another scoreboard still sees it.
            (Some(_), None) => writeln!(text, "{}  again: {what}", time(entry.at)),
        };
    }
    // What the scoreboard has forgotten is not needed any more.
    let oldest = entries.last().map_or(0, |entry| entry.at);
    shown.retain(|(at, _), _| *at >= oldest);
    text
}

/// Returns what happened to a path or a node; none for what happens to tasks.
fn describe(event: &TimelineEvent) -> Option<String> {
    match event {
        TimelineEvent::Path { from, to, cause } => Some(format!("{from} to {to}: {cause}")),
        TimelineEvent::Port { from, port, cause } => {
            Some(format!("{from} to port {port}: {cause}"))
        }
        TimelineEvent::Lost { node } => Some(format!("{node} lost")),
        TimelineEvent::Left { node } => Some(format!("{node} left")),
        TimelineEvent::Back { node } => Some(format!("{node} back")),
        _ => None,
    }
}

/// Returns a time as text, in UTC; it is given in milliseconds since 1970.
pub(super) fn time(millis: u64) -> String {
    let since = Duration::from_millis(millis.min(MAX_MILLIS));
    format_rfc3339_seconds(SystemTime::UNIX_EPOCH + since).to_string()
}

fn span(begin: u64, end: u64) -> String {
    let seconds = end.saturating_sub(begin).div_ceil(1000);
    format_duration(Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use protocol::path::PathProblem;
    use protocol::probe::ProbeFailure;

    use super::*;

    fn entry(at: u64, end: Option<u64>, event: TimelineEvent) -> TimelineEntry {
        TimelineEntry {
            at: 1_764_170_000_000 + at,
            end: end.map(|end| 1_764_170_000_000 + end),
            event,
        }
    }

    fn path(to: &str, cause: PathProblem) -> TimelineEvent {
        let from = "pi1".parse().expect("a node");
        TimelineEvent::Path { from, to: to.parse().expect("a node"), cause }
    }

    #[test]
    fn what_was_is_told_with_how_long_it_lasted_and_what_ends_as_it_does() {
        let timeout = path("pi3", PathProblem::Broken(ProbeFailure::Timeout));
        let loss = path("10.0.9.4:3001", PathProblem::Loss);
        let lost = TimelineEvent::Lost { node: "pi3".parse().expect("a node") };
        let mut entries = vec![
            entry(90_000, None, timeout.clone()),
            entry(80_000, None, lost),
            entry(1_000, Some(63_500), loss),
        ];
        let mut shown = BTreeMap::new();
        insta::assert_snapshot!(news(&entries, &mut shown), @r"
        2025-11-26T15:13:21Z  pi1 to 10.0.9.4:3001: loss, for 1m 3s
        2025-11-26T15:14:40Z  pi3 lost
        2025-11-26T15:14:50Z  pi1 to pi3: timeout
        ");
        assert_eq!(news(&entries, &mut shown), "");
        entries[0].end = Some(entries[0].at + 3_600_000);
        insta::assert_snapshot!(news(&entries, &mut shown), @"2025-11-26T16:14:50Z  over: pi1 to pi3: timeout, for 1h");
        let far = entry(u64::MAX / 2, Some(0), timeout);
        assert!(
            news(&[far], &mut shown)
                .starts_with("9999-12-31T23:59:59Z  pi1 to pi3: timeout, for 0s")
        );
    }
}
