/** Pictures come back into the gallery: chosen, a folder, a ZIP, or dropped; then what came in and what did not. @module */

import { ApiFault } from './api.js';
import { dialog } from './dialog.js';
import { h } from './dom.js';
import { wordButton } from './gallery-viewer.js';

const TOGETHER = { files: 32, bytes: 32 * 2 ** 20 }; // sent at once
const MOST_NAMED = 100;
const wanted = ({ name }) => /\.(png|zip)$/i.test(name) || name === 'manifest.json';

/** @param {import('./gallery.js').Shop} shop @param {File[]} [files] what was dropped already */
export function importInto(shop, files) {
  const { words, atelier } = shop;
  const body = h('div', { class: 'import' });
  const gone = new AbortController();
  const box = dialog(words, 'gallery.import', body, { name: 'import', closed: () => gone.abort() });
  const line = h('p', { role: 'status', 'data-role': 'import-status' });
  const bar = words.put(h('progress', { max: 1, value: 0 }), 'gallery.import', {}, 'label');

  const choose = (folder) => {
    const input = h('input', { type: 'file', multiple: true, hidden: true, ...(folder ? { webkitdirectory: true } : { accept: '.png,.zip,.json' }) });
    input.addEventListener('change', () => input.files.length && take([...input.files]));
    input.dataset.role = folder ? 'import-folder' : 'import-files';
    return input;
  };
  async function take(given) {
    const ours = given.filter(wanted);
    body.replaceChildren(bar, line);
    try {
      const sent = await send(ours);
      words.put(line, 'gallery.import_reading', { count: ours.length });
      bar.removeAttribute('value');
      const done = sent.length ? await atelier.api.call('import_pictures', [sent], gone.signal) : { pictures: [], known: [], left: [], others: 0 };
      tell({ ...done, others: done.others + given.length - ours.length });
      await shop.ask({ ...shop.album.query });
    } catch (error) {
      if (!gone.signal.aborted) body.replaceChildren(...choices(), h('p', { role: 'alert' }, words.fault(error?.fault ?? { text: error?.message })));
    }
  }
  /** Files to the studio's own door, some at a time. @param {File[]} all */
  async function send(all) {
    const sent = [];
    for (const some of inParts(all)) {
      words.put(line, 'gallery.import_sending', { done: sent.length, total: all.length });
      bar.value = sent.length / all.length;
      const form = new FormData();
      for (const file of some) form.append('files', file, file.name);
      const answer = await fetch(atelier.api.at('gradio_api/upload'), { method: 'POST', body: form, signal: gone.signal });
      if (!answer.ok) throw new ApiFault({ code: 'fault.http', params: { status: answer.status } });
      const paths = await answer.json();
      sent.push(...some.map((file, k) => ({ path: paths[k], orig_name: file.webkitRelativePath || file.name, meta: { _type: 'gradio.FileData' } })));
    }
    return sent;
  }
  function tell({ pictures, known, left, others }) {
    const said = [['gallery.import_done', pictures.length], ['gallery.import_known', known.length], ['gallery.import_others', others]];
    const lines = said.filter(([word, count]) => count || word === 'gallery.import_done').map(([word, count]) => words.put(h('p'), word, { count }));
    const row = ({ name, fault }) => h('li', {}, h('b', {}, name), ' ', words.fault(fault));
    const more = left.length > MOST_NAMED && words.put(h('li'), 'gallery.import_more', { count: left.length - MOST_NAMED });
    const refused = left.length > 0 && [words.put(h('h3'), 'gallery.import_left'), h('ul', { class: 'import-left' }, ...left.slice(0, MOST_NAMED).map(row), more)];
    const undo = pictures.length > 0 && wordButton(words, 'undo', 'gallery.import_undo', () => {
      box.close();
      void shop.remove(pictures);
    }, { 'data-act': 'import-undo' });
    body.replaceChildren(...[h('div', { role: 'status', 'data-role': 'import-summary' }, ...lines), ...(refused || []), undo].filter(Boolean));
  }
  const choices = () => {
    const [some, folder] = [choose(false), choose(true)];
    return [words.put(h('p', { class: 'quiet' }), 'gallery.import_tip'), h('div', { class: 'import-ways' },
      wordButton(words, 'open', 'gallery.import_files', () => some.click(), { class: 'button first' }),
      wordButton(words, 'pack', 'gallery.import_folder', () => folder.click())), some, folder];
  };
  body.replaceChildren(...choices());
  if (files) void take(files);
}

/** Every file that was dropped, those in folders too. @param {DataTransfer} dropped @returns {Promise<File[]>} */
export async function filesIn(dropped) {
  const entries = [...dropped.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...dropped.files];
  return (await Promise.all(entries.map(inside))).flat();
}

/** @param {any} entry @returns {Promise<File[]>} */
async function inside(entry) {
  if (entry.isFile) return [await new Promise((give, fail) => { entry.file(give, fail); })];
  const reader = entry.createReader();
  const found = [];
  for (;;) { // a browser gives a hundred at a time
    const some = await new Promise((give, fail) => { reader.readEntries(give, fail); });
    if (!some.length) return (await Promise.all(found.map(inside))).flat();
    found.push(...some);
  }
}

/** @param {File[]} files */
function inParts(files) {
  const parts = /** @type {File[][]} */ ([]);
  let bytes = Infinity;
  for (const file of files) {
    if (bytes + file.size > TOGETHER.bytes || parts.at(-1).length >= TOGETHER.files) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1).push(file);
    bytes += file.size;
  }
  return parts;
}
