// Loads the page again if a part of it does not arrive. No module: those fail together.
const late = setTimeout(loadAgain, 15_000);
addEventListener("error", loadAgain, true);

function loaded() {
  clearTimeout(late);
  removeEventListener("error", loadAgain, true);
}

function loadAgain() {
  loaded();
  document.body.prepend("A part of this page did not arrive. Loading it again …");
  setTimeout(() => location.reload(), 3000);
}
