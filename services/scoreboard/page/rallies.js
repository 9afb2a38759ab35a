// The last rallies as text, the newest on top.
import { announce, byId, element, reconcile, taskName } from "./dom.js";

const MAX_RALLIES = 20;
// A faster list cannot be read.
const REDRAW_INTERVAL = 1000;

const list = byId("rally-list");
let rallies = [];
let due;

export function showRallies(all) {
  rallies = all;
  draw();
}

// Adds rallies, the oldest first, each once; those served on this page are announced.
export function addRallies(finished, own = false) {
  const added = finished.filter((rally) => !rallies.some((known) => known.rally === rally.rally));
  rallies = [...added.reverse(), ...rallies].slice(0, MAX_RALLIES);
  due ??= setTimeout(draw, REDRAW_INTERVAL);
  if (!own) return;
  for (const rally of finished) announce(`${verdict(rally)} after ${count(rally.strokes, "stroke")}`);
  draw();
}

function verdict(rally) {
  switch (rally.verdict) {
    case "draw": return "DRAW";
    case "let": return `LET: no ${rally.missing.toUpperCase()} player answered`;
    case "abandoned": return "abandoned";
    default: return `The winner is ${rally.verdict.toUpperCase()}`;
  }
}

const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
const milliseconds = (micros) => `${(micros / 1000).toFixed(micros < 100_000 ? 2 : 0)} ms`;

function draw() {
  clearTimeout(due);
  due = undefined;
  // Do not move what is being read or opened.
  if (list.matches(":hover, :focus-within")) {
    due = setTimeout(draw, REDRAW_INTERVAL);
    return;
  }
  reconcile(list, rallies, (rally) => rally.rally, createRally, () => {});
}

function createRally(rally) {
  const item = element("li", rally.verdict);
  const details = element("details");
  const summary = element("summary");
  const faults = rally.faults ? `, ${count(rally.faults, "fault")}` : "";
  const proxy = rally.proxy ? `, proxy on ${rally.proxy}` : "";
  summary.append(
    element("b", "", verdict(rally)),
    element("span", "", `${count(rally.strokes, "stroke")} in ${milliseconds(rally.micros)}${faults}`),
    element("small", "", `${taskName(rally.manager)}${proxy}`),
    element("small", "route", rally.played.map(taskName).join(" → ")),
  );
  const lines = rally.played.map((stroke) =>
    `${stroke.side.toUpperCase()} --> ${stroke.outcome.padEnd(4)}  ${taskName(stroke)}  ${milliseconds(stroke.micros)}`);
  const more = rally.strokes - rally.played.length;
  if (more > 0) lines.push(`… ${more} more`);
  lines.push(verdict(rally));
  details.append(summary, element("pre", "", lines.join("\n")));
  item.append(details);
  return item;
}
