/** What is done to the selected pictures of the gallery. @module */

import { dialog } from './dialog.js';
import { h } from './dom.js';
import { compare } from './gallery-compare.js';
import { labelField } from './gallery-labels.js';
import { wordButton } from './gallery-viewer.js';
import { signButton } from './widgets.js';

const MOST_COMPARED = 6;

export class Acts {
  /** @param {import('./gallery.js').Shop} shop */
  constructor(shop) {
    this.shop = shop;
    this.root = h('div', { class: 'album-acts', role: 'toolbar', hidden: true });
    shop.words.put(this.root, 'gallery.selection', {}, 'label');
  }

  get chosen() {
    return [...this.shop.grid.selected.values()];
  }

  draw() {
    const { shop, chosen } = this;
    const { words, grid, shelf } = shop;
    this.root.hidden = chosen.length === 0;
    if (!chosen.length) return;
    const loved = chosen.every(({ favourite }) => favourite);
    const ids = chosen.map(({ id }) => id);
    const [first] = chosen;
    const act = (sign, word, press, name, given = {}) => wordButton(words, sign, word, press, { 'data-act': name, ...given });
    this.root.replaceChildren(...[
      h('strong', { role: 'status' }, words.say('gallery.selected', { count: chosen.length })),
      chosen.length === 1 && act('swap', first.film ? 'gallery.open_film' : 'gallery.restore', () => shop.restore(first), 'restore'),
      chosen.length === 1 && act('search', 'gallery.like', () => shop.like(ids[0]), 'like'),
      chosen.length > 1 && act('compare', 'gallery.compare', () => compare(shop, chosen), 'compare', { disabled: chosen.length > MOST_COMPARED }),
      act('save', loved ? 'gallery.unfavourite' : 'gallery.favourite', () => shop.favourite(chosen, !loved), 'favourite'),
      act('label', 'gallery.label', () => this.#openLabels(), 'label'),
      act('collect', 'gallery.collect', () => this.#openCollections(ids), 'collect'),
      shelf.current && act('minus', 'gallery.collect_out', () => {
        grid.clear();
        void shelf.collect(shelf.current.id, ids, true);
      }, 'collect-out'),
      words.put(act('pack', 'gallery.export', () => shop.export({ ids }), 'export'), 'gallery.export_tip', {}, 'tip'),
      act('remove', 'gallery.remove', () => shop.remove(ids), 'remove'),
      signButton(words, 'close', 'gallery.clear', () => grid.clear(), { 'data-act': 'clear' }),
    ].filter(Boolean));
  }

  #openLabels() {
    const { words, album } = this.shop;
    const body = h('div');
    const draw = () => {
      const { chosen } = this;
      const labels = [...new Set(chosen.flatMap((entry) => entry.labels))].sort();
      const change = (on) => async (label) => {
        await this.shop.label(chosen, label, on);
        draw();
      };
      body.replaceChildren(labelField({ words, known: () => album.labels, labels, add: change(true), drop: change(false) }));
      body.querySelector('input')?.focus();
    };
    dialog(words, 'gallery.label_title', body, { name: 'labels' });
    draw();
  }

  /** @param {string[]} ids */
  #openCollections(ids) {
    const { words, shelf } = this.shop;
    if (!shelf.list.length) return void shelf.begin(ids);
    const row = (collection) => {
      const box = h('input', { type: 'checkbox', checked: ids.every((id) => collection.pictures.includes(id)), onchange: () => shelf.collect(collection.id, ids, !box.checked) });
      return h('label', { class: 'collect-row' }, box, h('span', {}, collection.name), h('small', {}, String(collection.pictures.length)));
    };
    const fresh = wordButton(words, 'plus', 'gallery.collection_new', () => {
      opened.close();
      void shelf.begin(ids);
    });
    const opened = dialog(words, 'gallery.collect_title', h('div', { class: 'collect-rows' }, ...shelf.list.map(row), fresh), { name: 'collect' });
  }
}
