/** A work under way in the studio: asked for, followed, stopped. @module */

import { ApiFault } from './api.js';

const FIRST = 120; // ms until the first look
const LATER = 500;

/**
 * @typedef {{id: string, state: string, done: number, total: number, seen: boolean, place: number, estimate: number, recipe: any, size: [number, number], fault: any}} Standing
 */

export class Work {
  /** @param {any} atelier @param {any} recipe @param {(standing: Standing) => void} tell called whenever something is known */
  constructor(atelier, recipe, tell) {
    this.atelier = atelier;
    this.recipe = recipe;
    this.tell = tell;
    this.id = '';
    this.stopped = false;
    /** Its end: the last standing, or null where it was stopped. @type {Promise<Standing|null>} */
    this.end = this.#run();
  }

  /** Take up one that the studio has already. @param {any} atelier @param {Standing} standing @param {(standing: Standing) => void} tell */
  static again(atelier, standing, tell) {
    const work = Object.create(Work.prototype);
    Object.assign(work, { atelier, recipe: standing.recipe, tell, id: standing.id, stopped: false });
    work.end = work.follow(standing);
    return work;
  }

  get preview() {
    return this.atelier.api.at(`works/${this.id}/preview.webp`);
  }

  /** What stands there after some of its parts, where that can be seen. @param {number|string} done */
  soFar(done) {
    return this.atelier.api.at(`works/${this.id}/so-far.webp?${done}`);
  }

  get picture() {
    return this.atelier.api.at(`works/${this.id}/picture.png`);
  }

  /** Nobody wants it any more. */
  stop() {
    if (this.stopped) return;
    this.stopped = true;
    if (this.id) void fetch(this.atelier.api.at(`works/${this.id}`), { method: 'DELETE' });
  }

  /** Keep the result in the gallery. @param {string|null} [parent] */
  save(parent = null) {
    return this.atelier.api.post(`works/${this.id}/save${parent ? `?parent=${parent}` : ''}`, '');
  }

  async #run() {
    const standing = await this.atelier.api.post('works', JSON.stringify({ recipe: this.recipe }), 'application/json');
    this.id = standing.id;
    if (this.stopped) {
      this.stopped = false;
      this.stop();
      return null;
    }
    return this.follow(standing);
  }

  /** @param {Standing} standing */
  async follow(standing) {
    let now = standing;
    for (let wait = FIRST; ['waiting', 'running'].includes(now.state); wait = Math.min(LATER, wait * 1.5)) {
      this.tell(now);
      await new Promise((go) => { setTimeout(go, wait); });
      if (this.stopped) return null;
      now = await this.atelier.api.get(`works/${this.id}`);
    }
    if (this.stopped || now.state === 'cancelled') return null;
    if (now.fault) throw new ApiFault(now.fault);
    this.tell(now);
    return now;
  }
}
