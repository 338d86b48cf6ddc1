/** The contact sheet: many pictures around the one that stands there, to choose from; what varies is the visitor's choice. @module */

import { dialog } from './dialog.js';
import { h } from './dom.js';
import { modeRow } from './sheet-modes.js';
import { paint } from './stage.js';
import { anySeed, compact, complete, keyOf } from './state.js';
import { signButton } from './widgets.js';

const COUNTS = [12, 24, 48];

/** @param {any} atelier */
export function openSheet(atelier) {
  const { state, live, words } = atelier;
  const grid = h('div', { class: 'sheet', 'data-role': 'sheet' });
  const bar = h('progress', { max: 1, value: 0 });
  const line = h('p', { class: 'sheet-line', role: 'status' });
  words.put(bar, 'sheet.progress', {}, 'label');
  let count = COUNTS[0];
  let seed = anySeed(); // of the sheet: going to another mode and back shows the same pictures
  let stop = () => {};

  const choose = (recipe) => {
    box.close();
    state.change(complete(recipe), { rest: true, from: 'sheet' });
  };
  const draw = () => {
    stop();
    const { mode, byChance } = modes.chosen();
    again.disabled = !byChance;
    const cells = Array.from({ length: count }, (_, i) => cell(atelier, i, mode, choose));
    grid.style.gridTemplateColumns = mode === 'plane' ? `repeat(${planeColumns(count)}, 1fr)` : '';
    grid.replaceChildren(...cells.map(({ root }) => root));
    bar.hidden = false;
    bar.value = 0;
    stop = live.sheet({ recipe: compact(state.recipe), mode, count, seed }, {
      cell: (i, picture, recipe) => cells[i].show(picture, recipe),
      job: ({ done, total, place }) => {
        bar.value = total ? done / total : 0;
        words.put(line, place > 0 ? 'sheet.waits' : 'sheet.drawn', { place, done, total });
      },
      done: () => {
        bar.hidden = true;
      },
      fault: (fault) => {
        bar.hidden = true;
        line.textContent = words.fault(fault);
      },
    });
  };
  const size = words.put(h('select', { 'data-act': 'sheet-count', onchange: () => { count = Number(size.value); draw(); } },
    ...COUNTS.map((n) => h('option', { value: n }, String(n)))), 'sheet.count', {}, 'label');
  const again = signButton(words, 'dice', 'sheet.again', () => { seed = anySeed(); draw(); }, { 'data-act': 'sheet-again' });
  const modes = modeRow(words, state.declaration, draw);
  const box = dialog(words, 'sheet.title', h('div', { class: 'sheet-body' }, modes.root, grid), {
    name: 'sheet', closed: () => stop(), aside: h('span', { class: 'dialog-tools' }, line, bar, size, again),
  });
  draw();
}

/** One picture of the sheet, once it is drawn: a press takes it with all its controls, the heart keeps it. */
function cell(atelier, i, mode, choose) {
  const { words, state, api } = atelier;
  const { size, rendering } = state.declaration;
  let recipe = /** @type {any} */ (null);
  const canvas = h('canvas', { width: size, height: size, 'data-rendering': rendering });
  const pick = words.put(h('button', { type: 'button', class: 'cell-pick', disabled: true, onclick: () => choose(recipe) }, canvas), 'sheet.take', { n: i + 1 }, 'label');
  const keep = signButton(words, 'save', 'act.save', async () => {
    keep.disabled = true;
    try {
      const entry = await api.call('save', [compact(complete(recipe)), state.parent ?? '']);
      document.dispatchEvent(new CustomEvent('atelier:saved', { detail: entry }));
      keep.setAttribute('aria-pressed', 'true');
    } catch (fault) {
      keep.disabled = false;
      atelier.notice.say(words.fault(/** @type {any} */ (fault).fault), 'fault');
    }
  }, { class: 'sign cell-keep', disabled: true });
  const root = h('div', { class: 'cell' }, pick, keep);
  const show = (picture, drawn) => {
    recipe = drawn;
    pick.disabled = keep.disabled = false;
    root.toggleAttribute('data-now', keyOf(plain(recipe)) === keyOf(plain(state.recipe)));
    if (['series', 'random', 'varied'].includes(mode)) words.put(pick, 'sheet.pick', { seed: recipe.seed ?? 0 }, 'label');
    const says = caption(words, mode, recipe);
    if (says) root.append(says);
    paint(canvas, picture, rendering, 256);
  };
  return { root, show };
}

/** What a cell shows, where a number or a name says it. @param {import('./words.js').Words} words @param {string} mode @param {any} recipe */
function caption(words, mode, recipe) {
  const text = h('span', { class: 'cell-says', 'aria-hidden': 'true' });
  const { classes, styles, truncation, variation } = complete(recipe);
  if (mode === 'truncation') text.textContent = truncation.toFixed(2);
  else if (mode === 'walk') text.textContent = variation.toFixed(2);
  else if (mode !== 'classes') return null;
  else if (Object.keys(classes).length) words.put(text, Object.keys(classes)[0], { $kind: 'class' });
  else words.put(text, Object.keys(styles)[0], { $kind: 'style' });
  return text;
}

/** A recipe without what has no effect on its picture. @param {any} recipe */
function plain(recipe) {
  const { position, variation, mix_layers: layers, ...rest } = complete(recipe);
  return {
    ...rest, variation, mix_layers: layers, position: position?.some(Boolean) ? position : null,
    variation_seed: variation ? rest.variation_seed : 0, mix_seed: layers.length ? rest.mix_seed : 0,
  };
}

/** As many columns as make whole rows, as near to a square as that goes. @param {number} count */
function planeColumns(count) {
  let columns = Math.ceil(Math.sqrt(count));
  while (count % columns) columns += 1;
  return columns;
}
