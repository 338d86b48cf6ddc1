/** Which layers come from the second seed: a row of bars, painted on and off like a drum pattern. @module */

import { h } from './dom.js';

/**
 * @param {import('./words.js').Words} words @param {number} count @param {(chosen: number[], rest: boolean) => void} input
 */
export function layerMixer(words, count, input) {
  let chosen = new Set();
  let painting = /** @type {boolean|null} */ (null);
  const bars = Array.from({ length: count }, (_, i) => {
    // Taller bars for coarser layers: what they change is larger in the picture.
    const bar = h('button', { type: 'button', class: 'layer', 'data-layer': i, style: `--tall: ${100 - (i / Math.max(1, count - 1)) * 65}%` }, h('span'));
    return words.put(bar, 'mix.layer', { n: i + 1 }, 'label');
  });
  const set = (i, on, rest) => {
    if (on === chosen.has(i)) return;
    if (on) chosen.add(i);
    else chosen.delete(i);
    show([...chosen]);
    input([...chosen].sort((a, b) => a - b), rest);
  };
  const row = h('div', { class: 'layers', role: 'group' }, ...bars);
  words.put(row, 'mix.layers', {}, 'label');
  row.addEventListener('pointerdown', (event) => {
    const i = bars.indexOf(event.target.closest('.layer'));
    if (i < 0 || event.button) return;
    painting = !chosen.has(i);
    set(i, painting, false);
    if (event.target.hasPointerCapture?.(event.pointerId)) event.target.releasePointerCapture(event.pointerId);
  });
  row.addEventListener('pointermove', (event) => {
    if (painting === null) return;
    const under = document.elementFromPoint(event.clientX, event.clientY)?.closest('.layer');
    const i = bars.indexOf(/** @type {HTMLElement} */ (under));
    if (i >= 0) set(i, painting, false);
  });
  addEventListener('pointerup', () => {
    if (painting !== null) input([...chosen].sort((a, b) => a - b), true);
    painting = null;
  });
  row.addEventListener('click', (event) => {
    // A press of a key arrives as a click without a pointer; the pointer's own was painted already.
    if (event.detail === 0) {
      const i = bars.indexOf(event.target.closest('.layer'));
      if (i >= 0) set(i, !chosen.has(i), true);
    }
  });
  const show = (layers) => {
    chosen = new Set(layers);
    bars.forEach((bar, i) => bar.setAttribute('aria-pressed', String(chosen.has(i))));
  };
  const ends = h('div', { class: 'layer-ends', 'aria-hidden': 'true' }, words.put(h('span'), 'mix.coarse'), words.put(h('span'), 'mix.fine'));
  return { root: h('div', { class: 'layer-mixer' }, row, ends), show };
}
