// Who plays how much: a bar for each player, and a mark where an even share would end.
import { byName, find, keep, make, number, say, who } from "./dom.js";

let tasks = [];
let share = { seconds: 2, players: [] };

export function shareTasks(all) {
  tasks = all.filter((task) => task.state !== "gone" && (task.service === "ping" || task.service === "pong"));
  draw();
}

export function showShare(news) {
  share = news;
  draw();
}

function draw() {
  const players = new Map();
  for (const task of tasks) players.set(who(task), { ...task, side: task.service, strokes: 0 });
  // A player that nobody sees any more is shown as long as it plays.
  for (const player of share.players) {
    if (player.strokes || players.has(who(player))) players.set(who(player), player);
  }
  const span = share.seconds === 60 ? "the last minute" : `the last ${share.seconds} s`;
  say(find("share-span"), `strokes by player in ${span}`);

  const all = [...players.values()];
  for (const side of ["ping", "pong"]) {
    const ours = all.filter((player) => player.side === side);
    const total = ours.reduce((sum, player) => sum + player.strokes, 0);
    for (const player of ours) {
      player.share = total ? player.strokes / total : 0;
      player.even = 1 / ours.length;
    }
  }
  const most = Math.max(...all.map((player) => Math.max(player.share, player.even)), 0.01);
  all.sort((one, other) => byName(one.side, other.side) || byName(who(one), who(other)));
  keep(find("shares"), all, who, (player) => {
    const row = make("li", player.side);
    const name = make("span", "name", player.task);
    name.append(make("small", "", player.node));
    row.append(name, make("span", "bar"), make("span", "value"));
    return row;
  }, (row, player) => {
    row.style.setProperty("--share", player.share / most);
    row.style.setProperty("--even", player.even / most);
    say(row.lastChild, `${Math.round(100 * player.share)} %`);
    row.title = `${number(player.strokes)} strokes`;
  });
}
