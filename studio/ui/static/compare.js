/** A/B: the picture as it was when the comparison began lies over the one that moves, up to a line that can be dragged. @module */

import { h } from './dom.js';
import { signButton } from './widgets.js';

/** @param {any} atelier @param {{root: HTMLElement, canvas: HTMLCanvasElement}} picture */
export function comparer({ state, words }, { root, canvas }) {
  const before = h('canvas', { class: 'before', 'aria-hidden': 'true' });
  const line = h('input', { type: 'range', class: 'wipe', name: 'wipe', min: 0, max: 100, step: 1, value: 50 });
  words.put(line, 'compare.line', {}, 'label');
  const rule = h('span', { class: 'wipe-line', 'aria-hidden': 'true' });
  const tools = h('div', { class: 'compare-tools' },
    signButton(words, 'swap', 'compare.swap', () => swap(), { 'data-act': 'ab-swap' }),
    signButton(words, 'close', 'compare.close', () => close(), { 'data-act': 'ab-close' }));
  const cover = h('div', { class: 'compare' }, before, rule, h('span', { class: 'letter a' }, 'A'), h('span', { class: 'letter b' }, 'B'), line, tools);
  let kept = /** @type {any} */ (null);

  // A thumb's middle runs from half its width to that much short of the end.
  const wipe = () => cover.style.setProperty('--wipe', `calc(15px + (100% - 30px) * ${line.valueAsNumber / 100})`);
  const take = () => {
    kept = state.recipe;
    Object.assign(before, { width: canvas.width, height: canvas.height });
    before.dataset.rendering = canvas.dataset.rendering;
    before.getContext('2d').drawImage(canvas, 0, 0);
  };
  const tell = () => document.dispatchEvent(new CustomEvent('atelier:compare', { detail: !!kept }));
  const open = () => {
    take();
    root.append(cover);
    wipe();
    tell();
  };
  const close = () => {
    kept = null;
    cover.remove();
    tell();
  };
  const swap = () => {
    const other = kept;
    take();
    state.restore(other, { parents: state.parents });
  };
  line.addEventListener('input', wipe);
  return { toggle: () => (kept ? close() : open()), close };
}
