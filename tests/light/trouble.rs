//! A lamp that is not there, or goes away, stops nothing.

use std::time::Duration;

use tokio::time::{interval, timeout};

use crate::http::{PATIENCE, get};
use crate::leds::Leds;
use crate::process::Process;

/// Waits until the readiness answer has this status, and returns what it says.
async fn until_ready_is(light: &Process, status: u16) -> String {
    let seen = async {
        let mut beat = interval(Duration::from_millis(50));
        loop {
            let answer = get(light.admin, "/readyz", &[]).await;
            if answer.status == status {
                return answer.body;
            }
            beat.tick().await;
        }
    };
    timeout(PATIENCE, seen).await.expect("in time")
}

#[tokio::test]
async fn a_lamp_that_is_not_there_yet_is_waited_for_by_a_service_that_is_healthy() {
    let mut leds = Leds::new();
    let light = Process::start(&["light", "--lamp", "leds", "--leds", leds.path()]);
    light.logged(&["\"message\":\"lamp failed; trying again until it works\""]);
    let reason = until_ready_is(&light, 503).await;
    assert!(reason.starts_with("leds: neither pong-red nor ACT in "), "{reason}");
    assert_eq!(get(light.admin, "/healthz", &[]).await.status, 200);
    leds.appear();
    until_ready_is(&light, 200).await;
    light.logged(&["\"message\":\"lamp works again\""]);
    let told = light.log().lines().filter(|line| line.contains("lamp failed")).count();
    assert_eq!(told, 1, "said once: {}", light.log());
}

#[tokio::test]
async fn a_node_without_any_lamp_has_a_light_that_is_ready_and_says_what_it_passed_over() {
    let leds = Leds::new();
    let light = Process::start(&["light", "--leds", leds.path(), "--sysfs", leds.path()]);
    until_ready_is(&light, 200).await;
    for way in ["leds: ", "rppal: ", "sysfs: "] {
        light.logged(&["\"message\":\"lamp passed over\"", way]);
    }
    light.logged(&["\"level\":\"WARN\"", "no lamp on this node"]);
    assert_eq!(
        get(light.admin, "/", &[]).await.status,
        404,
        "nothing is served but the admin port"
    );
}
