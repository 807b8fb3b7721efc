// The bench: draws the state the simulators push, sends what the person does.
import { REFUSALS, STRINGS } from "./strings.js";

const $ = (id) => document.getElementById(id);
let language = localStorage.getItem("language") || pick(navigator.languages);
let chosen = sessionStorage.getItem("card");
let state = null;

function pick(wanted) {
  for (const tag of wanted) {
    if (/^zh-(Hant|TW|HK|MO)/i.test(tag)) return "zh-Hant";
    if (/^zh/i.test(tag)) return "zh-Hans";
    if (/^en/i.test(tag)) return "en";
  }
  return "en";
}

function t(key, value) {
  const text = STRINGS[language][key] ?? key;
  return value === undefined ? text : text.replace("%s", value);
}

function el(tag, { attrs, ...props } = {}, ...children) {
  const node = Object.assign(document.createElement(tag), props);
  for (const [name, value] of Object.entries(attrs ?? {})) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}

async function act(path, body = {}) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })
    .catch(() => null);
  if (!answer) return say(t("gone"), true);
  const result = await answer.json();
  say(answer.ok ? "" : refusal(result));
  return answer.ok ? result : null;
}

// A new card goes straight into the hand.
async function take(path, body) {
  const now = await act(path, body);
  if (!now) return;
  state = now;
  choose(now.cards.at(-1).id);
}

function choose(card) {
  chosen = card;
  sessionStorage.setItem("card", chosen);
  draw();
}

// In the page's language where it is known, else as the server said it.
function refusal({ template, params, detail }) {
  const text = REFUSALS[language]?.[template];
  return text?.replace(/%\((\w+)\)s/g, (_place, name) => params[name]) ?? detail;
}

// `lasting` is a lost line: it stays until the line is back. Anything else stays until the next act.
function say(text, lasting = false) {
  if ($("link").textContent !== text) $("link").textContent = text;
  $("link").toggleAttribute("data-lasting", lasting);
}

function button(text, id, onclick, disabled = false) {
  return el("button", { type: "button", textContent: text, onclick, disabled, attrs: { "data-key": id } });
}

function withCard(path, extra) {
  return () => (chosen ? act(path, { card: chosen, ...extra }) : say(t("choose")));
}

function spaced(uid) { return uid.match(/../g).join(" "); }

// What a card's label says beside its number: where it was taken from, or whose home it opens.
const ORIGIN = { "◇": "stock", "＋": "own" };

// In two parts: what one calls it, and what else is to say.
function nameOf(card) {
  if (card.copied) return [t("uid"), t("copy")];
  if (card.kind !== "uid") return [t(card.kind), ""];
  const [first, ...rest] = card.label.split(" ");
  const [number, origin] = rest.length ? [first, rest.join(" ")] : ["", first];
  return [number, ORIGIN[origin] ? t(ORIGIN[origin]) : origin];
}

// What was taken last lies on top; cards from the gateway's books come after one's own.
function inHand() {
  const own = state.cards.filter((card) => card.label === "＋");
  return [...own.reverse(), ...state.cards.filter((card) => card.label !== "＋")];
}

function drawCards() {
  return inHand().map((card, index) => {
    const [name, more] = nameOf(card);
    const checked = card.id === chosen;
    const focusable = checked || (!chosen && index === 0);
    return el("button", {
      type: "button", className: "chip",
      attrs: { role: "radio", "aria-checked": String(checked), tabindex: focusable ? "0" : "-1", "data-key": `card-${card.id}`,
        "data-kind": card.copied ? "copy" : card.kind },
      onclick: () => { say(""); choose(card.id); },
    }, el("strong", { textContent: `${name} ` }, el("span", { textContent: more })),
    el("small", { textContent: spaced(card.uid) }),
    state.encoder === card.id ? el("small", { className: "lies", textContent: t("on_encoder") }) : null);
  });
}

function drawKinds() {
  return state.kinds.map((kind) => button(t(kind), `blank-${kind}`, () => take("blank", { kind })));
}

