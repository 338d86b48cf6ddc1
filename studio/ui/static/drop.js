/** A picture dropped or pasted anywhere on the page brings all its controls back. @module */

import { h } from './dom.js';
import { layer } from './dialog.js';

const MOST = 32 * 2 ** 20; // bytes that the studio reads

/** @param {any} atelier */
export function acceptPictures(atelier) {
  const { words } = atelier;
  const veil = h('div', { class: 'veil', hidden: true }, words.put(h('p'), 'drop.here'));
  layer().append(veil);
  const holds = (/** @type {DragEvent} */ event) => [...(event.dataTransfer?.types ?? [])].includes('Files');
  document.addEventListener('dragenter', (event) => {
    if (holds(event)) veil.hidden = false;
  });
  document.addEventListener('dragover', (event) => {
    if (holds(event)) event.preventDefault();
  });
  document.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) veil.hidden = true;
  });
  document.addEventListener('drop', (event) => {
    if (!holds(event)) return;
    event.preventDefault();
    veil.hidden = true;
    const file = event.dataTransfer?.files[0];
    if (file) void restoreFrom(atelier, file);
  });
  document.addEventListener('paste', (event) => {
    const file = [...(event.clipboardData?.files ?? [])][0];
    const text = event.clipboardData?.getData('text/plain').trim() ?? '';
    if (file) {
      event.preventDefault();
      void restoreFrom(atelier, file);
    } else if (text.startsWith('{') || /[?&]r=/.test(text)) {
      event.preventDefault();
      void restoreText(atelier, text);
    }
  });
}

/** Read a picture's recipe and set every control by it. @param {any} atelier @param {Blob} file */
export async function restoreFrom(atelier, file) {
  if (file.size > MOST) return atelier.notice.say(atelier.words.say('fault.too_large', { size: file.size, limit: MOST }), 'fault');
  await restore(atelier, () => atelier.api.post('read', file, file.type || 'application/octet-stream'));
}

/** The same for a recipe as text or a shared link. @param {any} atelier @param {string} text */
export async function restoreText(atelier, text) {
  await restore(atelier, () => atelier.api.call('recipe', [null, text]));
}

/** @param {any} atelier @param {() => Promise<any>} read */
async function restore(atelier, read) {
  const { state, words } = atelier;
  try {
    const { recipe, notes } = await read();
    atelier.openTab('create');
    if (!state.declarations.some(({ id }) => id === recipe.generator)) {
      return atelier.notice.say(notes.map((note) => words.fault(note)).join(' '), 'fault');
    }
    state.restore(recipe);
    const differs = notes.map((note) => words.fault(note)).join(' ');
    atelier.notice.say(differs || words.say('drop.restored'), differs ? 'note' : 'good');
  } catch (fault) {
    atelier.openTab('create');
    atelier.notice.say(words.fault(/** @type {any} */ (fault).fault ?? { code: 'fault.connection' }), 'fault');
  }
}
