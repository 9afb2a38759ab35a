//! What the process uses, under the names that Prometheus' own clients have for it.
//!
//! Read from /proc at each scrape (proc(5)); other systems have none of it.

use std::fmt;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use crate::open_files;

/// The unit of times in /proc: `USER_HZ`, the same on x86 and ARM.
const TICKS_PER_SECOND: f64 = 100.0;

/// The process, and when it started, in seconds since 1970.
#[derive(Debug)]
pub(super) struct Process {
    started: f64,
}

/// What /proc says.
#[derive(Debug, PartialEq)]
struct Usage {
    cpu_seconds: f64,
    resident_bytes: i64,
}

impl Process {
    /// Describes the process as one that starts now.
    pub(super) fn starting() -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: since_1970.as_secs_f64() }
    }
}

impl Usage {
    fn read() -> Option<Self> {
        let stat = fs::read_to_string("/proc/self/stat").ok()?;
        Self::parse(&stat, &fs::read_to_string("/proc/self/status").ok()?)
    }

    fn parse(stat: &str, status: &str) -> Option<Self> {
        // The name of the program, in parentheses, may contain anything; the state follows.
        let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
        let mut ticks = || fields.next()?.parse::<f64>().ok();
        let cpu_seconds = (ticks()? + ticks()?) / TICKS_PER_SECOND;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: i64 = resident.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(Self { cpu_seconds, resident_bytes: kibibytes * 1024 })
    }
}

/// Returns how many files are open, without the folder in which they are counted.
fn open_files() -> Option<i64> {
    let open = fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1);
    i64::try_from(open).ok()
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(usage) = Usage::read() else { return Ok(()) };
        let (seconds, bytes) = (Some(Unit::Seconds), Some(Unit::Bytes));
        let help = "Time of processors used, by the process and by the system for it";
        let kind = MetricType::Counter;
        ConstCounter::new(usage.cpu_seconds).encode(encoder.encode_descriptor(
            "process_cpu",
            help,
            seconds.as_ref(),
            kind,
        )?)?;
        let mut gauge = |name, help, unit: Option<&Unit>, value| {
            let metric = encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?;
            ConstGauge::new(value).encode(metric)
        };
        let help = "Memory in use that is not swapped out";
        gauge("process_resident_memory", help, bytes.as_ref(), usage.resident_bytes as f64)?;
        let help = "When the process started, in seconds since 1970";
        gauge("process_start_time", help, seconds.as_ref(), self.started)?;
        if let Some(open) = open_files() {
            gauge("process_open_fds", "Open files and sockets", None, open as f64)?;
        }
        if let Some(limit) = open_files::limit() {
            gauge(
                "process_max_fds",
                "Maximum number of open files and sockets",
                None,
                limit as f64,
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usage_is_found_whatever_the_program_is_called() {
        let stat = "7 (a) b) (c) S 1 7 7 0 -1 4194560 100 0 0 0 250 75 0 0 20 0 4 0 900 9 9 9\n";
        let status = "Name:\ta\nVmPeak:\t 9 kB\nVmRSS:\t    5120 kB\nThreads:\t4\n";
        let usage = Usage { cpu_seconds: 3.25, resident_bytes: 5 << 20 };
        assert_eq!(Usage::parse(stat, status), Some(usage));
        assert_eq!(Usage::parse("7 (zombie) Z 1", status), None);
        assert_eq!(Usage::parse(stat, "Name:\ta\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_uses_memory_and_files() {
        let usage = Usage::read().expect("/proc");
        assert!(usage.resident_bytes > 1 << 20, "{usage:?}");
        assert!(open_files().is_some_and(|open| open > 2));
    }
}
