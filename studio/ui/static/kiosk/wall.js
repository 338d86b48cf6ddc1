/** The wall: what visitors kept today and what the curator likes, in a mosaic that slowly changes. @module */

import { h } from '../dom.js';
import { openWords } from '../words.js';
import { keepAsking } from './ask.js';
import { confine } from './confine.js';
import { isOpen } from './hours.js';

const EVERY = 5000; // ms between questions what hangs; then a picture gives way to another, of which it is known that it hangs
const FADE = 3000; // as in wall.css
const MOST = 24; // at once

/** @typedef {{id: string, rendering: string}} Hung */

/** The columns and rows that cover most of the screen with so many squares at most; of two ways the one with more of them. @param {number} count @param {number} width @param {number} height */
export function mosaic(count, width, height) {
  let best = { columns: 1, rows: 1, side: 0, covered: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    for (let rows = 1; columns * rows <= count; rows += 1) {
      const side = Math.floor(Math.min(width / columns, height / rows));
      if (columns * rows * side * side >= best.covered) best = { columns, rows, side, covered: columns * rows * side * side };
    }
  }
  return best;
}

async function open() {
  confine(document);
  const words = await openWords(new URL('.', document.baseURI));
  const empty = words.put(h('p', { class: 'empty' }), 'wall.empty');
  const room = h('main', { class: 'wall' });
  document.body.replaceChildren(room, empty);
  const wall = new Wall(room, words);
  let version = '';
  keepAsking('wall.json', EVERY, (told) => {
    if (version && version !== told.version) return location.reload();
    version = told.version;
    words.language = told.language;
    words.translate();
    document.body.toggleAttribute('data-dark', !isOpen(told));
    empty.hidden = told.pictures.length > 0;
    wall.hang(told.pictures);
  });
  addEventListener('resize', () => wall.build());
}

class Wall {
  /** @param {HTMLElement} room @param {import('../words.js').Words} words */
  constructor(room, words) {
    this.room = room;
    this.words = words;
    this.hung = /** @type {Hung[]} */ ([]);
    this.cells = /** @type {{root: HTMLElement, shown: Hung}[]} */ ([]);
    this.next = 0;
  }

  /** @param {Hung[]} pictures the newest first */
  hang(pictures) {
    const known = new Set(this.hung.map(({ id }) => id));
    const fresh = pictures.filter(({ id }) => !known.has(id));
    const gone = new Set(this.hung.filter(({ id }) => !pictures.some((one) => one.id === id)).map(({ id }) => id));
    this.hung = pictures;
    if (this.cells.length !== this.#count()) return this.build();
    for (const cell of this.cells) if (gone.has(cell.shown.id)) this.#show(cell, this.#unseen());
    for (const one of fresh.slice(0, this.cells.length)) this.#show(this.#oldest(), one); // a visitor looks for theirs at once
    if (!fresh.length) this.#change();
  }

  build() {
    const { columns, rows, side } = mosaic(Math.min(MOST, Math.max(1, this.hung.length)), innerWidth, innerHeight);
    this.room.style.cssText = `--columns: ${columns}; --side: ${side}px`;
    const shown = this.hung.slice(0, columns * rows);
    this.cells = shown.map((one) => ({ root: h('div', { class: 'cell' }), shown: one }));
    this.room.replaceChildren(...this.cells.map(({ root }) => root));
    for (const cell of this.cells) this.#show(cell, cell.shown);
  }

  #count() {
    const { columns, rows } = mosaic(Math.min(MOST, Math.max(1, this.hung.length)), innerWidth, innerHeight);
    return Math.min(this.hung.length, columns * rows);
  }

  /** One cell gives way to a picture that is not there, or, where all are, two change places. */
  #change() {
    if (document.body.hasAttribute('data-dark') || this.cells.length < 2) return;
    const cell = this.#oldest();
    const other = this.#unseen();
    if (other) return this.#show(cell, other);
    const beside = this.cells[Math.floor(Math.random() * this.cells.length)];
    const [one, two] = [cell.shown, beside.shown];
    if (one === two) return;
    this.#show(cell, two);
    this.#show(beside, one);
  }

  #oldest() {
    return this.cells[this.next++ % this.cells.length];
  }

  /** @returns {Hung|undefined} */
  #unseen() {
    const seen = new Set(this.cells.map(({ shown }) => shown.id));
    const others = this.hung.filter(({ id }) => !seen.has(id));
    return others[Math.floor(Math.random() * others.length)];
  }

  /** @param {{root: HTMLElement, shown: Hung}} cell @param {Hung|undefined} hung */
  #show(cell, hung) {
    if (!hung) return;
    cell.shown = hung;
    const before = [...cell.root.children];
    const picture = h('img', { src: `wall/${hung.id}.png`, alt: this.words.say('wall.picture'), draggable: 'false', 'data-rendering': hung.rendering, 'data-id': hung.id });
    picture.addEventListener('load', () => {
      picture.classList.add('shown');
      setTimeout(() => before.forEach((one) => one.remove()), FADE);
    });
    picture.addEventListener('error', () => picture.remove());
    cell.root.append(picture);
  }
}

open().catch(() => setTimeout(() => location.reload(), EVERY));
