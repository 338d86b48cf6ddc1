/** The strip of every picture the hand rested on; a click brings all its controls back. @module */

import { h, later } from './dom.js';
import { compact, complete, keyOf } from './state.js';
import { storage } from './storage.js';

const KEY = 'atelier.history';
const MOST = 60; // thumbnails on the strip; undo itself has no end
const SIDE = 64;

/** @param {any} atelier */
export function historyStrip(atelier) {
  const { state, live, words } = atelier;
  const strip = h('div', { class: 'history', role: 'group', 'data-role': 'history' });
  words.put(strip, 'history.label', {}, 'label');
  let kept = read().filter(({ recipe }) => state.declarations.some(({ id }) => id === recipe?.generator));
  const keep = later(() => {
    for (let most = MOST; most > 4; most = Math.floor(most / 2)) {
      try {
        return storage.setItem(KEY, JSON.stringify(kept.slice(0, most)));
      } catch { /* full: keep fewer */ }
    }
  }, 400);

  const mark = (controls) => {
    const now = keyOf(controls);
    strip.querySelectorAll('button').forEach((button, i) => button.setAttribute('aria-pressed', String(!!kept[i] && keyOf(kept[i].recipe) === now)));
  };
  const show = () => {
    strip.replaceChildren(...kept.map(({ recipe, picture, crisp }, i) => {
      const image = h('img', { src: picture, alt: '', width: SIDE, height: SIDE, 'data-rendering': crisp ? 'crisp' : 'smooth' });
      const button = h('button', { type: 'button', onclick: () => state.restore(recipe) }, image);
      return words.put(button, 'history.item', { n: i + 1 }, 'label');
    }));
    mark(state.recipe);
  };
  /** The picture after the one that stands, round and round. */
  atelier.nextPicture = () => {
    const now = keyOf(state.recipe);
    const next = kept[(kept.findIndex(({ recipe }) => keyOf(recipe) === now) + 1) % kept.length];
    if (next) state.restore(next.recipe);
  };
  live.on('frame', ({ header, picture, generator }) => {
    if (!header.rest) return;
    // Between the asking and the answer the hand may have gone on; the strip keeps what was drawn.
    const recipe = compact(complete({ ...header.recipe, generator }));
    const known = kept.findIndex((one) => keyOf(one.recipe) === keyOf(recipe));
    if (known < 0) {
      kept = [{ recipe, picture: thumbnail(picture), crisp: state.declared(generator).rendering === 'crisp' }, ...kept].slice(0, MOST);
      keep();
      show();
    }
    mark(state.recipe);
  });
  show();
  return strip;
}

/** @param {ImageBitmap} picture */
function thumbnail(picture) {
  const canvas = h('canvas', { width: SIDE, height: SIDE });
  canvas.getContext('2d').drawImage(picture, 0, 0, SIDE, SIDE);
  return canvas.toDataURL('image/webp', 0.85);
}

function read() {
  try {
    const kept = JSON.parse(storage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}
