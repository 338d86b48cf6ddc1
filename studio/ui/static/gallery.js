/** The Gallery tab: find, look, compare, label, take up again. @module */

import { Atlas } from './atlas.js';
import { liveInset } from './atlas-live.js';
import { h } from './dom.js';
import { Acts } from './gallery-acts.js';
import { Album, EVERYTHING } from './gallery-album.js';
import { Bar } from './gallery-bar.js';
import { draggable } from './gallery-drag.js';
import { exportZip } from './gallery-export.js';
import { playOnHover } from './gallery-film.js';
import { Grid } from './gallery-grid.js';
import { filesIn, importInto } from './gallery-import.js';
import { keptNotice } from './gallery-kept.js';
import { Shelf } from './gallery-shelf.js';
import { Viewer } from './gallery-viewer.js';
import { showFilm } from './keeping.js';
import { reopen } from './reopen.js';

/** @typedef {import('./gallery-album.js').Entry} Entry */
/** @typedef {Gallery} Shop what the parts of the gallery ask of the whole */

const LOOK_AGAIN = 2000; // ms, while the studio still looks at pictures

/** @param {HTMLElement} root @param {any} atelier */
export function mount(root, atelier) {
  atelier.gallery = new Gallery(root, atelier);
}

class Gallery {
  /** @param {HTMLElement} root @param {any} atelier */
  constructor(root, atelier) {
    this.root = root;
    this.atelier = atelier;
    this.words = /** @type {import('./words.js').Words} */ (atelier.words);
    this.album = new Album(atelier.api);
    this.viewer = new Viewer(this);
    this.again = 0;
    this.drawn = ''; // what the grid was last laid out for
    this.grid = new Grid({
      album: this.album, words: this.words, thumb: this.thumb, crisp: this.crisp, name: this.name, failed: this.failed,
      onOpen: (index) => this.viewer.open(index).catch(this.failed), onSelect: () => this.acts.draw(), onKey: (event) => this.#key(event), onMove: (index, by) => this.#move(index, by),
    });
    this.atlas = new Atlas(atelier, { extent: () => ({ generator: this.album.query.generator }), onlySaved: true, turned: (isOpen) => this.#turn(isOpen) });
    this.atlas.root.append(liveInset(atelier));
    this.bar = new Bar(this);
    this.shelf = new Shelf(this, (collection) => this.openCollection(collection));
    this.acts = new Acts(this);
    this.empty = h('div', { class: 'album-empty', hidden: true });
    root.replaceChildren(...keptNotice(this.words), this.bar.root, this.shelf.root, this.atlas.root, this.grid.root, this.empty, this.acts.root, this.viewer.root);
    playOnHover(this.grid.root, ({ dataset }) => this.album.entry(Number(dataset.index)), this.film);
    draggable(this.grid.root, {
      ids: ({ dataset: { id } }) => (this.grid.selected.has(id) ? [...this.grid.selected.keys()] : [id]), mayPlace: () => this.shelf.mayPlace,
      drop: (ids, collection) => this.shelf.collect(collection, ids), place: (ids, beside, after) => this.shelf.place(ids, beside, after),
    });
    document.addEventListener('atelier:language', () => this.#redraw());
    // Whatever was saved in Create, or in another tab of the browser, is there when the eye comes here.
    new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && this.ask()).observe(this.bar.root);
  }

  thumb = (entry) => this.atelier.api.at(`gallery/${entry.id}/thumb.webp`);
  picture = (entry) => this.atelier.api.at(`gallery/${entry.id}.png`);
  film = (entry) => this.atelier.api.at(`gallery/${entry.id}/film`);
  declaration = (id) => [...this.atelier.state.declarations, ...this.atelier.translators].find((one) => one.id === id);
  title = (id) => this.words.pick(this.declaration(id)?.title) || id;
  crisp = (entry) => this.declaration(entry.generator)?.rendering === 'crisp';
  name = (entry) => (entry.film ? this.words.say('gallery.film_name', { generator: this.title(entry.generator) }) : entry.recipe.blend ? this.title(entry.generator) : this.words.say('gallery.picture', { generator: this.title(entry.generator), seed: entry.recipe.seed ?? 0 }));
  failed = (error) => this.atelier.toast(this.words.fault(error?.fault ?? { text: error?.message }));

  /** Ask for the pictures again, or for others. @param {Record<string, unknown>} [patch] */
  async ask(patch = {}) {
    const before = this.drawn;
    try {
      const [fresh] = await Promise.all([this.album.ask(patch), this.shelf.load()]);
      if (!fresh) return;
    } catch (error) {
      this.failed(error);
      return;
    }
    if (Object.keys(patch).length || before !== this.#shown()) this.#redraw();
    else this.bar.draw();
    this.drawn = this.#shown();
    if (this.atlas.isOpen) this.atlas.ask();
    this.#watch();
  }

  /** The map in the place of the grid, or the other way round. @param {boolean} isMap */
  #turn(isMap) {
    this.root.toggleAttribute('data-atlas', isMap);
    this.bar.draw();
    if (isMap) this.atelier.live.draw(this.atelier.state.recipe, true);
  }

  /** While the studio still looks at pictures: those that look alike come as they are found, marks once all are seen. */
  #watch() {
    clearTimeout(this.again);
    if (!this.album.unseen || !this.root.offsetParent) return;
    this.again = window.setTimeout(async () => {
      try {
        await this.album.glance();
        if (this.album.query.like || !this.album.unseen) await this.ask();
        else this.#watch();
      } catch (error) {
        this.failed(error);
      }
    }, LOOK_AGAIN);
  }

  /** What looks like a picture, the likest first. @param {string} id */
  async like(id) {
    this.viewer.leave();
    this.grid.clear();
    this.bar.clear();
    await this.ask({ ...EVERYTHING, like: id });
    this.look(0);
  }

  /** The pictures of a collection; '' = all. @param {string} collection */
  async openCollection(collection) {
    this.bar.clear();
    this.grid.clear();
    await this.ask({ ...EVERYTHING, collection });
  }

  /** What was dropped on the gallery, or a dialog to choose. @param {DataTransfer} [dropped] */
  async import(dropped) {
    importInto(this, dropped && (await filesIn(dropped)));
  }

  /** Open a saved film on its timeline. @param {Entry} entry */
  async openFilm(entry) {
    try {
      const film = JSON.parse(await this.atelier.api.call('open_film', [entry.id]));
      this.viewer.leave();
      await showFilm(this.atelier, film);
    } catch (error) {
      this.failed(error);
    }
  }

  /** @param {Entry} entry @param {string} text */
  async note(entry, text) {
    if (text.trim() === entry.note) return;
    try {
      this.grid.refresh(await this.album.note(entry, text));
    } catch (error) {
      this.failed(error);
    }
  }

  /** Without any search or filter. */
  showAll() {
    this.bar.clear();
    return this.ask(EVERYTHING);
  }

  /** @param {Entry[]} entries @param {boolean} on */
  async favourite(entries, on) {
    await this.#each(entries, (entry) => this.album.favourite(entry, on));
  }

  /** @param {Entry[]} entries @param {string} label @param {boolean} on */
  async label(entries, label, on) {
    await this.#each(entries, (entry) => this.album.label(entry, on ? [...new Set([...entry.labels, label])] : entry.labels.filter((one) => one !== label)));
    this.bar.draw();
  }

  /** Take pictures away at once, and say how to have them back. @param {string[]} ids */
  async remove(ids) {
    try {
      await this.album.remove(ids);
      this.grid.clear();
      await this.ask({ ...this.album.query, ...(ids.includes(this.album.query.like) && { like: '' }) });
      this.atelier.toast(this.words.say(ids.length === 1 ? 'gallery.removed_one' : 'gallery.removed', { count: ids.length }), {
        label: this.words.say('gallery.undo'),
        press: () => this.album.bringBack(ids).then(() => this.ask({ ...this.album.query })).catch(this.failed),
      });
    } catch (error) {
      this.failed(error);
    }
  }

  /** Every control as it stood for this picture; a film on its timeline. @param {Entry} entry */
  restore(entry) {
    if (entry.film) void this.openFilm(entry);
    else this.reopen(entry.recipe, entry.id);
  }

  /** The same of a recipe, saved or not. @param {any} recipe @param {string|null} [id] */
  reopen(recipe, id = null) {
    this.viewer.root.close();
    if (!reopen(this.atelier, recipe, id)) this.atelier.toast(this.words.say('gallery.cannot_reopen'));
  }

  /** @param {number} index */
  look(index) {
    this.grid.focus(index).catch(this.failed);
  }

  /** @param {{ids?: string[], collection?: string}} what */
  export(what) {
    exportZip(this.atelier, what, this.failed);
  }

  /** @param {Entry[]} entries @param {(entry: Entry) => Promise<Entry>} change */
  async #each(entries, change) {
    try {
      for (const entry of entries) {
        const changed = await change(entry);
        this.grid.refresh(changed);
        this.viewer.refresh(changed);
      }
    } catch (error) {
      this.failed(error);
    }
    this.acts.draw();
  }

