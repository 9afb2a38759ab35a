//! LEDs that the kernel knows by name: the LED class.
//!
//! Each is a directory with the files `brightness`, `max_brightness` and `trigger`
//! (Documentation/ABI/testing/sysfs-class-led). A trigger, such as the one that has the board's LED
//! follow its disk, switches the LED by itself; it is replaced by none. At the end each LED is as it
//! was found, also after the process was killed: the next one puts back what the first one found,
//! which is [remembered](found) until then.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

mod found;

use found::{Found, Memory};

use crate::lamp::{Lamp, OpenError};
use crate::scene::{Lights, Scene};

/// The names of a traffic light's LEDs, in the order of its lights.
const TRAFFIC_LIGHT: [&str; 3] = ["pong-red", "pong-yellow", "pong-green"];

/// The names of a Raspberry Pi's own green LED, by age of the kernel.
const BOARD: [&str; 2] = ["ACT", "led0"];

/// Three LEDs, or one that stands for both flashes.
pub(crate) struct Leds {
    leds: Vec<Led>,
    active_low: bool,
    shown: Option<Lights>,
}

struct Led {
    directory: PathBuf,
    found: Found,
    memory: Memory,
    max_brightness: String,
}

impl Leds {
    /// Takes over the LEDs found in `root`: /sys/class/leds, or the /sys/devices/platform that its
    /// links lead to. What they were before is remembered in `state`.
    ///
    /// `active_low` is for LEDs that somebody wired; how the board's own are, the kernel knows.
    pub(crate) fn open(root: &Path, state: &Path, active_low: bool) -> Result<Self, OpenError> {
        let failed = |reason| OpenError { backend: "leds", reason };
        let found: Vec<PathBuf> =
            TRAFFIC_LIGHT.into_iter().filter_map(|name| find(root, name)).collect();
        let directories = if found.is_empty() {
            let board = BOARD.into_iter().find_map(|name| find(root, name));
            let board = board
                .ok_or_else(|| failed(format!("neither pong-red nor ACT in {}", root.display())))?;
            if active_low {
                return Err(failed(format!(
                    "the LED {} is the board's own, for which --active-low has no meaning",
                    board.display()
                )));
            }
            vec![board]
        } else if found.len() < TRAFFIC_LIGHT.len() {
            let missing = TRAFFIC_LIGHT.into_iter().filter(|name| find(root, name).is_none());
            let missing = missing.collect::<Vec<_>>().join(" and ");
            return Err(failed(format!(
                "no LED {missing} in {}, though there are others of the three: add a \
                 dtoverlay=gpio-led line for each to the Pi's config.txt",
                root.display()
            )));
        } else {
            found
        };
        let take = |directory: PathBuf| {
            Led::take(directory.clone(), state, active_low).map_err(|error| {
                failed(format!("{}: {error}{}", directory.display(), remedy(&error)))
            })
        };
        let leds = directories.into_iter().map(take).collect::<Result<_, _>>()?;
        Ok(Self { leds, active_low, shown: None })
    }
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "; only root may switch it",
        io::ErrorKind::ReadOnlyFilesystem => {
            "; in a container, bind /sys/devices/platform to a path outside /sys and name that"
        }
        _ => "",
    }
}

/// Looks where the class has its links, and where the platform's devices have their LEDs.
fn find(root: &Path, name: &str) -> Option<PathBuf> {
    let devices = fs::read_dir(root).into_iter().flatten().flatten();
    let mut directories = std::iter::once(root.join(name))
        .chain(devices.map(|device| device.path().join("leds").join(name)));
    directories.find(|directory| directory.join("brightness").exists())
}

impl Led {
    fn take(directory: PathBuf, state: &Path, active_low: bool) -> io::Result<Self> {
        let read =
            |file| fs::read_to_string(directory.join(file)).map(|text| text.trim().to_owned());
        // 255 where the kernel does not say, as it does for most LEDs.
        let max_brightness = read("max_brightness").unwrap_or_else(|_| "255".to_owned());
        let triggers = read("trigger").unwrap_or_default();
        // The one in force is in brackets: none [mmc0] timer
        let trigger = triggers.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
        let trigger = trigger.map_or("none", |(trigger, _)| trigger).to_owned();
        // How bright a trigger has the LED at this moment is the trigger's.
        let is_its_own = triggers.is_empty() || triggers.contains("[none]");
        let brightness = if is_its_own { read("brightness")? } else { "0".to_owned() };
        let now = Found { trigger, brightness };
        let memory = Memory::of(state, &directory);
        let found = memory.recall_or_remember(now);
        let led = Self { directory, found, memory, max_brightness };
        if led.found.has_trigger() {
            led.write("trigger", "none")?;
        }
        led.set(active_low)?;
        Ok(led)
    }

    /// Switches the LED on or off, as the kernel sees it.
    fn set(&self, on: bool) -> io::Result<()> {
        self.write("brightness", if on { &self.max_brightness } else { "0" })
    }

    /// Makes the LED what it was.
    fn put_back(&self) -> io::Result<()> {
        self.write("brightness", &self.found.brightness)?;
        if self.found.has_trigger() {
            self.write("trigger", &self.found.trigger)?;
        }
        Ok(())
    }

    /// Writes to a file that is there; LEDs come and go with their drivers.
    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        let path = self.directory.join(file);
        let with_path =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let mut file =
            OpenOptions::new().write(true).truncate(true).open(&path).map_err(with_path)?;
        file.write_all(text.as_bytes()).map_err(with_path)
    }
}

impl Drop for Led {
    fn drop(&mut self) {
        if self.put_back().is_ok() {
            self.memory.forget();
        }
    }
}

impl Lamp for Leds {
    fn show(&mut self, scene: &Scene) -> io::Result<()> {
        let mut lights = scene.lights();
        if self.leds.len() == 1 {
            lights = Lights { green: lights.green || lights.red, ..Lights::DARK };
        }
        if self.shown == Some(lights) {
            return Ok(());
        }
        let was = self.shown.take().map(Lights::in_order);
        let order: &[usize] = if self.leds.len() == 1 { &[2] } else { &[0, 1, 2] };
        for (led, n) in self.leds.iter().zip(order) {
            let on = lights.in_order()[*n];
            if was.is_none_or(|was| was[*n] != on) {
                led.set(on != self.active_low)?;
            }
        }
        self.shown = Some(lights);
        Ok(())
    }

    fn name(&self) -> String {
        let names: Vec<_> = self.leds.iter().filter_map(|led| led.directory.file_name()).collect();
        let names = names.join(OsStr::new(", "));
        let first = &self.leds[0].directory;
        let parent = first.parent().unwrap_or(first);
        format!("the kernel's LED {} in {}", names.display(), parent.display())
    }
}

#[cfg(test)]
mod tests;
