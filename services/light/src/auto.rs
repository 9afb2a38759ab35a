//! Opens the lamp that was asked for, or the first that there is.

use court::task::Task;
use tracing::{info, warn};

use crate::lamp::{Lamp, NoLamp, Opener, Way};
use crate::lamps::blinkt::Blinkt;
use crate::lamps::leds::Leds;
#[cfg(all(target_os = "linux", not(test)))]
use crate::lamps::rppal;
use crate::lamps::simulated::Simulated;
use crate::lamps::sysfs::{Chip, Pin};
use crate::lamps::three::Three;
use crate::options::LampOptions;

type Opened = Result<Box<dyn Lamp>, NoLamp>;

/// The ways that are tried in turn: first the one that works inside a Swarm's service.
const AUTO: [Way; 3] = [Way::Leds, Way::Rppal, Way::Sysfs];

/// Returns what opens the lamp of a task as its options say.
#[must_use]
pub fn opener(options: LampOptions, me: Task) -> Opener {
    Box::new(move || match options.lamp.unwrap_or(Way::Auto) {
        Way::Auto => Ok(auto(&options, &me)),
        way => one(way, &options, &me),
    })
}

/// Opens the first lamp that there is, and says why the others are none.
fn auto(options: &LampOptions, me: &Task) -> Box<dyn Lamp> {
    let found = first(options, me, |no| {
        info!(service = "light", task = %me.name, node = %me.node, reason = %no, "lamp passed over");
    });
    found.unwrap_or_else(|| {
        let what = "no lamp on this node; it is simulated, as 'lamp' lines of this log";
        warn!(service = "light", task = %me.name, node = %me.node, "{what}");
        Box::new(Simulated::logged(me.clone()))
    })
}

/// Opens the first lamp that is no simulation, and tells of those that did not open.
pub(crate) fn first(
    options: &LampOptions,
    me: &Task,
    mut passed_over: impl FnMut(NoLamp),
) -> Option<Box<dyn Lamp>> {
    AUTO.into_iter().find_map(|way| one(way, options, me).map_err(&mut passed_over).ok())
}

/// Opens a lamp in one way.
pub(crate) fn one(way: Way, options: &LampOptions, me: &Task) -> Opened {
    let LampOptions { pins, active_low, blinkt_pins, color, .. } = options;
    match way {
        Way::Auto => Ok(auto(options, me)),
        Way::Simulated => Ok(Box::new(Simulated::logged(me.clone()))),
        Way::Leds => Ok(Box::new(Leds::open(&options.leds)?)),
        Way::Rppal => {
            let name = format!("rppal on pins {pins}");
            Ok(Box::new(Three::new(rppal_pins(pins.0, *active_low)?, *active_low, name)))
        }
        Way::Sysfs => {
            let (pins_of_chip, chip) = sysfs_pins(options, pins.0, *active_low)?;
            let name = format!("sysfs on pins {pins} of {chip}");
            Ok(Box::new(Three::new(pins_of_chip, *active_low, name)))
        }
        Way::Blinkt => {
            let name = |by: &str| format!("Blinkt on pins {blinkt_pins}, by {by}");
            let no_rppal = match rppal_pins(blinkt_pins.0, false) {
                Ok(pins) => return Ok(Box::new(Blinkt::new(pins, *color, name("rppal")))),
                Err(no) => no,
            };
            let opened = sysfs_pins(options, blinkt_pins.0, false);
            let (pins, chip) = opened
                .map_err(|no| NoLamp { way: "blinkt", reason: format!("{no_rppal}; {no}") })?;
            Ok(Box::new(Blinkt::new(pins, *color, name(&format!("sysfs of {chip}")))))
        }
    }
}

/// Opens pins by sysfs, and says on which chip.
fn sysfs_pins<const N: usize>(
    options: &LampOptions,
    numbers: [u8; N],
    high: bool,
) -> Result<([Pin; N], String), NoLamp> {
    let chip = Chip::find(&options.sysfs)?;
    let pins = chip.pins(numbers, high)?;
    Ok((pins, format!("{} (base {})", chip.label, chip.base)))
}

#[cfg(all(target_os = "linux", not(test)))]
fn rppal_pins<const N: usize>(numbers: [u8; N], high: bool) -> Result<[rppal::Pin; N], NoLamp> {
    rppal::pins(numbers, high)
}

#[cfg(any(not(target_os = "linux"), test))]
fn rppal_pins<const N: usize>(_: [u8; N], _: bool) -> Result<[Pin; N], NoLamp> {
    Err(NoLamp { way: "rppal", reason: "it drives pins under Linux only".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::colour::Colour;
    use crate::folder::Folder;
    use crate::idle::Idle;
    use crate::pins::Pins;

    fn options(folder: &Folder, lamp: Option<Way>) -> LampOptions {
        LampOptions {
            lamp,
            idle: Idle::Off,
            pins: Pins([2, 3, 4]),
            active_low: false,
            blinkt_pins: Pins([23, 24]),
            color: Colour::OFF,
            leds: folder.path().join("leds"),
            sysfs: folder.path().join("gpio"),
        }
    }

    fn open(folder: &Folder, lamp: Option<Way>) -> Result<String, String> {
        let me = "light.1@pi1".parse().expect("a task");
        let opened = opener(options(folder, lamp), me)();
        opened.map(|lamp| lamp.name()).map_err(|no| no.to_string())
    }

    fn with_pins(pins: &[u32]) -> Folder {
        let folder = Folder::new();
        folder.write("gpio/gpiochip512/base", "512");
        folder.write("gpio/gpiochip512/label", "pinctrl-bcm2711");
        for pin in pins {
            folder.write(&format!("gpio/gpio{}/direction", 512 + pin), "");
            folder.write(&format!("gpio/gpio{}/value", 512 + pin), "");
        }
        folder
    }

    #[test]
    fn auto_takes_leds_before_pins_and_simulates_when_there_is_nothing() {
        let folder = with_pins(&[2, 3, 4]);
        assert_eq!(
            open(&folder, None),
            Ok("sysfs on pins 2,3,4 of pinctrl-bcm2711 (base 512)".into())
        );
        folder.write("leds/ACT/brightness", "0");
        let leds = open(&folder, None).expect("a LED");
        assert!(leds.starts_with("the kernel's LED ACT in "), "{leds}");
        assert_eq!(open(&Folder::new(), None), Ok("a simulation".into()));
    }

    #[test]
    fn a_way_that_was_asked_for_is_not_replaced_by_another() {
        let folder = with_pins(&[2, 3, 4]);
        let no = open(&folder, Some(Way::Leds)).expect_err("no LED");
        assert!(no.starts_with("leds: neither pong-red nor ACT in "), "{no}");
        assert_eq!(open(&folder, Some(Way::Simulated)), Ok("a simulation".into()));
    }

    #[test]
    fn a_blinkt_takes_the_way_that_works() {
        let blinkt = open(&with_pins(&[23, 24]), Some(Way::Blinkt));
        let name = "Blinkt on pins 23,24, by sysfs of pinctrl-bcm2711 (base 512)";
        assert_eq!(blinkt, Ok(name.into()));
        let no = open(&Folder::new(), Some(Way::Blinkt)).expect_err("no pins");
        assert!(no.contains("rppal: ") && no.contains("; sysfs: "), "{no}");
    }
}
