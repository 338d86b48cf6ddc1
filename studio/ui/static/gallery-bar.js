/** Over the gallery's pictures: what is searched for, and by what they are filtered and sorted. @module */

import { h, later } from './dom.js';
import { wordButton } from './gallery-viewer.js';
import { icon } from './icons.js';
import { signButton } from './widgets.js';

export class Bar {
  /** @param {import('./gallery.js').Shop} shop */
  constructor(shop) {
    const { words } = shop;
    this.shop = shop;
    const search = h('input', { type: 'search', autocomplete: 'off', maxlength: 200, name: 'gallery-search' });
    words.put(search, 'gallery.search', {}, 'placeholder');
    words.put(search, 'gallery.search', {}, 'label');
    search.addEventListener('input', later(() => shop.ask({ text: search.value.trim() }), 200));
    this.search = search;
    this.generators = h('div', { class: 'album-chips', role: 'group' });
    words.put(this.generators, 'gallery.by_generator', {}, 'label');
    this.hearts = signButton(words, 'save', 'gallery.only_favourites', () => shop.ask({ favourite: !shop.album.query.favourite }), { class: 'sign heart', 'data-act': 'favourites' });
    this.doubles = signButton(words, 'copy', 'gallery.only_double', () => shop.ask({ double: !shop.album.query.double }), { 'data-act': 'doubles' });
    this.map = signButton(words, 'map', 'gallery.map', () => shop.atlas.toggle(), { 'data-act': 'map', 'aria-pressed': 'false' });
    this.likeness = h('span', { class: 'album-like' });
    this.labels = h('select', { name: 'gallery-label', onchange: () => shop.ask({ label: this.labels.value }) });
    words.put(this.labels, 'gallery.by_label', {}, 'label');
    this.count = h('span', { class: 'album-count quiet', role: 'status' });
    this.root = h('div', { class: 'album-bar' }, h('label', { class: 'album-search' }, icon('search'), search), this.likeness, this.generators, this.hearts, this.doubles, this.labels, this.map, this.count,
      words.put(wordButton(words, 'open', 'gallery.import', () => shop.import(), { 'data-act': 'import' }), 'gallery.import_tip', {}, 'tip'));
  }

  /** Search for nothing. */
  clear() {
    this.search.value = '';
  }

  /** As the album was asked and as it answered. */
  draw() {
    const { album, words } = this.shop;
    const { query } = album;
    const chip = (id, text) => h('button', {
      type: 'button', class: 'chip', 'aria-pressed': String(query.generator === id), 'data-generator': id, onclick: () => this.shop.ask({ generator: id }),
    }, text);
    const held = /** @type {HTMLElement|null} */ (document.activeElement)?.dataset?.generator;
    this.generators.replaceChildren(...(album.generators.length > 1 || query.generator
      ? [chip('', words.say('gallery.all')), ...album.generators.map((id) => chip(id, this.shop.title(id)))] : []));
    if (held !== undefined) this.generators.querySelector(`[data-generator="${CSS.escape(held)}"]`)?.focus();
    this.hearts.setAttribute('aria-pressed', String(query.favourite));
    this.doubles.setAttribute('aria-pressed', String(query.double));
    this.doubles.hidden = !album.doubles && !query.double;
    this.map.setAttribute('aria-pressed', String(this.shop.atlas.isOpen));
    this.likeness.hidden = !query.like;
    if (query.like) {
      this.likeness.replaceChildren(h('img', { src: this.shop.thumb({ id: query.like }), alt: '' }), words.put(h('span'), 'gallery.like_this'),
        signButton(words, 'close', 'gallery.like_end', () => this.shop.showAll(), { 'data-act': 'like-end' }));
    }
    this.labels.hidden = album.labels.length === 0 && !query.label;
    const option = (value, text) => h('option', { value, selected: value === query.label }, text);
    this.labels.replaceChildren(option('', words.say('gallery.any_label')), ...album.labels.map((label) => option(label, label)));
    this.count.textContent = words.say(album.total === 1 ? 'gallery.count_one' : 'gallery.count', { count: album.total.toLocaleString(words.language) });
    if (album.unseen && query.like) this.count.textContent += ` · ${words.say('gallery.looking', { count: album.unseen })}`;
    if (document.activeElement !== this.search) this.search.value = query.text;
  }
}
