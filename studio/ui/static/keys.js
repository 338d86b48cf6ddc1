/** The keyboard: one hand on the mouse, one on the keys. @module */

import { dialog } from './dialog.js';
import { h, isWriting } from './dom.js';

const LIST = [['Space', 'keys.dice'], ['← →', 'keys.step'], ['Z', 'keys.undo'], ['Y', 'keys.redo'], ['S', 'keys.save'], ['F', 'keys.full'], ['A', 'keys.ab'],
  ['C', 'keys.sheet'], ['M', 'keys.atlas'], ['R', 'keys.record'], ['1–9', 'keys.generators'], ['?', 'keys.list']];

/** @param {any} atelier */
export function listenToKeys(atelier) {
  const { state, words } = atelier;
  atelier.keyList = () => h('dl', { class: 'keys' }, ...LIST.flatMap(([key, word]) => [h('dt', {}, h('kbd', {}, key)), words.put(h('dd'), word)]));
  const list = () => dialog(words, 'keys.title', atelier.keyList(), { name: 'keys' });
  atelier.keys = list;
  const act = (name) => () => atelier.act[name]();
  const deeds = {
    ' ': () => state.roll(), z: act('undo'), y: act('redo'), s: act('save'), f: act('full'), a: act('ab'), c: act('sheet'), m: act('atlas'), r: act('record'), '?': list,
    ArrowLeft: () => state.step(-1), ArrowRight: () => state.step(1),
  };
  document.addEventListener('keydown', (event) => {
    const { target, key } = event;
    if (isWriting(target) || event.altKey || !atelier.act || document.querySelector('dialog[open]') || atelier.tab() !== 'create') return;
    const element = /** @type {HTMLElement} */ (target);
    const undoing = (event.ctrlKey || event.metaKey) && /^[zy]$/i.test(key);
    if ((event.ctrlKey || event.metaKey) && !undoing) return;
    // Space and arrows belong to the thing that has the focus, if it uses them.
    if (key === ' ' && element.matches('button, a, summary, [role=tab], input')) return;
    if (key.startsWith('Arrow') && element.matches('input, [role=tab], [role=application], [role=menuitem], .chip')) return;
    const generator = /^[1-9]$/.test(key) ? state.declarations[Number(key) - 1] : null;
    const deed = undoing && event.shiftKey ? act('redo') : generator ? () => state.choose(generator.id) : deeds[key.length === 1 ? key.toLowerCase() : key];
    if (!deed) return;
    event.preventDefault();
    deed();
  });
}
