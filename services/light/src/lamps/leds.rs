//! LEDs that the kernel knows by name: the LED class.
//!
//! Each is a folder with the files `brightness`, `max_brightness` and `trigger`
//! (Documentation/ABI/testing/sysfs-class-led). A trigger, such as the one that has the board's LED
//! follow its disk, switches the LED by itself; it is set aside and put back at the end.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::lamp::{Lamp, NoLamp};
use crate::scene::{Lights, Scene};

/// The names of a traffic light's LEDs, in the order of its lights.
const THREE: [&str; 3] = ["pong-red", "pong-yellow", "pong-green"];

/// The names of a Raspberry Pi's own green LED, by age of the kernel.
const BOARD: [&str; 2] = ["ACT", "led0"];

/// Switches three LEDs, or one that stands for both flashes.
pub(crate) struct Leds {
    leds: Vec<Led>,
    shown: Option<Lights>,
}

struct Led {
    name: String,
    folder: PathBuf,
    trigger: Option<String>,
    brightest: String,
}

impl Leds {
    /// Takes the LEDs over that are found in `root`: /sys/class/leds, or the /sys/devices/platform
    /// that its links lead to.
    pub(crate) fn open(root: &Path) -> Result<Self, NoLamp> {
        let no = |reason| NoLamp { way: "leds", reason };
        let found = THREE.map(|name| (name, find(root, name)));
        let missing = found.iter().filter(|(_, folder)| folder.is_none()).map(|(name, _)| *name);
        let missing: Vec<_> = missing.collect();
        let board = || BOARD.into_iter().find_map(|name| Some((name, find(root, name)?)));
        let folders: Vec<(&str, PathBuf)> = match missing.len() {
            0 => found.into_iter().filter_map(|(name, folder)| Some((name, folder?))).collect(),
            1 | 2 => {
                let missing = missing.join(" and ");
                return Err(no(format!(
                    "no LED {missing} in {}, though there are others of the three: add a \
                     dtoverlay=gpio-led line for each to the Pi's config.txt",
                    root.display()
                )));
            }
            _ => board().into_iter().collect(),
        };
        if folders.is_empty() {
            return Err(no(format!("neither pong-red nor ACT in {}", root.display())));
        }
        let leds = folders.into_iter().map(|(name, folder)| {
            let taken = Led::take(name, folder.clone());
            taken.map_err(|error| no(format!("{}: {error}{}", folder.display(), remedy(&error))))
        });
        Ok(Self { leds: leds.collect::<Result<_, _>>()?, shown: None })
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
    let mut folders = std::iter::once(root.join(name))
        .chain(devices.map(|device| device.path().join("leds").join(name)));
    folders.find(|folder| folder.join("brightness").exists())
}

impl Led {
    fn take(name: &str, folder: PathBuf) -> io::Result<Self> {
        // 255 where the kernel does not say, as it does for most LEDs.
        let brightest = fs::read_to_string(folder.join("max_brightness"));
        let brightest = brightest.map_or_else(|_| "255".to_owned(), |text| text.trim().to_owned());
        let triggers = fs::read_to_string(folder.join("trigger")).unwrap_or_default();
        // The one in force is in brackets: none [mmc0] timer
        let trigger = triggers.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
        let trigger = trigger.map(|(trigger, _)| trigger.to_owned());
        let trigger = trigger.filter(|trigger| trigger != "none");
        let led = Self { name: name.to_owned(), folder, trigger, brightest };
        if led.trigger.is_some() {
            led.write("trigger", "none")?;
        }
        led.write("brightness", "0")?;
        Ok(led)
    }

    fn set(&self, on: bool) -> io::Result<()> {
        self.write("brightness", if on { &self.brightest } else { "0" })
    }

    /// Writes to a file that is there; LEDs come and go with their drivers.
    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        let path = self.folder.join(file);
        let said =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let mut file = OpenOptions::new().write(true).truncate(true).open(&path).map_err(said)?;
        file.write_all(text.as_bytes()).map_err(said)
    }
}

impl Drop for Led {
    fn drop(&mut self) {
        let _ = self.set(false);
        if let Some(trigger) = &self.trigger {
            let _ = self.write("trigger", trigger);
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
                led.set(on)?;
            }
        }
        self.shown = Some(lights);
        Ok(())
    }

    fn name(&self) -> String {
        let names: Vec<_> = self.leds.iter().map(|led| led.name.as_str()).collect();
        let folder = self.leds[0].folder.parent().unwrap_or(&self.leds[0].folder);
        format!("the kernel's LED {} in {}", names.join(", "), folder.display())
    }
}

#[cfg(test)]
mod tests;
