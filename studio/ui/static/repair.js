/** Repair: what is brushed over is filled anew, in several ways to choose from; and a picture grows beyond its frame. @module */

import { bare, Bench } from './bench.js';
import { bringFile } from './bench-given.js';
import { Brush } from './brush.js';
import { h } from './dom.js';
import { wordButton } from './gallery-viewer.js';
import { anySeed } from './state.js';
import { sliderRow } from './widgets.js';

const SIDES = ['left', 'right', 'top', 'bottom'];

/** @param {HTMLElement} root @param {any} atelier */
export function mount(root, atelier) {
  const translators = atelier.benches.at('repair');
  if (!translators.length) return bare(root, atelier);
  let mask = /** @type {string|null} */ (null);
  const bench = new Bench(root, atelier, {
    name: 'repair', translators, lead: 'repair.lead', act: 'repair.act', sign: 'brush', auto: true,
    extra: (own) => [h('div', { class: 'mask-tools' }), scratches(own, (url) => brush.take(url)), extend(own), another(own)],
    step: (own) => {
      const options = own.options[own.translator.id];
      const grows = SIDES.some((side) => options[side]);
      if (!mask && !grows) return null;
      return { options: { ...options }, beside: mask ? { mask: [mask] } : {} };
    },
    reopen: (own, step) => {
      const [id] = step.beside?.mask ?? [];
      if (id) own.root.addEventListener('given', () => brush.take(atelier.api.at(`tray/${id}.webp?side=1024`)), { once: true });
    },
  });
  const brush = new Brush(atelier, bench.faces, {
    name: 'repair', changed: async () => {
      if (!bench.given) return;
      try {
        mask = brush.empty ? null : (await bringFile(atelier, await brush.blob())).id;
        bench.changed(true);
      } catch (error) {
        bench.fail(error);
      }
    },
  });
  bench.root.querySelector('.mask-tools')?.append(words(atelier, 'repair.brush'), brush.root);
  bench.root.addEventListener('given', () => {
    mask = null;
    brush.clear();
    brush.begin();
  });
}

const words = (atelier, key) => atelier.words.put(h('p', { class: 'quiet' }), key);

/** A mask that the studio proposes. @param {Bench} bench @param {(url: string) => void} take */
function scratches(bench, take) {
  const { words: said, atelier } = bench;
  let sensitivity = 0.5;
  const row = sliderRow(said, {
    name: 'repair-sensitivity', label: ['repair.sensitivity'], min: 0, max: 1, step: 0.01, usual: 0.5, input: (value, { rest }) => {
      sensitivity = value;
      if (rest) void find();
    },
  });
  row.show(sensitivity);
  const find = async () => {
    if (!bench.given?.recipe.source) return bench.say('repair.only_files');
    try {
      const { id } = await atelier.api.post('scratches', JSON.stringify({ source: bench.given.recipe.source, sensitivity }), 'application/json');
      take(atelier.api.at(`tray/${id}.webp?side=2048`));
    } catch (error) {
      bench.fail(error);
    }
  };
  return h('details', { class: 'batch-box' }, said.put(h('summary'), 'repair.scratches'),
    wordButton(said, 'search', 'repair.find', find, { 'data-act': 'scratches' }), row.root);
}

/** How far the picture grows on each side. @param {Bench} bench */
function extend(bench) {
  const { words: said } = bench;
  const known = new Map(bench.plan.translators[0].options.map((one) => [one.name, one]));
  const rows = SIDES.filter((side) => known.has(side)).map((side) => {
    const row = sliderRow(said, {
      name: `repair-${side}`, label: [`repair.${side}`], min: 0, max: known.get(side).most, step: 8, usual: 0, digits: 0,
      input: (value, { rest }) => {
        bench.options[bench.translator.id][side] = value;
        bench.changed(rest);
      },
    });
    row.show(0);
    return row.root;
  });
  return h('details', { class: 'batch-box', hidden: !rows.length }, said.put(h('summary'), 'repair.extend'), ...rows);
}

/** Another way to fill it. @param {Bench} bench */
function another(bench) {
  return wordButton(bench.words, 'dice', 'repair.another', () => {
    bench.options[bench.translator.id].seed = anySeed();
    bench.changed(true);
  }, { 'data-act': 'another' });
}
