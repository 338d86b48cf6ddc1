/** A map's pictures as a list, for who does not see its ground: neighbours follow one another, as on the wall. @module */

import { h } from './dom.js';

/** @typedef {import('./atlas-ground.js').Item} Item */

export class PictureList {
  /** @param {any} atelier @param {(item: Item) => void} choose */
  constructor(atelier, choose) {
    this.atelier = atelier;
    this.choose = choose;
    this.items = /** @type {Item[]} */ ([]);
    this.list = h('ul', { class: 'atlas-list' });
    this.root = h('details', { ontoggle: () => this.#draw() }, atelier.words.put(h('summary'), 'atlas.list'), this.list);
    document.addEventListener('atelier:language', () => this.#draw());
  }

  /** @param {Item[]} items */
  show(items) {
    this.items = [...items].sort((a, b) => a.row - b.row || a.column - b.column);
    this.#draw();
  }

  #draw() {
    const { words } = this.atelier;
    const said = (item) => words.say(item.id ? 'atlas.item_saved' : 'atlas.item', { picture: this.#name(item), row: item.row + 1, column: item.column + 1 });
    const entry = (item) => h('li', {}, h('button', { type: 'button', onclick: () => this.choose(item) }, said(item)));
    this.list.replaceChildren(...(this.root.open ? this.items.map(entry) : []));
  }

  /** Who drew it, from which seed, and its classes and styles. @param {Item} item */
  #name({ recipe }) {
    const { words, state } = this.atelier;
    const title = words.pick(state.declarations.find(({ id }) => id === recipe.generator)?.title) || recipe.generator || recipe.after?.at(-1)?.translator || '';
    const names = Object.entries({ class: recipe.classes, style: recipe.styles }).flatMap(([kind, given]) => Object.keys(given ?? {}).map((one) => words.name(kind, one)));
    return [recipe.blend ? title : words.say('gallery.picture', { generator: title, seed: recipe.seed ?? 0 }), ...names].join(' · ');
  }
}
