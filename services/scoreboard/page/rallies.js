// The last rallies as text, the newest on top.
import { announce, find, keep, make, who } from "./dom.js";

const MOST = 20;
// A list that changes faster cannot be read.
const CALM = 1000;

const VERDICTS = {
  ping: "The winner is PING",
  pong: "The winner is PONG",
  draw: "DRAW",
  let: "LET: a side did not answer",
  abandoned: "abandoned by its client",
};

const list = find("list");
let rallies = [];
let due;

export function allRallies(all) {
  rallies = all;
  draw();
}

// Takes rallies in, each once; those that are its own are said aloud.
export function addRallies(ended, own = false) {
  const fresh = ended.filter((rally) => !rallies.some((known) => known.rally === rally.rally));
  rallies = [...fresh.reverse(), ...rallies].slice(0, MOST);
  if (own) for (const rally of ended) announce(`${verdict(rally)} after ${strokes(rally)}`);
  due ??= setTimeout(draw, CALM);
  if (own) draw();
}

const verdict = (rally) => VERDICTS[rally.verdict] ?? rally.verdict;
const strokes = (rally) => `${rally.strokes} ${rally.strokes === 1 ? "stroke" : "strokes"}`;
const ms = (micros) => `${(micros / 1000).toFixed(micros < 100_000 ? 2 : 0)} ms`;

function draw() {
  clearTimeout(due);
  due = undefined;
  // Whoever reads or opens one keeps it.
  if (list.matches(":hover, :focus-within")) {
    due = setTimeout(draw, CALM);
    return;
  }
  keep(list, rallies, (rally) => rally.rally, makeRally, () => {});
}

function makeRally(rally) {
  const item = make("li", rally.verdict === "ping" || rally.verdict === "pong" ? rally.verdict : "");
  const details = make("details");
  const summary = make("summary");
  const faults = rally.faults ? `, ${rally.faults} ${rally.faults === 1 ? "fault" : "faults"}` : "";
  const through = rally.proxy ? `, through ${rally.proxy}` : "";
  summary.append(
    make("b", "", verdict(rally)),
    make("span", "", `${strokes(rally)} in ${ms(rally.micros)}${faults}`),
    make("small", "", `${who(rally.manager)}${through}`),
    make("small", "ways", rally.played.map(who).join(" → ")),
  );
  const lines = rally.played.map((stroke) =>
    `${stroke.side.toUpperCase()} --> ${stroke.outcome.padEnd(4)}  ${who(stroke)}  ${ms(stroke.micros)}`);
  const more = rally.strokes - rally.played.length;
  if (more > 0) lines.push(`… ${more} more`);
  lines.push(verdict(rally));
  details.append(summary, make("pre", "", lines.join("\n")));
  item.append(details);
  return item;
}
