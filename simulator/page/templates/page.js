"use strict";
for (const tools of document.querySelectorAll(".tools")) tools.hidden = false;

// One choice of target for the whole page.
const choices = document.querySelectorAll("select[data-shows]");
for (const choice of choices) {
  choice.addEventListener("change", () => {
    for (const other of choices) other.value = choice.value;
    for (const figure of document.querySelectorAll("figure[data-target]")) {
      if (figure.dataset.target) figure.hidden = figure.dataset.target !== choice.value;
    }
  });
}

// Rows that hold what is searched, and are of what is chosen.
function sift(name) {
  const field = document.querySelector(`[data-searches="${name}"]`);
  const choice = document.querySelector(`[data-chooses="${name}"]`);
  const rows = document.querySelectorAll(`#${name} tbody tr`);
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    const kind = choice && choice.value;
    const fits = words.every((word) => text.includes(word)) &&
      (!kind || row.cells[Number(choice.dataset.column)].textContent === kind);
    row.hidden = !fits;
    shown += fits;
  }
  document.querySelector(`[data-counts="${name}"]`).textContent = `${shown} of ${rows.length}`;
}
for (const field of document.querySelectorAll("[data-searches]")) {
  field.addEventListener("input", () => sift(field.dataset.searches));
}
for (const choice of document.querySelectorAll("[data-chooses]")) {
  choice.addEventListener("change", () => sift(choice.dataset.chooses));
}

// What a mark says, beside the mouse.
const tip = document.getElementById("tip");
document.addEventListener("pointermove", (event) => {
  const said = event.target.dataset && event.target.dataset.said;
  tip.hidden = !said;
  if (!said) return;
  tip.textContent = said;
  tip.style.left = `${Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8)}px`;
  tip.style.top = `${event.clientY + 16}px`;
});
