/** The entry: opens the wire and the words at once, then fills each island as Gradio puts it on the page. @module */

import { openApi } from './api.js';
import { Benches } from './benches.js';
import { layer } from './dialog.js';
import { openOwn } from './directions-own.js';
import { h } from './dom.js';
import { acceptPictures, restoreText } from './drop.js';
import { listenToKeys } from './keys.js';
import { Live } from './live.js';
import { State } from './state.js';
import { openTheme } from './theme.js';
import { tips } from './widgets.js';
import { openWords } from './words.js';

const TABS = ['create', 'upscale', 'restyle', 'repair', 'translate', 'film', 'gallery', 'models', 'about'];

async function open() {
  const base = new URL('.', document.baseURI);
  const theme = openTheme();
  const api = openApi(base);
  const live = new Live(base, api);
  const [words, declared, translators] = await Promise.all([openWords(base), api.get('declarations.json'), api.get('translators.json')]);
  const declarations = Array.isArray(declared) ? declared : declared.generators;
  const state = new State(declarations);
  const tabLabels = () => TABS.map((name) => words.say(`tab.${name}`));
  const tell = (fault) => toast(words.fault(fault.fault ?? { text: String(fault) }));
  const atelier = /** @type {any} */ ({ base, theme, api, live, words, declarations, translators, state, openTab, tab, tabLabels, toast, tell });
  atelier.own = openOwn(api, words);
  atelier.benches = new Benches(translators, openTab);
  window.atelier = atelier;
  live.draw(state.recipe, true); // asked for before the page has a place for it
  listenToKeys(atelier);
  document.addEventListener('click', ({ target }) => {
    if (target instanceof Element) target.closest('[role=tab]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  });
  document.addEventListener('atelier:island', () => void fill(atelier));
  await fill(atelier);
  await atelier.own.load();
}

/** Give every island that stands on the page to the module of its name. @param {any} atelier */
async function fill(atelier) {
  for (const root of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-island]:not([data-filled])'))) {
    root.dataset.filled = '';
    const name = root.dataset.island ?? '';
    const { mount } = await import(`./${name}.js`);
    await mount(root, atelier);
    if (name === 'header') document.dispatchEvent(new CustomEvent('atelier:language', { detail: atelier.words.language }));
    if (name === 'create') await begin(atelier);
  }
}

/** What needs the instrument to stand: the layer over it, dropped pictures, and a shared link that led here. @param {any} atelier */
async function begin(atelier) {
  tips(layer());
  acceptPictures(atelier);
  const shared = new URLSearchParams(location.search).get('r');
  if (!shared) return;
  history.replaceState(null, '', location.pathname + location.hash);
  await restoreText(atelier, `?r=${shared}`);
}

/** Gradio's own tab buttons, in the order of the tabs. */
const tabButtons = () => /** @type {HTMLElement[]} */ (TABS.map((name) => document.getElementById(`${name}-button`)));

/** Bring a tab to the front. @param {string} name */
function openTab(name) {
  tabButtons()[TABS.indexOf(name)]?.click();
}

/** A sentence at the foot of the page, with one thing to do about it. @param {string} sentence @param {{label: string, press: () => void}} [deed] */
function toast(sentence, deed) {
  const box = h('div', { class: 'toast', role: 'status' }, h('p', {}, sentence),
    deed && h('button', { type: 'button', class: 'button', onclick: () => { box.remove(); deed.press(); } }, deed.label));
  layer().querySelector('.toast')?.remove();
  layer().append(box);
  setTimeout(() => box.remove(), deed ? 12000 : 4000 + sentence.length * 60);
}

/** The tab in front. */
function tab() {
  return TABS[Math.max(0, tabButtons().findIndex((button) => button?.getAttribute('aria-selected') === 'true'))];
}

open().catch((fault) => {
  document.querySelectorAll('[data-island=create]').forEach((root) => {
    root.textContent = String(fault.message ?? fault);
  });
  throw fault;
});
