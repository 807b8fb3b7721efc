// Each colour has its own sound: two rising tones, one middle tone twice, a low long one, a short dull one.

const TUNES = {
  green: [[660, 0.12], [990, 0.2]],
  amber: [[520, 0.14], [0, 0.06], [520, 0.14]],
  red: [[190, 0.55]],
  grey: [[330, 0.16]],
};
let context;

// Browsers play nothing before the first gesture; a scanner's keys are one. Until then the hint asks for a tap.
const GESTURES = ["pointerup", "keydown", "touchend"];

function wake() {
  context ??= new AudioContext();
  context.resume().then(awake, () => {}); // refused for a key that is no gesture, such as Esc: the next one will do
}

function awake() {
  for (const name of GESTURES) removeEventListener(name, touched, { capture: true });
  for (const hint of document.querySelectorAll("[data-sound-hint]")) hint.hidden = true;
}

/** Where a browser does not say whether someone acted, an event of theirs says so. */
function touched(gesture) {
  if (navigator.userActivation?.hasBeenActive ?? gesture) wake();
}

export function listenForGesture() {
  if (!("AudioContext" in window)) return;
  for (const name of GESTURES) addEventListener(name, touched, { capture: true });
  for (const hint of document.querySelectorAll("[data-sound-hint]")) hint.hidden = false;
  touched();
}

export function sound(colour) {
  const tune = TUNES[colour];
  if (!tune || !context) return;
  if (context.state !== "running") context.resume().catch(() => {}); // a phone stops it while it sleeps
  let at = context.currentTime;
  for (const [hertz, seconds] of tune) {
    if (hertz) tone(hertz, at, seconds, colour === "red" ? "square" : "sine");
    at += seconds;
  }
}

function tone(hertz, at, seconds, shape) {
  const source = new OscillatorNode(context, { frequency: hertz, type: shape });
  const volume = new GainNode(context, { gain: 0 });
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(0.25, at + 0.01);
  volume.gain.setValueAtTime(0.25, at + seconds - 0.03);
  volume.gain.linearRampToValueAtTime(0, at + seconds);
  source.connect(volume).connect(context.destination);
  source.start(at);
  source.stop(at + seconds);
}
