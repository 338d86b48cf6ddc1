/** A picture of one's own found in w: brought in, looked for before one's eyes, and taken to Create with all its controls. @module */

import { bringFile, doors, drawn } from './bench-given.js';
import { Faces } from './bench-faces.js';
import { Work } from './bench-work.js';
import { Brush } from './brush.js';
import { dialog } from './dialog.js';
import { h } from './dom.js';
import { wordButton } from './gallery-viewer.js';

const SIDE = 512; // pixels of the square that is looked for

export class Finder {
  /** @param {any} atelier */
  constructor(atelier) {
    this.atelier = atelier;
    this.box = /** @type {any} */ (null);
    this.source = ''; // the id of the picture that is looked for
    this.work = /** @type {Work|null} */ (null);
    this.found = /** @type {any} */ (null); // the last standing: its recipe is the nearest so far
    this.faces = new Faces(atelier);
    this.#build();
  }

  /** @param {Promise<import('./bench-given.js').Given>} [coming] a picture to begin with */
  open(coming) {
    if (!this.box) {
      this.box = dialog(this.atelier.words, 'find.title', this.root, { name: 'find', closed: () => { this.box = null; } });
      this.#show();
      if (!this.source) void this.#goOn();
    }
    if (coming) void this.take(coming);
  }

  /** A picture from outside, by a drop or a paste. @param {Blob} file */
  bring(file) {
    return this.open(bringFile(this.atelier, file));
  }

  /** Its middle square is looked for, at once. @param {Promise<import('./bench-given.js').Given>} coming */
  async take(coming) {
    try {
      const { before } = await coming;
      const { id } = await bringFile(this.atelier, await square(before));
      this.#halt();
      this.source = id;
      this.found = null;
      this.faces.begin({ url: this.atelier.api.at(`tray/${id}.webp?side=${SIDE}`), width: SIDE, height: SIDE });
      this.brush.clear();
      await this.look();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Look for the picture in the generator that stands in Create. */
  async look() {
    const { atelier, brush, source } = this;
    const { declaration } = atelier.state;
    this.#halt();
    if (!declaration.projects) return this.#say('find.strokes');
    try {
      const mask = brush.empty ? '' : (await bringFile(atelier, await brush.blob())).id;
      const asked = { generator: declaration.id, picture: { source }, mask };
      this.#follow(await atelier.api.post('projections', JSON.stringify(asked), 'application/json'));
    } catch (error) {
      this.#fail(error);
    }
    return undefined;
  }

  /** A search that this page began before it was loaded anew. */
  async #goOn() {
    const under = (await this.atelier.api.get('works')).findLast(({ kind, state }) => kind === 'projection' && ['waiting', 'running'].includes(state));
    if (under && !this.work) this.#follow(under);
  }

  /** @param {import('./bench-work.js').Standing} standing */
  #follow(standing) {
    this.found = null;
    const work = Work.again(this.atelier, standing, (now) => this.#progress(now));
    this.work = work;
    this.#show();
    work.end.then((end) => this.work === work && end && this.#end(end), (error) => this.work === work && this.#fail(error));
  }

  /** @param {any} standing */
  #progress(standing) {
    this.bar.value = standing.total ? standing.done / standing.total : 0;
    if (standing.besides?.fit) this.found = standing;
    if (standing.place) this.#say('find.waits', { place: standing.place });
    else if (standing.done) this.#say('find.nearer', { seconds: Math.ceil(standing.estimate) });
    else this.#say('find.guesses');
    if (standing.seen && this.work) void this.#paint(this.work.soFar(`${standing.done}-${standing.besides?.distance}`));
    this.#show();
  }

  /** It is found, or what there was is kept. @param {any} standing */
  async #end(standing) {
    this.work = null;
    this.found = standing;
    this.#say(`find.fit_${standing.besides.fit}`);
    this.#show();
    const { recipe } = standing;
    await this.#paint(await drawn(this.atelier, recipe));
  }

