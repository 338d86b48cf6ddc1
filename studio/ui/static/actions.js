/** What is done with a picture: undo, compare, choose from a sheet, save, download, share, copy, full screen. @module */

import { linkOf } from './api.js';
import { bringDrawn } from './bench-given.js';
import { benchMenu } from './bench-menu.js';
import { menu } from './dialog.js';
import { h } from './dom.js';
import { keep, toFilm } from './keeping.js';
import { openSheet } from './sheet.js';
import { compact } from './state.js';
import { signButton } from './widgets.js';

const FORMATS = ['png', 'jpeg', 'webp'];
const NAMES = { png: 'PNG', jpeg: 'JPEG', webp: 'WebP', svg: 'SVG' };
const TIMES = [1, 2, 4, 8];

/** @param {any} atelier @param {HTMLElement} stageRoot */
export function doings(atelier, stageRoot) {
  const { state, words } = atelier;
  const act = actions(atelier, stageRoot);
  atelier.act = act;
  const sign = (name, shape, more = {}) => signButton(words, shape, `act.${name}`, act[name], { 'data-act': name, ...more });
  const undo = sign('undo', 'undo');
  const redo = sign('redo', 'redo');
  const ab = sign('ab', 'compare', { 'aria-pressed': 'false' });
  const atlas = sign('atlas', 'map', { 'aria-pressed': 'false' });
  state.follow(() => {
    undo.disabled = !state.canUndo;
    redo.disabled = !state.canRedo;
  });
  document.addEventListener('atelier:compare', (event) => ab.setAttribute('aria-pressed', String(/** @type {CustomEvent} */ (event).detail)));
  document.addEventListener('atelier:atlas', (event) => atlas.setAttribute('aria-pressed', String(/** @type {CustomEvent} */ (event).detail)));
  const save = h('button', { type: 'button', class: 'word-button', 'data-act': 'save', onclick: act.save }, words.put(h('span'), 'act.save'));
  words.put(save, 'act.save_tip', {}, 'tip');
  const bar = h('div', { class: 'doings', role: 'toolbar' }, undo, redo, h('span', { class: 'gap' }), ab, sign('sheet', 'sheet'), atlas, h('span', { class: 'gap' }),
    save, sign('download', 'download', { 'aria-haspopup': 'menu' }), sign('send', 'send', { 'aria-haspopup': 'menu' }), sign('share', 'share'), sign('copy', 'copy'), sign('full', 'full'),
    sign('perform', 'perform'), sign('keys', 'keys'));
  return words.put(bar, 'create.doings', {}, 'label');
}

/** @param {any} atelier @param {HTMLElement} stageRoot */
function actions(atelier, stageRoot) {
  const { state, words, api } = atelier;
  const told = (run) => async (event) => {
    try {
      await run(event);
    } catch (fault) {
      atelier.notice.say(words.fault(/** @type {any} */ (fault).fault ?? { code: 'fault.connection' }), 'fault');
    }
  };

  const save = told(async () => {
    state.rest();
    const entry = await keep(atelier, state.recipe, state.parents);
    state.parents = [entry.id];
    atelier.notice.say(words.say('act.saved'), 'good');
  });
  const share = told(async () => {
    const at = new URL(location.href);
    at.search = '';
    at.searchParams.set('r', await linkOf(api, compact(state.recipe)));
    await write(at.href);
    atelier.notice.say(words.say('act.shared'), 'good');
  });
  const copy = told(async () => {
    await write(JSON.stringify(compact(state.recipe)));
    atelier.notice.say(words.say('act.copied'), 'good');
  });
  const download = (event) => menu(event.currentTarget, words, downloadChoices(atelier, told));
  const full = () => (document.fullscreenElement ? document.exitFullscreen() : stageRoot.requestFullscreen?.());
  return {
    save, share, copy, download, full,
    send: (event) => benchMenu(atelier, event.currentTarget, (bench) => bench.take(bringDrawn(atelier)), '', { film: () => void toFilm(atelier, state.recipe) }),
    undo: () => state.undo(),
    redo: () => state.redo(),
    ab: () => atelier.compare.toggle(),
    sheet: () => openSheet(atelier),
    atlas: () => atelier.atlas.toggle(),
    perform: () => atelier.perform(),
    record: () => atelier.record(),
    keys: () => atelier.keys(),
  };
}

/** Three kinds of file, each at the sizes a plain enlargement gives; what is made of strokes is a drawing without a size besides. */
function downloadChoices({ state, words, api }, told) {
  const { size, draws_strokes: drawn } = state.declaration;
  return (close) => {
    const fetched = (route, format, recipe) => told(async () => {
      close();
      const at = api.at(`${route}.${format}?download=1&r=${encodeURIComponent(await linkOf(api, recipe))}`);
      h('a', { href: at, download: `${recipe.generator}-${state.recipe.seed}.${format}` }).click();
    });
    const row = (format, ...buttons) => h('div', { class: 'download-row' }, h('span', {}, NAMES[format]), ...buttons);
    const choice = (format, side, name, press) => words.put(
      h('button', { type: 'button', role: 'menuitem', 'data-download': name, onclick: press }, side), 'act.download_as', { format: NAMES[format], side }, 'label');
    const drawing = () => words.put(
      h('button', { type: 'button', role: 'menuitem', 'data-download': 'svg', onclick: fetched('strokes', 'svg', compact(state.recipe)) }), 'act.download_svg');
    return h('div', { class: 'download' },
      ...FORMATS.map((format) => row(format, ...TIMES.map((times) => (
        choice(format, String(size * times), `${format}-${times}`, fetched('draw', format, { ...compact(state.recipe), upscale: times })))))),
      drawn && row('svg', drawing()));
  };
}

/** @param {string} text */
async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without https or inside a frame the clipboard may be closed; the older way still works there.
    const field = h('textarea', { class: 'unseen', 'aria-hidden': 'true' });
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand('copy');
    field.remove();
  }
}
