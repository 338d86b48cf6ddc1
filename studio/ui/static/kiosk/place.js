/** One visitor's place: a picture, its controls, a channel of its own, and a visit from the first touch to the countdown. @module */

import { h, round } from '../dom.js';
import { hold } from '../hold.js';
import { Live } from '../live.js';
import { meanColour, paint } from '../stage.js';
import { anySeed, compact, complete } from '../state.js';
import { LANGUAGES, Words } from '../words.js';
import { ask } from './ask.js';
import { controlsOf, press } from './controls.js';
import { Idle } from './idle.js';
import { somewhere, Tour } from './tour.js';

const SIDE = { moving: 256, resting: 1024 }; // pixels that a smooth picture is enlarged to with care
const SPREAD = 2; // how far a drag over the whole picture leads through the latent
const REACH = 4;
const NOTICE = 7000; // ms that a sentence stands in the caption's place

export class Place {
  /** @param {{base: URL, api: any, tables: Record<string, Record<string, string>>, declarations: any[]}} given */
  constructor({ base, api, tables, declarations }) {
    this.words = new Words(tables, LANGUAGES[0]);
    this.declarations = declarations;
    this.live = new Live(base, api, { falls: false });
    this.tour = new Tour(this.live, (dark) => this.root?.toggleAttribute('data-faded', dark));
    this.idle = new Idle({ warn: (seconds) => this.#warn(seconds), calm: () => { this.leaving.hidden = true; }, end: () => this.#end() });
    this.controls = complete({ generator: declarations[0].id });
    this.visit = { pictures: 0, faults: 0 };
    this.#build();
    this.live.on('frame', (frame) => this.#paint(frame));
    this.live.on('fault', (fault) => this.tell(this.words.fault(fault), true));
    this.live.on('mode', (mode) => this.root.toggleAttribute('data-lost', mode === 'lost'));
  }

  get resting() {
    return this.root.dataset.state !== 'play';
  }

  /** What the curator has settled; from now on nobody is here. @param {any} told */
  settle(told) {
    this.told = told;
    this.generators = told.generators.map((/** @type {string} */ id) => this.declarations.find((one) => one.id === id)).filter(Boolean);
    this.choices.replaceChildren(...(this.generators.length > 1 ? this.generators.map((one) => this.#choice(one)) : []));
    this.offer(told.home);
    this.#rest();
  }

  /** Whether a picture can be taken home just now. @param {boolean} home */
  offer(home) {
    this.takes.hidden = !home;
  }

  /** @param {boolean} open outside of the hours the screen is dark */
  open(open) {
    if (open && this.root.dataset.state === 'dark') this.#rest();
    else if (!open && this.root.dataset.state === 'attract') {
      this.tour.stop();
      this.root.dataset.state = 'dark';
      this.words.put(this.hours, 'kiosk.closed', this.told);
    }
  }

  /** A sentence in the caption's place. @param {string} sentence @param {boolean} [fault] */
  tell(sentence, fault = false) {
    if (fault) this.visit.faults += 1;
    this.notice.textContent = sentence;
    clearTimeout(this.noticed);
    this.noticed = window.setTimeout(() => { this.notice.textContent = ''; }, NOTICE);
  }

  #build() {
    const { words } = this;
    this.canvas = words.put(h('canvas', { width: 64, height: 64, role: 'img', 'data-role': 'picture' }), 'kiosk.picture', {}, 'label');
    this.welcome = h('p', { class: 'welcome' });
    this.notice = h('p', { class: 'notice', role: 'status' });
    this.hours = h('p', { class: 'hours' });
    const button = (name, act) => press(words.put(h('button', { type: 'button', class: 'deed', 'data-act': name }), `kiosk.${name}`), act);
    this.choices = words.put(h('div', { class: 'choices', role: 'group' }), 'kiosk.generators', {}, 'label');
    this.sliders = h('div', { class: 'controls' });
    this.keeps = button('keep', () => void this.#keep());
    this.takes = button('home', () => void this.#take());
    this.higher = button('higher', () => this.#lift());
    this.code = h('img', { class: 'code', alt: '', draggable: 'false' });
    this.taking = h('div', { class: 'over taking', hidden: true }, this.code, words.put(h('p', { class: 'large' }), 'kiosk.home_how'),
      words.put(h('p'), 'kiosk.home_network'), button('close', () => { this.taking.hidden = true; }));
    this.left = h('p', { class: 'seconds', 'aria-hidden': 'true' });
    this.said = h('p', { role: 'alert' });
    this.leaving = h('div', { class: 'over leaving', hidden: true }, this.left, words.put(h('p', { class: 'large' }), 'kiosk.still'), this.said);
    this.root = h('section', { class: 'place', 'data-state': 'attract', 'data-reach': 'low' },
      h('div', { class: 'inside' },
        h('div', { class: 'stage' }, this.canvas, h('div', { class: 'label' }, this.welcome, words.put(h('p', { class: 'begin' }), 'kiosk.begin'),
          words.put(h('p', { class: 'caption' }), 'kiosk.caption'), this.notice, words.put(h('p', { class: 'lost' }), 'kiosk.lost'))),
        h('div', { class: 'panel' },
          h('div', { class: 'top' }, this.choices, this.higher, button('other_language', () => this.#speak(LANGUAGES[(LANGUAGES.indexOf(words.language) + 1) % LANGUAGES.length]))),
          this.sliders, h('div', { class: 'deeds' }, button('another', () => this.#another()), this.keeps, this.takes))),
      this.hours, this.taking, this.leaving);
    this.root.addEventListener('pointerdown', (/** @type {Event} */ event) => this.#touch(event), { capture: true });
    this.#walk();
  }

  /** @param {any} declaration */
  #choice({ id, title }) {
    const chosen = h('button', { type: 'button', class: 'choice', 'data-generator': id }, h('img', { src: `previews/${id}.webp`, alt: '', draggable: 'false' }));
    chosen.setAttribute('aria-label', this.words.pick(title));
    return press(chosen, () => this.#begin(somewhere(this.declarations.find((one) => one.id === id))));
  }

  /** Each touch counts; the first one begins a visit with the picture that stands there. @param {Event} event */
  #touch(event) {
    this.idle.touch();
    if (this.root.dataset.state !== 'attract') return;
    event.stopPropagation(); // it means nothing that lies below it
    this.tour.stop();
    this.#begin(this.tour.here);
    this.root.dataset.state = 'play';
    this.idle.begin(this.told.idle);
    void document.documentElement.requestFullscreen?.().catch(() => {});
  }

  /** @param {any} recipe of any generator */
  #begin(recipe) {
    this.controls = complete(recipe);
    const declaration = this.#declared();
    this.groups = controlsOf(this.words, declaration, (patch, rest) => this.#change(patch, rest));
    this.sliders.replaceChildren(...this.groups.map(({ root }) => root));
    for (const one of this.choices.children) one.setAttribute('aria-pressed', String(one.dataset.generator === recipe.generator));
    this.#change({}, true);
  }

  #declared() {
    return this.declarations.find(({ id }) => id === this.controls.generator);
  }

  /** @param {any} patch @param {boolean} rest */
  #change(patch, rest) {
    this.controls = { ...this.controls, ...patch };
    for (const { show } of this.groups) show(this.controls);
    this.idle.touch();
    this.keeps.disabled = false;
    this.words.put(this.keeps, 'kiosk.keep');
    this.live.draw(this.controls, rest);
  }

  /** Another seed; a class or style that no control shows goes along. */
  #another() {
    const { classes = [], styles = [] } = this.#declared();
    const hidden = styles.length > 1 && classes.length > 1 ? { classes: somewhere(this.#declared()).classes } : {};
    this.#change({ seed: anySeed(), position: null, ...hidden }, true);
  }

  /** A finger on the picture moves it through others like it. */
  #walk() {
    let from = { x: 0, y: 0, position: [0, 0] };
    let moved = false;
    const within = (/** @type {number} */ at) => round(Math.min(REACH, Math.max(-REACH, at)));
    hold(this.canvas, {
      begin: ({ clientX: x, clientY: y }) => {
        from = { x, y, position: this.controls.position ?? this.place ?? [0, 0] };
        moved = false;
      },
      move: ({ clientX, clientY }) => {
        const [across, up] = [(clientX - from.x) / this.canvas.clientWidth, (from.y - clientY) / this.canvas.clientHeight];
        moved ||= Math.hypot(across, up) > 0.01;
        if (moved) this.#change({ position: [within(from.position[0] + across * SPREAD), within(from.position[1] + up * SPREAD)] }, false);
      },
      end: () => moved && this.#change({}, true),
    });
  }

  /** @param {import('../live.js').Frame} frame */
  #paint({ header, picture, generator }) {
    const declaration = this.declarations.find(({ id }) => id === generator);
    if (!declaration) return; // a frame that comes so late that nobody knows of it
    paint(this.canvas, picture, declaration.rendering, header.rest ? SIDE.resting : SIDE.moving);
    this.place = declaration.is_map ? header.position : undefined;
    if (!header.rest) return;
    this.root.style.setProperty('--tint', meanColour(/** @type {ImageBitmap} */ (picture)));
    if (!this.resting) this.visit.pictures += 1;
    /** @type {ImageBitmap} */ (picture).close?.(); // a screen that runs for weeks leaves nothing to the garbage collector
  }

  async #keep() {
    this.keeps.disabled = true;
    try {
      await ask('kiosk/keep', { recipe: compact(this.controls) });
      this.words.put(this.keeps, 'kiosk.kept');
    } catch (fault) {
      this.keeps.disabled = false;
      this.#fail(fault);
    }
  }

  async #take() {
    this.takes.disabled = true;
    try {
      this.code.src = (await ask('kiosk/home', { recipe: compact(this.controls) })).code;
      this.taking.hidden = this.resting;
    } catch (fault) {
      this.#fail(fault);
    }
    this.takes.disabled = false;
  }

  #fail(fault) {
    this.tell(this.words.fault(/** @type {any} */ (fault).fault ?? { code: 'fault.connection' }), true);
  }

  /** The controls to where another height reaches them. */
  #lift() {
    const high = this.root.dataset.reach === 'low';
    this.root.dataset.reach = high ? 'high' : 'low';
    this.words.put(this.higher, high ? 'kiosk.lower' : 'kiosk.higher');
  }

  /** @param {string} language */
  #speak(language) {
    this.words.language = language;
    this.root.lang = language === 'zh' ? 'zh-CN' : language;
    this.words.translate(this.root);
    this.welcome.textContent = this.told.welcome[language] ?? this.words.say('kiosk.welcome');
    for (const one of this.choices.children) one.setAttribute('aria-label', this.words.pick(this.declarations.find(({ id }) => id === one.dataset.generator).title));
  }

  /** @param {number} seconds */
  #warn(seconds) {
    this.leaving.hidden = false;
    this.left.textContent = String(seconds);
    this.words.put(this.said, 'kiosk.anew', { seconds });
  }

  #end() {
    void ask('kiosk/visit', this.visit).catch(() => {}); // where the studio is gone the visit is not counted
    this.#rest();
  }

  /** As if nobody had ever been here. */
  #rest() {
    this.idle.stop();
    this.visit = { pictures: 0, faults: 0 };
    this.leaving.hidden = this.taking.hidden = true;
    this.code.removeAttribute('src');
    this.sliders.replaceChildren();
    this.notice.textContent = '';
    if (this.root.dataset.reach === 'high') this.#lift();
    this.root.dataset.state = 'attract';
    this.#speak(this.told.language);
    this.tour.start(this.generators);
  }
}
