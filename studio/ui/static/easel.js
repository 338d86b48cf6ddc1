/** The easel: dark lines on white, by mouse, finger or pen, mirrored on request; what stands on it is a picture at any moment. @module */

import { h } from './dom.js';
import { signButton, sliderRow } from './widgets.js';

const FINE = 512; // pixels a side of what is drawn on
const INK = '#111';

/** @typedef {{points: [number, number, number][], size: number, erases: boolean, mirrored: boolean}} Line x, y in parts of the side; pressure */

export class Easel {
  /** @param {any} atelier @param {{name: string, moved: (rest: boolean) => void}} told */
  constructor(atelier, { name, moved }) {
    const { words } = atelier;
    this.moved = moved;
    this.lines = /** @type {Line[]} */ ([]);
    this.undone = /** @type {Line[]} */ ([]);
    this.under = /** @type {HTMLImageElement|null} */ (null); // a sketch that was begun with
    this.size = 0.014;
    this.erases = false;
    this.mirrored = false;
    this.canvas = h('canvas', { class: 'easel', width: FINE, height: FINE, tabindex: 0, role: 'application', 'data-role': 'easel' });
    words.put(this.canvas, 'easel.label', {}, 'label');
    const toggle = (sign, key, field) => {
      const button = signButton(words, sign, key, () => {
        this[field] = !this[field];
        button.setAttribute('aria-pressed', String(this[field]));
      }, { 'aria-pressed': 'false', 'data-tool': field });
      return button;
    };
    const size = sliderRow(words, {
      name: `${name}-line`, label: ['brush.size'], min: 0.004, max: 0.06, step: 0.002, usual: 0.014, digits: 3, input: (value) => { this.size = value; },
    });
    size.show(this.size);
    this.tools = h('div', { class: 'brush-tools' }, h('div', { class: 'brush-signs' },
      toggle('eraser', 'brush.erase', 'erases'), toggle('mirror', 'easel.mirror', 'mirrored'),
      signButton(words, 'undo', 'act.undo', () => this.#back(this.lines, this.undone), { 'data-act': 'easel-undo' }),
      signButton(words, 'redo', 'act.redo', () => this.#back(this.undone, this.lines), { 'data-act': 'easel-redo' }),
      signButton(words, 'remove', 'brush.clear', () => this.clear(), { 'data-act': 'easel-clear' })), size.root);
    this.#listen();
    this.draw();
  }

  get empty() {
    return !this.lines.length && !this.under;
  }

  clear() {
    this.undone = [];
    this.lines = [];
    this.under = null;
    this.draw();
    this.moved(true);
  }

  /** Begin with a picture of lines. @param {string} url */
  async take(url) {
    const image = new Image();
    image.src = url;
    await image.decode();
    this.under = image;
    this.lines = [];
    this.draw();
    this.moved(true);
  }

  /** What stands there, a square PNG. @param {number} side @returns {Promise<Blob>} */
  blob(side) {
    const small = h('canvas', { width: side, height: side });
    const pen = small.getContext('2d');
    pen.imageSmoothingQuality = 'high';
    pen.drawImage(this.canvas, 0, 0, side, side);
    return new Promise((done) => { small.toBlob(done, 'image/png'); });
  }

  draw() {
    const pen = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext('2d'));
    pen.fillStyle = 'white';
    pen.fillRect(0, 0, FINE, FINE);
    if (this.under) { // the middle of it
      const { naturalWidth: width, naturalHeight: height } = this.under;
      const side = Math.min(width, height);
      pen.drawImage(this.under, (width - side) / 2, (height - side) / 2, side, side, 0, 0, FINE, FINE);
    }
    for (const line of this.lines) this.#stroke(pen, line, 0);
  }

  /** A line from one of its points on, and its mirror image. @param {CanvasRenderingContext2D} pen @param {Line} line @param {number} from */
  #stroke(pen, { points, size, erases, mirrored }, from) {
    Object.assign(pen, { strokeStyle: erases ? 'white' : INK, lineCap: 'round', lineJoin: 'round' });
    for (const side of mirrored ? [1, -1] : [1]) {
      const place = ([x, y]) => /** @type {[number, number]} */ ([(side > 0 ? x : 1 - x) * FINE, y * FINE]);
      for (let i = Math.max(from, 1); i < points.length || i === 1; i += 1) {
        const [a, b] = [points[i - 1], points[Math.min(i, points.length - 1)]];
        pen.lineWidth = size * FINE * (erases ? 3 : 1) * (0.4 + 1.2 * b[2]);
        pen.beginPath();
        pen.moveTo(...place(a));
        const [x, y] = place(b);
        pen.lineTo(x + 0.01, y);
        pen.stroke();
      }
    }
  }

  /** @param {Line[]} from @param {Line[]} to */
  #back(from, to) {
    const line = from.pop();
    if (!line) return;
    to.push(line);
    this.draw();
    this.moved(true);
  }

  #listen() {
    const { canvas } = this;
    let line = /** @type {Line|null} */ (null);
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      // A mouse has no pressure of its own, and says a half.
      return /** @type {[number, number, number]} */ ([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height, event.pressure || 0.5]);
    };
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button > 0) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      const erases = this.erases || event.buttons === 32; // the other end of a pen
      line = { points: [at(event)], size: this.size, erases, mirrored: this.mirrored };
      this.lines.push(line);
      this.undone = [];
      this.draw();
      this.moved(false);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (!line) return;
      const from = line.points.length;
      for (const one of event.getCoalescedEvents?.() ?? [event]) line.points.push(at(one));
      this.#stroke(/** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d')), line, from);
      this.moved(false);
    });
    for (const end of ['pointerup', 'pointercancel']) {
      canvas.addEventListener(end, () => {
        if (!line) return;
        line = null;
        this.draw(); // as it will be drawn again after an undo
        this.moved(true);
      });
    }
    canvas.addEventListener('keydown', (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z') return;
      event.preventDefault();
      if (event.shiftKey) this.#back(this.undone, this.lines);
      else this.#back(this.lines, this.undone);
    });
  }
}
