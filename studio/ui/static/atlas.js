/** The map: random pictures of a generator, saved ones, or both, side by side as they look alike, to wander in. @module */

import { between } from './atlas-blend.js';
import { Ground } from './atlas-ground.js';
import { hands } from './atlas-hands.js';
import { PictureList } from './atlas-list.js';
import { h, later } from './dom.js';
import { reopen } from './reopen.js';
import { anySeed, compact, complete, keyOf } from './state.js';
import { signButton } from './widgets.js';

const COUNTS = [48, 96, 192, 256];
const USUAL = 96;
const SMALL = 64; // pixels of a side, as samples come at first
const THUMB = 256; // pixels of a side, as saved ones do
const AT_ONCE = 12; // pictures made sharper together
const TRIES = 2; // at one that doesn't come
const STILL = 200; // ms without a move until what is near is made sharper

/** @typedef {import('./atlas-ground.js').Item} Item */

export class Atlas {
  /**
   * @param {any} atelier
   * @param {{extent: () => {generator: string}, onlySaved?: boolean, turned: (isOpen: boolean) => void}} told
   *   extent: whose pictures, '' = everybody's; onlySaved: no samples; turned: it was opened or closed
   */
  constructor(atelier, { extent, onlySaved = false, turned }) {
    const { words, state } = atelier;
    Object.assign(this, { atelier, words, state, live: atelier.live, extent, onlySaved, turned });
    this.seed = anySeed();
    this.count = USUAL;
    this.hasSaved = onlySaved;
    this.items = /** @type {Item[]} */ ([]);
    this.asked = ''; // what is shown, or is being drawn
    this.peeks = false;
    this.stop = () => {};
    this.stopSharper = /** @type {(() => void)|null} */ (null);
    const canvas = h('canvas', { class: 'atlas-ground', tabindex: 0, role: 'application', 'data-role': 'atlas' });
    this.ground = new Ground(canvas, () => this.sharper());
    words.put(canvas, 'atlas.ground', {}, 'label');
    hands(this.ground, { peek: this.peek, take: this.take, wander: this.wander, rest: () => state.rest() });
    this.root = h('section', { class: 'atlas', 'data-role': 'map', hidden: true }, this.#bar(), canvas, this.#foot());
    words.put(this.root, 'atlas.title', {}, 'label');
    this.root.addEventListener('keydown', (event) => event.key === 'Escape' && this.close());
    state.follow((controls, { from }) => {
      if (!['map', 'rest'].includes(from)) this.ground.here = null;
      if (this.isOpen) this.ask();
    });
    this.live.on('mode', (mode) => mode === 'live' && this.isOpen && this.ask()); // what a lost connection ended
    document.addEventListener('atelier:saved', later(() => this.isOpen && this.hasSaved && this.ask(true), 300));
  }

  get isOpen() {
    return !this.root.hidden;
  }

  open() {
    this.opener = /** @type {HTMLElement|null} */ (document.activeElement);
    this.root.hidden = false;
    this.turned(true);
    this.ask();
    this.ground.canvas.focus({ preventScroll: true });
  }

  close() {
    if (!this.isOpen) return;
    this.stop();
    this.stopSharper?.();
    if (!this.ground.isLaid) this.asked = ''; // it was not done
    this.peek(null);
    this.root.hidden = true;
    this.turned(false);
    this.opener?.focus();
  }

  toggle() {
    if (this.isOpen) this.close();
    else this.open();
  }

  /** Have drawn what is to be shown, unless it is there. @param {boolean} [again] */
  ask(again = false) {
    const { generator } = this.extent();
    const count = this.onlySaved || !generator ? 0 : this.count;
    const wanted = { generator, count, seed: this.seed, gallery: this.hasSaved };
    if (!again && JSON.stringify(wanted) === this.asked) return;
    const same = (one) => JSON.stringify([one.generator, one.count, one.seed]);
    const isSame = this.ground.isLaid && this.asked && same(JSON.parse(this.asked)) === same(wanted);
    this.asked = JSON.stringify(wanted);
    this.stop();
    this.stopSharper?.();
    this.ground.mark(null);
    if (!isSame) { // else what is there stays until it is laid out anew
      this.items = [];
      this.ground.isLaid = false;
      this.ground.here = null;
      this.ground.show([], count);
      this.ground.fit();
    }
    this.progress.hidden = false;
    this.progress.value = 0;
    this.#say('atlas.laying');
    this.stop = this.live.sheet({ map: wanted }, {
      cell: (i, picture, recipe) => this.#come(i, picture, recipe, count, isSame),
      map: (pictures) => this.#lay(pictures),
      job: ({ done, total, place }) => {
        this.progress.value = total ? done / total : 1;
        if (place > 0) this.#say('sheet.waits', { place });
        else if (done < total) this.#say('sheet.drawn', { done, total });
        else if (!this.ground.isLaid) this.#say('atlas.laying');
      },
      done: () => { this.progress.hidden = true; },
      fault: (fault) => {
        this.progress.hidden = true;
        this.asked = '';
        this.line.textContent = this.words.fault(fault);
      },
    });
  }

  /** The live picture of a place, only to be looked at; null: the one that stands in Create again. @param {[number, number]|null} at */
  peek = (at) => {
    if (!at) {
      this.ground.mark(null);
      if (this.peeks) this.live.draw(this.state.recipe, true);
      this.peeks = false;
      return;
    }
    const item = this.ground.at(...at);
    this.ground.mark(item);
    const recipe = item ? item.recipe : between(this.items, this.ground.toGround(...at))?.recipe;
    if (!recipe?.generator || recipe.after?.length || !this.ground.isLaid) return;
    this.peeks = true;
    this.live.peek(recipe);
  };

  /** @param {[number, number]} at */
  take = (at) => {
    const item = this.ground.at(...at);
    if (item) return this.choose(item);
    this.wander(at);
    this.state.rest();
  };

  /** A picture with all its controls, in Create. @param {Item} item */
  choose(item) {
    this.peeks = false;
    if (!reopen(this.atelier, item.recipe, item.id)) return this.atelier.toast(this.words.say('gallery.cannot_reopen'));
    this.ground.here = { ...item.now };
    this.ground.look();
  }

  /** What lies at a place, under the hand. @param {[number, number]} at */
  wander = (at) => {
    const place = this.ground.toGround(...at);
    const found = this.ground.isLaid && between(this.items, place);
    if (!found) return;
    this.peeks = false;
    this.state.parents = found.parents;
    this.state.change(complete(found.recipe), { from: 'map' });
    this.ground.here = place;
    this.ground.mark(null);
    this.ground.look();
  };

  /** A sample is drawn. */
  #come(i, picture, recipe, total, isSame) {
    if (!this.items[i]) this.items[i] = this.#item({ recipe, id: null, x: 0, y: 0, column: i, row: 0 });
    this.items[i].picture ??= picture;
    if (isSame || this.ground.isLaid) this.ground.look();
    else this.ground.show(this.items.filter(Boolean), total); // one may be decoded before another
  }

