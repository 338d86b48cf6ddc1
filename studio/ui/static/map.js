/** The whole latent of a generator with two numbers, drawn as a map to walk over. @module */

import { h, round } from './dom.js';
import { pad } from './pad.js';
import { compact } from './state.js';

const REACH = 3; // the map shows -3..3, where nearly all of a unit normal lies
const CELLS = 8; // a side; 64 pictures are what one sheet may hold

/** @param {any} atelier @param {any} declaration @param {() => [number, number]} position */
export function latentMap(atelier, declaration, position) {
  const { state, live, words } = atelier;
  const side = declaration.size * CELLS;
  const ground = h('canvas', { class: 'map-ground', width: side, height: side, 'data-rendering': declaration.rendering });
  const surface = pad(words, {
    name: 'map', label: 'map.label', tip: 'map.tip', fine: 0.02, ground,
    input: (x, y, rest) => state.change({ position: [round(x * REACH), round(y * REACH)] }, { rest }),
    reset: () => state.change({ position: null }, { rest: true }),
  });
  let drawn = '';
  let stop = () => {};
  const chart = (controls) => {
    const about = compact({ ...controls, seed: 0, position: null, variation: 0, variation_seed: 0 });
    if (JSON.stringify(about) === drawn || live.mode !== 'live') return;
    drawn = JSON.stringify(about);
    stop();
    const centre = (i) => ((i + 0.5) / CELLS * 2 - 1) * REACH;
    const recipes = Array.from({ length: CELLS * CELLS }, (_, i) => (
      { ...controls, variation: 0, position: [round(centre(i % CELLS)), round(-centre(Math.floor(i / CELLS)))] }));
    const pen = /** @type {CanvasRenderingContext2D} */ (ground.getContext('2d'));
    stop = live.sheet(recipes, {
      cell: (i, picture) => pen.drawImage(picture, (i % CELLS) * declaration.size, Math.floor(i / CELLS) * declaration.size, declaration.size, declaration.size),
      fault: () => { drawn = ''; },
    });
  };
  const show = (controls) => {
    if (controls.generator !== declaration.id) return;
    const [x, y] = position();
    surface.show(Math.max(-1, Math.min(1, x / REACH)), Math.max(-1, Math.min(1, y / REACH)));
    chart(controls);
  };
  live.on('frame', ({ header }) => header.position && show(state.recipe));
  live.on('mode', () => show(state.recipe));
  return { root: surface.root, show };
}
