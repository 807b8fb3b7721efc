// The desk by hand: results while typing, arrows through them, a scan is a search, lines of goods come and go.
import { onScan } from "./scan.js";

const search = document.querySelector("[data-search]");
const hits = document.getElementById("hits");
let asked = 0;
let timer;

async function find() {
  const mine = ++asked;
  const answer = await fetch(`${hits.dataset.src}?q=${encodeURIComponent(search.value)}`, { headers: { "X-Partial": "1" } });
  if (answer.ok && !answer.redirected && mine === asked) hits.innerHTML = await answer.text();
}

search?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(() => find().catch(() => {}), 150);
});

function step(event) {
  const links = [...hits.querySelectorAll("a")];
  const at = links.indexOf(document.activeElement);
  if (!links.length || (at < 0 && document.activeElement !== search)) return;
  event.preventDefault();
  const next = event.key === "ArrowDown" ? at + 1 : at - 1;
  (next < 0 ? search : links[Math.min(next, links.length - 1)]).focus();
}

document.addEventListener("keydown", (event) => {
  if (hits && (event.key === "ArrowDown" || event.key === "ArrowUp")) step(event);
});

// Enter in the search field opens the only or first result once it is there.
search?.form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearTimeout(timer);
  await find().catch(() => {});
  const first = hits.querySelector("a");
  if (first) location.assign(first.href);
});

if (search) {
  onScan((text) => {
    search.value = text;
    search.form.requestSubmit();
  });
}

const goods = document.querySelector("[data-goods]");

function renumber() {
  goods.querySelectorAll(".line").forEach((line, index) => {
    for (const field of line.querySelectorAll("[data-label]")) {
      field.setAttribute("aria-label", `${field.dataset.label} ${index + 1}`);
    }
  });
}

function addLine() {
  const line = goods.querySelector(".line").cloneNode(true);
  for (const input of line.querySelectorAll("input")) {
    input.value = input.defaultValue = input.dataset.empty ?? "";
    input.removeAttribute("aria-invalid");
  }
  line.querySelector(".error")?.remove();
  goods.append(line);
  renumber();
  line.querySelector("input").focus();
}

document.querySelector("[data-add-line]")?.addEventListener("click", addLine);
goods?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-drop-line]");
  if (!button || goods.querySelectorAll(".line").length < 2) return;
  button.closest(".line").remove();
  renumber();
});
goods?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
  event.preventDefault();
  addLine();
});
