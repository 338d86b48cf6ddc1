/** What a mapping can move: every slider that the page shows for the generator at hand, the place in the latent, and deeds. @module */

import { clamp, round } from './dom.js';
import { keyOf, MAX_SEED } from './state.js';

const REACH = 4; // positions run over -4..4
export const PLACES = ['position-x', 'position-y'];
export const DEEDS = ['deed-seed', 'deed-save', 'deed-next'];

/**
 * @typedef {{min: number, max: number, parts: Element[], move: (value: number) => unknown}} Moved `parts`: where a hand on it would be
 * @typedef {{deed: () => unknown}} Done
 */

/** @param {any} atelier @param {HTMLElement} panel @param {{root: HTMLElement, position: () => [number, number]}} picture */
export function openParameters(atelier, panel, { root, position }) {
  const { state } = atelier;
  let saved = '';
  const deeds = {
    'deed-seed': () => state.roll(),
    'deed-next': () => atelier.nextPicture(),
    // A picture that is saved already is not saved again, however often the key is struck.
    'deed-save': () => {
      const now = keyOf(state.recipe);
      if (now === saved) return undefined;
      saved = now;
      return atelier.act.save();
    },
  };
  const sliders = () => /** @type {HTMLInputElement[]} */ ([...panel.querySelectorAll('.row > input[type=range]')]);

  /** @param {HTMLInputElement} range @returns {Moved} */
  const slider = (range) => ({
    min: Number(range.min), max: Number(range.max), parts: [range],
    move: (value) => {
      const before = range.value;
      range.value = String(value); // the browser keeps it within the slider's range and on its steps
      if (range.value !== before) range.dispatchEvent(new Event('input'));
    },
  });
  /** @param {number} axis @returns {Moved} */
  const place = (axis) => ({
    min: -REACH, max: REACH, parts: [root, ...panel.querySelectorAll('.pad:is([data-pad=walk], [data-pad=map])')],
    move: (value) => {
      const next = /** @type {[number, number]} */ ([...position()]);
      if (next[axis] === (next[axis] = round(clamp(value, -REACH, REACH), 3))) return;
      state.change({ position: next });
    },
  });

  /** @returns {Moved} */
  const seed = () => ({
    min: 0, max: MAX_SEED, parts: [...panel.querySelectorAll('[data-group=seed] .seed-row')].slice(0, 1),
    move: (value) => value !== state.recipe.seed && state.change({ seed: Math.round(value), position: null }),
  });

  /** What goes by this name here, if anything does. @param {string} name @returns {Moved|Done|null} */
  const find = (name) => {
    if (DEEDS.includes(name)) return { deed: deeds[name] };
    if (name === 'seed') return seed();
    if (PLACES.includes(name)) return place(PLACES.indexOf(name));
    const range = sliders().find((one) => one.name === name);
    return range ? slider(range) : null;
  };
  return { find, sliders };
}
