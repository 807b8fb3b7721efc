// A keyboard-wedge scanner types fast and ends with Enter: such a burst is a scan wherever the cursor is.

const GAP_MS = 50; // people are slower than this between two keys, scanners faster
const LEAST = 6;
const SURE = 12; // so many fast keys are no person: a busy computer may make the rest come late
const LATE_MS = 400;

export function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Calls `taken(text)` for each burst; what the burst typed into a field is taken out again. */
export function onScan(taken) {
  let text = "";
  let last = -Infinity;
  let ended = -Infinity;
  let before = null;

  const patience = () => (text.length >= SURE ? LATE_MS : GAP_MS);

  const begin = (target) => {
    text = "";
    before = isTyping(target) && "value" in target ? { field: target, value: target.value } : null;
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const now = event.timeStamp;
    if (event.key === "Enter") {
      const burst = text.length >= LEAST && now - last <= patience() * 2;
      const whole = text;
      const again = !whole && now - ended <= LATE_MS; // some scanners send Enter twice: it must press no button
      text = "";
      if (!burst && !again) return;
      event.preventDefault();
      event.stopPropagation();
      if (again) return;
      ended = now;
      if (before && !before.field.hasAttribute("data-scan")) before.field.value = before.value;
      taken(whole);
      return;
    }
    if (event.key.length !== 1) return;
    if (now - last > patience()) begin(event.target);
    text += event.key;
    last = now;
    // Keys of a burst are no commands: neither a button nor a short cut may take them.
    if (text.length > 2 && !isTyping(event.target)) event.preventDefault();
  }, { capture: true });
}
