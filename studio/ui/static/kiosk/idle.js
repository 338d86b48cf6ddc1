/** Nobody touches any more: a countdown that all can see, then the end of the visit. @module */

const WARNING = 10; // seconds, or half of the time where that is less
const TICK = 250; // ms

export class Idle {
  /** @param {{warn: (seconds: number) => void, calm: () => void, end: () => void}} ears warn: so many seconds are left; calm: somebody is there again */
  constructor(ears) {
    this.ears = ears;
    this.seconds = 60;
    this.timer = 0;
    this.touched = 0;
    this.warned = 0;
  }

  /** Somebody is there. @param {number} seconds without a touch until the end */
  begin(seconds) {
    this.stop();
    this.seconds = seconds;
    this.touched = performance.now();
    this.timer = window.setInterval(() => this.#look(), TICK);
  }

  touch() {
    this.touched = performance.now();
    if (this.warned) this.ears.calm();
    this.warned = 0;
  }

  stop() {
    clearInterval(this.timer);
    this.warned = 0;
  }

  #look() {
    const left = Math.ceil(this.seconds - (performance.now() - this.touched) / 1000);
    if (left <= 0) {
      this.stop();
      this.ears.end();
    } else if (left <= Math.min(WARNING, this.seconds / 2) && left !== this.warned) {
      this.warned = left;
      this.ears.warn(left);
    }
  }
}
