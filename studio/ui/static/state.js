/** The one recipe under the visitor's hands, with undo and redo without end. @module */

import { keepSession, readSession } from './session.js';

/**
 * @typedef {{generator: string, seed: number, variation_seed: number, variation: number, classes: Record<string, number>,
 *   styles: Record<string, number>, w: string, position: [number, number]|null, directions: Record<string, number>, truncation: number,
 *   noise_seed: number, noise_turn: number, mix_seed: number, mix_layers: number[], bends: any[], blend: any[], flat: boolean, side: number, temperature: number, strokes: number[][], upscale: number}} Controls
 */

export const MAX_SEED = 2 ** 32 - 1;
const DEFAULTS = Object.freeze({
  seed: 0, variation_seed: 0, variation: 0, classes: {}, styles: {}, w: '', position: null, directions: {}, truncation: 1,
  noise_seed: 0, noise_turn: 0, mix_seed: 0, mix_layers: [], bends: [], side: 0, temperature: 0.25, strokes: [], blend: [], flat: false, upscale: 1,
});

/** What a blend stands in the place of: a hand on one of these leaves the blend. */
const BLENDED = new Set(['seed', 'variation', 'variation_seed', 'classes', 'styles', 'w', 'position', 'truncation', 'mix_seed', 'mix_layers']);

/** A seed nobody chose. */
export const anySeed = () => crypto.getRandomValues(new Uint32Array(1))[0];

/** Only what differs from the defaults: what travels and what is kept. @param {Controls} controls @returns {Record<string, unknown>} */
export function compact(controls) {
  const told = Object.entries(controls).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(DEFAULTS[key]));
  return Object.fromEntries(told);
}

/** Every control from a recipe that may have only some fields; what the page has no control for is left out. @param {any} recipe @returns {Controls} */
export function complete(recipe) {
  const known = Object.keys(DEFAULTS).map((key) => [key, recipe[key] ?? DEFAULTS[key]]);
  return /** @type {Controls} */ ({ generator: recipe.generator, ...Object.fromEntries(known) });
}

/** A text that two recipes share when a visitor could not tell them apart, whatever the order of their fields. @param {any} recipe */
export function keyOf(recipe) {
  const ordered = (value) => {
    if (typeof value === 'number') return Math.round(value * 1000) / 1000;
    if (!value || typeof value !== 'object' || Array.isArray(value)) return Array.isArray(value) ? value.map(ordered) : value;
    return Object.fromEntries(Object.keys(value).sort().map((key) => [key, ordered(value[key])]));
  };
  return JSON.stringify(ordered(compact(complete(recipe))));
}

const same = (a, b) => keyOf(a) === keyOf(b);

export class State {
  /** @param {any[]} declarations what each generator can do */
  constructor(declarations) {
    this.declarations = declarations;
    this.locked = false;
    /** What this picture came from: pictures of the gallery by their ids, others by their recipes. @type {any[]} */
    this.parents = [];
    this.listeners = /** @type {Set<(controls: Controls, told: {rest: boolean, from: string}) => void>} */ (new Set());
    const kept = readSession(declarations.map(({ id }) => id));
    this.steps = /** @type {Controls[]} */ (kept.steps.map(complete));
    this.at = kept.at;
    // A reload stands where it stood; a new visit begins somewhere else, one step after where the last one ended.
    if (!this.steps.length || kept.newVisit) this.#push(this.#beginning());
    this.recipe = this.steps[this.at];
    this.#keep();
  }

  get declaration() {
    return this.declarations.find(({ id }) => id === this.recipe.generator) ?? this.declarations[0];
  }

  /** What a generator can do. @param {string} id */
  declared(id) {
    return this.declarations.find((one) => one.id === id) ?? this.declaration;
  }

  get canUndo() {
    return this.at > 0 || !same(this.recipe, this.steps[this.at]);
  }

  get canRedo() {
    return this.at < this.steps.length - 1;
  }

  /** @param {(controls: Controls, told: {rest: boolean, from: string}) => void} listener called at once and after every change */
  follow(listener) {
    this.listeners.add(listener);
    listener(this.recipe, { rest: true, from: 'begin' });
    return () => this.listeners.delete(listener);
  }

