// The network between the nodes: a row where a path begins, a column where it ends.
import { byName, find, keep, make, say } from "./dom.js";

const MOST = 16;

const time = (value) => (value == null ? "–" : value < 10 ? value.toFixed(2) : value.toFixed(0));

// The nodes at one end of the paths; of too many, those in trouble and then the first.
function ends(paths, end) {
  const bad = new Set(paths.filter((path) => path.trouble).map((path) => path[end]));
  const all = [...new Set(paths.map((path) => path[end]))].sort(byName);
  const shown = all.length > MOST ? [...all.filter((node) => bad.has(node)), ...all.filter((node) => !bad.has(node))] : all;
  return { all, shown: shown.slice(0, MOST).sort(byName) };
}

export function showPaths(paths) {
  const [from, to] = [ends(paths, "from"), ends(paths, "to")];
  const path = new Map(paths.map((path) => [`${path.from} ${path.to}`, path]));
  const more = Math.max(from.all.length, to.all.length) > MOST;
  find("path-more").hidden = !more;
  if (more) say(find("path-more"), `${MOST} of ${from.all.length} nodes, those in trouble first. All: swarm-pong paths ${location.origin}`);

  keep(find("path-heads"), ["heads"], String, () => make("tr"), (row) => {
    keep(row, ["", ...to.shown], String, (node) => {
      const head = make(node ? "th" : "td", "", node);
      if (node) head.scope = "col";
      return head;
    }, () => {});
  });
  keep(find("path-rows"), from.shown.length ? from.shown : [""], String, () => make("tr"), (row, node) => {
    if (!node) return say(row, "Nothing was measured in the last minute.");
    keep(row, ["", ...to.shown], String, (other) => {
      if (other) return make("td");
      const head = make("th", "", node);
      head.scope = "row";
      return head;
    }, (cell, other) => {
      if (other) showPath(cell, path.get(`${node} ${other}`));
    });
  });
}

function trouble({ trouble, cause, strokes }) {
  const faults = strokes?.faults;
  return {
    broken: `✕ ${cause?.replace("_", " ")}`,
    faults: `✕ ${faults} ${faults === 1 ? "fault" : "faults"}`,
    slow: "▲ slow",
    unheard: "? unheard",
  }[trouble];
}

function showPath(cell, path) {
  cell.className = path?.trouble ?? "";
  const lines = [["b", time(path?.knocks?.median)]];
  if (path?.knocks) lines.push(["small", `p99 ${time(path.knocks.p99)}`]);
  if (path?.strokes) lines.push(["i", `stroke ${time(path.strokes.median)}`]);
  if (path?.trouble) lines.push(["strong", trouble(path)]);
  keep(cell, lines, (line) => line[0], (line) => make(line[0]), (element, line) => say(element, line[1]));
}
