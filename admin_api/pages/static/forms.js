// One press is one act; a lost connection is said and nothing typed is lost.

const lost = document.querySelector("[data-lost-line]");

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog") return;
  if (!navigator.onLine) {
    event.preventDefault();
    if (lost) lost.hidden = false;
    return;
  }
  const button = event.submitter;
  if (button && form.method === "post") setTimeout(() => { button.disabled = true; });
});

addEventListener("online", () => { if (lost) lost.hidden = true; });
addEventListener("pageshow", (event) => {
  if (event.persisted) for (const button of document.querySelectorAll("button[disabled]")) button.disabled = false;
});

// A form marked data-auto sends itself on a change and when the page opens anew.
for (const form of document.querySelectorAll("form[data-auto]")) {
  form.addEventListener("change", () => form.requestSubmit());
}

// "The customer pays nothing" and a receipt number exclude one another.
document.addEventListener("input", (event) => {
  const { name, form } = event.target;
  if (!form || !["receipt", "waived"].includes(name)) return;
  const { receipt, waived } = form.elements;
  if (!receipt || !waived) return;
  if (name === "receipt" && receipt.value) waived.checked = false;
  if (name === "waived" && waived.checked) receipt.value = "";
});
