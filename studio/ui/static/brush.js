/** A brush over a picture: where something is to happen. Marks are strokes, so that each can be taken back. @module */

import { h } from './dom.js';
import { signButton, sliderRow } from './widgets.js';

const FINE = 1024; // pixels of the mask's longer side
const TINT = 'rgb(235 90 50)';

/** @typedef {{points: [number, number][], size: number, erases: boolean}} Mark points and size in parts of the picture's width */

export class Brush {
  /**
   * @param {any} atelier @param {import('./bench-faces.js').Faces} faces @param {{name: string, changed: () => void}} told
   */
  constructor(atelier, faces, { name, changed }) {
    const { words } = atelier;
    this.faces = faces;
    this.changed = changed;
    this.marks = /** @type {Mark[]} */ ([]);
    this.kept = /** @type {HTMLImageElement|null} */ (null); // a mask that came from elsewhere, under the marks
    this.size = 0.06;
    this.canvas = h('canvas', { class: 'face brushed', 'data-role': 'mask', hidden: true });
    faces.sheet.append(this.canvas);
    const tool = (sign, key, kind) => signButton(words, sign, key, () => this.#choose(kind), { 'data-tool': kind, 'aria-pressed': 'false' });
    this.tools = [tool('brush', 'brush.paint', 'brush'), tool('eraser', 'brush.erase', 'eraser'), tool('frame', 'brush.frame', 'frame')];
    this.back = signButton(words, 'undo', 'act.undo', () => this.undo(), { 'data-act': 'brush-undo' });
    const size = sliderRow(words, {
      name: `${name}-brush`, label: ['brush.size'], min: 0.01, max: 0.3, step: 0.005, usual: 0.06, input: (value) => { this.size = value; },
    });
    size.show(this.size);
    this.root = h('div', { class: 'brush-tools' },
      h('div', { class: 'brush-signs' }, ...this.tools, this.back, signButton(words, 'remove', 'brush.clear', () => this.clear(), { 'data-act': 'brush-clear' })), size.root);
    this.#listen();
  }

  get empty() {
    return !this.marks.length && !this.kept;
  }

  /** Nothing is marked any more. */
  clear() {
    this.marks = [];
    this.kept = null;
    this.#draw();
    this.changed();
  }

  /** Take the brush in hand. */
  begin() {
    if (this.faces.root.dataset.tool !== 'brush') this.#choose('brush');
  }

  undo() {
    if (!this.marks.pop()) this.kept = null;
    this.#draw();
    this.changed();
  }

  /** A mask from elsewhere, white where it holds. @param {string} url */
  async take(url) {
    const image = new Image();
    image.src = url;
    await image.decode();
    this.marks = [];
    this.kept = image;
    this.#draw();
    this.changed();
  }

  /** The mask as a PNG, white where something is to happen. @returns {Promise<Blob>} */
  blob() {
    const canvas = h('canvas', this.#side());
    this.#paint(canvas, 'white', 'black');
    return new Promise((done) => { canvas.toBlob(done, 'image/png'); });
  }

  /** What is marked lies within these parts of the picture: left, top, right, bottom. @returns {[number, number, number, number]|null} */
  bounds() {
    const { width, height } = this.canvas;
    const { data } = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext('2d')).getImageData(0, 0, width, height);
    let [left, top, right, bottom] = [width, height, 0, 0];
    for (let i = 3; i < data.length; i += 4) {
      if (!data[i]) continue;
      const at = (i - 3) / 4;
      const [x, y] = [at % width, Math.floor(at / width)];
      [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x + 1), Math.max(bottom, y + 1)];
    }
    return right > left ? [left / width, top / height, right / width, bottom / height] : null;
  }

  #side() {
    const { width, height } = this.faces.faces.before ?? { width: 1, height: 1 };
    const scale = Math.min(1, FINE / Math.max(width, height));
    return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
  }

  #draw() {
    Object.assign(this.canvas, this.#side());
    this.#paint(this.canvas, TINT, '');
    this.canvas.hidden = this.empty && !this.faces.root.dataset.tool;
  }

  /** @param {HTMLCanvasElement} canvas @param {string} colour @param {string} ground */
  #paint(canvas, colour, ground) {
    const { width, height } = canvas;
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    pen.clearRect(0, 0, width, height);
    if (this.kept) {
      pen.drawImage(this.kept, 0, 0, width, height);
      // Its brightness becomes how much of the colour there is.
      const pixels = pen.getImageData(0, 0, width, height);
      for (let i = 0; i < pixels.data.length; i += 4) pixels.data[i + 3] = pixels.data[i];
      pen.putImageData(pixels, 0, 0);
      pen.globalCompositeOperation = 'source-in';
      pen.fillStyle = colour;
      pen.fillRect(0, 0, width, height);
    }
    for (const { points, size, erases } of this.marks) {
      pen.globalCompositeOperation = erases ? 'destination-out' : 'source-over';
      Object.assign(pen, { strokeStyle: colour, fillStyle: colour, lineWidth: Math.max(size, 0) * width, lineCap: 'round', lineJoin: 'round' });
      if (size < 0) { // a frame, from corner to corner
        const [[x, y], [u, v]] = [points[0], points.at(-1) ?? points[0]];
        pen.fillRect(x * width, y * height, (u - x) * width, (v - y) * height);
        continue;
      }
      pen.beginPath();
      points.forEach(([x, y], i) => (i ? pen.lineTo(x * width, y * height) : pen.moveTo(x * width, y * height)));
      if (points.length === 1) pen.lineTo(points[0][0] * width + 0.01, points[0][1] * height);
      pen.stroke();
    }
    pen.globalCompositeOperation = 'destination-over';
    if (ground) {
      pen.fillStyle = ground;
      pen.fillRect(0, 0, width, height);
    }
    pen.globalCompositeOperation = 'source-over';
  }

  /** @param {string} kind */
  #choose(kind) {
    const now = this.faces.root.dataset.tool === kind ? '' : kind;
    this.faces.root.dataset.tool = now;
    if (!now) delete this.faces.root.dataset.tool;
    for (const tool of this.tools) tool.setAttribute('aria-pressed', String(tool.dataset.tool === now));
    this.#draw();
  }

  #listen() {
    const { sheet, root } = this.faces;
    let mark = /** @type {Mark|null} */ (null);
    const at = (event) => {
      const box = sheet.getBoundingClientRect();
      return /** @type {[number, number]} */ ([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
    };
    sheet.addEventListener('pointerdown', (event) => {
      const { tool } = root.dataset;
      if (!tool || event.button || !this.faces.faces.before) return;
      sheet.setPointerCapture(event.pointerId);
      mark = { points: [at(event)], size: tool === 'frame' ? -1 : this.size, erases: tool === 'eraser' };
      this.marks.push(mark);
      this.#draw();
    });
    sheet.addEventListener('pointermove', (event) => {
      if (!mark) return;
      for (const one of event.getCoalescedEvents?.() ?? [event]) mark.points.push(at(one));
      this.#draw();
    });
    for (const end of ['pointerup', 'pointercancel']) {
      sheet.addEventListener(end, () => {
        if (mark) this.changed();
        mark = null;
      });
    }
  }
}
