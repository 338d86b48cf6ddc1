/** A bench: a picture comes in, translators work on it, before and after are compared, and the result goes on. @module */

import { cameraButton } from './bench-camera.js';
import { bringFile, bringRecipe, doors } from './bench-given.js';
import { Faces } from './bench-faces.js';
import { benchMenu } from './bench-menu.js';
import { Work } from './bench-work.js';
import { h, later } from './dom.js';
import { wordButton } from './gallery-viewer.js';
import { Live } from './live.js';
import { sliderRow } from './widgets.js';

const PATIENCE = 3000; // ms after which a frame of the camera is given up
const REST = 350; // ms without movement until the whole picture is worked on

/**
 * @typedef {{name: string, translators: any[], live?: boolean, auto?: boolean, extra?: (bench: Bench) => Node[], step?: (bench: Bench) => object|null, reopen?: (bench: Bench, step: any) => void,
 *   lead: string, act: string, sign?: string}} Plan what a tab makes of a bench
 */
/** A bench without tools says so. @param {HTMLElement} root @param {any} atelier */
export function bare(root, { words }) {
  root.replaceChildren(h('div', { class: 'bench', 'data-state': 'empty' }, words.put(h('p', { class: 'quiet' }), 'bench.none')));
}

export class Bench {
  /** @param {HTMLElement} root @param {any} atelier @param {Plan} plan */
  constructor(root, atelier, plan) {
    this.atelier = atelier;
    this.plan = plan;
    this.words = /** @type {import('./words.js').Words} */ (atelier.words);
    this.translator = plan.translators[0];
    this.options = /** @type {Record<string, Record<string, number>>} */ (Object.fromEntries(plan.translators.map((one) => [one.id, {}])));
    this.given = /** @type {import('./bench-given.js').Given|null} */ (null);
    this.work = /** @type {Work|null} */ (null);
    this.done = /** @type {Work|null} */ (null);
    this.parent = /** @type {string|null} */ (null);
    this.faces = new Faces(atelier);
    this.settle = later(() => this.run(), REST);
    this.opened = /** @type {Live|null} */ (null);
    this.#build(root);
    atelier.benches.put(plan.name, this);
  }

  /** A picture from outside, by a drop or a paste. @param {Blob} file */
  bring(file) {
    return this.take(bringFile(this.atelier, file));
  }