  /** What decides whether the grid must be laid out anew. */
  #shown() {
    const first = this.album.entry(0);
    const { total, query, doubles, unseen } = this.album;
    return JSON.stringify([total, first?.id, query, doubles, query.like && unseen]);
  }

  #redraw() {
    this.grid.draw();
    this.bar.draw();
    this.shelf.draw();
    this.acts.draw();
    this.#drawEmpty();
    if (this.viewer.entry) this.viewer.refresh(this.viewer.entry);
  }

  #drawEmpty() {
    const { words, album } = this;
    this.empty.hidden = album.total > 0;
    this.grid.root.hidden = album.total === 0;
    const [title, text, word, press] = this.shelf.mayPlace
      ? ['gallery.collection_empty_title', 'gallery.collection_empty', 'gallery.show_all', () => this.showAll()]
      : album.isWhole
      ? ['gallery.empty_title', 'gallery.empty', 'gallery.to_create', () => this.atelier.openTab('create')]
      : ['gallery.none_title', 'gallery.none', 'gallery.show_all', () => this.showAll()];
    this.empty.replaceChildren(words.put(h('h2'), title), words.put(h('p'), text),
      h('button', { type: 'button', class: 'button first', onclick: press }, words.put(h('span'), word)));
  }

  /** The picture under the keyboard goes to another place of its collection. @param {number} index @param {number} by */
  #move(index, by) {
    const entry = this.album.entry(index);
    if (entry && this.shelf.mayPlace) void this.shelf.step(entry.id, by);
  }

  /** Keys on a picture that the grid has no use for itself. @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === 'z') {
      event.preventDefault();
      event.stopPropagation();
      void this.shelf.goBack();
      return;
    }
    const at = this.album.entry(this.grid.cursor);
    const chosen = this.grid.selected.size ? [...this.grid.selected.values()] : at ? [at] : [];
    if (!chosen.length || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Delete' || event.key === 'Backspace') this.remove(chosen.map(({ id }) => id));
    else if (event.key === 'f') this.favourite(chosen, !chosen.every(({ favourite }) => favourite));
    else if (event.key === 'c' && chosen.length === 1) this.restore(chosen[0]);
    else if (event.key === 'l' && chosen.length === 1) this.like(chosen[0].id);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
