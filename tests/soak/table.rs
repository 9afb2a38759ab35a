//! The tables at the end.

use std::io::Write;

use crate::accounts::{Account, UNPUBLISHED};
use crate::cluster::{Cluster, SERVICES};
use crate::fault::NAMES;
use crate::judge::ALLOWED;
use crate::load::KINDS;
use crate::resources::Resources;
use crate::tally::Tally;

/// Prints what happened to whom, what clients got, whether it adds up, and what it took.
pub(crate) fn print_all(cluster: &Cluster, tally: &Tally, account: &Account, used: &Resources) {
    let columns =
        |cells: &[String]| cells.iter().map(|cell| format!("{cell:>9}")).collect::<String>();
    print(&format!("\n{:<12}{}", "faults", columns(&NAMES.map(str::to_owned))));
    for service in SERVICES {
        let tasks = cluster.of(service);
        let faults: Vec<_> = tasks.iter().flat_map(|task| task.all_faults()).collect();
        let count = |name: &&str| faults.iter().filter(|(fault, _)| fault.name() == *name).count();
        let counts = NAMES.each_ref().map(|name| count(name).to_string());
        print(&format!("{service:<12}{}", columns(&counts)));
    }
    print("\nanswers");
    for kind in KINDS {
        print(&format!("{:<58} {:>10}", kind.name, tally.answers(kind.name)));
    }
    print("\nfailed, as allowed");
    for name in ALLOWED {
        print(&format!("{name:<58} {:>10}", tally.answers(name)));
    }
    let quantile = |part| tally.read(|counts| counts.times.quantile(part));
    let [half, most, slowest] = [0.5, 0.99, 1.0].map(quantile);
    print(&format!(
        "\nrallies at full speed at a proxy that was well: half in {half} ms, 99 of 100 in {most} ms, \
         the slowest in {slowest} ms"
    ));
    let Account { received, scored, instances, killed, lost, most_lost, longest, unseen } = account;
    print(&format!(
        "\nclients received {received} rallies, scoreboards have {scored} of {instances} managers\n\
         {unseen} of them were received by nobody: a fault had another manager asked, or lost the \
         proxy\n{lost} that clients received were lost with {killed} killed managers, at most \
         {most_lost} of one, of its last {} ms; allowed: {} ms",
        longest.as_millis(),
        UNPUBLISHED.as_millis()
    ));
    print(&format!(
        "\n{:<12}{:>36}{:>36}{:>24}",
        "by quarters", "memory in KiB", "descriptors", "threads"
    ));
    for service in SERVICES {
        let quarters = used.quarters(service);
        let memory = columns(&quarters.map(|usage| usage.memory.to_string()));
        let descriptors = columns(&quarters.map(|usage| usage.descriptors.to_string()));
        let threads = quarters.map(|usage| format!("{:>6}", usage.threads)).concat();
        print(&format!("{service:<12}{memory}{descriptors}{threads}"));
    }
}

/// Prints a line to stdout.
pub(crate) fn print(text: &str) {
    // Nobody may be reading.
    let _ = writeln!(std::io::stdout(), "{text}");
}
