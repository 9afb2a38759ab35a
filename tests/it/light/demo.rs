//! The demo's lamps where there is no terminal: log lines.

use crate::support::http::get;
use crate::support::log::{FEED_CONNECTED, LAMP_CHANGED, with};
use crate::support::process::Process;

#[tokio::test]
async fn each_simulated_nodes_lamp_is_a_log_line_per_change_and_dark_in_the_end() {
    let demo = ["demo", "--nodes", "2", "--hit-chance", "0", "--log-level", "debug"];
    let mut demo = Process::start(&demo);
    for light in ["light.1", "light.2"] {
        demo.logged(FEED_CONNECTED, &[("span.task", light)]);
    }
    let answer = get(demo.listen, "/?who", &[]).await;
    let node = if answer.body.contains("@pi1") { "pi1" } else { "pi2" };
    demo.logged(LAMP_CHANGED, &[("span.node", node), ("red", "true")]);
    demo.logged(LAMP_CHANGED, &[("span.node", "pi1"), ("yellow", "true")]);
    let lines = demo.end();
    for node in ["pi1", "pi2"] {
        let changes = with(&lines, LAMP_CHANGED);
        let last = changes.iter().rfind(|line| line["span"]["node"] == node);
        let is_dark =
            ["red", "yellow", "green"].map(|led| last.is_none_or(|line| line[led] == false));
        assert_eq!(is_dark, [true; 3], "{last:?}");
    }
}
