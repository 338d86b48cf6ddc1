/** A picture dropped or pasted anywhere on the page brings all its controls back; on a bench it is what is worked on. @module */

import { h } from './dom.js';
import { layer } from './dialog.js';
import { reopen } from './reopen.js';

const MOST = 32 * 2 ** 20; // bytes that the studio reads

/** @param {any} atelier */
export function acceptPictures(atelier) {
  const { words } = atelier;
  const veil = h('div', { class: 'veil', hidden: true }, words.put(h('p'), 'drop.here'));
  layer().append(veil);
  // On a bench a picture is what is worked on; anywhere else it brings its recipe.
  const place = () => (atelier.finder.box ? atelier.finder : atelier.benches.get(atelier.tab()));
  const take = (file) => void (place() ? place().bring(file) : restoreFrom(atelier, file));
  const holds = (/** @type {DragEvent} */ event) => [...(event.dataTransfer?.types ?? [])].includes('Files');
  document.addEventListener('dragenter', (event) => {
    if (!holds(event)) return;
    veil.hidden = false;
    words.put(veil.firstElementChild, atelier.tab() === 'gallery' ? 'gallery.import_dropped' : 'drop.here');
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
    if (atelier.tab() === 'gallery' && atelier.gallery) void atelier.gallery.import(event.dataTransfer);
    else if (file) take(file);
  });
  document.addEventListener('paste', (event) => {
    const file = [...(event.clipboardData?.files ?? [])][0];
    const text = event.clipboardData?.getData('text/plain').trim() ?? '';
    if (file) {
      event.preventDefault();
      take(file);
    } else if (text.startsWith('{') || /[?&]r=/.test(text)) {
      event.preventDefault();
      void restoreText(atelier, text);
    }
  });
}

/** Read a picture's recipe and set every control by it. @param {any} atelier @param {Blob} file */
export async function restoreFrom(atelier, file) {
  if (file.size > MOST) return atelier.notice.say(atelier.words.say('fault.too_large', { size: file.size, limit: MOST }), 'fault');
  const found = { label: atelier.words.say('find.offer'), press: () => atelier.finder.bring(file) };
  await restore(atelier, () => atelier.api.post('read', file, file.type || 'application/octet-stream'), found);
}

/** The same for a recipe as text or a shared link. @param {any} atelier @param {string} text */
export async function restoreText(atelier, text) {
  await restore(atelier, () => atelier.api.call('recipe', [null, text]));
}

/** @param {any} atelier @param {() => Promise<any>} read @param {{label: string, press: () => void}} [besides] what can be done with a picture without a recipe */
async function restore(atelier, read, besides) {
  const { words } = atelier;
  try {
    const { recipe, notes } = await read();
    const said = notes.map((note) => words.fault(note)).join(' ');
    if (!reopen(atelier, recipe)) {
      atelier.openTab('create');
      return atelier.notice.say(said, 'fault');
    }
    if (recipe.after) return said && atelier.toast(said);
    atelier.notice.say(said || words.say('drop.restored'), said ? 'note' : 'good');
  } catch (fault) {
    atelier.openTab('create');
    if (besides && /** @type {any} */ (fault).fault?.code === 'fault.no_recipe') return atelier.toast(words.say('find.no_recipe'), besides);
    atelier.notice.say(words.fault(/** @type {any} */ (fault).fault ?? { code: 'fault.connection' }), 'fault');
  }
}
