use super::*;
use crate::folder::Folder;

/// A folder such as /sys/devices/platform with these LEDs below one device.
fn platform(names: &[&str]) -> Folder {
    let folder = Folder::new();
    for name in names {
        let led = format!("leds/leds/{name}");
        folder.write(&format!("{led}/brightness"), "128\n");
        folder.write(&format!("{led}/max_brightness"), "255\n");
        folder.write(&format!("{led}/trigger"), "none timer [mmc0] heartbeat\n");
    }
    folder
}

fn scene(idle: Lights) -> Scene {
    Scene { awake: true, idle, ..Scene::DARK }
}

fn brightness(folder: &Folder) -> [String; 3] {
    THREE.map(|name| folder.read(&format!("leds/leds/{name}/brightness")))
}

#[test]
fn three_leds_are_dark_when_taken_lit_as_told_and_dark_when_given_back() {
    let folder = platform(&THREE);
    let mut leds = Leds::open(folder.path()).expect("three LEDs");
    assert_eq!(brightness(&folder), ["0", "0", "0"]);
    leds.show(&scene(Lights { yellow: true, ..Lights::RED })).expect("written");
    assert_eq!(brightness(&folder), ["255", "255", "0"]);
    leds.show(&scene(Lights::GREEN)).expect("written");
    assert_eq!(brightness(&folder), ["0", "0", "255"]);
    drop(leds);
    assert_eq!(brightness(&folder), ["0", "0", "0"]);
}

#[test]
fn a_trigger_is_set_aside_and_put_back_at_the_end_even_of_a_panic() {
    let folder = platform(&["ACT"]);
    let trigger = "leds/leds/ACT/trigger";
    let panicked = std::panic::catch_unwind(|| {
        let mut leds = Leds::open(folder.path()).expect("the board's LED");
        leds.show(&scene(Lights::GREEN)).expect("written");
        assert_eq!(folder.read(trigger), "none");
        assert_eq!(folder.read("leds/leds/ACT/brightness"), "255");
        std::panic::resume_unwind(Box::new("a fault in the light"));
    });
    assert!(panicked.is_err());
    assert_eq!(folder.read("leds/leds/ACT/brightness"), "0");
    assert_eq!(folder.read(trigger), "mmc0");
}

#[test]
fn the_boards_own_led_flashes_for_hit_and_miss_but_not_for_a_rally_carried() {
    let folder = platform(&["ACT"]);
    let mut leds = Leds::open(folder.path()).expect("the board's LED");
    for (lights, brightness) in
        [(Lights::GREEN, "255"), (Lights::YELLOW, "0"), (Lights::RED, "255"), (Lights::DARK, "0")]
    {
        leds.show(&scene(lights)).expect("written");
        assert_eq!(folder.read("leds/leds/ACT/brightness"), brightness, "{lights:?}");
    }
}

#[test]
fn leds_are_found_as_the_class_links_them_too() {
    let folder = Folder::new();
    folder.write("ACT/brightness", "0");
    assert!(Leds::open(folder.path()).expect("a LED").name().contains("ACT"));
}

#[test]
fn a_keyboards_leds_are_left_alone() {
    let folder = platform(&["input3::capslock"]);
    let no = Leds::open(folder.path()).err().expect("no lamp");
    assert!(no.to_string().starts_with("leds: neither pong-red nor ACT in "), "{no}");
    assert_eq!(folder.read("leds/leds/input3::capslock/brightness"), "128\n");
}

#[test]
fn a_traffic_light_that_lacks_a_light_is_refused_and_the_light_named() {
    let folder = platform(&["ACT", "pong-red", "pong-green"]);
    let no = Leds::open(folder.path()).err().expect("no lamp");
    assert!(no.to_string().starts_with("leds: no LED pong-yellow in "), "{no}");
}

#[test]
fn an_led_that_goes_away_is_an_error_that_names_its_file() {
    let folder = platform(&THREE);
    let mut leds = Leds::open(folder.path()).expect("three LEDs");
    leds.show(&scene(Lights::DARK)).expect("written");
    folder.remove("leds/leds/pong-red");
    let error = leds.show(&scene(Lights::RED)).expect_err("gone");
    assert!(error.to_string().contains("pong-red/brightness: No such file"), "{error}");
}
