/** The ground of a map: pictures at their places, seen from nearer or farther. It paints, and knows what lies where. @module */

import { cross, frame, pin } from './atlas-marks.js';
import { calm, clamp } from './dom.js';

/**
 * @typedef {{x: number, y: number}} Place
 * @typedef {{recipe: any, id: string|null, crisp: boolean, picture: CanvasImageSource|null, sharp: CanvasImageSource|null, tries: number,
 *   plane: Place, column: number, row: number, now: Place, from: Place}} Item
 */

const GLIDE = 700; // ms from one place to another
const NEAREST = 40; // times
const FARTHEST = 0.6;
const GROWTH = 0.72; // pictures grow slower than the ground, so that it opens between them
const COVERED = 0.42; // of the plane, by pictures
const HUNG = 0.88; // of its cell, a picture on the wall
const EDGE = 0.96; // of the window, the whole map
const FEW = 16; // pictures, of which fewer aren't shown larger
const WIDEST = 2; // times its other side

export class Ground {
  /** @param {HTMLCanvasElement} canvas @param {() => void} moved what is seen has changed */
  constructor(canvas, moved) {
    this.canvas = canvas;
    this.moved = moved;
    this.items = /** @type {Item[]} */ ([]);
    this.isWall = false;
    this.isLaid = false; // else in the order in which they come
    this.middle = { x: 0, y: 0 };
    this.zoom = 1;
    this.marked = /** @type {Item|null} */ (null);
    this.here = /** @type {Place|null} */ (null);
    this.glide = { since: 0, runs: false };
    this.stretch = { x: 1, y: 1 };
    this.due = false;
    new ResizeObserver(() => this.#fill()).observe(canvas);
  }

  /** @param {Item[]} items @param {number} [total] how many there will be */
  show(items, total = items.length) {
    this.total = total;
    const fresh = items.filter((item) => !this.items.includes(item));
    this.items = items;
    for (const item of fresh) item.now = { ...this.#goal(item) };
    this.#go();
  }

  /** @param {boolean} isWall */
  hang(isWall) {
    this.isWall = isWall;
    this.here = null;
    this.#go();
  }

  /** The whole map. */
  fit() {
    this.middle = { x: 0, y: 0 };
    this.zoom = 1;
    this.look();
  }

  /** Pixels of a length of one on the ground. */
  get scale() {
    const { clientWidth, clientHeight } = this.canvas;
    const { x, y } = this.#extent();
    return Math.min(clientWidth / x, clientHeight / y) / 2 * EDGE * this.zoom;
  }

  /** Pixels of a picture's side. */
  get side() {
    return this.#own * this.scale * this.zoom ** (GROWTH - 1);
  }

  /** The same on the ground, as the whole map is seen. */
  get #own() {
    if (this.isWall || !this.isLaid) return 2 / this.columns * HUNG;
    return Math.sqrt((4 * this.stretch.x * this.stretch.y * COVERED) / Math.max(this.items.length, FEW));
  }

  get columns() {
    return Math.ceil(Math.sqrt(Math.max(this.isLaid ? this.items.length : this.total ?? 1, 1)));
  }

  /** @param {Place} place @returns {[number, number]} pixels from the corner */
  toScreen({ x, y }) {
    const { clientWidth, clientHeight } = this.canvas;
    return [clientWidth / 2 + (x - this.middle.x) * this.scale, clientHeight / 2 + (y - this.middle.y) * this.scale];
  }

  /** @param {number} across @param {number} down @returns {Place} */
  toGround(across, down) {
    const { clientWidth, clientHeight } = this.canvas;
    return { x: this.middle.x + (across - clientWidth / 2) / this.scale, y: this.middle.y + (down - clientHeight / 2) / this.scale };
  }

  /** The picture at a point of the screen; where some overlap, the one whose middle is nearest. @param {number} across @param {number} down */
  at(across, down) {
    const half = this.side / 2;
    const near = this.items.map((item) => {
      const [x, y] = this.toScreen(item.now);
      return { item, far: Math.max(Math.abs(x - across), Math.abs(y - down)) };
    }).filter(({ far }) => far <= half);
    return near.sort((a, b) => a.far - b.far)[0]?.item ?? null;
  }

  /** Those that are in sight, the nearest to the middle first. */
  seen() {
    const { clientWidth, clientHeight } = this.canvas;
    const half = this.side / 2;
    const inSight = this.items.filter((item) => {
      const [x, y] = this.toScreen(item.now);
      return x > -half && y > -half && x < clientWidth + half && y < clientHeight + half;
    });
    return inSight.sort((a, b) => Math.hypot(a.now.x - this.middle.x, a.now.y - this.middle.y) - Math.hypot(b.now.x - this.middle.x, b.now.y - this.middle.y));
  }

  /** @param {number} across @param {number} down pixels */
  pan(across, down) {
    const { x, y } = this.#extent();
    this.middle.x = clamp(this.middle.x - across / this.scale, -x, x);
    this.middle.y = clamp(this.middle.y - down / this.scale, -y, y);
    this.look();
  }

  /** Nearer or farther, a point of the screen staying where it is. @param {number} times @param {number} [across] @param {number} [down] */
  turn(times, across = this.canvas.clientWidth / 2, down = this.canvas.clientHeight / 2) {
    const before = this.toGround(across, down);
    this.zoom = clamp(this.zoom * times, FARTHEST, NEAREST);
    const after = this.toGround(across, down);
    this.middle.x += before.x - after.x;
    this.middle.y += before.y - after.y;
    this.pan(0, 0);
  }

  /** @param {Item|null} item */
  mark(item) {
    if (item === this.marked) return;
    this.marked = item;
    this.look();
  }

  /** Paint with the next frame. */
  look() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame((time) => {
      this.due = false;
      this.#move(time);
      if (this.canvas.clientWidth) this.#paint();
      this.moved();
    });
  }

