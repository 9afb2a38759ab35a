//! Invalid values are refused with exit code 2.

use crate::support::process::Process;

#[test]
fn an_invalid_lamp_pin_or_color_is_refused_with_the_option_and_the_reason() {
    for command in ["light", "demo"] {
        for (option, value, reason) in [
            (
                "--lamp",
                "candle",
                "possible values: auto, leds, gpio, rppal, sysfs, blinkt, simulated",
            ),
            ("--idle", "dance", "possible values: off, cycle"),
            ("--pins", "2,3", "2 pins where the lamp has 3, such as 2,3,4"),
            ("--pins", "9,10,9", "pin 9 is given twice"),
            ("--pins", "2,3,28", "'28' is not the BCM number of a pin on the header, 2 to 27"),
            ("--pins", "0,3,4", "pin 0 is where the board looks for a HAT's memory"),
            ("--blinkt-pins", "23,24,25", "3 pins where the lamp has 2, such as 23,24"),
            ("--color", "pink", "red, green, blue, off or six hexadecimal digits"),
        ] {
            let mut process = Process::spawn(&[command, option, value], &[]);
            assert_eq!(process.code(), Some(2), "{command} {option} {value}");
            let said = process.log();
            assert!(said.contains(option) && said.contains(reason), "{reason:?} in {said}");
        }
    }
}
