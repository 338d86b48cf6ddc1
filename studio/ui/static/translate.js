/** Translate: a sketch becomes a picture while it is drawn, a photograph a print, a portrait another design. @module */

import { bare, Bench } from './bench.js';
import { base64 } from './bench-camera.js';
import { bringFile } from './bench-given.js';
import { h } from './dom.js';
import { Easel } from './easel.js';
import { wordButton } from './gallery-viewer.js';
import { anySeed } from './state.js';

/** @param {HTMLElement} root @param {any} atelier */
export function mount(root, atelier) {
  const translators = atelier.benches.at('translate');
  if (!translators.length) return bare(root, atelier);
  new Translate(root, atelier, {
    name: 'translate', translators, lead: 'translate.lead', act: 'translate.act', live: true, auto: true,
    extra: (own) => [h('div', { class: 'easel-tools' }), another(own)],
    reopen: (own, step) => {
      const easel = /** @type {Translate} */ (own).easel;
      own.root.addEventListener('given', ({ detail }) => easel.take(detail.before), { once: true });
      void step;
    },
  });
}

/** Another way to colour it, where chance has a part. @param {Bench} bench */
function another(bench) {
  return wordButton(bench.words, 'dice', 'repair.another', () => {
    bench.options[bench.translator.id].seed = anySeed();
    bench.changed(true);
  }, { 'data-act': 'another' });
}

class Translate extends Bench {
  /** @param {HTMLElement} root @param {any} atelier @param {import('./bench.js').Plan} plan */
  constructor(root, atelier, plan) {
    super(root, atelier, plan);
    this.easel = new Easel(atelier, { name: 'translate', moved: (rest) => this.#sketched(rest) });
    this.result = h('canvas', { class: 'face-square', width: 128, height: 128, 'data-role': 'translated' });
    this.words.put(this.result, 'translate.result', {}, 'label');
    this.result.setAttribute('role', 'img');
    this.pair = h('div', { class: 'easel-pair' }, this.easel.canvas, this.result);
    this.root.querySelector('.bench-stage')?.append(this.pair);
    this.root.querySelector('.easel-tools')?.append(this.easel.tools);
    this.pending = false;
    this.use(this.translator);
  }

  get sketches() {
    return this.translator.given === 'sketch';
  }

  /** @param {any} translator */
  use(translator) {
    super.use(translator);
    this.root.dataset.given = translator.given;
    const seeded = translator.options.some(({ name }) => name === 'seed');
    /** @type {HTMLElement} */ (this.root.querySelector('[data-act=another]')).hidden = !seeded;
    if (this.easel && this.sketches) this.#sketched(!this.easel.empty);
  }

  changed(rest) {
    if (this.sketches && this.easel) this.#sketched(rest);
    else super.changed(rest);
  }

  /** @param {string} url @param {[number, number]} size */
  async show(url, size) {
    if (!this.sketches) return super.show(url, size);
    const image = new Image();
    image.src = url;
    await image.decode();
    this.#draw(image, image.naturalWidth, image.naturalHeight);
  }

  /** @param {any} picture */
  paint(picture) {
    if (this.sketches) this.#draw(picture, picture.width ?? picture.displayWidth, picture.height ?? picture.displayHeight);
    else super.paint(picture);
  }

  #draw(picture, width, height) {
    Object.assign(this.result, { width: width * 2, height: height * 2 });
    const pen = this.result.getContext('2d');
    pen.imageSmoothingQuality = 'high';
    pen.drawImage(picture, 0, 0, width * 2, height * 2);
    document.dispatchEvent(new CustomEvent('atelier:translated'));
  }

  /** The newest state of the sketch, at most one under way; once the hand has let go, the whole of it. @param {boolean} rest */
  async #sketched(rest) {
    if (rest) return this.#whole();
    if (this.pending) return;
    this.pending = true;
    await new Promise(requestAnimationFrame);
    this.pending = false;
    this.wire.draw({ after: [this.step()] }, false, await base64(await this.easel.blob(this.translator.side || 128)));
  }

  async #whole() {
    if (this.easel.empty) return;
    try {
      const { recipe, width, height, before } = await bringFile(this.atelier, await this.easel.blob(this.translator.side || 128));
      this.given = { recipe, width, height, before };
      this.root.dataset.state = 'given';
      this.tell();
      this.settle();
    } catch (error) {
      this.fail(error);
    }
  }
}