  /** Where a picture belongs. @param {Item} item @returns {Place} */
  #goal(item) {
    if (this.isLaid && !this.isWall) return { x: item.plane.x * this.stretch.x, y: item.plane.y * this.stretch.y };
    const { columns } = this;
    const [column, row] = this.isLaid ? [item.column, item.row] : [item.column % columns, Math.floor(item.column / columns)];
    const rows = Math.ceil((this.isLaid ? this.items.length : this.total ?? 1) / columns);
    return { x: ((column + 0.5) * 2 - columns) / columns, y: ((row + 0.5) * 2 - rows) / columns };
  }

  /** How far the ground reaches from its middle. */
  #extent() {
    if (!this.isLaid || this.isWall) return { x: 1, y: Math.max(0.5, Math.ceil((this.isLaid ? this.items.length : this.total ?? 1) / this.columns) / this.columns) };
    return { x: this.stretch.x + this.#own / 2, y: this.stretch.y + this.#own / 2 };
  }

  /** As wide or as high as the window, within reason. */
  #fill() {
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth || !clientHeight) return;
    this.stretch = { x: clamp(clientWidth / clientHeight, 1, WIDEST), y: clamp(clientHeight / clientWidth, 1, WIDEST) };
    this.#go();
  }

  /** All on their way to where they belong. */
  #go() {
    this.glide = { since: performance.now(), runs: true };
    for (const item of this.items) item.from = { ...item.now };
    this.look();
  }

  /** @param {number} time */
  #move(time) {
    if (!this.glide.runs) return;
    const part = calm() ? 1 : clamp((time - this.glide.since) / GLIDE, 0, 1);
    const eased = part * part * (3 - 2 * part);
    for (const item of this.items) {
      const goal = this.#goal(item);
      item.now = { x: item.from.x + (goal.x - item.from.x) * eased, y: item.from.y + (goal.y - item.from.y) * eased };
    }
    this.glide.runs = part < 1;
    if (this.glide.runs) this.look();
  }

  #paint() {
    const { canvas, side } = this;
    const dense = devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * dense), Math.round(canvas.clientHeight * dense)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const style = getComputedStyle(canvas);
    const [accent, panel, ink] = ['--accent', '--panel', '--ink'].map((name) => style.getPropertyValue(name));
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
    pen.imageSmoothingQuality = side > 64 ? 'high' : 'medium';
    const order = this.seen().reverse();
    if (this.marked) order.push(...order.splice(order.indexOf(this.marked), order.includes(this.marked) ? 1 : 0));
    for (const item of order) {
      const [x, y] = this.toScreen(item.now);
      const [left, top] = [x - side / 2, y - side / 2];
      pen.imageSmoothingEnabled = !item.crisp || side * dense < 28;
      const picture = item.sharp ?? item.picture;
      if (picture) pen.drawImage(picture, left, top, side, side);
      if (item.id) frame(pen, left, top, side, 2.5, accent, panel);
      if (item === this.marked) frame(pen, left, top, side, 2, ink, panel, item.id ? 4 : 1);
    }
    if (this.here) pin(pen, this.toScreen(this.here), accent, panel);
    if (canvas.matches(':focus-visible')) cross(pen, [canvas.clientWidth / 2, canvas.clientHeight / 2], ink, panel);
  }
}
