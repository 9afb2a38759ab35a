//! The demo's lamps where there is no terminal: log lines.

use crate::http::get;
use crate::process::Process;

#[tokio::test]
async fn each_simulated_nodes_lamp_is_a_log_line_a_change_and_dark_in_the_end() {
    let demo = ["demo", "--nodes", "2", "--hit-chance", "0", "--log-level", "debug"];
    let mut demo = Process::start(&demo);
    for light in ["light.1", "light.2"] {
        demo.logged(&["\"message\":\"feed joined\"", light]);
    }
    let answer = get(demo.listen, "/?who", &[]).await;
    let node = if answer.body.contains("@pi1") { "\"pi1\"" } else { "\"pi2\"" };
    demo.logged(&["\"message\":\"lamp\"", node, "\"red\":true"]);
    demo.logged(&["\"message\":\"lamp\"", "\"pi1\"", "\"yellow\":true"]);
    demo.terminate();
    assert_eq!(demo.code(), Some(0), "{}", demo.log());
    for node in ["\"pi1\"", "\"pi2\""] {
        let log = demo.log();
        let last = log.lines().rfind(|line| line.contains("\"lamp\"") && line.contains(node));
        let dark = "\"red\":false,\"yellow\":false,\"green\":false";
        assert!(last.is_none_or(|line| line.contains(dark) || line.contains("works")), "{last:?}");
    }
}
