/** Style: any picture painted like any other, or like up to four of them at once. @module */

import { bare, Bench } from './bench.js';
import { bringDrawn, bringFile } from './bench-given.js';
import { Brush } from './brush.js';
import { h } from './dom.js';
import { wordButton } from './gallery-viewer.js';
import { sliderRow } from './widgets.js';

const MOST = 4;

/** @param {HTMLElement} root @param {any} atelier */
export function mount(root, atelier) {
  const translators = atelier.benches.at('restyle');
  if (!translators.length) return bare(root, atelier);
  const [{ starters }] = translators;
  let palette = /** @type {Palette} */ (/** @type {any} */ (null)); // made while the bench is built
  const bench = new Bench(root, atelier, {
    name: 'restyle', translators, lead: 'restyle.lead', act: 'restyle.act', sign: 'brush', live: true, auto: true,
    extra: (own) => [(palette = new Palette(own, starters)).root, mask(own)],
    step: (own) => palette.step(own),
    reopen: (own, step) => palette.reopen(step),
  });
  const brush = new Brush(atelier, bench.faces, { name: 'restyle', changed: () => palette.masked(brush) });
  bench.root.querySelector('.mask-tools')?.append(brush.root);
  bench.root.addEventListener('given', () => brush.clear());
}

/** Where the style goes; the brush is put in once the bench stands. @param {Bench} bench */
function mask({ words }) {
  return h('details', { class: 'batch-box' }, words.put(h('summary'), 'restyle.where'), words.put(h('p', { class: 'quiet' }), 'restyle.where_means'),
    h('div', { class: 'mask-tools' }));
}

/** The styles at hand and those that are chosen, each with its share. */
class Palette {
  /** @param {Bench} bench @param {{name: string, id: string}[]} starters */
  constructor(bench, starters) {
    this.bench = bench;
    this.chosen = /** @type {{id: string, share: number}[]} */ ([]);
    this.mask = /** @type {string|null} */ (null);
    this.shown = starters.map(({ id }) => id);
    const { words, atelier } = bench;
    this.names = new Map(starters.map(({ id, name }) => [id, name]));
    const file = h('input', { type: 'file', accept: 'image/*', hidden: true, 'data-role': 'style-file' });
    file.addEventListener('change', () => {
      if (file.files?.[0]) void this.add(bringFile(atelier, file.files[0]));
      file.value = '';
    });
    this.all = h('div', { class: 'palette', role: 'group' });
    words.put(this.all, 'restyle.styles', {}, 'label');
    this.shares = h('div', { class: 'rows' });
    this.root = h('section', { class: 'styles' }, words.put(h('h3'), 'restyle.styles'), this.all,
      h('div', { class: 'doors' }, wordButton(words, 'open', 'restyle.own', () => file.click(), { 'data-act': 'own-style' }),
        wordButton(words, 'copy', 'bench.from_create', () => this.add(fromCreate(atelier)), { 'data-act': 'style-from-create' })), file, this.shares);
    if (this.shown.length) this.chosen = [{ id: this.shown[0], share: 1 }];
    document.addEventListener('atelier:language', () => this.draw());
    this.draw();
  }

  /** @param {Bench} bench */
  step(bench) {
    if (!this.chosen.length) return null;
    const shares = Object.fromEntries(this.chosen.map(({ share }, i) => [`share_${i + 1}`, share]));
    const beside = { style: this.chosen.map(({ id }) => id), ...(this.mask ? { mask: [this.mask] } : {}) };
    return { options: { ...bench.options[bench.translator.id], ...shares }, beside };
  }

  /** @param {any} step */
  reopen({ options, beside }) {
    this.chosen = beside.style.map((id, i) => ({ id, share: options?.[`share_${i + 1}`] ?? 1 }));
    this.mask = beside.mask?.[0] ?? null;
    for (const { id } of this.chosen) if (!this.shown.includes(id)) this.shown.push(id);
    this.draw();
  }

  /** @param {Promise<{recipe: any}>} coming */
  async add(coming) {
    try {
      const { source } = (await coming).recipe;
      if (!this.shown.includes(source)) this.shown.push(source);
      this.#toggle(source);
    } catch (error) {
      this.bench.fail(error);
    }
  }

  /** @param {Brush} brush */
  async masked(brush) {
    if (!this.bench.given) return;
    this.mask = brush.empty ? null : (await bringFile(this.bench.atelier, await brush.blob())).id;
    this.bench.changed(true);
  }

  draw() {
    const { words, atelier } = this.bench;
    const picture = (id) => h('img', { src: atelier.api.at(`tray/${id}.webp?side=192`), alt: '', loading: 'lazy' });
    const called = (id) => words.name('starter', this.names.get(id) ?? words.say('restyle.own_one'));
    this.all.replaceChildren(...this.shown.map((id) => h('button', {
      type: 'button', class: 'swatch', title: called(id), 'aria-label': called(id), 'data-style': this.names.get(id) ?? id,
      'aria-pressed': String(this.chosen.some((one) => one.id === id)), onclick: (event) => this.#toggle(id, event.shiftKey || event.ctrlKey),
    }, picture(id))));
    this.shares.hidden = this.chosen.length < 2;
    this.shares.replaceChildren(...this.chosen.map((one, i) => {
      const row = sliderRow(words, {
        name: `restyle-share-${i}`, label: ['restyle.share', { name: called(one.id) }], min: 0, max: 1, step: 0.01, usual: 1,
        input: (value, { rest }) => { one.share = value; this.bench.changed(rest); },
      });
      row.show(one.share);
      return row.root;
    }));
  }

  /** A press takes a style alone, or adds it to those chosen where more than one is. @param {string} id @param {boolean} [more] */
  #toggle(id, more = false) {
    const there = this.chosen.some((one) => one.id === id);
    const mixing = more || this.chosen.length > 1;
    if (there) this.chosen = this.chosen.length > 1 ? this.chosen.filter((one) => one.id !== id) : this.chosen;
    else this.chosen = [...(mixing ? this.chosen.slice(-(MOST - 1)) : []), { id, share: 1 }];
    this.draw();
    this.bench.changed(true);
  }
}

/** A style must lie in the tray, so what Create draws is brought in as a file. @param {any} atelier */
async function fromCreate(atelier) {
  const { before } = await bringDrawn(atelier);
  return bringFile(atelier, await (await fetch(before)).blob());
}
