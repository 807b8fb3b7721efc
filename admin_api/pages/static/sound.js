// Each colour has its own sound: two rising tones, one middle tone twice, a low long one, a short dull one.

const TUNES = {
  green: [[660, 0.12], [990, 0.2]],
  amber: [[520, 0.14], [0, 0.06], [520, 0.14]],
  red: [[190, 0.55]],
  grey: [[330, 0.16]],
};
let context;

export function sound(colour) {
  const tune = TUNES[colour];
  if (!tune || !("AudioContext" in window)) return;
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume().catch(() => {});
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
