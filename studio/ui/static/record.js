/** A recording: every change of the recipe while it runs, with its moment; kept in the tab, so that a reload loses nothing. @module */
import { tabStorage } from './storage.js';

export const SLOT = 0.04; // seconds; of what changes within one, the last is kept: a film's pictures stand no closer
export const LONGEST = 600; // seconds, as long as a film
const KEY = 'atelier.recording';
const KEEP_EVERY = 2000; // ms

/**
 * @typedef {{base: any, changes: [number, any][], slot: number}} Take the first controls; what changed, by slots of time; how many slots there are
 */

export class Recorder {
  /** @param {any} state @param {() => void} changed it began, went on for a second, or ended */
  constructor(state, changed) {
    Object.assign(this, { state, changed });
    this.take = kept(state); // goes on after a reload, without the time that it took
    this.timer = 0;
    if (this.on) this.#run();
    state.follow((controls) => this.#note(controls));
    addEventListener('pagehide', () => this.on && this.#keep());
  }

  get on() {
    return !!this.take;
  }

  /** How long it is by now. */
  get seconds() {
    return (this.take?.slot ?? 0) * SLOT;
  }

  /** A film has no more room. */
  get full() {
    return this.seconds >= LONGEST;
  }

  start() {
    this.take = /** @type {Take|null} */ ({ base: this.state.recipe, changes: [], slot: 0 });
    this.#run();
  }

  /** @returns {Take} what was recorded */
  stop() {
    this.#tick();
    const { take } = this;
    clearInterval(this.timer);
    this.take = null;
    tabStorage.removeItem(KEY);
    this.changed();
    return /** @type {Take} */ (take);
  }

  #run() {
    this.last = this.take?.changes.reduce((before, [, patch]) => ({ ...before, ...patch }), this.take.base);
    this.began = performance.now() - this.seconds * 1000;
    let keptAt = -Infinity;
    this.timer = window.setInterval(() => {
      this.#tick();
      this.changed();
      if (performance.now() - keptAt < KEEP_EVERY) return;
      keptAt = performance.now();
      this.#keep();
    }, 250);
    this.#note(this.state.recipe);
    this.changed();
  }

  #tick() {
    if (this.take) this.take.slot = Math.min(Math.round((performance.now() - this.began) / 1000 / SLOT), LONGEST / SLOT);
  }

  /** While another generator is at hand, the recording holds the last picture of its own: a film has one. @param {any} controls */
  #note(controls) {
    const { take, last } = this;
    if (!take || this.full || controls.generator !== take.base.generator) return;
    const moved = Object.keys(controls).filter((name) => controls[name] !== last[name] && told(controls[name]) !== told(last[name]));
    if (!moved.length) return;
    const patch = Object.fromEntries(moved.map((name) => [name, controls[name]]));
    this.#tick();
    this.last = controls;
    const newest = take.changes.at(-1);
    if (newest?.[0] === take.slot) Object.assign(newest[1], patch);
    else take.changes.push([take.slot, patch]);
  }

  #keep() {
    try {
      tabStorage.setItem(KEY, told(this.take));
    } catch { /* full, or forbidden in a private window: it lives as long as the page */ }
  }
}

const told = (value) => JSON.stringify(value);

/** @param {any} state @returns {Take|null} */
function kept({ declarations }) {
  try {
    const take = JSON.parse(tabStorage.getItem(KEY) ?? 'null');
    const whole = Number.isInteger(take.slot) && take.changes.every(([slot, patch]) => Number.isInteger(slot) && patch);
    return whole && declarations.some(({ id }) => id === take.base.generator) ? take : null;
  } catch {
    return null;
  }
}
