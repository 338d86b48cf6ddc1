/** The performance: what the sources say moves the page's controls, once a frame of the screen, and never against a hand. @module */

import { clamp, later } from './dom.js';
import { valueAt } from './mappings.js';

const REST_AFTER = 400; // ms without movement until it is a step that can be undone to
const PAUSE = 250; // ms between two deeds of one kind
const MOST_BEGUN = 4096; // sources that are watched while one is looked for
const MOVED = 0.06; // of a source's whole way, until it is the one that is being learned

/** @typedef {{wanted: () => boolean, poll: () => void}} Polled a source that has to be asked */

export class Player {
  /**
   * @param {{mappings: import('./mappings.js').Mappings, find: (name: string) => any, hands: ReturnType<typeof import('./perform-hands.js').watchHands>,
   *   rest: () => void, tell: (fault: any) => void}} told
   */
  constructor({ mappings, find, hands, rest, tell }) {
    Object.assign(this, { mappings, find, hands, tell });
    this.polled = /** @type {Polled[]} */ ([]);
    this.learning = ''; // the parameter that is looking for its source
    this.begun = /** @type {Map<string, number>} */ (new Map()); // where each source stood when learning began
    this.given = /** @type {Map<string, number>} */ (new Map()); // values that parameters are to stand at
    this.fresh = /** @type {Map<string, number>} */ (new Map()); // the newest level of each source that is used
    this.pressed = /** @type {Set<string>} */ (new Set()); // deeds whose source is down
    this.done = /** @type {Map<string, number>} */ (new Map()); // when each deed was last done
    this.due = false;
    this.settle = later(() => (hands.holding() ? this.settle() : rest()), REST_AFTER);
    document.addEventListener('atelier:mappings', () => this.#use());
    document.addEventListener('visibilitychange', () => this.due && this.#soon());
    this.#use();
  }

  /** A source stands at a level 0 .. 1. However often it says so, the controls move once a frame. @param {string} source @param {number} level */
  hear(source, level) {
    if (this.learning) return this.#offer(source, level);
    if (!this.used.has(source)) return;
    // A key struck and let go within one frame was struck.
    const struck = source.startsWith('note') && level < (this.fresh.get(source) ?? 0);
    if (!struck) this.fresh.set(source, level);
    else this.after.set(source, level);
    return this.wake();
  }

  /** A parameter is to stand at a value in its own units; of many in haste, the newest. @param {string} parameter @param {number} value */
  move(parameter, value) {
    this.given.set(parameter, value);
    this.wake();
  }

  /** Do a deed, once. @param {string} name */
  strike(name) {
    const { deed } = this.find(name);
    this.#press(name, true, deed);
    this.#press(name, false, deed);
  }

  /** Look for a source for this parameter, or for none. @param {string} parameter */
  learn(parameter) {
    this.learning = parameter;
    this.begun.clear();
    document.dispatchEvent(new CustomEvent('atelier:learn'));
    this.wake();
  }

  /** This source moves the parameter that is learning. @param {string} source */
  take(source) {
    const parameter = this.learning;
    const found = this.find(parameter);
    const [from, to] = found && 'min' in found ? [found.min, found.max] : [0, 1];
    this.learn('');
    try {
      this.mappings.put({ source, from, to, curve: 'even', parameter });
    } catch (fault) {
      this.tell(fault);
    }
  }

  /** There is something to hear or to ask for. */
  wake() {
    if (this.due) return;
    this.due = true;
    this.#soon();
  }

  #soon() {
    if (document.hidden) setTimeout(() => this.#frame(), 16);
    else requestAnimationFrame(() => this.#frame());
  }

  #frame() {
    if (!this.due) return;
    this.due = false;
    const asked = this.polled.filter(({ wanted }) => wanted());
    for (const { poll } of asked) poll();
    const { fresh } = this;
    [this.fresh, this.after] = [this.after, new Map()];
    for (const mapping of this.mappings.list) {
      const level = fresh.get(mapping.source);
      if (level !== undefined) this.#move(mapping, level);
    }
    const { given } = this;
    this.given = new Map();
    for (const [parameter, value] of given) this.#put(this.find(parameter), value);
    if (asked.length || this.fresh.size) this.wake();
  }

  /** @param {import('./mappings.js').Mapping} mapping @param {number} level */
  #move(mapping, level) {
    const { parameter } = mapping;
    const found = this.find(parameter);
    if (found && 'deed' in found) this.#press(parameter, valueAt(mapping, level) > 0.5, found.deed);
    else this.#put(found, valueAt(mapping, level));
  }

  /** @param {any} found @param {number} value */
  #put(found, value) {
    if (!found || 'deed' in found || this.hands.on(found.parts)) return;
    found.move(clamp(value, found.min, found.max));
    this.settle();
  }

  /** Once for each time it goes down. @param {string} parameter @param {boolean} down @param {() => void} deed */
  #press(parameter, down, deed) {
    const was = this.pressed.has(parameter);
    if (down) this.pressed.add(parameter);
    else this.pressed.delete(parameter);
    const now = performance.now();
    if (!down || was || now - (this.done.get(parameter) ?? -PAUSE) < PAUSE) return;
    this.done.set(parameter, now);
    deed();
  }

  /** @param {string} source @param {number} level */
  #offer(source, level) {
    if (source.startsWith('sound')) return; // never still: it is chosen by a press
    if (!this.begun.has(source) && this.begun.size < MOST_BEGUN) this.begun.set(source, /^(note|button)/.test(source) ? 0 : level);
    if (Math.abs(level - (this.begun.get(source) ?? level)) > MOVED) this.take(source);
  }

  #use() {
    this.used = new Set(this.mappings.list.map(({ source }) => source));
    this.fresh = new Map();
    this.after = /** @type {Map<string, number>} */ (new Map()); // what those keys come to in the frame that follows
    this.wake();
  }
}
