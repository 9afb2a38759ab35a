// Each player's share of its side's strokes: a bar, with a mark at an even share.
import { byId, byName, element, number, reconcile, setText, taskName } from "./dom.js";

let tasks = [];
let shares = { seconds: 2, players: [] };

// Takes the players that are running, which are listed even if they have not played.
export function setPlayers(all) {
  tasks = all.filter((task) => task.state !== "gone" && (task.service === "ping" || task.service === "pong"));
  draw();
}

export function showShares(all) {
  shares = all;
  draw();
}

function draw() {
  const players = new Map();
  for (const task of tasks) players.set(taskName(task), { ...task, side: task.service, strokes: 0 });
  // A player that is gone stays while it has strokes.
  for (const player of shares.players) {
    if (player.strokes || players.has(taskName(player))) players.set(taskName(player), { ...player });
  }
  const span = shares.seconds === 60 ? "last minute" : `last ${shares.seconds} s`;
  setText(byId("share-span"), `share of strokes, ${span}`);

  const rows = [...players.values()];
  for (const side of ["ping", "pong"]) {
    const members = rows.filter((player) => player.side === side);
    const total = members.reduce((sum, player) => sum + player.strokes, 0);
    for (const player of members) {
      player.share = total ? player.strokes / total : 0;
      player.even = 1 / members.length;
    }
  }
  const largest = Math.max(...rows.map((player) => Math.max(player.share, player.even)), 0.01);
  rows.sort((one, other) => byName(one.side, other.side) || byName(taskName(one), taskName(other)));
  reconcile(byId("shares"), rows, taskName, (player) => {
    const row = element("li", player.side);
    const name = element("span", "name", player.task);
    name.append(element("small", "", player.node));
    row.append(name, element("span", "bar"), element("span", "value"));
    return row;
  }, (row, player) => {
    row.style.setProperty("--share", player.share / largest);
    row.style.setProperty("--even", player.even / largest);
    setText(row.lastChild, `${Math.round(100 * player.share)} %`);
    row.title = `${number(player.strokes)} strokes`;
  });
}
