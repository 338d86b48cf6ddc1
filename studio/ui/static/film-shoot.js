/** A film becomes a file: its format and size, how far it is, a way to stop it, and the file itself. @module */

import { ApiFault } from './api.js';
import { h } from './dom.js';
import { storage } from './storage.js';

const FORMATS = ['mp4', 'webm', 'webp', 'gif', 'png'];
const SIDES = [512, 0, 256, 1024, 2048];
const KEPT = 'atelier.film.work';
const LOOK = 400; // ms between looks at a work

/** @param {any} atelier @param {() => any} film */
export function shooting({ words, api }, film) {
  const select = (name, options, spell) => {
    const box = h('select', { id: `film-${name}`, 'data-act': `film-${name}` }, ...options.map((one) => spell(h('option', { value: one }), one)));
    return { box, root: h('div', { class: 'film-row' }, words.put(h('label', { for: box.id, class: 'row-name' }), `film.${name}`), box) };
  };
  const format = select('format', FORMATS, (option, one) => words.put(option, `film.format_${one}`));
  const side = select('side', SIDES, (option, one) => (one ? Object.assign(option, { textContent: `${one} px` }) : words.put(option, 'film.side_own')));
  const sharp = h('input', { type: 'checkbox', id: 'film-sharp', 'data-act': 'film-sharp' });
  const sharpen = h('p', { class: 'film-check' }, sharp, words.put(words.put(h('label', { for: sharp.id }), 'film.sharp'), 'film.sharp_tip', {}, 'tip'));
  const bar = words.put(h('progress', { max: 1, value: 0, hidden: true }), 'film.progress', {}, 'label');
  const line = h('p', { class: 'quiet', role: 'status', 'data-role': 'film-status' });
  const made = h('div', { class: 'film-made' });
  let id = storage.getItem(KEPT) ?? ''; // of the film in the making, also after a reload
  const hold = (one) => {
    id = one;
    storage.setItem(KEPT, id);
  };
  const begin = words.put(h('button', { type: 'button', class: 'button first', 'data-act': 'film-make', onclick: () => void make() }), 'film.make');
  const stop = words.put(h('button', { type: 'button', class: 'button', 'data-act': 'film-stop', hidden: true, onclick: () => {
    if (id) void fetch(api.at(`works/${id}`), { method: 'DELETE' });
    hold('');
  } }), 'film.stop');

  async function make() {
    made.replaceChildren();
    begin.disabled = true;
    try {
      const work = await api.post('films', JSON.stringify({ film: film(), format: format.box.value, side: Number(side.box.value), sharp: sharp.checked }), 'application/json');
      hold(work.id);
      await follow(work);
    } catch (fault) {
      line.textContent = words.fault(/** @type {any} */ (fault).fault ?? { text: String(fault) });
    }
    begin.disabled = false;
  }

  /** Until it is over; a studio that is away meanwhile goes on with it once it is back. @param {any} now */
  async function follow(now) {
    try {
      stop.hidden = bar.hidden = false;
      while (!now || ['waiting', 'running'].includes(now.state)) {
        bar.value = now?.total ? now.done / now.total : 0;
        if (now) words.put(line, now.place ? 'film.waits' : 'film.drawing', { place: now.place, done: now.done, total: now.total, seconds: Math.ceil(now.estimate) });
        else words.put(line, 'film.away');
        await new Promise((go) => { setTimeout(go, LOOK); });
        if (!id) break;
        now = await look(id);
      }
      if (now?.fault) throw new ApiFault(now.fault);
      if (id && now.state === 'done') hand(now);
      else words.put(line, 'film.stopped');
    } finally {
      hold('');
      stop.hidden = bar.hidden = true;
    }
  }

  /** How a work stands; nothing while the studio doesn't answer, or is about to stop. @param {string} work */
  async function look(work) {
    try {
      const now = await api.get(`works/${work}`);
      return now.fault?.code === 'fault.stopped' ? null : now;
    } catch (fault) {
      if (fault instanceof ApiFault) throw fault;
      return null;
    }
  }

  /** @param {any} work */
  function hand(work) {
    const address = api.at(`films/${work.id}/file`);
    const moving = ['mp4', 'webm'].includes(work.kind);
    const poster = api.at(`films/${work.id}/poster.png`);
    const look = moving ? h('video', { src: address, poster, controls: true, loop: true, muted: true, playsinline: true, 'data-role': 'film-video' })
      : words.put(h('img', { src: work.kind === 'png' ? poster : address, alt: '' }), 'film.picture', {}, 'label');
    const keep = words.put(h('button', { type: 'button', class: 'button', 'data-act': 'film-keep', onclick: async () => {
      keep.disabled = true;
      try {
        await api.post(`films/${work.id}/save`, '');
        words.put(line, 'film.kept');
      } catch (fault) {
        keep.disabled = false;
        line.textContent = words.fault(/** @type {any} */ (fault).fault ?? { text: String(fault) });
      }
    } }), 'film.keep');
    made.replaceChildren(look, h('div', { class: 'buttons' }, keep, words.put(h('a', { class: 'button', href: `${address}?download=1`, download: '', 'data-act': 'film-download' }), 'film.download')));
    words.put(line, 'film.done');
  }

  if (id) {
    begin.disabled = true;
    look(id).then(follow).catch(() => words.put(line, 'film.gone')).finally(() => { begin.disabled = false; });
  }
  return {
    root: h('div', { class: 'film-shoot' }, format.root, side.root, sharpen, h('div', { class: 'buttons' }, begin, stop), bar, line, made),
    /** @param {boolean} possible */
    show: (possible) => { begin.disabled = !possible || Boolean(id); },
  };
}
