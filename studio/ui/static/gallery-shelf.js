/** Collections over the gallery: open one, name it, put pictures in and in order, each change with a way back. @module */

import { clamp, h } from './dom.js';
import { signButton } from './widgets.js';

/** @typedef {{id: string, name: string, pictures: string[]}} Collection */

const MOST_STEPS = 50;
const LONGEST = 80;

export class Shelf {
  /** @param {import('./gallery.js').Shop} shop @param {(collection: string) => Promise<void>} open */
  constructor(shop, open) {
    const { words } = shop;
    this.shop = shop;
    this.open = open;
    this.list = /** @type {Collection[]} */ ([]);
    this.back = /** @type {(() => Promise<unknown>)[]} */ ([]);
    this.cards = h('div', { class: 'shelf-cards', role: 'group' });
    words.put(this.cards, 'gallery.collections', {}, 'label');
    this.name = h('input', { type: 'text', class: 'shelf-name', maxlength: LONGEST, autocomplete: 'off', name: 'collection-name', onchange: () => this.#rename() });
    this.name.addEventListener('keydown', (event) => event.key === 'Enter' && this.name.blur());
    words.put(this.name, 'gallery.collection_name', {}, 'label');
    this.undo = signButton(words, 'undo', 'gallery.undo', () => this.goBack(), { 'data-act': 'shelf-undo' });
    this.where = h('span', { class: 'quiet', role: 'status', 'data-role': 'shelf-status' });
    this.head = h('div', { class: 'shelf-head', hidden: true }, this.name, this.undo,
      signButton(words, 'pack', 'gallery.collection_export', () => shop.export({ collection: this.current?.id }), { 'data-act': 'collection-export' }),
      signButton(words, 'remove', 'gallery.collection_remove', () => this.#remove(), { 'data-act': 'collection-remove' }), this.where);
    this.root = h('div', { class: 'shelf' }, this.cards, this.head);
  }

  /** The one that is open. @returns {Collection|undefined} */
  get current() {
    return this.list.find(({ id }) => id === this.shop.album.query.collection);
  }

  /** Whether pictures stand in the order of a collection, all of them in sight. */
  get mayPlace() {
    const { collection, ...others } = this.shop.album.query;
    return Boolean(collection) && Object.values(others).every((value) => !value);
  }

  async load() {
    this.list = /** @type {Collection[]} */ (await this.shop.atelier.api.call('collections'));
    this.draw();
  }

  draw() {
    const { words, album } = this.shop;
    const held = /** @type {HTMLElement|null} */ (document.activeElement)?.dataset?.collection;
    const card = (id, name, pictures) => h('button', {
      type: 'button', class: 'shelf-card', 'aria-pressed': String(album.query.collection === id), 'data-collection': id, onclick: () => this.open(id),
    }, pictures?.length > 0 && h('img', { src: this.shop.thumb({ id: pictures[0] }), alt: '', draggable: 'false' }), h('span', {}, name), pictures && h('small', {}, String(pictures.length)));
    this.cards.replaceChildren(...(this.list.length ? [card('', words.say('gallery.all'))] : []), ...this.list.map(({ id, name, pictures }) => card(id, name, pictures)),
      this.#newButton());
    if (held !== undefined) this.cards.querySelector(`[data-collection="${CSS.escape(held)}"]`)?.focus();
    this.head.hidden = !this.current;
    this.undo.disabled = !this.back.length;
    if (this.current && document.activeElement !== this.name) this.name.value = this.current.name;
  }

  #newButton() {
    const { words } = this.shop;
    const press = () => this.begin([...this.shop.grid.selected.keys()]);
    return this.list.length ? signButton(words, 'plus', 'gallery.collection_new', press, { 'data-act': 'collection-new' })
      : h('button', { type: 'button', class: 'shelf-card', 'data-act': 'collection-new', onclick: press }, '+ ', words.put(h('span'), 'gallery.collection_new'));
  }

  /** A new one, its name ready to be typed. @param {string[]} ids */
  async begin(ids) {
    await this.#try(async () => {
      const made = await this.#call('keep_collection', [this.shop.words.say('gallery.collection_new'), ids]);
      this.#noteBack(() => this.#call('remove_collection', [made.id]));
      await this.load();
      await this.open(made.id);
      this.name.focus();
      this.name.select();
    });
  }

  /** Put pictures in, or take them out. @param {string} id @param {string[]} ids @param {boolean} [out] */
  async collect(id, ids, out = false) {
    await this.#try(async () => {
      const before = this.list.find((one) => one.id === id);
      if (!before) return;
      this.#set(await this.#call('collect', [id, ids, out]));
      this.#noteBack(async () => this.#set(await this.#call('arrange_collection', [id, before.pictures])));
      this.shop.atelier.toast(this.shop.words.say(out ? 'gallery.collected_out' : 'gallery.collected', { name: before.name }), this.#wayBack());
      await this.#show();
    });
  }

  /** Put pictures before or after another one. @param {string[]} ids @param {string} beside @param {boolean} after */
  async place(ids, beside, after) {
    const rest = this.current.pictures.filter((id) => !ids.includes(id));
    const moving = this.current.pictures.filter((id) => ids.includes(id));
    rest.splice(rest.indexOf(beside) + (after ? 1 : 0), 0, ...moving);
    await this.#arrange(rest, moving[0]);
  }

  /** Move a picture by so many places. @param {string} id @param {number} by */
  async step(id, by) {
    const rest = this.current.pictures.filter((one) => one !== id);
    rest.splice(clamp(this.current.pictures.indexOf(id) + by, 0, rest.length), 0, id);
    await this.#arrange(rest, id);
  }

  /** @param {string[]} order @param {string} moved */
  async #arrange(order, moved) {
    await this.#try(async () => {
      const { id, pictures } = this.current;
      this.#set(await this.#call('arrange_collection', [id, order]));
      this.#noteBack(async () => this.#set(await this.#call('arrange_collection', [id, pictures])));
      await this.#show();
      const place = this.current.pictures.indexOf(moved);
      this.where.textContent = this.shop.words.say('gallery.moved', { place: place + 1, count: order.length });
      this.shop.look(place);
    });
  }

  async #rename() {
    await this.#try(async () => {
      const { id, name } = this.current;
      this.#set(await this.#call('rename_collection', [id, this.name.value]));
      this.#noteBack(async () => this.#set(await this.#call('rename_collection', [id, name])));
      this.draw();
    });
    this.name.value = this.current?.name ?? '';
  }

  async #remove() {
    await this.#try(async () => {
      const { id, name } = this.current;
      await this.#call('remove_collection', [id]);
      this.#noteBack(() => this.#call('undo_remove_collection', [id]));
      await this.load();
      await this.open('');
      this.shop.atelier.toast(this.shop.words.say('gallery.collection_removed', { name }), this.#wayBack());
    });
  }

  /** Undo the last change to any collection. */
  async goBack() {
    const undo = this.back.pop();
    if (!undo) return;
    await this.#try(async () => {
      await undo();
      await this.load();
      if (this.current || !this.shop.album.query.collection) await this.#show();
      else await this.open('');
    });
  }

  /** @param {() => Promise<unknown>} undo */
  #noteBack(undo) {
    this.back = [...this.back, undo].slice(-MOST_STEPS);
    this.where.textContent = '';
    this.draw();
  }

  #wayBack() {
    const step = this.back.at(-1);
    return { label: this.shop.words.say('gallery.undo'), press: () => this.back.at(-1) === step && this.goBack() };
  }

  /** @param {Collection} changed */
  #set(changed) {
    this.list = this.list.map((one) => (one.id === changed.id ? changed : one));
  }

  /** What is open, as it is now. */
  async #show() {
    const { collection } = this.shop.album.query;
    if (collection) await this.shop.ask({ collection });
    else this.draw();
  }

  /** @param {string} name @param {unknown[]} args @returns {Promise<any>} */
  #call(name, args) {
    return this.shop.atelier.api.call(name, args);
  }

  /** @param {() => Promise<void>} run */
  async #try(run) {
    try {
      await run();
    } catch (error) {
      this.shop.failed(error);
      await this.load().catch(this.shop.failed);
    }
  }
}
