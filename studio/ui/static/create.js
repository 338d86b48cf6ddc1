/** Create, the instrument: generators, the picture, its controls, what is done with it, and where the hand has been. @module */

import { doings } from './actions.js';
import { Atlas } from './atlas.js';
import { comparer } from './compare.js';
import { groupsOf } from './controls.js';
import { h } from './dom.js';
import { Finder } from './find.js';
import { historyStrip } from './history.js';
import { pen } from './pen.js';
import { performGroup } from './perform.js';
import { previewer } from './preview.js';
import { stage } from './stage.js';
import { statusLine } from './status.js';
import { waker } from './wake.js';

// On a telephone these two take turns with the control groups.
const STRIPS = ['generators', 'history'];

/** @param {HTMLElement} root @param {any} atelier */
export function mount(root, atelier) {
  const { state, live } = atelier;
  // First of all that follows a control: the picture is under way while the page moves its sliders.
  let before = '';
  state.follow((controls, { rest, from }) => {
    if (from === 'rest' && JSON.stringify(controls) === before) return live.draw(controls, true);
    before = JSON.stringify(controls);
    live.draw(controls, rest);
  });
  const picture = stage(atelier);
  atelier.preview = previewer(atelier);
  atelier.compare = comparer(atelier, picture);
  atelier.pen = pen(atelier, picture);
  atelier.finder = new Finder(atelier);
  const panel = controlPanel(atelier, picture);
  const bar = doings(atelier, picture.root);
  const notice = h('div', { class: 'notice', role: 'status', 'data-role': 'notice' });
  picture.root.append(notice);
  atelier.notice = notices(notice, atelier.words);

  root.replaceChildren(h('div', { class: 'instrument' },
    generatorStrip(atelier),
    h('div', { class: 'middle' },
      picture.root,
      h('div', { class: 'under' }, bar, statusLine(atelier)),
      historyStrip(atelier)),
    panel));

  live.on('frame', () => atelier.notice.clear('fault'));
  live.on('fault', (fault) => atelier.notice.say(atelier.words.fault(fault), 'fault'));
}

/** Pictures, not a drop-down: what a generator can draw is its button. @param {any} atelier */
function generatorStrip(atelier) {
  const { state, words, api } = atelier;
  const buttons = state.declarations.map((declaration, i) => {
    const name = h('span', { class: 'generator-name' });
    const image = h('img', {
      src: api.at(`previews/${declaration.id}.webp`), alt: '', width: 64, height: 64, draggable: 'false', 'data-rendering': declaration.rendering,
    });
    const button = h('button', {
      type: 'button', class: 'generator', 'data-generator': declaration.id, onclick: () => state.choose(declaration.id),
    }, image, name, i < 9 ? h('kbd', { 'aria-hidden': 'true' }, String(i + 1)) : null);
    waker(atelier, button, declaration);
    return { button, name, declaration };
  });
  const label = () => buttons.forEach(({ name, declaration }) => {
    name.textContent = words.pick(declaration.title);
  });
  label();
  document.addEventListener('atelier:language', label);
  state.follow((controls) => buttons.forEach(({ button, declaration }) => (
    button.setAttribute('aria-pressed', String(declaration.id === controls.generator)))));
  return words.put(h('nav', { class: 'generators' }, ...buttons.map(({ button }) => button)), 'create.generators', {}, 'label');
}

/** The groups of the generator at hand; on a narrow page one at a time, chosen by the row of names. @param {any} atelier @param {ReturnType<typeof stage>} picture */
function controlPanel(atelier, picture) {
  const { state, words } = atelier;
  const made = /** @type {Map<string, import('./controls.js').Group[]>} */ (new Map());
  const names = words.put(h('div', { class: 'group-tabs', role: 'group' }), 'create.groups', {}, 'label');
  const body = h('div', { class: 'groups', tabindex: -1 });
  const panel = h('aside', { class: 'panel', 'data-role': 'controls' }, names, body);
  words.put(panel, 'create.controls', {}, 'label');
  const perform = performGroup(atelier, panel, picture);
  let shown = '';
  let chosen = 'seed';

  const choose = (id) => {
    chosen = id;
    const instrument = /** @type {HTMLElement|null} */ (panel.closest('.instrument'));
    if (instrument) instrument.dataset.chosen = id;
    for (const name of names.children) name.setAttribute('aria-pressed', String(name.dataset.for === id));
    for (const section of body.children) section.classList.toggle('chosen', section.dataset.group === id);
    const tab = /** @type {HTMLElement|undefined} */ ([...names.children].find((name) => name.dataset.for === id));
    if (tab) names.scrollLeft = tab.offsetLeft - names.offsetLeft - (names.clientWidth - tab.offsetWidth) / 2;
    body.scrollTop = 0;
  };
  const build = (declaration) => {
    if (!made.has(declaration.id)) made.set(declaration.id, [...groupsOf(atelier, declaration, picture.position), perform]);
    const groups = made.get(declaration.id) ?? [];
    shown = declaration.id;
    body.replaceChildren(...groups.map(({ root }) => root));
    const tabs = ['generators', ...groups.map(({ id }) => id), 'history'];
    names.replaceChildren(...tabs.map((id) => words.put(
      h('button', { type: 'button', 'data-for': id, class: STRIPS.includes(id) ? 'strip-tab' : '', onclick: () => choose(id) }), `group.${id}`)));
    words.translate(body);
    choose(tabs.includes(chosen) ? chosen : 'seed');
  };
  atelier.atlas = new Atlas(atelier, {
    extent: () => ({ generator: state.recipe.generator }),
    turned: (isOpen) => {
      panel.toggleAttribute('data-atlas', isOpen);
      document.dispatchEvent(new CustomEvent('atelier:atlas', { detail: isOpen }));
    },
  });
  panel.append(atelier.atlas.root);
  atelier.perform = () => {
    atelier.atlas.close();
    choose(perform.id);
    perform.root.scrollIntoView({ block: 'nearest' });
    perform.root.querySelector('button')?.focus();
  };
  state.follow((controls) => {
    if (shown !== controls.generator) build(state.declaration);
    for (const { show } of made.get(shown) ?? []) show(controls);
  });
  return panel;
}

/** Sentences over the picture: what happened to it and what to do. @param {HTMLElement} place @param {import('./words.js').Words} words */
function notices(place, words) {
  let kind = '';
  let timer = 0;
  const clear = (which = kind) => {
    if (which !== kind) return;
    place.replaceChildren();
    kind = '';
  };
  const say = (sentence, of = 'note') => {
    clearTimeout(timer);
    kind = of;
    const close = words.put(h('button', { type: 'button', class: 'notice-close', onclick: () => clear() }), 'notice.close');
    place.replaceChildren(h('p', { 'data-kind': of }, sentence), close);
    // A fault stands until the next picture; a note has been read after a while.
    if (of !== 'fault') timer = window.setTimeout(clear, 4000 + sentence.length * 60);
  };
  return { say, clear };
}
