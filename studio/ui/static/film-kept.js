/** A film as it is kept in the browser, as the studio reads it, and every state that it was in. @module */

import { round } from './dom.js';
import { storage } from './storage.js';

const KEPT = 'atelier.film';
const FRESH = { keys: [], seconds: 6, loop: true, path: 'slerp', even: false, rate: 30, music: null, tracks: [], drift: false };

/** What is kept of a recipe in a film: a picture that a generator draws. @param {any} recipe */
export function bare({ weights: _, made: __, after: ___, upscale: ____, version: _____, ...kept }) {
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
}

/** A film as the studio reads it. @param {any} film */
export const told = (film) => Object.fromEntries(Object.keys(FRESH).map((name) => [name, film[name]]));

/** A film from anywhere, with all that this page knows of one. @param {any} film */
export const whole = (film) => ({ ...told({ ...FRESH, ...film }), keys: (film.keys ?? []).map((key) => ({ ...key, recipe: bare(key.recipe) })) });

/** A film so long, all its moments moved with it. @param {any} film @param {number} seconds */
export function stretched({ keys, tracks, seconds: before }, seconds) {
  const moved = (one) => ({ ...one, at: round(one.at * (seconds / before), 3) });
  return { seconds, keys: keys.map(moved), tracks: tracks.map((track) => ({ ...track, points: track.points.map(moved) })) };
}

/** The film that was last worked on, and the way back to what it was before. @param {any} state */
export class Steps {
  constructor(state) {
    this.steps = [read(state)];
    this.at = 0;
  }

  get film() {
    return this.steps[this.at];
  }

  /** @param {any} film */
  push(film) {
    this.steps = [...this.steps.slice(0, this.at + 1), film];
    this.at += 1;
    this.#keep();
  }

  get canUndo() {
    return this.at > 0;
  }

  get canRedo() {
    return this.at < this.steps.length - 1;
  }

  /** @param {-1|1} by */
  go(by) {
    this.at += by;
    this.#keep();
  }

  #keep() {
    storage.setItem(KEPT, JSON.stringify(this.film));
  }
}

/** @param {any} state */
function read(state) {
  try {
    const film = JSON.parse(storage.getItem(KEPT) ?? 'null');
    const known = new Set(state.declarations.map(({ id }) => id));
    return film?.keys?.every(({ recipe }) => known.has(recipe.generator)) ? whole(film) : whole({});
  } catch {
    return whole({});
  }
}
