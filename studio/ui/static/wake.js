/** A generator's button wakes under the pointer: a few of its pictures pass by, as it would draw them now. @module */

import { calm, h } from './dom.js';
import { anySeed, complete } from './state.js';

const WAIT = 250; // ms until it wakes
const EACH = 260; // ms a picture stands
const COUNT = 8;

/** @param {any} atelier @param {HTMLElement} button @param {any} declaration */
export function waker({ live }, button, declaration) {
  let sleep = () => {};
  let timer = 0;
  const wake = () => {
    const pictures = /** @type {ImageBitmap[]} */ ([]);
    const canvas = h('canvas', { class: 'awake', width: 64, height: 64, 'data-rendering': declaration.rendering, 'aria-hidden': 'true' });
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    pen.imageSmoothingEnabled = declaration.rendering !== 'crisp';
    let at = 0;
    const turn = setInterval(() => {
      if (!pictures.length) return;
      pen.drawImage(pictures[at++ % pictures.length], 0, 0, 64, 64);
      if (!canvas.isConnected) button.append(canvas);
    }, EACH);
    const stop = live.sheet(Array.from({ length: COUNT }, (_, i) => sample(declaration, i)), { cell: (_, picture) => pictures.push(picture) });
    sleep = () => {
      clearInterval(turn);
      stop();
      canvas.remove();
      sleep = () => {};
    };
  };
  button.addEventListener('pointerenter', ({ pointerType }) => {
    if (pointerType === 'mouse' && live.mode === 'live' && !calm()) timer = window.setTimeout(wake, WAIT);
  });
  for (const end of ['pointerleave', 'pointerdown']) {
    button.addEventListener(end, () => {
      clearTimeout(timer);
      sleep();
    });
  }
}

/** Any seed, its classes and styles in turn. @param {any} declaration @param {number} i */
function sample({ id, classes = [], styles = [] }, i) {
  const one = (names, by) => (names.length ? { [names[(i * by) % names.length]]: 1 } : {});
  return complete({ generator: id, seed: anySeed(), classes: one(classes, 7), styles: one(styles, 1) });
}
