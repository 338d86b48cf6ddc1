/** One saved picture, large, with what it is made of and what it came from. @module */

import { h } from './dom.js';
import { facts, when } from './gallery-facts.js';
import { filmPlayer } from './gallery-film.js';
import { familyTree, walkTree } from './gallery-family.js';
import { labelField } from './gallery-labels.js';
import { noteField } from './gallery-note.js';
import { icon } from './icons.js';
import { signButton } from './widgets.js';

/** @typedef {import('./gallery-album.js').Entry} Entry */

/** A button with a sign and a word. @param {import('./words.js').Words} words @param {any} sign @param {string} word @param {() => void} press @param {Record<string, unknown>} [given] */
export function wordButton(words, sign, word, press, given = {}) {
  return h('button', { type: 'button', class: 'button', onclick: press, ...given }, icon(sign), words.put(h('span'), word));
}

export class Viewer {
  /** @param {import('./gallery.js').Shop} shop */
  constructor(shop) {
    this.shop = shop;
    this.index = -1; // place in the album; -1 for a relative that was reached through the lineage
    this.entry = /** @type {Entry|null} */ (null);
    this.stage = h('figure', { class: 'viewer-stage' });
    this.panel = h('div', { class: 'viewer-panel' });
    const { words } = shop;
    this.root = h('dialog', { class: 'viewer', onkeydown: (event) => this.#key(event), onclose: () => this.#closed() },
      signButton(words, 'left', 'gallery.previous', () => this.#step(-1), { class: 'sign viewer-step previous' }),
      this.stage,
      signButton(words, 'right', 'gallery.next', () => this.#step(1), { class: 'sign viewer-step next' }),
      this.panel,
      signButton(words, 'close', 'gallery.close', () => this.root.close(), { class: 'sign viewer-close' }));
    words.put(this.root, 'gallery.large', {}, 'label');
  }

  /** @param {number} index in the album */
  async open(index) {
    const entry = this.shop.album.entry(index);
    if (!entry) return;
    this.index = index;
    this.#show(entry);
    if (!this.root.open) this.root.showModal();
    this.root.focus();
    // The neighbours are fetched ahead, so that a step shows a picture and not a wait.
    await this.shop.album.load(Math.max(0, index - 1), index + 2);
    for (const near of [index - 1, index + 1]) {
      const neighbour = this.shop.album.entry(near);
      if (neighbour) new Image().src = this.shop.picture(neighbour);
    }
  }

  /** Close, and leave the keyboard where it is then put. */
  leave() {
    this.index = -1;
    this.root.close();
  }

  /** The words and the labels again, with what has changed. @param {Entry} entry */
  refresh(entry) {
    if (this.entry?.id === entry.id && this.root.open) this.#write(entry);
  }

  /** @param {Entry} entry */
  #show(entry) {
    const crisp = this.shop.crisp(entry) ? 'crisp' : '';
    const picture = h('img', { src: this.shop.picture(entry), alt: this.shop.name(entry), class: crisp });
    const film = entry.film && filmPlayer(entry, this.shop.film(entry), { controls: true, poster: this.shop.picture(entry), 'aria-label': this.shop.name(entry) });
    this.stage.replaceChildren(film || picture);
    this.#write(entry);
    this.shop.album.lineage(entry.id).then((family) => this.#relate(entry, family)).catch(this.shop.failed);
  }

  /** @param {Entry} entry */
  #write(entry) {
    const { words, album } = this.shop;
    this.entry = entry;
    const heart = signButton(words, 'save', entry.favourite ? 'gallery.unfavourite' : 'gallery.favourite', () => this.shop.favourite([entry], !entry.favourite), {
      class: 'sign heart', 'aria-pressed': String(entry.favourite),
    });
    const told = facts(words, entry.recipe).flatMap(({ key, text }) => [words.put(h('dt'), `fact.${key}`), h('dd', {}, text)]);
    const family = this.panel.querySelector(`.family[data-of="${CSS.escape(entry.id)}"]`) ?? h('div', { class: 'family' });
    this.panel.replaceChildren(
      h('div', { class: 'viewer-title' }, h('h2', {}, this.shop.title(entry.generator)), heart),
      h('p', { class: 'quiet' }, `${when(words, entry.created)} · ${entry.width} × ${entry.height}`),
      wordButton(words, 'swap', entry.film ? 'gallery.open_film' : 'gallery.restore', () => this.shop.restore(entry), { class: 'button first', 'data-act': 'restore' }),
      words.put(wordButton(words, 'search', 'gallery.like', () => this.shop.like(entry.id), { 'data-act': 'like' }), 'gallery.like_tip', {}, 'tip'),
      h('dl', { class: 'facts' }, ...told),
      labelField({
        words, known: () => album.labels, labels: entry.labels,
        add: (label) => this.shop.label([entry], label, true), drop: (label) => this.shop.label([entry], label, false),
      }),
      noteField(words, entry.note, (text) => this.shop.note(album.find(entry.id) ?? entry, text)),
      family,
      h('div', { class: 'viewer-acts' },
        h('a', { class: 'button', ...this.#file(entry) }, icon('download'), words.put(h('span'), 'gallery.download')),
        wordButton(words, 'remove', 'gallery.remove', () => this.#remove(entry), { 'data-act': 'remove' })));
  }

  /** @param {Entry} entry @param {{ancestors: {entry: Entry|null, recipe: any}[][], children: Entry[]}} family */
  #relate(entry, family) {
    const place = this.panel.querySelector('.family');
    if (this.entry?.id !== entry.id || !place) return;
    place.setAttribute('data-of', entry.id);
    place.replaceChildren(...familyTree(this.shop, entry, family, (relative) => this.#visit(relative)));
    for (const row of place.querySelectorAll('.family-row')) row.scrollLeft = (row.scrollWidth - row.clientWidth) / 2;
  }

  /** @param {Entry} entry */
  #file(entry) {
    if (entry.film) return { href: this.shop.film(entry), download: `${entry.generator}-film.${entry.film === 'png' ? 'zip' : entry.film}` };
    return { href: this.shop.picture(entry), download: `${entry.generator}-${entry.recipe.seed ?? 0}.png` };
  }

  /** @param {Entry} relative */
  #visit(relative) {
    this.index = -1;
    this.#show(relative);
    this.root.focus();
  }

  /** @param {number} by */
  #step(by) {
    const { total } = this.shop.album;
    if (this.index >= 0 && total > 1) this.open((this.index + by + total) % total).catch(this.shop.failed);
  }

  /** @param {Entry} entry */
  #remove(entry) {
    this.root.close();
    this.shop.remove([entry.id]);
  }

  #closed() {
    this.stage.replaceChildren(); // a film stops
    if (this.index >= 0) this.shop.look(this.index);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    event.stopPropagation(); // the page's own keys sleep while a picture is large
    if (/** @type {HTMLElement} */ (event.target).matches('input, textarea, video') || !this.entry) return;
    if (walkTree(this.panel.querySelector('.family-tree'), event.key)) event.preventDefault();
    else if (event.key === 'ArrowLeft') this.#step(-1);
    else if (event.key === 'ArrowRight') this.#step(1);
    else if (event.key === 'f') this.shop.favourite([this.entry], !this.entry.favourite);
    else if (event.key === 'Delete') this.#remove(this.entry);
    else if (event.key === 'l') this.shop.like(this.entry.id);
    else if (event.key === 'c') this.shop.restore(this.entry);
  }
}
