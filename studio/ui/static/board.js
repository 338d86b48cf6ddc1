/** The mixing board: a table whose rows give coarse layers and whose columns give fine ones; every cell is a picture like any other. @module */

import { headTools, pictureTools } from './board-tools.js';
import { dialog } from './dialog.js';
import { clamp, h } from './dom.js';
import { paint } from './stage.js';
import { anySeed, compact } from './state.js';
import { signButton, sliderRow } from './widgets.js';

const MOST = 8; // rows or columns
const AT_FIRST = 3;

/**
 * @typedef {{recipe: any, id?: string}} Head a compact recipe, and its picture's id where it is saved
 * @typedef {{row: number, column: number}} Place -1: the head of the other
 * @param {any} atelier @param {any[]} [given] recipes for both edges; else those that were there last
 */
export function openBoard(atelier, given = []) {
  const { state, live, words } = atelier;
  const { id: generator, layers, size, rendering } = state.declaration;
  const { classes, styles } = state.recipe;
  const chance = () => ({ recipe: compact({ ...state.recipe, blend: [], flat: false, position: null, variation: 0, mix_layers: [], seed: anySeed(), classes, styles }) });
  atelier.boards ??= new Map(); // for as long as the page is open
  if (given.length) atelier.boards.set(generator, { rows: given.map(headOf), columns: given.map(headOf), layer: Math.ceil(layers / 2) });
  if (!atelier.boards.has(generator)) {
    const rows = [headOf(compact(state.recipe)), ...Array.from({ length: AT_FIRST - 1 }, chance)];
    atelier.boards.set(generator, { rows, columns: Array.from({ length: AT_FIRST }, chance), layer: Math.ceil(layers / 2) });
  }
  const board = /** @type {{rows: Head[], columns: Head[], layer: number}} */ (atelier.boards.get(generator));
  const table = h('div', { class: 'board', 'data-role': 'board', onkeydown: (event) => keys(event) });
  const tools = h('div', { class: 'board-tools' });
  let places = /** @type {{place: Place, button: HTMLButtonElement, canvas: HTMLCanvasElement, recipe: any}[]} */ ([]);
  let chosen = /** @type {Place} */ ({ row: 0, column: 0 });
  let busy = false;
  let stale = false;
  let stop = () => {};
  let stopHeads = () => {};

  const at = ({ row, column }) => places.find(({ place }) => place.row === row && place.column === column);
  const headAt = ({ row, column }) => (row < 0 ? board.columns[column] : board.rows[row]);
  const isHead = ({ row, column }) => row < 0 || column < 0;
  const parents = ({ row, column }) => [board.rows[row], board.columns[column]].map(({ recipe, id }) => id ?? recipe);

  /** The cells anew; while they are being drawn, only the newest wish is kept. */
  const draw = () => {
    if (busy) {
      stale = true;
      return;
    }
    [busy, stale] = [true, false];
    const cells = places.filter(({ place }) => !isHead(place));
    const over = () => {
      busy = false;
      if (stale) draw();
    };
    stop = live.sheet({ board: { rows: board.rows.map(({ recipe }) => recipe), columns: board.columns.map(({ recipe }) => recipe), layer: board.layer } }, {
      cell: (i, picture, recipe) => show(cells[i], picture, recipe), done: over, fault: (fault) => { atelier.tell({ fault }); over(); },
    });
  };
  const show = (one, picture, recipe) => {
    one.recipe = recipe;
    one.button.disabled = false;
    paint(one.canvas, picture, rendering, 256);
    if (one.place.row === chosen.row && one.place.column === chosen.column) choose(chosen);
  };
  const drawHeads = () => {
    stopHeads();
    const heads = places.filter(({ place }) => isHead(place));
    stopHeads = live.sheet(heads.map(({ place }) => headAt(place).recipe), { cell: (i, picture) => show(heads[i], picture, headAt(heads[i].place).recipe) });
  };
  const choose = (/** @type {Place} */ place) => {
    chosen = place;
    for (const one of places) {
      const here = one.place.row === place.row && one.place.column === place.column;
      one.button.setAttribute('aria-pressed', String(here));
      one.button.tabIndex = here ? 0 : -1;
    }
    const one = at(place);
    if (!one?.recipe) return tools.replaceChildren();
    if (!isHead(place)) return tools.replaceChildren(pictureTools(atelier, one.recipe, parents(place), () => box.close()));
    const edge = place.row < 0 ? board.columns : board.rows;
    const number = place.row < 0 ? place.column : place.row;
    tools.replaceChildren(headTools(atelier, edge[number], {
      exchange: (head) => { edge[number] = head; drawHeads(); redraw(); },
      remove: edge.length > 1 ? () => { edge.splice(number, 1); build(); } : null,
    }));
  };
  /** What is under way no longer counts. */
  const redraw = () => {
    stop();
    busy = false;
    draw();
  };
  const button = (place, word, params) => {
    const canvas = h('canvas', { width: size, height: size, 'data-rendering': rendering });
    const press = () => {
      const again = !isHead(place) && chosen.row === place.row && chosen.column === place.column && tools.querySelector('[data-act=board-open]');
      if (again instanceof HTMLElement) again.click(); // a second press takes it
      else choose(place);
    };
    const made = h('button', { type: 'button', class: isHead(place) ? 'board-head' : 'board-cell', disabled: true, onclick: press, onfocus: () => focused(place) }, canvas);
    places.push({ place, button: words.put(made, word, params, 'label'), canvas, recipe: null });
    return made;
  };
  const focused = (place) => at(place)?.button.matches(':focus-visible') && !(chosen.row === place.row && chosen.column === place.column) && choose(place);
  const add = (edge, word) => signButton(words, 'plus', word, () => { edge.push(chance()); build(); }, { class: 'sign board-add', disabled: edge.length >= MOST, 'data-act': word });
  const build = () => {
    places = [];
    const { rows, columns } = board;
    table.style.setProperty('--columns', String(columns.length + 1));
    table.style.setProperty('--rows', String(rows.length + 1));
    table.replaceChildren(
      h('span', { class: 'board-corner' }, add(columns, 'board.add_column'), add(rows, 'board.add_row')),
      ...columns.map((_, column) => button({ row: -1, column }, 'board.column', { n: column + 1 })),
      ...rows.flatMap((_, row) => [button({ row, column: -1 }, 'board.row', { n: row + 1 }),
        ...columns.map((__, column) => button({ row, column }, 'board.cell', { row: row + 1, column: column + 1 }))]));
    choose({ row: Math.min(chosen.row, rows.length - 1), column: Math.min(chosen.column, columns.length - 1) });
    drawHeads();
    redraw();
  };
  /** @param {KeyboardEvent} event */
  const keys = (event) => {
    const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [0, 0];
    if (!down && !right) return;
    event.preventDefault();
    const to = { row: clamp(chosen.row + down, -1, board.rows.length - 1), column: clamp(chosen.column + right, -1, board.columns.length - 1) };
    at(to)?.button.focus();
  };
  const layer = sliderRow(words, {
    name: 'board-layer', label: ['board.layer'], tip: 'board.layer_tip', min: 1, max: layers - 1, step: 1, usual: Math.ceil(layers / 2), digits: 0,
    spell: (value) => String(value + 1), read: (text) => Number(text) - 1,
    input: (value) => { board.layer = value; draw(); },
  });
  layer.show(board.layer);
  const box = dialog(words, 'board.title', h('div', { class: 'board-body island' }, layer.root, table, tools, words.put(h('p', { class: 'quiet' }), 'board.hint')), {
    name: 'board', closed: () => { stop(); stopHeads(); },
  });
  build();
}

/** @param {any} recipe @returns {Head} */
const headOf = (recipe) => ({ recipe });
