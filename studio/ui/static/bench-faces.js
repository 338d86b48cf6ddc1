/** Before and after, one over the other up to a line that can be dragged, and a glass that shows both pixel by pixel. @module */

import { clamp, h } from './dom.js';
import { signButton } from './widgets.js';

const GLASS = 240; // pixels a side of the glass

/** @typedef {{url: string, width: number, height: number, crisp?: boolean}} Face */

export class Faces {
  /** @param {any} atelier */
  constructor(atelier) {
    const { words } = atelier;
    this.words = words;
    this.before = h('img', { class: 'face', alt: '', draggable: 'false' });
    this.after = h('img', { class: 'face over', alt: '', draggable: 'false', hidden: true });
    this.moving = h('canvas', { class: 'face over', hidden: true, 'data-role': 'moving' });
    this.rule = h('span', { class: 'wipe-line', 'aria-hidden': 'true', hidden: true });
    this.line = h('input', { type: 'range', class: 'wipe', name: 'faces-wipe', min: 0, max: 100, step: 0.5, value: 50, hidden: true });
    words.put(this.line, 'bench.line', {}, 'label');
    this.glass = h('div', { class: 'glass', hidden: true, 'aria-hidden': 'true' }, h('div', { class: 'pane' }), h('div', { class: 'pane' }));
    this.looking = signButton(words, 'search', 'bench.glass', () => this.#look(), { 'aria-pressed': 'false', 'data-act': 'glass' });
    this.sheet = h('div', { class: 'faces-sheet' }, this.before, this.after, this.moving, this.rule, this.glass);
    this.tools = h('div', { class: 'faces-tools' }, this.looking);
    this.root = h('div', { class: 'faces' }, this.sheet, this.line, this.tools);
    this.faces = /** @type {{before: Face|null, after: Face|null}} */ ({ before: null, after: null });
    this.line.addEventListener('input', () => this.#wipe());
    this.sheet.addEventListener('pointermove', (event) => this.#move(event));
    this.sheet.addEventListener('pointerdown', (event) => this.#move(event));
    this.sheet.addEventListener('pointerleave', () => { this.glass.hidden = true; });
    this.#drag();
  }

  /** @param {Face|null} before */
  begin(before) {
    this.faces = { before, after: null };
    this.before.src = before?.url ?? '';
    this.before.classList.toggle('crisp', !!before?.crisp);
    this.sheet.style.setProperty('--ratio', before ? `${before.width} / ${before.height}` : '1');
    this.sheet.style.setProperty('--shape', String(before ? before.width / before.height : 1));
    this.#hide();
  }

  /** The result. @param {Face} after */
  async show(after) {
    const image = new Image();
    image.src = after.url;
    await image.decode().catch(() => {});
    this.faces.after = after;
    this.after.src = after.url;
    this.after.hidden = false;
    this.moving.hidden = true;
    // A result of another shape, a square of a picture that was wide, stands by itself.
    const same = Math.abs(after.width / after.height - (this.faces.before?.width ?? 1) / (this.faces.before?.height ?? 1)) < 0.02;
    this.#compare(same);
    if (!same) this.sheet.style.setProperty('--ratio', `${after.width} / ${after.height}`);
  }

  /** A frame while a hand moves. @param {ImageBitmap|VideoFrame|OffscreenCanvas} picture */
  paint(picture) {
    const [width, height] = 'width' in picture ? [picture.width, picture.height] : [picture.displayWidth, picture.displayHeight];
    if (this.moving.width !== width || this.moving.height !== height) Object.assign(this.moving, { width, height });
    this.moving.getContext('2d').drawImage(picture, 0, 0);
    this.moving.hidden = false;
    this.after.hidden = true;
    this.#compare(true);
  }

  #compare(on) {
    this.rule.hidden = this.line.hidden = !on;
    this.#wipe();
  }

  #hide() {
    for (const part of [this.after, this.moving, this.rule, this.line, this.glass]) part.hidden = true;
  }

  #wipe() {
    const at = this.line.hidden ? 0 : this.line.valueAsNumber;
    this.sheet.style.setProperty('--wipe', `${at}%`);
  }

  /** The line follows a hand anywhere on the picture. */
  #drag() {
    let held = false;
    const to = (event) => {
      const box = this.sheet.getBoundingClientRect();
      this.line.value = String(clamp((event.clientX - box.left) / box.width, 0, 1) * 100);
      this.#wipe();
    };
    this.sheet.addEventListener('pointerdown', (event) => {
      if (event.button || this.line.hidden || this.root.dataset.tool || this.#isLooking) return;
      held = true;
      this.sheet.setPointerCapture(event.pointerId);
      to(event);
    });
    this.sheet.addEventListener('pointermove', (event) => held && to(event));
    for (const end of ['pointerup', 'pointercancel']) this.sheet.addEventListener(end, () => { held = false; });
  }

  get #isLooking() {
    return this.looking.getAttribute('aria-pressed') === 'true';
  }

  #look() {
    this.looking.setAttribute('aria-pressed', String(!this.#isLooking));
    this.glass.hidden = true;
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const { before, after } = this.faces;
    if (!this.#isLooking || !before) return;
    const box = this.sheet.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    this.glass.hidden = x < 0 || y < 0 || x > 1 || y > 1;
    this.glass.style.left = `${event.clientX - box.left}px`;
    this.glass.style.top = `${event.clientY - box.top}px`;
    // One pixel of the result is one of the screen; what it was made from is shown as large.
    const { width, height } = after ?? before;
    [before, after ?? before].forEach((face, i) => {
      const pane = /** @type {HTMLElement} */ (this.glass.children[i]);
      pane.style.backgroundImage = `url("${face.url}")`;
      pane.style.backgroundSize = `${width}px ${height}px`;
      pane.style.backgroundPosition = `${GLASS / 4 - x * width}px ${GLASS / 2 - y * height}px`;
    });
  }
}
