/** Upscale: a picture made larger, faithful or crisp, at any size, one or many. @module */

import { bare, Bench } from './bench.js';
import { bringFile } from './bench-given.js';
import { Work } from './bench-work.js';
import { h } from './dom.js';
import { wordButton } from './gallery-viewer.js';

const INCH = 2.54; // cm
const DPI = [150, 300];

/** @param {HTMLElement} root @param {any} atelier */
export function mount(root, atelier) {
  const translators = atelier.benches.at('upscale');
  if (!translators.length) return bare(root, atelier);
  const bench = new Bench(root, atelier, {
    name: 'upscale', translators, lead: 'upscale.lead', act: 'upscale.act', sign: 'full', extra: (own) => [print(own), batch(own)],
  });
  bench.root.addEventListener('given', () => bench.root.dispatchEvent(new CustomEvent('size')));
}

/** How large the result comes out of a printer. @param {Bench} bench */
function print(bench) {
  const { words } = bench;
  const line = h('dl', { class: 'facts print' });
  const show = () => {
    const { given, translator } = bench;
    if (!given) return line.replaceChildren();
    const [width, height] = [given.width * translator.factor, given.height * translator.factor];
    const cm = (pixels, dpi) => ((pixels / dpi) * INCH).toLocaleString(words.language, { maximumFractionDigits: 1 });
    return line.replaceChildren(
      h('dt', {}, words.say('upscale.size')), h('dd', {}, `${width} × ${height}`),
      ...DPI.flatMap((dpi) => [h('dt', {}, words.say('upscale.print', { dpi })), h('dd', {}, words.say('upscale.cm', { width: cm(width, dpi), height: cm(height, dpi) }))]));
  };
  const watch = new MutationObserver(show);
  queueMicrotask(() => {
    watch.observe(bench.chips, { subtree: true, attributes: true, childList: true });
    bench.root.addEventListener('size', show);
    document.addEventListener('atelier:language', show);
  });
  return line;
}

/** Several files, one after another, fetched as one ZIP. @param {Bench} bench */
function batch(bench) {
  const { words, atelier } = bench;
  const list = h('ul', { class: 'batch' });
  const works = /** @type {Work[]} */ ([]);
  const zip = wordButton(words, 'pack', 'upscale.zip', () => {
    const ids = works.filter((work) => work.id && !work.stopped).map(({ id }) => id).join(',');
    h('a', { href: atelier.api.at(`works.zip?ids=${ids}`), download: '' }).click();
  }, { hidden: true, 'data-act': 'zip' });
  const add = async (file) => {
    const bar = h('progress', { max: 1, value: 0 });
    const line = h('span', { class: 'quiet' });
    const item = h('li', {}, h('span', { class: 'batch-name' }, file.name), bar, line);
    list.append(item);
    try {
      const given = await bringFile(atelier, file);
      const work = new Work(atelier, { ...given.recipe, after: [bench.step()] }, ({ done, total, estimate }) => {
        bar.value = total ? done / total : 0;
        line.textContent = estimate > 1 ? bench.time(estimate) : '';
      });
      works.push(work);
      item.append(h('button', { type: 'button', class: 'sign small', 'aria-label': words.say('bench.stop'), onclick: () => { work.stop(); item.remove(); } }, '×'));
      if (await work.end) {
        bar.value = 1;
        line.textContent = '✓';
        zip.hidden = false;
      }
    } catch (error) {
      bar.remove();
      line.textContent = words.fault(error.fault ?? { text: error.message });
    }
  };
  const file = h('input', { type: 'file', accept: 'image/*', multiple: true, hidden: true, 'data-role': 'batch' });
  file.addEventListener('change', () => {
    for (const one of file.files ?? []) void add(one);
    file.value = '';
  });
  return h('details', { class: 'batch-box' }, words.put(h('summary'), 'upscale.batch'),
    wordButton(words, 'open', 'upscale.choose', () => file.click(), { 'data-act': 'batch' }), file, list, zip);
}
