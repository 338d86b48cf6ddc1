/** The feature maps of one layer as small tiles, to see and to choose from; they come anew when the picture rests. @module */

import { h } from './dom.js';
import { compact } from './state.js';
import { signButton } from './widgets.js';

const MOST = 64; // maps in a sheet, as the studio makes it
const COLUMNS = 8;

/** @param {any} atelier @param {any} declaration @param {(channels: number[]) => void} input */
export function mapTiles(atelier, declaration, input) {
  const { state, words, api, tell } = atelier;
  let layer = -1;
  let first = 0;
  let chosen = new Set();
  let seen = false;
  let stale = true;
  let address = '';
  let asked = new AbortController();
  const tiles = words.put(h('div', { class: 'inside-maps', role: 'group' }), 'inside.maps', {}, 'label');
  const range = h('span', { class: 'quiet' });
  const earlier = signButton(words, 'left', 'inside.earlier', () => turn(-MOST), { class: 'sign small', 'data-act': 'inside-earlier' });
  const later = signButton(words, 'right', 'inside.later', () => turn(MOST), { class: 'sign small', 'data-act': 'inside-later' });
  const said = h('span', { class: 'quiet', role: 'status' });
  const clear = words.put(h('button', { type: 'button', class: 'button small', 'data-act': 'inside-clear', onclick: () => choose([]) }), 'inside.clear');
  words.put(clear, 'inside.clear_tip', {}, 'tip');
  const pages = h('span', { class: 'inside-pages' }, earlier, range, later);

  const choose = (channels) => {
    mark(channels);
    input(channels);
  };
  const turn = (by) => {
    first += by;
    lay();
  };
  const mark = (channels) => {
    chosen = new Set(channels);
    for (const tile of tiles.children) tile.setAttribute('aria-pressed', String(chosen.has(Number(tile.dataset.channel))));
    words.put(said, chosen.size ? 'inside.some' : 'inside.none', { count: chosen.size });
    clear.hidden = !chosen.size;
  };
  /** As many empty tiles as there are maps to come. */
  const lay = () => {
    const count = Math.min(MOST, declaration.bendable[layer] - first);
    const rows = Math.ceil(count / COLUMNS);
    tiles.style.setProperty('--rows', String(rows));
    tiles.replaceChildren(...Array.from({ length: count }, (_, i) => words.put(h('button', {
      type: 'button', class: 'inside-map', 'data-channel': first + i, 'aria-pressed': 'false',
      style: `--x: ${(i % COLUMNS) / (COLUMNS - 1) * 100}%; --y: ${rows > 1 ? Math.floor(i / COLUMNS) / (rows - 1) * 100 : 0}%`,
    }), 'inside.map', { n: first + i + 1 }, 'label')));
    pages.hidden = declaration.bendable[layer] <= MOST;
    words.put(range, 'inside.range', { first: first + 1, last: first + count, count: declaration.bendable[layer] });
    earlier.disabled = !first;
    later.disabled = first + count >= declaration.bendable[layer];
    mark([...chosen]);
    look();
  };
  const look = async () => {
    stale = true;
    if (!seen || state.recipe.generator !== declaration.id) return;
    stale = false;
    asked.abort();
    asked = new AbortController();
    try {
      const sheet = await api.picture('inside.png', { recipe: compact(state.recipe), layer, first }, asked.signal);
      URL.revokeObjectURL(address);
      address = URL.createObjectURL(sheet);
      tiles.style.setProperty('--sheet', `url(${address})`);
      tiles.dataset.shown = `${layer} ${first}`;
    } catch (fault) {
      if (/** @type {any} */ (fault).name !== 'AbortError') tell(fault);
    }
  };

  tiles.addEventListener('click', ({ target }) => {
    const channel = target instanceof HTMLElement ? target.dataset.channel : undefined;
    if (channel === undefined) return;
    const others = new Set(chosen);
    if (!others.delete(Number(channel))) others.add(Number(channel));
    choose([...others].sort((a, b) => a - b));
  });
  document.addEventListener('atelier:painted', (event) => /** @type {CustomEvent} */ (event).detail.rest && look());
  new IntersectionObserver(([{ isIntersecting }]) => {
    seen = isIntersecting;
    if (seen && stale) look();
  }).observe(tiles);
  return {
    root: h('div', { class: 'inside-look' }, tiles, h('div', { class: 'inside-line' }, said, clear, pages)),
    /** @param {number} at @param {number[]} channels */
    show: (at, channels) => {
      if (at === layer) return void (String(channels) === String([...chosen]) || mark(channels));
      layer = at;
      first = 0;
      chosen = new Set(channels);
      lay();
    },
  };
}
