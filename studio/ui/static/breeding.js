/** Breeding on the contact sheet: its pictures are chosen as parents, their children fill it, and back and forward go by generations. @module */

import { openBoard } from './board.js';
import { h } from './dom.js';
import { anySeed, compact, complete, keyOf } from './state.js';
import { signButton, sliderRow } from './widgets.js';

const MOST = 8; // parents
const KEPT = 60; // generations
const LOOK = 96; // pixels of a parent's small picture
const CROSSINGS = ['layers', 'blend'];

/**
 * @typedef {{parents: any[], temperature: number, seed: number, crossing: string}} Litter
 * @param {any} atelier @param {{draw: () => void, marked: () => void}} told draw: the sheet shows another generation; marked: other parents are chosen
 */
export function breeding(atelier, { draw, marked }) {
  const { words, state } = atelier;
  const { id, layers = 1, rendering } = state.declaration;
  atelier.bred ??= { litters: new Map(), looks: new Map(), temperature: 0.25, crossing: CROSSINGS[0] }; // for as long as the page is open
  const { bred } = atelier;
  if (!bred.litters.has(id)) bred.litters.set(id, []);
  const litters = /** @type {Litter[]} */ (bred.litters.get(id));
  let at = 0; // 0: the sheet that was sampled; n: the children of the nth litter
  let chosen = litters[0]?.parents ?? [];

  const place = (recipe) => chosen.findIndex((one) => keyOf(one) === keyOf(recipe));
  const has = (recipe) => place(recipe) >= 0;
  /** Take a picture as a parent, or no longer. @param {any} recipe @param {HTMLCanvasElement} [picture] */
  const toggle = (recipe, picture) => {
    if (has(recipe)) chosen = chosen.filter((_, i) => i !== place(recipe));
    else if (chosen.length < MOST) chosen = [...chosen, compact(complete(recipe))];
    if (picture) bred.looks.set(keyOf(recipe), small(picture));
    show();
    marked();
  };
  const go = (to) => {
    if (to < 0 || to > litters.length) return;
    at = to;
    chosen = litters[at]?.parents ?? []; // those that the next generation came from
    show();
    draw();
  };
  const breed = () => {
    if (!chosen.length) return;
    litters.splice(Math.min(at, KEPT), litters.length, { parents: chosen, temperature: bred.temperature, seed: anySeed(), crossing: bred.crossing });
    go(litters.length);
  };

  const back = signButton(words, 'left', 'breed.back', () => go(at - 1), { 'data-act': 'breed-back' });
  const forward = signButton(words, 'right', 'breed.forward', () => go(at + 1), { 'data-act': 'breed-forward' });
  const generation = h('strong', { role: 'status' });
  const walk = h('span', { class: 'breed-walk' }, back, generation, forward);
  const row = words.put(h('span', { class: 'breed-parents', role: 'group' }), 'breed.parents', {}, 'label');
  const hint = words.put(h('p', { class: 'quiet' }), 'breed.hint');
  const temperature = sliderRow(words, {
    name: 'breed-temperature', label: ['breed.temperature'], tip: 'breed.temperature_tip', min: 0, max: 1, step: 0.01, usual: 0.25,
    input: (value) => { bred.temperature = value; },
  });
  temperature.show(bred.temperature);
  const crossing = words.put(h('select', { 'data-act': 'breed-crossing', onchange: () => { bred.crossing = crossing.value; } },
    ...CROSSINGS.map((one) => words.put(h('option', { value: one, selected: one === bred.crossing }), `breed.crossing_${one}`))), 'breed.crossing', {}, 'label');
  words.put(crossing, 'breed.crossing_tip', {}, 'tip');
  const press = words.put(words.put(h('button', { type: 'button', class: 'button first', 'data-act': 'breed', onclick: breed }), 'breed.go'), 'breed.go_tip', {}, 'tip');
  const board = layers > 1 && words.put(h('button', { type: 'button', class: 'button', 'data-act': 'breed-board', onclick: () => openBoard(atelier, chosen) }), 'board.title');
  const making = h('div', { class: 'breed-making' }, temperature.root, layers > 1 && crossing, board, press);
  const root = h('div', { class: 'breed island' }, walk, row, hint, making);

  const show = () => {
    walk.hidden = !litters.length;
    back.disabled = at === 0;
    forward.disabled = at === litters.length;
    words.put(generation, 'breed.generation', { n: at + 1 });
    hint.hidden = Boolean(chosen.length || at);
    making.hidden = !chosen.length;
    crossing.hidden = chosen.length < 2;
    row.replaceChildren(...chosen.map((one) => words.put(h('button', { type: 'button', class: 'breed-mate', 'data-rendering': rendering, onclick: () => toggle(one) },
      bred.looks.get(keyOf(one))), 'breed.take_off', {}, 'label')));
  };
  show();
  return {
    root, has, toggle, breed,
    /** By so many generations. @param {number} by */
    step: (by) => go(at + by),
    /** What fills the sheet, or nothing at its beginning. @param {number} count @returns {(Litter & {count: number})|null} */
    litter: (count) => (at ? { ...litters[at - 1], count } : null),
    /** The same parents' other children. */
    again: () => {
      litters.splice(at - 1, litters.length, { ...litters[at - 1], seed: anySeed() });
      go(litters.length);
    },
    /** What pictures of this generation came from. */
    parents: () => (at ? litters[at - 1].parents : state.parents),
  };
}

/** @param {HTMLCanvasElement} picture */
function small(picture) {
  const canvas = h('canvas', { width: LOOK, height: LOOK });
  const pen = canvas.getContext('2d');
  pen.imageSmoothingEnabled = picture.width > LOOK;
  pen.drawImage(picture, 0, 0, LOOK, LOOK);
  return canvas;
}