  /** @param {string} url */
  async #paint(url) {
    const image = new Image();
    image.src = url;
    if (await image.decode().then(() => true, () => false)) this.nearest.replaceChildren(image); // it may have come to its end meanwhile
    const { declaration } = this.atelier.state;
    image.dataset.rendering = declaration.rendering;
    this.atelier.words.put(image, 'find.nearest', {}, 'label');
  }

  /** Stop, and keep what there is. */
  #stop() {
    const { found } = this;
    this.#halt();
    if (found) this.#end(found).catch((error) => this.#fail(error));
    else this.#say('find.stopped');
  }

  #halt() {
    this.work?.stop();
    this.work = null;
    this.#show();
  }

  #take() {
    if (!this.found) return;
    this.#halt();
    this.atelier.state.restore(this.found.recipe);
    this.box?.close();
  }

  #build() {
    const { words } = this.atelier;
    this.nearest = h('div', { class: 'find-nearest', 'data-role': 'nearest' });
    this.bar = words.put(h('progress', { max: 1, value: 0, hidden: true }), 'find.progress', {}, 'label');
    this.line = h('p', { class: 'find-line', role: 'status', 'data-role': 'find-line' });
    this.brush = new Brush(this.atelier, this.faces, { name: 'find', changed: () => this.#show() });
    const figure = (word, ...parts) => h('figure', {}, ...parts, words.put(h('figcaption', { class: 'quiet' }), word));
    this.begin = wordButton(words, 'search', 'find.begin', () => void this.look(), { 'data-act': 'find-begin' });
    this.stop = wordButton(words, 'close', 'find.stop', () => this.#stop(), { 'data-act': 'find-stop' });
    this.keep = wordButton(words, 'check', 'find.take', () => this.#take(), { class: 'button first', 'data-act': 'find-take' });
    this.where = h('details', { class: 'batch-box' }, words.put(h('summary'), 'find.where'), words.put(h('p', { class: 'quiet' }), 'find.where_means'), this.brush.root);
    this.root = h('div', { class: 'find island' },
      words.put(h('p', { class: 'quiet find-lead' }), 'find.lead'), doors(this.atelier, (coming) => void this.take(coming)),
      h('div', { class: 'find-pair' }, figure('find.yours', this.faces.root), figure('find.nearest', this.nearest)),
      this.bar, this.line, this.where, h('div', { class: 'buttons' }, this.keep, this.stop, this.begin));
  }

  /** What can be done as things stand. */
  #show() {
    const { words } = this.atelier;
    const works = !!this.work;
    this.root.dataset.state = works ? 'working' : this.found ? 'found' : this.source ? 'given' : 'empty';
    this.bar.hidden = this.stop.hidden = !works;
    this.keep.hidden = !this.found || works;
    this.begin.hidden = works || !this.source;
    this.where.hidden = !this.source;
    words.translate(this.root);
  }

  /** @param {string} word @param {object} [params] */
  #say(word, params = {}) {
    this.atelier.words.put(this.line, word, params);
    delete this.line.dataset.kind;
  }

  /** @param {any} error */
  #fail(error) {
    this.#halt();
    delete this.line.dataset.word;
    this.line.textContent = this.atelier.words.fault(error?.fault ?? { text: error?.message });
    this.line.dataset.kind = 'fault';
  }
}

/** The middle square of a picture, on white. @param {string} url @returns {Promise<Blob>} */
async function square(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  const { naturalWidth: width, naturalHeight: height } = image;
  const least = Math.min(width, height);
  const side = Math.min(least, SIDE);
  const canvas = h('canvas', { width: side, height: side });
  const pen = canvas.getContext('2d');
  pen.fillStyle = 'white';
  pen.fillRect(0, 0, side, side);
  pen.imageSmoothingQuality = 'high';
  pen.drawImage(image, (width - least) / 2, (height - least) / 2, least, least, 0, 0, side, side);
  return new Promise((done) => { canvas.toBlob(done, 'image/png'); });
}
