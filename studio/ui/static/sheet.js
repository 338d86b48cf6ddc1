/** The contact sheet: the same controls with many seeds, to choose from. @module */

import { dialog } from './dialog.js';
import { h } from './dom.js';
import { paint } from './stage.js';
import { anySeed, compact } from './state.js';
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
  let stop = () => {};

  const choose = (recipe) => {
    box.close();
    state.change({ seed: recipe.seed, position: null }, { rest: true, from: 'sheet' });
  };
  const draw = () => {
    stop();
    // The first is the picture that stands there now, so that nothing is lost by looking.
    const recipes = Array.from({ length: count }, (_, i) => ({ ...state.recipe, seed: i ? anySeed() : state.recipe.seed, position: i ? null : state.recipe.position }));
    const cells = recipes.map((recipe, i) => cell(atelier, recipe, i, choose));
    grid.replaceChildren(...cells.map(({ root }) => root));
    bar.hidden = false;
    bar.value = 0;
    stop = live.sheet(recipes, {
      cell: (i, picture) => cells[i].show(picture),
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
  const again = signButton(words, 'dice', 'sheet.again', draw, { 'data-act': 'sheet-again' });
  const box = dialog(words, 'sheet.title', h('div', { class: 'sheet-body' }, grid), {
    name: 'sheet', closed: () => stop(), aside: h('span', { class: 'dialog-tools' }, line, bar, size, again),
  });
  draw();
}

/** One picture of the sheet: a press takes it, the heart keeps it. */
function cell(atelier, recipe, i, choose) {
  const { words, state, api } = atelier;
  const canvas = h('canvas', { width: state.declaration.size, height: state.declaration.size, 'data-rendering': state.declaration.rendering });
  const pick = words.put(h('button', { type: 'button', class: 'cell-pick', onclick: () => choose(recipe) }, canvas), 'sheet.pick', { seed: recipe.seed }, 'label');
  const keep = signButton(words, 'save', 'act.save', async () => {
    keep.disabled = true;
    try {
      const entry = await api.call('save', [compact(recipe), state.parent ?? '']);
      document.dispatchEvent(new CustomEvent('atelier:saved', { detail: entry }));
      keep.setAttribute('aria-pressed', 'true');
    } catch (fault) {
      keep.disabled = false;
      atelier.notice.say(words.fault(/** @type {any} */ (fault).fault), 'fault');
    }
  }, { class: 'sign cell-keep' });
  const root = h('div', { class: 'cell', 'data-now': i === 0 }, pick, keep);
  return { root, show: (picture) => paint(canvas, picture, state.declaration.rendering, 256) };
}
