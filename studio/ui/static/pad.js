/** A surface with one handle: drag, arrow keys, wheel and double-click move a point in it. @module */

import { clamp, h } from './dom.js';
import { hold } from './hold.js';

/**
 * @param {import('./words.js').Words} words
 * @param {{name: string, label: string, tip: string, fine?: number, ground?: Element, keep?: (x: number, y: number) => [number, number],
 *   input: (x: number, y: number, rest: boolean) => void, reset: () => void}} told
 *   x and y run over -1..1, right and up; `keep` brings a point that left the surface back onto it.
 */
export function pad(words, { name, label, tip, fine = 0.02, ground, keep = (x, y) => [clamp(x, -1, 1), clamp(y, -1, 1)], input, reset }) {
  const handle = h('span', { class: 'pad-handle' });
  const root = h('div', { class: 'pad', tabindex: 0, role: 'application', 'data-pad': name }, ground, handle);
  words.put(root, label, {}, 'label');
  words.put(root, tip, {}, 'tip');
  let at = /** @type {[number, number]} */ ([0, 0]);

  const show = (x, y) => {
    at = [x, y];
    handle.style.left = `${(x + 1) * 50}%`;
    handle.style.top = `${(1 - y) * 50}%`;
  };
  const move = (x, y, rest) => {
    show(...keep(x, y));
    input(...at, rest);
  };
  const follow = (event) => {
    const box = root.getBoundingClientRect();
    move(((event.clientX - box.left) / box.width) * 2 - 1, 1 - ((event.clientY - box.top) / box.height) * 2, false);
  };
  hold(root, { move: follow, end: () => input(...at, true) });
  root.addEventListener('dblclick', reset);
  root.addEventListener('keydown', (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (event.key === 'Home') reset();
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    const by = fine * (event.shiftKey ? 5 : 1);
    move(at[0] + way[0] * by, at[1] + way[1] * by, true);
  });
  return { root, show };
}
