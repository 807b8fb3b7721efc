// What was typed survives a reload or a lost connection: each form marked data-draft keeps a copy in this tab.

const kept = (form) => `draft:${form.dataset.draft}`;

function fieldsOf(form) {
  return [...form.elements].filter((e) => e.name && !["hidden", "password", "submit", "button", "file"].includes(e.type));
}

function keep(form) {
  const values = fieldsOf(form).map((e) => [e.name, /checkbox|radio/.test(e.type) ? e.checked : e.value]);
  sessionStorage.setItem(kept(form), JSON.stringify(values));
}

function restore(form) {
  const stored = sessionStorage.getItem(kept(form));
  if (!stored || form.hasAttribute("data-answered")) return;
  const values = JSON.parse(stored);
  fieldsOf(form).forEach((element, index) => {
    const [name, value] = values[index] ?? [];
    if (name !== element.name) return;
    if (/checkbox|radio/.test(element.type)) element.checked = value;
    else element.value = value;
  });
}

for (const form of document.querySelectorAll("form[data-draft]")) restore(form);

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-draft]");
  if (form) keep(form);
});

// The page that says an act was done names the draft that is no longer needed.
for (const done of document.querySelectorAll("[data-draft-done]")) {
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(`draft:${done.dataset.draftDone}`)) sessionStorage.removeItem(key);
  }
}
