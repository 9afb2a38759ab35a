// Presentation mode: the court alone, for the back row. Key F, or ?present.
import { byId } from "./dom.js";

const root = document.documentElement;

function present(on) {
  root.classList.toggle("present", on);
  byId("present").setAttribute("aria-pressed", on);
}

async function toggle() {
  const on = !root.classList.contains("present");
  present(on);
  // Not every browser lets a page do it; the mode is as good without.
  try {
    if (on) await root.requestFullscreen();
    else if (document.fullscreenElement) await document.exitFullscreen();
  } catch {}
}

export function startPresenting() {
  present(new URLSearchParams(location.search).has("present"));
  byId("present").addEventListener("click", toggle);
  addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "f" && !event.ctrlKey && !event.metaKey && !event.altKey) toggle();
    if (event.key === "Escape") present(false);
  });
  document.addEventListener("fullscreenchange", () => document.fullscreenElement || present(false));
}
