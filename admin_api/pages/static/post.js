// The post: a scan from a wedge, from the gateway's scanner or by hand becomes one verdict that fills the screen.
import { onScan } from "./scan.js";
import { listenForGesture, sound } from "./sound.js";

const stage = document.getElementById("stage");

function show(html) {
  stage.innerHTML = html;
  const verdict = stage.querySelector("[data-colour]");
  sound(verdict?.dataset.colour);
  tally();
  (stage.querySelector("[autofocus]") ?? stage.querySelector("h2"))?.focus();
}

// Whatever is no page of ours is no answer: the gateway failed, or something between us and it.
async function page(answer) {
  if (answer.redirected || answer.status === 401) { location.reload(); return ""; }
  if (answer.status >= 500 || !answer.headers.get("Content-Type")?.startsWith("text/html")) throw new Error(`no answer: ${answer.status}`);
  return answer.text();
}

const post = (action, body) => fetch(action, { method: "POST", headers: { "X-Partial": "1" }, body }).then(page);
const look = () => fetch(location.pathname, { headers: { "X-Partial": "1" } }).then(page);

let asking; // what is asked for now, so that it can be asked for again

/** Shows the answer, or that none came. Asking again sends the same release, which releases once. */
async function ask(get) {
  asking = get;
  try {
    const html = await get();
    if (html) show(html);
  } catch {
    lost();
  }
}

function lost() {
  stage.replaceChildren(document.getElementById("line-lost").content.cloneNode(true));
  sound("grey");
  stage.querySelector("[data-again]").focus();
}

function send(form, submitter) {
  const body = new URLSearchParams(new FormData(form, submitter));
  const action = submitter?.hasAttribute("formaction") ? submitter.formAction : form.action;
  return ask(() => post(action, body));
}

function scanned(text) {
  const { value: csrf } = document.querySelector("[name=csrf]");
  return ask(() => post(`/post/${stage.dataset.post}/verify`, new URLSearchParams({ csrf, text })));
}

const ready = () => ask(look);

listenForGesture();
onScan(scanned);

document.addEventListener("news", (event) => {
  const { kind, data } = event.detail;
  if (kind === "scan" && data.post === stage.dataset.post) scanned(data.text);
});

stage.addEventListener("submit", (event) => {
  event.preventDefault();
  send(event.target, event.submitter);
});

stage.addEventListener("click", (event) => {
  const button = event.target.closest("[data-step]");
  if (button) {
    const field = button.parentElement.querySelector("input");
    field.value = Math.min(Number(field.max), Math.max(1, Number(field.value) + Number(button.dataset.step)));
  }
  if (event.target.closest("[data-tick-all]")) tickAll();
  if (event.target.closest("[data-back]")) { event.preventDefault(); ready(); }
  if (event.target.closest("[data-again]")) ask(asking);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !stage.querySelector("[data-colour], [data-lost]")) return;
  event.preventDefault();
  ready();
}, { capture: true });

// Each line is ticked before the goods may go: all of them, or what is on this trip where several are allowed.
const ticks = () => [...stage.querySelectorAll("[data-tick]")];
const deed = () => stage.querySelector("[data-release]");

function tally() {
  const count = stage.querySelector("[data-ticked]");
  if (!count) return;
  const ticked = ticks().filter((tick) => tick.checked).length;
  count.textContent = ticked;
  deed().disabled = ticked === 0 || ticks().some((tick) => tick.required && !tick.checked);
}

function tickAll() {
  for (const tick of ticks()) tick.checked = true;
  for (const field of stage.querySelectorAll(".stepper input")) field.value = field.max;
  tally();
  deed().focus();
}

stage.addEventListener("change", tally);
tally();

// Enter ticks the next line, and after the last goes on to the button: it takes one more to release.
// So a scanner that sends Enter twice never releases.
document.addEventListener("keydown", (event) => {
  const { target } = event;
  if (event.key !== "Enter" || !stage.querySelector("[data-ticked]")) return;
  if (target !== document.body && !(stage.contains(target) && !target.closest("button, a"))) return;
  event.preventDefault();
  if (event.repeat) return;
  const next = ticks().find((tick) => !tick.checked);
  if (!next) { deed().focus(); return; }
  next.checked = true;
  tally();
  (ticks().some((tick) => !tick.checked) ? next : deed()).focus();
});

// The screen of a post does not go dark while someone works at it.
async function stayAwake() {
  if (document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
  await navigator.wakeLock.request("screen").catch(() => {}); // refused on low battery: nothing to do
}
document.addEventListener("visibilitychange", stayAwake);
stayAwake();

document.querySelector("[data-full-screen]")?.addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen().catch(() => {});
});
