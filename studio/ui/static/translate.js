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
    this.hint = this.words.put(h('p', { class: 'easel-hint' }), 'easel.hint');
    this.pair = h('div', { class: 'easel-pair' }, h('div', { class: 'easel-frame' }, this.easel.canvas, this.hint), this.result);
    this.root.querySelector('.bench-stage')?.append(this.pair);
    this.starters = this.words.put(h('div', { class: 'palette', role: 'group' }), 'easel.starters', {}, 'label');
    this.root.querySelector('.easel-tools')?.append(this.starters, this.easel.tools);
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
    if (!this.easel || !this.sketches) return;
    const { words, atelier } = this;
    this.starters.replaceChildren(...translator.starters.map(({ id }, i) => h('button', {
      type: 'button', class: 'swatch', 'aria-label': words.say('easel.starter', { number: i + 1 }), 'data-starter': id,
      onclick: () => this.easel.take(atelier.api.at(`tray/${id}.webp?side=512`)),
    }, h('img', { src: atelier.api.at(`tray/${id}.webp?side=192`), alt: '' }))));
    this.#sketched(true);
  }

  /** A picture that comes in is drawn on, where one sketches. @param {Promise<import('./bench-given.js').Given>} coming */
  async take(coming) {
    if (!this.sketches) return super.take(coming);
    try {
      await this.easel.take((await coming).before);
    } catch (error) {
      this.fail(error);
    }
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
    this.hint.hidden = !this.easel.empty;
    if (this.easel.empty) return this.#bare();
    if (rest) return this.#whole();
    if (this.pending) return;
    this.pending = true;
    await new Promise(requestAnimationFrame);
    this.pending = false;
    this.wire.draw({ after: [this.step()] }, false, await base64(await this.easel.blob(this.translator.side || 128)));
  }

  /** Nothing was drawn yet, or all was taken back. */
  #bare() {
    this.stop();
    [this.given, this.done] = [null, null];
    this.root.dataset.state = 'empty';
    this.result.getContext('2d').clearRect(0, 0, this.result.width, this.result.height);
    this.tell();
  }

  async #whole() {
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
