//! A lamp that is not there, or goes away, stops nothing.

use super::leds::Leds;
use crate::support::http::get;
use crate::support::log::{BACKEND_UNAVAILABLE, LAMP_FAILED, LAMP_RECOVERED, NO_LED_FOUND, with};
use crate::support::process::Process;
use crate::support::wait::until;

/// Waits until `/readyz` has this status, and returns its body.
async fn until_ready_is(light: &Process, status: u16) -> String {
    until_status(light, "/readyz", status).await
}

async fn until_status(light: &Process, path: &str, status: u16) -> String {
    until("another status", async || {
        let answer = get(light.admin, path, &[]).await;
        (answer.status == status).then_some(answer.body)
    })
    .await
}

#[tokio::test]
async fn a_lamp_that_is_not_there_yet_is_waited_for_by_a_service_that_is_healthy() {
    let mut leds = Leds::new();
    let light = Process::start(&leds.light());
    light.logged(LAMP_FAILED, &[]);
    let reason = until_ready_is(&light, 503).await;
    assert!(reason.starts_with("leds: neither pong-red nor ACT in "), "{reason}");
    assert_eq!(get(light.admin, "/healthz", &[]).await.status, 200);
    leds.appear();
    until_ready_is(&light, 200).await;
    light.logged(LAMP_RECOVERED, &[]);
    assert_eq!(with(&light.log_lines(), LAMP_FAILED).len(), 1, "once: {}", light.log());
}

#[tokio::test]
async fn a_light_whose_lamp_hangs_is_not_healthy_until_it_goes_on() {
    let mut leds = Leds::new();
    leds.appear();
    leds.hang();
    let light = Process::start(&leds.light());
    let reason = until_status(&light, "/healthz", 503).await;
    assert!(reason.starts_with("the lamp hangs: not switched for "), "{reason}");
    assert_eq!(get(light.admin, "/readyz", &[]).await.body, reason);
    leds.written();
    until_status(&light, "/healthz", 200).await;
    until_ready_is(&light, 200).await;
}

#[tokio::test]
async fn a_node_without_any_lamp_has_a_light_that_is_ready_and_names_what_it_tried() {
    let leds = Leds::new();
    let light = Process::start(&[
        "light",
        "--leds",
        leds.path(),
        "--state",
        leds.state(),
        "--sysfs",
        leds.path(),
    ]);
    until_ready_is(&light, 200).await;
    light.logged(NO_LED_FOUND, &[("level", "WARN")]);
    let lines = light.log_lines();
    let tried = with(&lines, BACKEND_UNAVAILABLE);
    for backend in ["leds: ", "gpio: ", "rppal: ", "sysfs: "] {
        let is_named = tried.iter().any(|line| line.to_string().contains(backend));
        assert!(is_named, "{backend:?} in {tried:?}");
    }
    let public = get(light.admin, "/", &[]).await;
    assert_eq!(public.status, 404, "it has an admin port alone");
}
