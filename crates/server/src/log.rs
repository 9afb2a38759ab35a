//! Log lines: text for people, JSON for machines.
//!
//! Each line is in the span of its service, which names service, task and node.

use std::ffi::OsStr;
use std::io::{IsTerminal, stderr};

use clap::ValueEnum;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, writer::BoxMakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

mod limiter;

pub use limiter::{LogLimiter, Rate, SAME_FAULT};

/// A format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One line for people, in color on a terminal that has it.
    Text,
    /// One JSON object per line.
    Json,
}

/// Sends log lines to stderr from now on, by default as text on a terminal and JSON otherwise.
///
/// Libraries below are logged from `warn` up, whatever the level; but for what actix' reader of
/// requests says, which has a line for each client that sends something else. A second call changes
/// nothing.
pub fn init(format: Option<Format>, level: LevelFilter) {
    init_to(format, level, BoxMakeWriter::new(stderr));
}

/// Returns the format of log lines on stderr.
#[must_use]
pub fn resolved_format(format: Option<Format>) -> Format {
    format.unwrap_or(if stderr().is_terminal() { Format::Text } else { Format::Json })
}

/// Returns whether color is wanted on a terminal: not by one that has none (`TERM=dumb`), nor by a
/// person who wants none (`NO_COLOR` that is not empty, no-color.org).
#[must_use]
pub fn wants_color() -> bool {
    let is = |name, unwanted: fn(&OsStr) -> bool| {
        std::env::var_os(name).is_some_and(|value| unwanted(&value))
    };
    !is("NO_COLOR", |value| !value.is_empty()) && !is("TERM", |terminal| terminal == "dumb")
}

/// Does what [`init`] does, with a writer that knows what else is on the terminal.
pub fn init_to(format: Option<Format>, level: LevelFilter, writer: BoxMakeWriter) {
    let terminal = stderr().is_terminal();
    let format = resolved_format(format);
    let quiet = level.min(LevelFilter::WARN);
    let targets = ["actix", "h2", "hyper", "mio"].map(|library| (library, quiet));
    let targets = Targets::new()
        .with_default(level)
        .with_targets(targets)
        .with_target("actix_http::h1", LevelFilter::OFF);
    let registry = tracing_subscriber::registry().with(targets);
    let _ = match format {
        Format::Text => {
            let layer = fmt::layer().with_writer(writer).with_ansi(terminal && wants_color());
            registry.with(layer.with_target(false)).try_init()
        }
        Format::Json => {
            let layer = fmt::layer().with_writer(writer).json().flatten_event(true);
            registry.with(layer.with_target(false).with_span_list(false)).try_init()
        }
    };
}