  /** @param {Promise<import('./bench-given.js').Given>} coming */
  async take(coming) {
    try {
      const given = await coming;
      this.given = given;
      this.parent = null;
      this.stop();
      this.done = null;
      this.faces.begin({ url: given.before, width: given.width, height: given.height });
      this.root.dataset.state = 'given';
      for (const note of given.notes ?? []) this.atelier.toast(this.words.say(note.code, note.params));
      this.root.dispatchEvent(new CustomEvent('given', { detail: given }));
      this.tell();
      if (this.plan.auto) this.run();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Everything as it stood for a result. @param {any} recipe @param {string|null} parent its id in the gallery */
  async reopen(recipe, parent) {
    const step = recipe.after.at(-1);
    this.options[step.translator] = { ...step.options };
    this.plan.reopen?.(this, step);
    this.use(/** @type {any} */ (this.plan.translators.find(({ id }) => id === step.translator)));
    await this.take(bringRecipe(this.atelier, { ...recipe, after: recipe.after.slice(0, -1) }));
    this.parent = parent;
    if (this.given && !this.plan.auto) void this.run();
  }

  /** The recipe of the result. */
  get recipe() {
    const step = this.step();
    return this.given && step ? { ...this.given.recipe, after: [...(this.given.recipe.after ?? []), step] } : null;
  }

  /** What this bench does to the picture. @returns {any} */
  step() {
    const extra = this.plan.step ? this.plan.step(this) : {};
    return extra && { translator: this.translator.id, options: { ...this.options[this.translator.id] }, ...extra };
  }

  /** Something that decides the result has moved. @param {boolean} rest the hand has let go */
  changed(rest) {
    this.tell();
    if (!this.plan.auto || !this.recipe) return;
    if (this.plan.live) this.wire.draw(this.recipe);
    if (rest || !this.plan.live) this.settle();
  }

  /** Work on the whole picture. */
  async run() {
    const { recipe } = this;
    if (!recipe) return;
    this.stop();
    this.root.dataset.state = 'working';
    this.say('bench.begun');
    const work = new Work(this.atelier, recipe, (standing) => this.#progress(standing));
    this.work = work;
    try {
      const end = await work.end;
      if (!end || this.work !== work) return;
      await this.show(work.preview, end.size);
      this.done = work;
      this.root.dataset.state = 'done';
      this.say('bench.done', { width: end.size[0], height: end.size[1] });
      document.dispatchEvent(new CustomEvent('atelier:worked', { detail: { bench: this.plan.name, id: work.id } }));
    } catch (error) {
      if (this.work === work) this.fail(error);
    }
  }

  /** @param {string} url @param {[number, number]} size */
  show(url, [width, height]) {
    return this.faces.show({ url, width, height });
  }

  /** What comes from now on comes frame by frame, of this size. @param {number} width @param {number} height */
  live(width, height) {
    this.stop();
    this.given = null;
    this.done = null;
    this.faces.begin({ url: '', width, height });
    this.root.dataset.state = 'live';
  }

  /** When the next frame stands there, or was not to be had. @returns {Promise<void>} */
  painted() {
    return new Promise((go) => {
      this.wire.once(go);
      setTimeout(go, PATIENCE);
    });
  }

  /** A frame while a hand moves. @param {ImageBitmap|VideoFrame|OffscreenCanvas} picture */
  paint(picture) {
    if (this.root.dataset.state !== 'empty') this.faces.paint(picture);
  }

  stop() {
    if (this.work && this.work !== this.done) this.work.stop();
    this.work = null;
    if (this.root.dataset.state === 'working') this.root.dataset.state = this.done ? 'done' : 'given';
    this.bar.hidden = true;
  }

  /** @param {any} error */
  fail(error) {
    this.root.dataset.state = this.given ? 'given' : 'empty';
    this.bar.hidden = true;
    this.line.textContent = this.words.fault(error?.fault ?? { text: error?.message });
    this.line.dataset.kind = 'fault';
  }

  /** Choose what works. @param {any} translator */
  use(translator) {
    this.translator = translator;
    for (const chip of this.chips.children) chip.setAttribute('aria-pressed', String(chip.dataset.translator === translator.id));
    this.#drawOptions();
    this.changed(true);
  }

  #build(root) {
    const { words, plan } = this;
    this.chips = words.put(h('div', { class: 'chips', role: 'group', hidden: plan.translators.length < 2 }), 'bench.how', {}, 'label');
    this.rows = h('div', { class: 'rows' });
    this.line = h('p', { class: 'bench-line quiet', role: 'status' });
    this.bar = h('progress', { max: 1, value: 0, hidden: true });
    words.put(this.bar, 'bench.progress', {}, 'label');
    this.first = wordButton(words, plan.sign ?? 'play', plan.act, () => this.run(), { class: 'button first', 'data-act': 'work' });
    this.halt = wordButton(words, 'close', 'bench.stop', () => this.#halt(), { 'data-act': 'stop' });
    const ends = h('div', { class: 'bench-ends' },
      wordButton(words, 'save', 'act.save', () => this.#save(), { 'data-act': 'keep' }),
      wordButton(words, 'download', 'act.download', () => this.#download(), { 'data-act': 'fetch' }),
      wordButton(words, 'send', 'bench.send', (event) => this.#send(event), { 'data-act': 'send' }));
    const empty = h('div', { class: 'bench-empty' }, words.put(h('p'), plan.lead), words.put(h('p', { class: 'quiet' }), 'bench.bring'));
    const extra = plan.extra ? plan.extra(this) : [];
    const camera = plan.live && navigator.mediaDevices ? cameraButton(this) : null;
    this.panel = h('aside', { class: 'bench-panel' }, ...[doors(this.atelier, (coming) => this.take(coming)), camera, this.chips, this.rows, ...extra,
      h('div', { class: 'bench-do' }, this.first, this.halt), this.bar, this.line, ends].filter((part) => part !== null));
    words.put(this.panel, 'create.controls', {}, 'label');
    this.root = h('div', { class: 'bench', 'data-bench': plan.name, 'data-state': 'empty' }, h('div', { class: 'bench-stage' }, this.faces.root, empty), this.panel);
    root.replaceChildren(this.root);
    const label = () => {
      this.chips.replaceChildren(...plan.translators.map((one) => h('button', {
        type: 'button', class: 'chip', 'data-translator': one.id, 'aria-pressed': String(one === this.translator), onclick: () => this.use(one),
      }, words.pick(one.title))));
    };
    document.addEventListener('atelier:language', () => { label(); this.#drawOptions(); });
    label();
    this.#drawOptions();
  }

  /** A slider for each option of the translator that has a word; the others are the tab's own affair. */
  #drawOptions() {
    const { words } = this;
    const chosen = this.options[this.translator.id];
    const word = ({ name }) => ['option', 'style'].map((kind) => `${kind}.${name}`).find((key) => words.has(key));
    const told = this.translator.options.filter(word);
    const styles = told.filter(({ name }) => words.has(`style.${name}`));
    const row = (one) => {
      const wide = one.most - one.least;
      const label = /** @type {string} */ (word(one));
      const slider = sliderRow(words, {
        name: `${this.plan.name}-${one.name}`, label: [label], tip: words.has(`${label}.means`) ? `${label}.means` : undefined,
        min: one.least, max: one.most, step: one.whole ? 1 : wide / 100, usual: one.usual, digits: one.whole ? 0 : 2,
        input: (value, { rest }) => {
          chosen[one.name] = value;
          this.changed(rest);
        },
      });
      slider.show(chosen[one.name] ?? one.usual);
      return slider.root;
    };
    const open = !!this.rows.querySelector('details[open]');
    const mixed = h('details', { class: 'batch-box', open }, words.put(h('summary'), 'style.blend'), ...styles.map(row));
    const parts = styles.length > 1 ? [this.#styles(styles, chosen), mixed] : styles.map(row);
    this.rows.replaceChildren(...parts, ...told.filter((one) => !styles.includes(one)).map(row));
    words.translate(this.rows);
  }

  /** A press for each style, which is then taken alone. @param {any[]} styles options @param {Record<string, number>} chosen */
  #styles(styles, chosen) {
    const share = (one) => chosen[one.name] ?? one.usual;
    const alone = (style) => styles.every((one) => (one === style) === share(one) > 0) || (style === styles[0] && !styles.some(share));
    const chip = (style) => h('button', {
      type: 'button', class: 'chip', 'data-style': style.name,
      'aria-pressed': String(alone(style)), onclick: () => {
        for (const one of styles) chosen[one.name] = one === style ? 1 : 0;
        this.#drawOptions();
        this.changed(true);
        /** @type {HTMLElement|null} */ (this.rows.querySelector(`[data-style="${style.name}"]`))?.focus();
      },
    }, this.words.say(`style.${style.name}`));
    return this.words.put(h('div', { class: 'chips', role: 'group' }, ...styles.map(chip)), 'style.pick', {}, 'label');
  }

  /** The live wire of this bench, opened when it is first wanted. */
  get wire() {
    if (!this.opened) {
      this.opened = new Live(this.atelier.base, this.atelier.api, { rests: false });
      this.opened.on('frame', ({ picture }) => this.paint(picture));
      this.opened.on('fault', (fault) => this.fail({ fault }));
    }
    return this.opened;
  }

  /** @param {import('./bench-work.js').Standing} standing */
  #progress({ state, done, total, seen, size, place, estimate }) {
    const { work } = this;
    if (seen && work) void this.#glimpse(work, work.soFar(done), size);
    this.bar.hidden = state === 'done';
    this.bar.value = total ? done / total : 0;
    if (state === 'waiting' && place) this.say('bench.waiting', { place, time: this.time(estimate) });
    else if (estimate > 1) this.say('bench.left', { time: this.time(estimate), done, total });
  }

  /** Whoever stops a work has the last result back, or what was given. */
  async #halt() {
    this.stop();
    this.say('bench.stopped');
    const { done, given } = this;
    const end = await done?.end;
    if (done && end) await this.show(done.preview, end.size);
    else if (given) this.faces.begin({ url: given.before, width: given.width, height: given.height });
  }

  /** What stands there of a work that takes long. @param {Work} work @param {string} url @param {[number, number]} size */
  async #glimpse(work, url, [width, height]) {
    const image = new Image();
    image.src = url;
    const there = await image.decode().then(() => true, () => false); // it may have come to its end meanwhile
    if (there && this.work === work && this.root.dataset.state === 'working') await this.faces.show({ url, width, height });
  }

  /** @param {number} seconds */
  time(seconds) {
    const round = Math.max(1, Math.round(seconds));
    return round < 90 ? this.words.say('bench.seconds', { count: round }) : this.words.say('bench.minutes', { count: Math.round(round / 60) });
  }

  /** Say what stands there, and whether it can be worked on. */
  tell() {
    this.first.disabled = !this.recipe;
    if (this.given && this.root.dataset.state !== 'working') this.say('bench.given', { width: this.given.width, height: this.given.height });
  }

  /** @param {string} word @param {object} [params] */
  say(word, params = {}) {
    this.line.textContent = this.words.say(word, params);
    delete this.line.dataset.kind;
  }

  async #save() {
    if (!this.done) return;
    try {
      await this.done.save(this.parent);
      this.atelier.toast(this.words.say('act.saved'), { label: this.words.say('tab.gallery'), press: () => this.atelier.openTab('gallery') });
    } catch (error) {
      this.fail(error);
    }
  }

  #download() {
    if (this.done) h('a', { href: `${this.done.picture}?download=1`, download: '' }).click();
  }

  /** The result becomes what another bench works on. @param {MouseEvent} event */
  #send(event) {
    const { done } = this;
    if (!done) return;
    const given = done.end.then((end) => ({ recipe: done.recipe, width: end?.size[0] ?? 0, height: end?.size[1] ?? 0, before: done.preview }));
    benchMenu(this.atelier, /** @type {HTMLElement} */ (event.currentTarget), (bench) => bench.take(given), this.plan.name);
  }
}
