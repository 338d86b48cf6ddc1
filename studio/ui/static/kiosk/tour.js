/** The slow film while nobody is there: through the w of one generator after another, and never the same twice. @module */

import { EASES } from '../easing.js';
import { begin, complete } from '../state.js';

const EACH = 80; // ms between frames
const LEG = 9000; // ms from one picture to the next
const STAY = 2500; // ms that a picture stands
const LEGS = 3; // with one generator
const FADE = 900; // ms from one generator to the next, as in kiosk.css
const TIDY = 0.8; // psi at most

export class Tour {
  /** @param {import('../live.js').Live} live @param {(dark: boolean) => void} fade */
  constructor(live, fade) {
    this.live = live;
    this.fade = fade;
    this.declarations = /** @type {any[]} */ ([]);
    this.turn = Math.floor(Math.random() * 100);
    this.timer = 0;
  }

  /** The picture that is nearest to what stands on the screen. */
  get here() {
    return this.at < 0.5 ? this.from : this.to;
  }

  /** @param {any[]} declarations */
  start(declarations) {
    this.stop();
    this.declarations = declarations;
    this.#enter();
  }

  stop() {
    clearTimeout(this.timer);
    this.fade(false);
  }

  #enter() {
    this.declaration = this.declarations[this.turn++ % this.declarations.length];
    this.legs = 0;
    this.to = somewhere(this.declaration);
    this.#leave();
    this.live.draw(this.to, true);
    this.fade(false);
  }

  /** Off to somewhere else. */
  #leave() {
    this.from = this.to;
    this.to = somewhere(this.declaration);
    this.at = 0;
    this.began = performance.now() + STAY;
    this.timer = window.setTimeout(() => this.#step(), STAY);
  }

  #step() {
    this.at = Math.min(1, (performance.now() - this.began) / LEG);
    const share = EASES.soft(this.at);
    // What is slow to draw is not asked for twice.
    if (!this.live.waiting) this.live.draw(complete({ ...this.to, blend: [{ recipe: this.from, share: 1 - share }, { recipe: this.to, share }] }));
    if (this.at < 1) this.timer = window.setTimeout(() => this.#step(), EACH);
    else if (++this.legs < LEGS) this.#leave();
    else this.timer = window.setTimeout(() => this.#change(), STAY);
  }

  #change() {
    if (this.declarations.length > 1) this.fade(true);
    this.timer = window.setTimeout(() => this.#enter(), FADE);
  }
}

/** A picture to begin with, rather typical than wild. @param {any} declaration */
export function somewhere(declaration) {
  const { truncation = TIDY, ...beginning } = begin(declaration);
  return { generator: declaration.id, ...beginning, ...(declaration.has_truncation && { truncation: Math.min(TIDY, truncation) }) };
}
