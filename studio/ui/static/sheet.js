/** The contact sheet: many pictures around the one that stands there, or children of some of them, to choose from. @module */

import { breeding as breedingBar } from './breeding.js';
import { dialog } from './dialog.js';
import { clamp, h, isWriting } from './dom.js';
import { cell } from './sheet-cell.js';
import { modeRow } from './sheet-modes.js';
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
  let seed = anySeed(); // of the sheet: going to another mode and back shows the same pictures
  let cells = /** @type {ReturnType<typeof cell>[]} */ ([]);
  let stop = () => {};

  const choose = (recipe) => {
    box.close();
    state.restore(recipe, { parents: breeding.parents(), from: 'sheet' });
  };
  const draw = () => {
    stop();
    const { mode, byChance } = modes.chosen();
    const litter = breeding.litter(count);
    const old = litter?.parents.length ?? 0;
    modes.root.hidden = Boolean(litter);
    again.disabled = !litter && !byChance;
    cells = Array.from({ length: count + old }, (_, i) => cell(atelier, i, { mode: litter ? (i < old ? 'parent' : 'child') : mode, choose, breeding }));
    grid.style.gridTemplateColumns = mode === 'plane' && !litter ? `repeat(${planeColumns(count)}, 1fr)` : '';
    grid.replaceChildren(...cells.map(({ root }) => root));
    bar.hidden = false;
    bar.value = 0;
    stop = live.sheet(litter ? { breed: litter } : { recipe: compact(state.recipe), mode, count, seed }, {
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
  const breeding = breedingBar(atelier, {
    draw: () => {
      draw();
      box.querySelector('.dialog-body').focus(); // what was pressed may be gone
    },
    marked: () => cells.forEach(({ mark }) => mark()),
  });
  const others = () => {
    if (breeding.litter(count)) return breeding.again();
    seed = anySeed();
    draw();
  };
  const size = words.put(h('select', { 'data-act': 'sheet-count', onchange: () => { count = Number(size.value); draw(); } },
    ...COUNTS.map((n) => h('option', { value: n }, String(n)))), 'sheet.count', {}, 'label');
  const again = signButton(words, 'dice', 'sheet.again', others, { 'data-act': 'sheet-again' });
  const modes = modeRow(words, state.declaration, draw);
  const body = h('div', { class: 'sheet-body' }, modes.root, grid, breeding.root);
  const box = dialog(words, 'sheet.title', body, {
    name: 'sheet', closed: () => stop(), aside: h('span', { class: 'dialog-tools' }, line, bar, size, again),
  });
  /** Arrows go from picture to picture. @param {number} by */
  const step = (by) => {
    const here = cells.findIndex(({ root }) => root.contains(document.activeElement));
    cells[clamp(here + by, 0, cells.length - 1)].root.querySelector('button').focus();
  };
  box.addEventListener('keydown', (event) => {
    if (isWriting(event.target) || event.target.matches('input') || event.ctrlKey || event.metaKey || event.altKey) return;
    const columns = getComputedStyle(grid).gridTemplateColumns.split(' ').length;
    const deed = {
      ArrowLeft: () => step(-1), ArrowRight: () => step(1), ArrowUp: () => step(-columns), ArrowDown: () => step(columns),
      p: () => event.target.closest('.cell')?.querySelector('.cell-mate').click(),
      b: breeding.breed, z: () => breeding.step(-1), y: () => breeding.step(1),
    }[event.key];
    if (!deed) return;
    event.preventDefault();
    deed();
  });
  draw();
}

/** As many columns as make whole rows, as near to a square as that goes. @param {number} count */
function planeColumns(count) {
  let columns = Math.ceil(Math.sqrt(count));
  while (count % columns) columns += 1;
  return columns;
}
