/** The stage window: what the first window shows and nothing else, black while that one is gone. @module */

import { decodeFrame } from './decode.js';
import { paint } from './stage.js';

const EVERY = 1000; // ms between two questions whether the first is there
const GONE = 3000; // ms without an answer
const READ = 6000; // ms that the hint stands

const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('canvas'));
const hint = /** @type {HTMLElement} */ (document.querySelector('p'));
const channel = new BroadcastChannel(`atelier.stage.${location.hash.slice(1)}`);
let heard = -Infinity;
let seen = -1; // the number of the frame that stands here
let busy = false;
let waiting = /** @type {any} */ (null);

const ask = () => channel.postMessage({ type: 'there', seen });

/** The newest frame; what came while it was decoded and is older already is left out. @param {any} frame */
async function show(frame) {
  waiting = frame;
  if (busy) return;
  busy = true;
  while (waiting) {
    const { header, bytes, rendering } = waiting;
    waiting = null;
    try {
      const picture = await decodeFrame(bytes, header);
      paint(canvas, picture, rendering);
      if ('close' in picture) picture.close();
      seen = header.id;
      delete document.body.dataset.dark;
    } catch { /* a damaged frame: the one before it stands until the next */ }
  }
  busy = false;
}

function darken() {
  document.body.dataset.dark = '';
  seen = -1;
}

channel.onmessage = ({ data }) => {
  heard = performance.now();
  if (data?.type === 'gone') darken();
  if (data?.type === 'frame') void show(data);
  if (data?.type === 'here') {
    canvas.setAttribute('aria-label', data.label);
    if (!hint.textContent?.trim()) setTimeout(() => { hint.dataset.read = ''; }, READ);
    /** @type {HTMLElement} */ (hint.firstElementChild).textContent = data.hint;
  }
};
setInterval(() => {
  if (performance.now() - heard > GONE) darken();
  ask();
}, EVERY);
ask();

/** On a press; the screen stays awake with it where the browser lets it. */
function full() {
  if (document.fullscreenElement) return void document.exitFullscreen();
  void document.documentElement.requestFullscreen?.();
  navigator.wakeLock?.request('screen').catch(() => {});
}
document.addEventListener('click', full);
document.addEventListener('keydown', ({ key }) => ['f', 'F', 'Enter', ' '].includes(key) && full());
