/** Repair: what is brushed over is filled anew, in several ways to choose from; and a picture grows beyond its frame. @module */

import { bare, Bench } from './bench.js';
import { bringFile, drawn } from './bench-given.js';
import { Brush } from './brush.js';
import { clamp, h } from './dom.js';
import { wordButton } from './gallery-viewer.js';
import { anySeed } from './state.js';
import { sliderRow } from './widgets.js';

const SIDES = ['left', 'right', 'top', 'bottom'];
const WAYS = 4; // proposals to choose from
const SHOWN = 160; // pixels a side of each

/** @param {HTMLElement} root @param {any} atelier */
export function mount(root, atelier) {
  const translators = atelier.benches.at('repair');
  if (!translators.length) return bare(root, atelier);
  let mask = /** @type {string|null} */ (null);
  const bench = new Bench(root, atelier, {
    name: 'repair', translators, lead: 'repair.lead', act: 'repair.act', sign: 'brush', auto: true,
    extra: (own) => [h('div', { class: 'mask-tools' }), scratches(own, (url) => brush.take(url)), extend(own), ways(own, () => (grown(own) ? null : brush.bounds()))],
    step: (own) => {
      if (!mask && !grown(own)) return null;
      return { options: { ...own.options[own.translator.id] }, beside: mask ? { mask: [mask] } : {} };
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
    /** @type {HTMLElement} */ (bench.root.querySelector('.ways')).hidden = true;
    brush.clear();
    brush.begin();
  });
}

/** Whether the picture is to grow. @param {Bench} bench */
const grown = ({ options, translator }) => SIDES.some((side) => options[translator.id][side]);

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

/**
 * Other ways to fill it: the next one, or several side by side to choose from.
 * @param {Bench} bench @param {() => [number, number, number, number]|null} where what of the picture they are looked at for, in parts of it
 */
function ways(bench, where) {
  const { words: said } = bench;
  const row = said.put(h('div', { class: 'palette ways', role: 'group', hidden: true }), 'repair.ways', {}, 'label');
  let asked = 0;
  const use = (seed) => {
    bench.options[bench.translator.id].seed = seed;
    for (const one of row.children) one.setAttribute('aria-pressed', String(one.dataset.seed === String(seed)));
    bench.changed(true);
  };
  const several = async () => {
    const { recipe } = bench;
    if (!recipe) return;
    const mine = ++asked;
    const [step] = recipe.after.slice(-1);
    row.replaceChildren();
    row.hidden = false;
    try {
      for (let number = 1; number <= WAYS; number += 1) {
        const seed = anySeed();
        const url = await drawn(bench.atelier, { ...recipe, after: [...recipe.after.slice(0, -1), { ...step, options: { ...step.options, seed } }] });
        const picture = await part(url, where());
        if (mine !== asked) return;
        const label = said.say('repair.way', { number });
        row.append(h('button', { type: 'button', class: 'swatch', title: label, 'aria-label': label, 'aria-pressed': 'false', 'data-seed': seed, onclick: () => use(seed) }, picture));
      }
    } catch (error) {
      bench.fail(error);
    }
  };
  return h('div', { class: 'rows' }, h('div', { class: 'doors' },
    wordButton(said, 'dice', 'repair.another', () => use(anySeed()), { 'data-act': 'another' }),
    wordButton(said, 'sheet', 'repair.ways', several, { 'data-act': 'ways' })), row);
}

/** The square of a picture that holds some part of it. @param {string} url @param {[number, number, number, number]|null} bounds left, top, right, bottom */
async function part(url, bounds) {
  const image = new Image();
  image.src = url;
  await image.decode();
  URL.revokeObjectURL(url);
  const { naturalWidth: width, naturalHeight: height } = image;
  const [left, top, right, bottom] = bounds ?? [0, 0, 1, 1];
  const side = Math.min(Math.max((right - left) * width, (bottom - top) * height) * 1.3, width, height);
  const [x, y] = [clamp((left + right) / 2 * width - side / 2, 0, width - side), clamp((top + bottom) / 2 * height - side / 2, 0, height - side)];
  const canvas = h('canvas', { width: SHOWN, height: SHOWN });
  canvas.getContext('2d').drawImage(image, x, y, side, side, 0, 0, SHOWN, SHOWN);
  return canvas;
}
