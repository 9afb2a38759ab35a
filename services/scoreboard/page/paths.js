// The paths between nodes: the bad ones as a list, all as a matrix of who asks (rows) and who answers.
import { byId, element, reconcile, setText } from "./dom.js";
import { badPaths, causeText } from "./trouble.js";

// Of more nodes, cells are colors alone.
const MAX_LARGE = 8;
const MAX_LISTED = 8;
const SEVERITY = ["broken", "loss", "faults", "slow", "stale"];
const time = (value) => (value == null ? "–" : value < 10 ? value.toFixed(2) : value.toFixed(0));

const table = byId("path-table");
let shown = { from: [], to: [], cells: {} };

export function showPaths(paths) {
  shown = paths;
  const { nodes, from, to } = paths;
  const count = Math.max(from.length, to.length);
  byId("path-more").hidden = nodes <= count;
  setText(byId("path-more"), `${count} of ${nodes} nodes, those with problems first. All: swarm-pong paths ${location.origin}`);
  table.classList.toggle("dense", count > MAX_LARGE);
  table.style.setProperty("--columns", to.length);
  listBad(badPaths(paths));
  reconcile(byId("path-heads"), ["heads"], String, () => element("tr"), (row) => {
    reconcile(row, ["", ...to], String, (node) => {
      const head = element(node ? "th" : "td");
      head.append(element("span", "", node));
      if (node) head.scope = "col";
      return head;
    }, () => {});
  });
  reconcile(byId("path-rows"), from.length ? from : [""], String, () => element("tr"), (row, node) => {
    if (!node) return setText(row, "No measurements in the last minute.");
    reconcile(row, ["", ...to], String, (other) => {
      if (other) return element("td");
      const head = element("th", "", node);
      head.scope = "row";
      return head;
    }, (cell, other) => {
      if (other) showPath(cell, node, other);
    });
  });
  if (!table.querySelector("td[tabindex='0']")) table.querySelector("tbody td")?.setAttribute("tabindex", 0);
  explain();
}

function listBad(bad) {
  bad.sort((one, other) => SEVERITY.indexOf(one.state) - SEVERITY.indexOf(other.state));
  const listed = bad.filter(({ state }) => state !== "stale").slice(0, MAX_LISTED);
  reconcile(byId("bad-paths"), listed, ({ from, to }) => `${from} ${to}`, () => element("li"), (item, path) => {
    item.className = path.state;
    setText(item, `${path.from} → ${path.to}: ${describe(path)}`);
  });
}

function problem({ state, cause, faults, loss }) {
  switch (state) {
    case "broken": return `✕ ${cause?.replaceAll("_", " ") ?? "broken"}`;
    case "loss": return `✕ ${loss}% lost`;
    case "faults": return `! ${faults} ${faults === 1 ? "fault" : "faults"}`;
    case "slow": return "▲ slow";
    default: return `? ${state}`;
  }
}

function describe(path) {
  if (!path?.state) return "not measured";
  const { state, cause, median, p99, stroke } = path;
  const parts = [state === "broken" ? `broken, ${causeText(cause)}` : state === "ok" ? "ok" : problem(path).slice(2)];
  if (median != null) parts.push(`${time(median)} ms`);
  if (p99 != null) parts.push(`p99 ${time(p99)} ms`);
  if (stroke != null) parts.push(`stroke ${time(stroke)} ms`);
  return parts.join(", ");
}

function showPath(cell, from, to) {
  const path = shown.cells[`${from} ${to}`];
  cell.className = path?.state ?? "";
  cell.dataset.path = `${from} → ${to}`;
  cell.dataset.ends = `${from} ${to}`;
  if (!cell.hasAttribute("tabindex")) cell.setAttribute("tabindex", -1);
  const isDense = table.classList.contains("dense");
  const lines = isDense ? [] : [["b", time(path?.median)]];
  if (!isDense && path?.p99 != null) lines.push(["small", `p99 ${time(path.p99)}`]);
  if (!isDense && path?.stroke != null) lines.push(["i", `stroke ${time(path.stroke)}`]);
  if (path && path.state !== "ok") lines.push(["strong", isDense ? problem(path)[0] : problem(path)]);
  reconcile(cell, lines, (line) => line[0], (line) => element(line[0]), (target, line) => setText(target, line[1]));
  if (isDense) cell.setAttribute("aria-label", `${from} to ${to}: ${describe(path)}`);
  else cell.removeAttribute("aria-label");
}

// Says what the cell that is pointed at, focused or tapped is about.
let told;
function explain(cell = told) {
  told = cell?.isConnected ? cell : undefined;
  const text = told ? `${told.dataset.path}: ${describe(shown.cells[told.dataset.ends])}` : "";
  setText(byId("path-told"), text || "Point at a cell, or use the arrow keys.");
}

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

function move(event) {
  const step = STEPS[event.key];
  const cell = event.target.closest("tbody td");
  if (!step || !cell) return;
  const next = table.tBodies[0].rows[cell.parentElement.sectionRowIndex + step[0]]?.cells[cell.cellIndex + step[1]];
  if (next?.tagName !== "TD") return;
  event.preventDefault();
  cell.setAttribute("tabindex", -1);
  next.setAttribute("tabindex", 0);
  next.focus();
}

for (const kind of ["mouseover", "focusin", "click"]) {
  table.addEventListener(kind, (event) => event.target.closest("tbody td") && explain(event.target.closest("tbody td")));
}
table.addEventListener("keydown", move);
