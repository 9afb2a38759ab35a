//! `light --test`.

use super::leds::Leds;
use crate::support::process::Process;

#[tokio::test]
async fn the_test_lights_red_yellow_green_and_says_on_what() {
    let mut leds = Leds::new();
    leds.appear();
    let mut test =
        Process::spawn(&["light", "--test", "--leds", leds.path(), "--state", leds.state()], &[]);
    assert_eq!(test.code(), Some(0), "{}", test.log());
    let out = test.out();
    assert!(out.starts_with("on the kernel's LED pong-red, pong-yellow, pong-green in "), "{out}");
    assert!(out.ends_with(":\n  red\n  yellow\n  green\n  dark\n"), "{out}");
    let [red, yellow, green] = leds.written();
    assert_eq!((red.as_str(), yellow.as_str(), green.as_str()), ("0100", "00100", "0010"));
}

#[test]
fn without_a_lamp_the_test_fails_and_says_what_was_tried() {
    let leds = Leds::new();
    let arguments =
        ["light", "--test", "--leds", leds.path(), "--state", leds.state(), "--sysfs", leds.path()];
    let mut test = Process::spawn(&arguments, &[]);
    assert_eq!(test.code(), Some(1), "{}", test.log());
    let tried = test.out();
    let backends = ["leds: ", "rppal: ", "sysfs: "];
    assert!(backends.iter().all(|backend| tried.contains(backend)), "{tried}");
    assert!(test.log().contains("no LED backend available"), "{}", test.log());
}
