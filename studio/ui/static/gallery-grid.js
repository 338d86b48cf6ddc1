/** A grid of thumbnails that holds only what is near the eye, with selection by mouse, touch and keyboard. @module */

import { clamp, h } from './dom.js';
import { icon } from './icons.js';

/** @typedef {import('./gallery-album.js').Entry} Entry */

const ROWS = 5; // a band of so many rows comes and goes together
const GAP = 8;
const SMALLEST = { wide: 148, narrow: 104 }; // pixels a thumbnail is at least wide

export class Grid {
  /**
   * @param {{album: import('./gallery-album.js').Album, words: import('./words.js').Words, thumb: (entry: Entry) => string,
   *   crisp: (entry: Entry) => boolean, name: (entry: Entry) => string, failed: (error: unknown) => void,
   *   onOpen: (index: number) => void, onSelect: () => void, onKey: (event: KeyboardEvent) => void, onMove: (index: number, by: number) => void}} given
   */
  constructor(given) {
    this.given = given;
    this.album = given.album;
    this.selected = /** @type {Map<string, Entry>} */ (new Map());
    this.cursor = 0; // where the keyboard is
    this.anchor = 0; // where a range begins
    this.columns = 0;
    this.bands = /** @type {HTMLElement[]} */ ([]);
    this.root = h('div', {
      class: 'album', role: 'listbox', 'aria-multiselectable': 'true', onclick: (event) => this.#click(event), onkeydown: (event) => this.#key(event),
    });
    given.words.put(this.root, 'gallery.pictures', {}, 'label');
    this.near = new IntersectionObserver((seen) => seen.forEach((one) => this.#turn(/** @type {any} */ (one.target), one.isIntersecting)), {
      rootMargin: '600px 0px',
    });
    new ResizeObserver(() => this.#measure()).observe(this.root);
  }

  /** Lay everything out anew, after another question or another width; what is looked at is filled by the observer. */
  draw() {
    this.near.disconnect();
    const perBand = this.columns * ROWS;
    const count = perBand ? Math.ceil(this.album.total / perBand) : 0;
    this.cursor = clamp(this.cursor, 0, Math.max(0, this.album.total - 1));
    this.bands = Array.from({ length: count }, (_, band) => {
      const rows = Math.ceil((Math.min(this.album.total, (band + 1) * perBand) - band * perBand) / this.columns);
      const place = h('div', { class: 'album-band', role: 'presentation', 'data-band': band });
      place.style.height = `${rows * (this.cell + GAP)}px`;
      return place;
    });
    this.root.replaceChildren(...this.bands);
    this.bands.forEach((band) => this.near.observe(band));
  }

  /** Show an entry as it is now. @param {Entry} entry */
  refresh(entry) {
    if (this.selected.has(entry.id)) this.selected.set(entry.id, entry);
    const cell = this.root.querySelector(`[data-id="${CSS.escape(entry.id)}"]`);
    if (cell) cell.replaceWith(this.#cell(entry, Number(/** @type {HTMLElement} */ (cell).dataset.index)));
  }

  clear() {
    this.selected.clear();
    this.#mark();
  }

  async selectAll() {
    await this.#select(0, this.album.total - 1, true);
  }

  /** Put the keyboard on a picture, wherever it is. @param {number} index */
  async focus(index) {
    this.cursor = clamp(index, 0, this.album.total - 1);
    const band = this.bands[Math.floor(this.cursor / (this.columns * ROWS))];
    if (!band) return;
    await this.#fill(band);
    for (const cell of this.root.querySelectorAll('[tabindex="0"]')) cell.setAttribute('tabindex', '-1');
    const cell = /** @type {HTMLElement|null} */ (band.querySelector(`[data-index="${this.cursor}"]`));
    cell?.setAttribute('tabindex', '0');
    cell?.focus({ preventScroll: true });
    cell?.scrollIntoView({ block: 'nearest' });
  }

  #measure() {
    const width = this.root.clientWidth;
    if (!width) return;
    const smallest = width < 600 ? SMALLEST.narrow : SMALLEST.wide;
    const columns = Math.max(2, Math.floor((width + GAP) / (smallest + GAP)));
    const cell = (width - GAP * (columns - 1)) / columns;
    if (columns === this.columns && Math.abs(cell - this.cell) < 0.5) return;
    this.columns = columns;
    this.cell = cell;
    this.root.style.setProperty('--columns', String(columns));
    this.draw();
  }

  /** @param {HTMLElement} band @param {boolean} isNear */
  #turn(band, isNear) {
    if (isNear) this.#fill(band).catch(this.given.failed);
    else if (!band.contains(document.activeElement)) band.replaceChildren();
  }

