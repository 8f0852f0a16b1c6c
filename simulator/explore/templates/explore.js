"use strict";
// Sends what the form says and swaps in the answer. Numbers and pictures are made by
// the server; without this script the form is sent by its button.
const main = document.getElementById("main");
const status = document.getElementById("status");
const PAUSE = 350; // milliseconds without a change, until the answer is made finer
const tab = Array.from(crypto.getRandomValues(new Uint32Array(4))).join("-");
const form = () => document.getElementById("ask");
function fields() {
  const found = new URLSearchParams(new FormData(form()));
  found.delete("add"); // is no part of what is asked
  return found;
}
let past = []; // what was asked before, for Undo
let last = ""; // what is asked now, as a link has it

async function ask(path, body) {
  body.set("tab", tab);
  body.delete("key");
  const headers = { "X-Explore-Key": localStorage.getItem("key") };
  return fetch(path, { method: "POST", body, headers });
}

// --- the answer ---------------------------------------------------------------------
let wanted = 0; // draws of the answer that is to be asked for next; 0 for none
let asking = false;
const later = (time) => new Promise((done) => setTimeout(done, time));

async function update() {
  wanted = Number(form().dataset.quick);
  if (asking) return;
  asking = true;
  while (wanted) {
    const draws = wanted;
    wanted = 0;
    const body = fields();
    body.set("draws", draws);
    document.body.classList.add("busy");
    let reply;
    try { reply = await answered(body, draws); } catch { gone(); break; }
    if (reply && draws === Number(form().dataset.quick) && !wanted) {
      await later(PAUSE);
      wanted = wanted || Number(form().dataset.fine);
    }
  }
  asking = false;
  document.body.classList.remove("busy");
}

// A fine answer is given up as soon as something changes.
async function answered(body, draws) {
  const fine = draws === Number(form().dataset.fine);
  const reply = ask("/answer", body);
  while (fine && !wanted && !(await Promise.race([reply, later(50)])));
  if (fine && wanted) return false;
  const found = await reply;
  const text = await found.text();
  if (found.status === 403) { gone(text); return false; }
  if (found.status === 204 || wanted && fine) return false;
  document.getElementById("answer").innerHTML = text;
  show();
  if (fine) status.textContent = document.querySelector(".said").textContent;
  return found.ok;
}

function gone(why) {
  const line = Object.assign(document.createElement("p"), { className: "said error" });
  line.textContent = why || "The simulator does not answer: it was stopped. Start simulator explore again.";
  document.getElementById("answer").replaceChildren(line);
}

// --- the page -----------------------------------------------------------------------
async function turn(body) {
  let reply;
  try { reply = await ask("/page", body); } catch { gone(); return; }
  if (reply.status === 403) { localStorage.removeItem("key"); gone(await reply.text()); return; }
  if (reply.status === 204) return;
  const focused = document.activeElement && document.activeElement.id;
  const open = main.querySelector("details[open]") !== null;
  main.innerHTML = await reply.text();
  delete main.dataset.shell;
  document.title = `Explore: ${main.querySelector("h1").textContent}`;
  begin();
  last = fields().toString();
  if (open) main.querySelector("details").open = true;
  const again = focused && document.getElementById(focused);
  if (again) again.focus();
  if (reply.ok) update();
}

// What there is only with a script, and where the sliders stand.
function begin() {
  const key = main.querySelector("[name=key]");
  if (key) localStorage.setItem("key", key.value);
  for (const one of main.querySelectorAll("input[type=range], button.clear")) one.hidden = false;
  for (const range of main.querySelectorAll("input[type=range]")) stand(range);
  document.getElementById("send").hidden = true; // it is sent as it changes
  const undo = document.getElementById("undo");
  undo.hidden = false;
  undo.disabled = !past.length;
  show();
}

function stand(range) {
  const field = document.getElementById(range.dataset.for);
  const number = parseFloat(field.value);
  const scale = range.dataset.unit && !field.value.includes("%") ? 100 : 1;
  range.value = Number.isNaN(number) ? range.defaultValue : number * scale;
  field.closest(".row").classList.toggle("changed", field.value !== "");
}

function show() {
  for (const one of main.querySelectorAll("button.copy")) one.hidden = false;
  const said = main.querySelector("[data-query]");
  if (said) history.replaceState(null, "", `/?${said.dataset.query}`);
}

function remember() {
  const now = fields().toString();
  if (last && now !== last) past.push(last);
  last = now;
  document.getElementById("undo").disabled = !past.length;
}

function undo() {
  if (!past.length) return;
  last = past.pop();
  turn(new URLSearchParams(last));
}

// --- what is done -------------------------------------------------------------------
main.addEventListener("input", (event) => {
  const one = event.target;
  if (one.type === "range") document.getElementById(one.dataset.for).value = one.value + one.dataset.unit;
  const field = one.type === "range" ? one : main.querySelector(`input[type=range][data-for="${one.id}"]`);
  if (field) stand(field);
  else if (one.closest(".row")) one.closest(".row").classList.toggle("changed", one.value !== "");
  if (!["add", "target", "rates"].includes(one.name) && one.form === form()) update();
});
main.addEventListener("change", (event) => {
  if (event.target.form !== form() || event.target.name === "add") return;
  remember();
  if (["target", "rates"].includes(event.target.name)) turn(fields());
});
main.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (main.dataset.shell !== undefined || button.hasAttribute("formaction") || button.hasAttribute("formtarget")) return;
  event.preventDefault();
  remember();
  past.push(last);
  const body = new URLSearchParams(new FormData(form(), button));
  turn(body);
});
main.addEventListener("click", (event) => {
  const one = event.target;
  if (one.id === "undo") undo();
  if (one.className === "copy") navigator.clipboard.writeText(document.getElementById(one.dataset.for).value);
  if (one.className === "clear") {
    const field = document.getElementById(one.dataset.for);
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input:not([type=range]), textarea");
  if (event.key === "z" && (event.ctrlKey || event.metaKey) && !typing) { event.preventDefault(); undo(); }
});

if (main.dataset.shell === undefined) {
  begin();
  last = fields().toString();
  update();
} else if (localStorage.getItem("key")) {
  turn(new URLSearchParams(location.search));
}