  /** Everything has its place. @param {any[]} pictures */
  #lay(pictures) {
    const known = new Map(this.items.filter(Boolean).map((item) => [item.id ?? keyOf(item.recipe), item]));
    this.items = pictures.map((one) => {
      const item = known.get(one.id ?? keyOf(one.recipe)) ?? this.#item(one);
      return Object.assign(item, { plane: { x: one.x, y: one.y }, column: one.column, row: one.row });
    });
    this.ground.isLaid = true;
    this.ground.show(this.items);
    for (const item of this.items) if (item.id && !item.picture) this.#fetch(item, 'picture', `gallery/${item.id}/thumb.webp`);
    this.#say(this.items.length ? 'atlas.ready' : 'atlas.nothing', { count: this.items.length });
    this.list.show(this.items);
  }

  /** @returns {Item} */
  #item({ recipe: told, id, x, y, column, row }) {
    const { state } = this;
    const recipe = told.generator && !told.after ? { ...compact(complete(told)) } : told;
    const declared = state.declarations.find((one) => one.id === recipe.generator);
    const plane = { x, y };
    return { recipe, id, crisp: declared?.rendering === 'crisp', picture: null, sharp: null, tries: 0, plane, column, row, now: plane, from: plane };
  }

  /** What is seen large, as fine as it is: samples as they were drawn, saved ones from their files. */
  sharper = later(() => {
    if (!this.isOpen || this.stopSharper || !this.ground.isLaid) return;
    const side = this.ground.side * (devicePixelRatio || 1);
    const rough = this.ground.seen().filter((item) => !item.sharp && item.tries < TRIES);
    for (const item of rough.filter(({ id }) => id && side > THUMB).slice(0, AT_ONCE)) this.#fetch(item, 'sharp', `gallery/${item.id}.png`);
    const samples = side > SMALL ? rough.filter(({ id, recipe }) => !id && this.state.declared(recipe.generator).size > SMALL).slice(0, AT_ONCE) : [];
    if (!samples.length) return;
    for (const item of samples) item.tries += 1;
    const over = () => {
      this.stopSharper = null;
      this.ground.look();
    };
    const stop = this.live.sheet(samples.map(({ recipe }) => complete(recipe)), {
      cell: (i, picture) => { samples[i].sharp = picture; this.ground.look(); }, done: over, fault: over,
    });
    this.stopSharper = () => { stop(); this.stopSharper = null; };
  }, STILL);

  /** @param {Item} item @param {'picture'|'sharp'} as @param {string} path */
  #fetch(item, as, path) {
    item.tries += as === 'sharp' ? 1 : 0;
    const image = new Image();
    image.onload = () => { item[as] = image; this.ground.look(); };
    image.src = this.atelier.api.at(path);
  }

  #bar() {
    const { words } = this;
    const sign = (shape, word, press, given = {}) => signButton(words, shape, word, press, { 'data-act': word.replace('.', '-'), ...given });
    const toggle = (shape, word, isOn, press) => {
      const button = sign(shape, word, () => button.setAttribute('aria-pressed', String(press())), { 'aria-pressed': String(isOn) });
      return button;
    };
    const ask = () => { this.ask(); return this.hasSaved; };
    const count = words.put(h('select', { 'data-act': 'atlas-count', onchange: () => { this.count = Number(count.value); this.ask(); } },
      ...COUNTS.map((n) => h('option', { value: n, selected: n === this.count }, String(n)))), 'atlas.count', {}, 'label');
    const mine = this.onlySaved ? [] : [count, sign('dice', 'atlas.again', () => { this.seed = anySeed(); this.ask(); }),
      toggle('save', 'atlas.saved', false, () => { this.hasSaved = !this.hasSaved; return ask(); })];
    const wall = toggle('sheet', 'atlas.wall', false, () => { this.ground.hang(!this.ground.isWall); this.ground.fit(); return this.ground.isWall; });
    return h('header', { class: 'atlas-bar' }, words.put(h('h2'), 'atlas.title'), ...mine, wall, h('span', { class: 'gap' }),
      sign('minus', 'atlas.farther', () => this.ground.turn(1 / 1.4)), sign('plus', 'atlas.closer', () => this.ground.turn(1.4)),
      sign('frame', 'atlas.whole', () => this.ground.fit()), sign('close', 'atlas.close', () => this.close()));
  }

  #foot() {
    const { words } = this;
    this.progress = words.put(h('progress', { max: 1, value: 0, hidden: true }), 'sheet.progress', {}, 'label');
    this.line = h('span', { class: 'atlas-line', role: 'status' });
    this.list = new PictureList(this.atelier, (item) => this.choose(item));
    return h('footer', { class: 'atlas-foot' }, words.put(h('p', { class: 'quiet' }), 'atlas.hint'), h('div', { class: 'atlas-state quiet' }, this.line, this.progress), this.list.root);
  }

  /** @param {string} word @param {Record<string, unknown>} [params] */
  #say(word, params = {}) {
    this.words.put(this.line, word, params);
  }
}
