// The network between managers and players: a row a manager's node, a column a player's.
import { byName, find, keep, make, say } from "./dom.js";

const TROUBLE = { slow: "▲ slow", faults: "✕" };

const time = (value) => (value === null ? "–" : value < 10 ? value.toFixed(2) : value.toFixed(0));

export function showPaths(paths) {
  const from = [...new Set(paths.map((path) => path.manager))].sort(byName);
  const to = [...new Set(paths.map((path) => path.player))].sort(byName);
  const path = new Map(paths.map((path) => [`${path.manager} ${path.player}`, path]));

  keep(find("path-heads"), ["heads"], String, () => make("tr"), (row) => {
    keep(row, ["", ...to], String, (node) => {
      const head = make(node ? "th" : "td", "", node);
      if (node) head.scope = "col";
      return head;
    }, () => {});
  });
  keep(find("path-rows"), from.length ? from : [""], String, () => make("tr"), (row, manager) => {
    if (!manager) return say(row, "No strokes in the last minute.");
    keep(row, ["", ...to], String, (node) => {
      if (node) return make("td");
      const head = make("th", "", manager);
      head.scope = "row";
      return head;
    }, (cell, player) => {
      if (player) showPath(cell, path.get(`${manager} ${player}`));
    });
  });
}

function showPath(cell, path) {
  cell.className = path?.trouble ?? "";
  const faults = path?.faults ? `${path.faults} ${path.faults === 1 ? "fault" : "faults"}` : "";
  const lines = path
    ? [["b", time(path.median)], ["small", `p99 ${time(path.p99)}`]]
    : [["b", "–"]];
  if (path?.trouble) lines.push(["strong", `${TROUBLE[path.trouble]} ${faults}`]);
  keep(cell, lines, (line) => line[0], (line) => make(line[0]), (element, line) => say(element, line[1]));
}