function drawCopier() {
  return [button(t("copy_uid"), "copy", () => (chosen ? take("copy", { card: chosen }) : say(t("choose"))))];
}

const CAR = '<path d="M6 98v-14q0-5 5-6l12-3 12-13q2-2 5-2h26q3 0 6 2l13 13 8 2q5 1 5 6v15z"/><circle class="wheel" cx="26" cy="98" r="9"/>'
  + '<circle class="wheel" cx="78" cy="98" r="9"/>';

function stands(portal) {
  return t(portal.gate === "open" ? "gate_open" : portal.gate === "closed" ? "gate_closed" : "moving");
}

function lane(portal) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 560 170");
  svg.setAttribute("class", `lane ${portal.gate} lamp-${portal.lamp} car-${portal.car ?? "away"}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", stands(portal));
  svg.innerHTML = `<rect class="road" y="157" width="560" height="13"/>
    <rect class="post" x="172" y="112" width="7" height="46"/><rect class="post" x="164" y="90" width="23" height="30" rx="4"/>
    <circle class="lamp" cx="175.500" cy="105" r="7"/><g class="car"><g transform="translate(0 50)">${CAR}</g></g>
    <g class="arm"><line x1="212" y1="126" x2="334" y2="126"/><line class="stripe" x1="236" y1="126" x2="330" y2="126"/></g>
    <rect class="post" x="202" y="112" width="22" height="46" rx="4"/>`;
  return svg;
}

function door(portal) {
  const open = portal.gate === "open";
  return el("span", { className: `door ${open ? "good" : ""}`, textContent: `${open ? "▯" : "▮"} ${stands(portal)}` });
}

function lastOf(portal) {
  if (!portal.last) return null;
  const word = portal.last.granted ? t("granted") : t("denied");
  return el("span", { className: `verdict ${portal.last.granted ? "good" : "bad"}`,
    textContent: `${portal.last.granted ? "✓" : "✕"} ${word} ${spaced(portal.last.uid)}` });
}

function drawPortals() {
  return state.portals.map((portal) => el("div", { className: "row", attrs: { "data-key": portal.id, "data-portal": portal.id } },
    el("div", {}, el("strong", { textContent: portal.name }),
      el("small", { textContent: `${portal.id} · ${portal.controller ?? t("wired")}${portal.lamp ? ` · ${t("lamp")}: ${t(portal.lamp)}` : ""}` }),
      el("div", {}, lastOf(portal))),
    el("div", { className: "acts" },
      portal.barrier ? null : door(portal),
      button(t("hold"), `hold-${portal.id}`, withCard("hold", { portal: portal.id })),
      portal.barrier ? button(t("drive"), `drive-${portal.id}`, () => act("drive", { portal: portal.id })) : null,
      portal.barrier ? button(t("pass"), `pass-${portal.id}`, () => act("pass", { portal: portal.id })) : null),
    portal.barrier ? lane(portal) : null));
}

function drawEncoder() {
  const card = state.cards.find((one) => one.id === state.encoder);
  const row = el("div", { className: "row" },
    el("span", { textContent: card ? t("lies", nameOf(card)[0] || spaced(card.uid)) : t("empty") }),
    el("div", { className: "acts" },
      state.encoder ? button(t("lift"), "lift", () => act("lift")) : button(t("lay"), "lay", withCard("lay", {}))));
  const hand = state.pull_in === null ? null : el("small", { className: "wait", textContent: t("pull_in", state.pull_in) });
  return hand ? [row, hand] : [row];
}

function drawDevices() {
  return state.devices.map((device) => el("div", { className: "row", attrs: { "data-device": device.name } },
    el("div", {}, el("strong", { textContent: t(device.kind) }),
      el("small", { className: device.plugged ? "" : "bad", textContent: `${device.name} · ${t(device.plugged ? "plugged" : "unplugged")}` })),
    button(t(device.plugged ? "unplug" : "plug"), `plug-${device.name}`,
      () => act(device.plugged ? "unplug" : "plug", { device: device.name }))));
}

function drawControllers() {
  return state.controllers.map((box) => {
    const held = Object.entries(box.lists).sort().map(([list, version]) => `${list} ${t("version")} ${version}`).join(", ");
    const waiting = box.waiting ? ` · ${t("waiting", box.waiting)}` : "";
    return el("div", { className: "row", attrs: { "data-controller": box.id } },
      el("div", {}, el("strong", { textContent: t("controller", box.id) }),
        el("small", { className: box.cut ? "wait" : "", textContent: `${t(box.cut ? "isolated" : "connected")} · ${held}${waiting}` })),
      button(t(box.cut ? "mend" : "cut"), `cut-${box.id}`, () => act(box.cut ? "mend" : "cut", { controller: box.id })));
  });
}

function drawLog() {
  if (!state.log.length) return [el("li", { textContent: t("nothing") })];
  return state.log.map((line) => el("li", { attrs: { "data-key": `${line.at} ${line.where}` } },
    el("time", { textContent: new Date(line.at * 1000).toLocaleTimeString(language) }),
    el("span", { className: line.tone ?? "", textContent: `${line.where} · ${t(line.what)}${line.detail ? ` · ${line.detail}` : ""}` })));
}

// Changes what is on the page into what it should be, piece by piece: a button being pressed stays that button.
function put(parent, nodes) {
  nodes.forEach((next, index) => {
    const key = next.dataset?.key;
    const old = key ? [...parent.children].find((child) => child.dataset.key === key) : parent.childNodes[index];
    if (!old || old.nodeName !== next.nodeName || old.dataset?.key !== key) parent.insertBefore(next, parent.childNodes[index] ?? null);
    else {
      if (parent.childNodes[index] !== old) parent.insertBefore(old, parent.childNodes[index]);
      update(old, next);
    }
  });
  while (parent.childNodes.length > nodes.length) parent.lastChild.remove();
}

function update(old, next) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name)) old.removeAttribute(name);
  old.onclick = next.onclick;
  put(old, [...next.childNodes]);
}

function draw() {
  if (!state) return;
  if (!state.cards.some((card) => card.id === chosen)) chosen = null;
  put($("cards"), drawCards());
  put($("kinds"), drawKinds());
  put($("copier"), drawCopier());
  put($("portals"), drawPortals());
  put($("encoder"), drawEncoder());
  $("pull").hidden = !state.encoder;
  put($("devices"), drawDevices());
  put($("controllers"), drawControllers());
  put($("log"), drawLog());
  $("traffic").checked = state.traffic;
}

function translate() {
  document.documentElement.lang = language;
  document.title = `${t("title")} · Gatehouse`;
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = t(node.dataset.text);
  for (const node of document.querySelectorAll("[data-language]")) {
    node.setAttribute("aria-pressed", String(node.dataset.language === language));
  }
  draw();
}

for (const node of document.querySelectorAll("[data-language]")) {
  node.onclick = () => { language = node.dataset.language; localStorage.setItem("language", language); translate(); };
}
$("traffic").onchange = (event) => act("traffic", { on: event.target.checked });
$("scan").onsubmit = (event) => { event.preventDefault(); act("scan", { text: new FormData(event.target).get("text") }); };
$("new-card").onsubmit = (event) => {
  event.preventDefault();
  take("cards", { uid: new FormData(event.target).get("uid") });
  event.target.reset();
};
$("pull").onsubmit = (event) => {
  event.preventDefault();
  const told = new FormData(event.target);
  act("pull", { command: Number(told.get("command")), carried_out: told.get("when") === "after" });
};
const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
document.addEventListener("keydown", (event) => {
  if (!STEPS[event.key] || !event.target.matches("[role=radio]")) return;
  event.preventDefault();
  const chips = [...document.querySelectorAll("[role=radio]")];
  const next = chips.at((chips.indexOf(event.target) + STEPS[event.key]) % chips.length);
  next.focus();
  next.click();
});

const stream = new EventSource("stream");
stream.onmessage = (event) => { state = JSON.parse(event.data);
  if ($("link").hasAttribute("data-lasting")) say("");
  draw();
};
stream.onerror = () => say(t("gone"), true);
translate();
