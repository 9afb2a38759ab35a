use tempfile::TempDir;

use super::*;
use crate::backends::write;

/// A directory such as /sys/devices/platform with these LEDs below one device.
fn platform(names: &[&str]) -> TempDir {
    let directory = TempDir::new().expect("a directory");
    for name in names {
        let led = format!("leds/leds/{name}");
        write(directory.path(), &format!("{led}/brightness"), "128\n");
        write(directory.path(), &format!("{led}/max_brightness"), "255\n");
        write(directory.path(), &format!("{led}/trigger"), "none timer [mmc0] heartbeat\n");
    }
    directory
}

fn read(directory: &TempDir, file: &str) -> String {
    fs::read_to_string(directory.path().join(file)).expect("read")
}

fn open(directory: &TempDir) -> Result<Leds, OpenError> {
    Leds::open(directory.path(), &directory.path().join("state"), false)
}

fn scene(idle: Lights) -> Scene {
    Scene { connected: true, idle, ..Scene::DARK }
}

fn brightness(directory: &TempDir) -> [String; 3] {
    TRAFFIC_LIGHT.map(|name| read(directory, &format!("leds/leds/{name}/brightness")))
}

#[test]
fn three_leds_start_dark_follow_the_scene_and_end_as_they_were_found() {
    let directory = platform(&TRAFFIC_LIGHT);
    let red = "leds/leds/pong-red";
    write(directory.path(), &format!("{red}/trigger"), "[none] timer mmc0\n");
    let mut leds = open(&directory).expect("three LEDs");
    assert_eq!(brightness(&directory), ["0", "0", "0"]);
    leds.show(&scene(Lights { yellow: true, ..Lights::RED })).expect("written");
    assert_eq!(brightness(&directory), ["255", "255", "0"]);
    leds.show(&scene(Lights::GREEN)).expect("written");
    assert_eq!(brightness(&directory), ["0", "0", "255"]);
    drop(leds);
    assert_eq!(brightness(&directory), ["128", "0", "0"], "a trigger lights the others");
    assert_eq!(read(&directory, &format!("{red}/trigger")), "[none] timer mmc0\n");
}

#[test]
fn a_kill_leaves_nothing_that_the_next_start_does_not_put_back() {
    let directory = platform(&["ACT"]);
    let trigger = "leds/leds/ACT/trigger";
    for _ in 0..2 {
        let mut leds = open(&directory).expect("the board's LED");
        leds.show(&scene(Lights::GREEN)).expect("written");
        assert_eq!(read(&directory, trigger), "none");
        // As kill -9 does.
        std::mem::forget(leds);
        write(directory.path(), trigger, "[none] timer mmc0 heartbeat\n");
    }
    drop(open(&directory).expect("the board's LED"));
    assert_eq!(read(&directory, trigger), "mmc0");
    let left = fs::read_dir(directory.path().join("state")).expect("made").count();
    assert_eq!(left, 0, "nothing is left to be put back");
}

#[test]
fn what_was_remembered_does_not_outlive_a_new_trigger_or_a_boot() {
    let directory = platform(&["ACT"]);
    let trigger = "leds/leds/ACT/trigger";
    std::mem::forget(open(&directory).expect("the board's LED"));
    write(directory.path(), trigger, "none timer mmc0 [heartbeat]\n");
    drop(open(&directory).expect("the board's LED"));
    assert_eq!(read(&directory, trigger), "heartbeat", "somebody has set it");

    write(directory.path(), "state/ACT", "another-boot mmc0 0\n");
    write(directory.path(), trigger, "[none] timer mmc0\n");
    write(directory.path(), "leds/leds/ACT/brightness", "255\n");
    drop(open(&directory).expect("the board's LED"));
    assert_eq!(read(&directory, trigger), "[none] timer mmc0\n");
    assert_eq!(read(&directory, "leds/leds/ACT/brightness"), "255");
}

#[test]
fn active_low_leds_are_lit_by_a_0_and_the_boards_own_is_refused() {
    let open = |directory: &TempDir| Leds::open(directory.path(), directory.path(), true);
    let directory = platform(&TRAFFIC_LIGHT);
    let mut leds = open(&directory).expect("three LEDs");
    assert_eq!(brightness(&directory), ["255", "255", "255"], "dark");
    leds.show(&scene(Lights::RED)).expect("written");
    assert_eq!(brightness(&directory), ["0", "255", "255"]);
    drop(leds);

    let directory = platform(&["ACT"]);
    let error = open(&directory).err().expect("refused");
    assert!(error.to_string().contains("--active-low"), "{error}");
    assert_eq!(read(&directory, "leds/leds/ACT/brightness"), "128\n");
}

#[test]
fn a_trigger_is_set_aside_and_put_back_at_the_end_even_of_a_panic() {
    let directory = platform(&["ACT"]);
    let trigger = "leds/leds/ACT/trigger";
    let panicked = std::panic::catch_unwind(|| {
        let mut leds = open(&directory).expect("the board's LED");
        leds.show(&scene(Lights::GREEN)).expect("written");
        assert_eq!(read(&directory, trigger), "none");
        assert_eq!(read(&directory, "leds/leds/ACT/brightness"), "255");
        std::panic::resume_unwind(Box::new("a fault in the light"));
    });
    assert!(panicked.is_err());
    assert_eq!(read(&directory, "leds/leds/ACT/brightness"), "0");
    assert_eq!(read(&directory, trigger), "mmc0");
}

#[test]
fn the_boards_own_led_flashes_for_hit_and_miss_but_not_for_proxying() {
    let directory = platform(&["ACT"]);
    let mut leds = open(&directory).expect("the board's LED");
    for (lights, brightness) in
        [(Lights::GREEN, "255"), (Lights::YELLOW, "0"), (Lights::RED, "255"), (Lights::DARK, "0")]
    {
        leds.show(&scene(lights)).expect("written");
        assert_eq!(read(&directory, "leds/leds/ACT/brightness"), brightness, "{lights:?}");
    }
}

#[test]
fn leds_are_found_as_the_class_links_them_too() {
    let directory = TempDir::new().expect("a directory");
    write(directory.path(), "ACT/brightness", "0");
    assert!(open(&directory).expect("a LED").name().contains("ACT"));
}

#[test]
fn keyboard_leds_are_not_touched() {
    let directory = platform(&["input3::capslock"]);
    let error = open(&directory).err().expect("no lamp");
    assert!(error.to_string().starts_with("leds: neither pong-red nor ACT in "), "{error}");
    assert_eq!(read(&directory, "leds/leds/input3::capslock/brightness"), "128\n");
}

#[test]
fn a_traffic_light_that_lacks_a_light_is_refused_and_the_light_named() {
    let directory = platform(&["ACT", "pong-red", "pong-green"]);
    let error = open(&directory).err().expect("no lamp");
    assert!(error.to_string().starts_with("leds: no LED pong-yellow in "), "{error}");
}

#[test]
fn an_led_that_goes_away_is_an_error_that_names_its_file() {
    let directory = platform(&TRAFFIC_LIGHT);
    let mut leds = open(&directory).expect("three LEDs");
    leds.show(&scene(Lights::DARK)).expect("written");
    fs::remove_dir_all(directory.path().join("leds/leds/pong-red")).expect("removed");
    let error = leds.show(&scene(Lights::RED)).expect_err("gone");
    assert!(error.to_string().contains("pong-red/brightness: No such file"), "{error}");
}