  /** Move one or more controls. @param {Partial<Controls>} patch @param {{rest?: boolean, from?: string}} [told] rest: the hand has let go */
  change(patch, { rest = false, from = 'hand' } = {}) {
    const leaves = this.recipe.blend.length && !patch.blend && Object.keys(patch).some((name) => BLENDED.has(name));
    const reseeded = 'seed' in patch && { w: '' }; // a place that was found stands in the place of a seed
    this.recipe = { ...this.recipe, ...(leaves && { blend: [], flat: false }), ...reseeded, ...patch };
    if (rest) this.#commit();
    this.#tell({ rest, from });
  }

  /** The hand has let go: what stands now can be undone to. */
  rest() {
    this.#commit();
    this.#tell({ rest: true, from: 'rest' });
  }

  /** Every control from a recipe of anywhere: a picture, a link, the gallery. @param {any} recipe @param {{parents?: any[], from?: string}} [origin] */
  restore(recipe, { parents = [], from = 'restore' } = {}) {
    this.parents = parents;
    this.change(complete(recipe), { rest: true, from });
  }

  /** Another generator, as it was last left. @param {string} id */
  choose(id) {
    if (id === this.recipe.generator) return;
    const last = this.steps.findLast(({ generator }) => generator === id);
    const seed = this.locked || !last ? this.recipe.seed : last.seed;
    this.parents = [];
    const place = this.locked ? { w: '' } : {};
    const { truncation } = this.declared(id);
    this.change({ ...(last ?? complete({ generator: id, truncation })), seed, ...place }, { rest: true, from: 'generator' });
  }

  /** Another seed; with the seed locked, everything else instead. */
  roll() {
    const patch = this.locked ? this.#rollRest() : { seed: anySeed(), position: null };
    this.change(patch, { rest: true, from: 'dice' });
  }

  /** @param {number} by */
  step(by) {
    if (this.locked) return;
    const count = MAX_SEED + 1;
    this.change({ seed: (this.recipe.seed + by + count) % count, position: null }, { rest: true, from: 'step' });
  }

  undo() {
    this.#commit();
    if (this.at > 0) this.#go(this.at - 1);
  }

  redo() {
    if (this.canRedo) this.#go(this.at + 1);
  }

  #beginning() {
    const before = this.steps[this.at];
    const generator = before?.generator ?? this.declarations[0]?.id ?? '';
    return complete({ generator, ...begin(this.declarations.find(({ id }) => id === generator)) });
  }

  #rollRest() {
    const { classes = [], styles = [], layers = 1 } = this.declaration ?? {};
    const mixed = layers > 1 ? { mix_seed: anySeed() } : {};
    return { variation_seed: anySeed(), classes: whole(classes), styles: whole(styles), ...mixed };
  }

  #commit() {
    if (!same(this.recipe, this.steps[this.at])) this.#push(this.recipe);
    this.#keep();
  }

  /** @param {Controls} controls */
  #push(controls) {
    this.steps = [...this.steps.slice(0, this.at + 1), controls];
    this.at = this.steps.length - 1;
  }

  /** @param {number} at */
  #go(at) {
    this.at = at;
    this.recipe = this.steps[at];
    this.#keep();
    this.#tell({ rest: true, from: 'undo' });
  }

  #keep() {
    const { steps, at } = this;
    keepSession(() => steps.map(compact), at);
  }

  /** @param {{rest: boolean, from: string}} told */
  #tell(told) {
    for (const listener of this.listeners) listener(this.recipe, told);
  }
}

const one = (/** @type {any[]} */ among) => among[Math.floor(Math.random() * among.length)];

/** One class or style by chance, and nothing of the others. @param {string[]} names */
const whole = (names) => (names.length ? { [one(names)]: 1 } : {});

/**
 * A first picture by chance, so that each visit begins somewhere else: of the seeds that a generator vouches for where it does, and as
 * bold as suits it.
 * @param {any} [declaration]
 */
export function begin({ classes = [], styles = [], openings = [], truncation } = {}) {
  return { seed: one(openings) ?? anySeed(), classes: whole(classes), styles: whole(styles), truncation };
}