  /** @param {HTMLElement} band */
  async #fill(band) {
    if (band.childElementCount) return;
    const from = Number(band.dataset.band) * this.columns * ROWS;
    const to = Math.min(from + this.columns * ROWS, this.album.total);
    await this.album.load(from, to);
    if (!band.isConnected || band.childElementCount) return;
    const cells = [];
    for (let index = from; index < to; index += 1) {
      const entry = this.album.entry(index);
      if (entry) cells.push(this.#cell(entry, index));
    }
    band.replaceChildren(...cells);
  }

  /** @param {Entry} entry @param {number} index */
  #cell(entry, index) {
    const image = h('img', { src: this.given.thumb(entry), alt: '', loading: 'lazy', decoding: 'async', draggable: 'false' });
    const cell = h('div', {
      class: `album-cell${this.given.crisp(entry) ? ' crisp' : ''}`,
      role: 'option',
      tabindex: index === this.cursor ? 0 : -1,
      'aria-selected': String(this.selected.has(entry.id)),
      'aria-posinset': index + 1,
      'aria-setsize': this.album.total,
      'aria-label': this.given.name(entry),
      'data-tip': entry.note || (entry.double && this.given.words.say('gallery.double')),
      'data-film': entry.film || null,
      'data-id': entry.id,
      'data-index': index,
    }, image, h('span', { class: 'album-tick' }, icon('check')), entry.double && h('span', { class: 'album-double' }, icon('copy')),
    entry.film && h('span', { class: 'album-film' }, icon('play')), entry.favourite && h('span', { class: 'album-heart' }, icon('save')));
    return cell;
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const cell = /** @type {HTMLElement|null} */ (target.closest('.album-cell'));
    if (!cell) return;
    const index = Number(cell.dataset.index);
    const ticking = target.closest('.album-tick') || event.ctrlKey || event.metaKey || this.selected.size > 0;
    this.focus(index);
    if (event.shiftKey) this.#select(this.anchor, index, true).catch(this.given.failed);
    else if (ticking) this.#toggle(index);
    else {
      this.anchor = index;
      this.given.onOpen(index);
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns, PageUp: -this.columns * ROWS, PageDown: this.columns * ROWS };
    const ends = { Home: 0, End: this.album.total - 1 };
    const key = event.key;
    let known = true;
    if (key in steps && event.altKey) this.given.onMove(this.cursor, steps[key]);
    else if (key in steps || key in ends) this.#walk(key in steps ? this.cursor + steps[key] : ends[key], event.shiftKey);
    else if (key === 'Enter') this.given.onOpen(this.cursor);
    else if (key === ' ') this.#toggle(this.cursor);
    else if (key === 'Escape' && this.selected.size) this.clear();
    else if (key === 'a' && (event.ctrlKey || event.metaKey)) this.selectAll().catch(this.given.failed);
    else known = false;
    if (known) {
      // The page has keys of its own (space is another seed): here they mean this grid.
      event.preventDefault();
      event.stopPropagation();
    } else this.given.onKey(event);
  }

  /** @param {number} index @param {boolean} selecting */
  async #walk(index, selecting) {
    const to = clamp(index, 0, this.album.total - 1);
    if (selecting) await this.#select(this.anchor, to, true);
    else this.anchor = to;
    await this.focus(to);
  }

  /** @param {number} index */
  #toggle(index) {
    const entry = this.album.entry(index);
    if (!entry) return;
    this.anchor = index;
    if (!this.selected.delete(entry.id)) this.selected.set(entry.id, entry);
    this.#mark();
  }

  /** @param {number} a @param {number} b @param {boolean} anew */
  async #select(a, b, anew) {
    const entries = await this.album.between(a, b);
    if (anew) this.selected.clear();
    for (const entry of entries) this.selected.set(entry.id, entry);
    this.#mark();
  }

  #mark() {
    for (const cell of this.root.querySelectorAll('.album-cell')) {
      cell.setAttribute('aria-selected', String(this.selected.has(/** @type {HTMLElement} */ (cell).dataset.id ?? '')));
    }
    this.root.classList.toggle('selecting', this.selected.size > 0);
    this.given.onSelect();
  }
}
