/** The picture itself: painted large without mush, and moved through the latent by dragging on it. @module */

import { clamp, h, round } from './dom.js';

// A smooth picture is enlarged once with care, further when the hand rests; the browser's own scaling does what is left.
const SIDE = { moving: 128, resting: 512 };
const REACH = 4; // positions run over -4..4
const FINE = 0.05;

/** Paint a picture, enlarged by a whole number as its card wants it. @param {HTMLCanvasElement} canvas @param {ImageBitmap|VideoFrame|OffscreenCanvas} picture @param {string} rendering */
export function paint(canvas, picture, rendering, side = SIDE.resting) {
  const [across, down] = 'width' in picture ? [picture.width, picture.height] : [picture.displayWidth, picture.displayHeight];
  const times = rendering === 'crisp' ? 1 : Math.max(1, Math.floor(side / across));
  const [width, height] = [across * times, down * times];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  canvas.dataset.rendering = rendering;
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  pen.imageSmoothingEnabled = times > 1;
  pen.imageSmoothingQuality = 'high';
  pen.drawImage(picture, 0, 0, width, height);
}

/**
 * @param {any} atelier
 * @returns {{root: HTMLElement, canvas: HTMLCanvasElement, position: () => [number, number]}}
 */
export function stage(atelier) {
  const { state, live, words } = atelier;
  const canvas = h('canvas', { 'data-role': 'picture', tabindex: 0, role: 'application', width: 64, height: 64 });
  words.put(canvas, 'stage.label', {}, 'label');
  const root = h('div', { class: 'stage', 'data-mode': 'opening' }, canvas);
  let place = /** @type {[number, number]} */ ([0, 0]);

  live.on('frame', ({ header, picture, generator }) => {
    if (header.position) place = header.position;
    paint(canvas, picture, state.declared(generator).rendering, header.rest ? SIDE.resting : SIDE.moving);
    root.dataset.mode = 'live';
    if (header.rest) document.body.style.setProperty('--tint', meanColour(picture));
    document.dispatchEvent(new CustomEvent('atelier:painted', { detail: { id: header.id, rest: header.rest } }));
  });
  // A map shows where its seed lies; elsewhere a drag begins at the seed itself.
  const position = () => state.recipe.position ?? (state.declaration.is_map ? place : [0, 0]);
  drag(canvas, { state, position });
  return { root, canvas, position };
}

/** The mean colour of a picture. @param {ImageBitmap} picture */
export function meanColour(picture) {
  const pen = new OffscreenCanvas(1, 1).getContext('2d');
  if (!pen) return 'transparent';
  pen.imageSmoothingQuality = 'high';
  pen.drawImage(picture, 0, 0, 1, 1);
  const [red, green, blue] = pen.getImageData(0, 0, 1, 1).data;
  return `rgb(${red} ${green} ${blue})`;
}

/** @param {HTMLCanvasElement} canvas @param {{state: any, position: () => [number, number]}} told */
function drag(canvas, { state, position }) {
  let held = /** @type {{x: number, y: number, from: [number, number], moved: boolean}|null} */ (null);
  const move = (x, y, rest) => state.change({ position: [round(clamp(x, -REACH, REACH)), round(clamp(y, -REACH, REACH))] }, { rest });

  canvas.addEventListener('pointerdown', (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    held = { x: event.clientX, y: event.clientY, from: [...position()], moved: false };
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!held) return;
    const across = (event.clientX - held.x) / canvas.clientWidth;
    const up = (held.y - event.clientY) / canvas.clientHeight;
    if (!held.moved && Math.hypot(across, up) < 0.006) return; // a click is not a drag
    held.moved = true;
    canvas.classList.add('held');
    const width = state.declaration.is_map ? 3 : 2;
    move(held.from[0] + across * width, held.from[1] + up * width, false);
  });
  for (const end of ['pointerup', 'pointercancel']) {
    canvas.addEventListener(end, () => {
      if (held?.moved) state.rest();
      held = null;
      canvas.classList.remove('held');
    });
  }
  canvas.addEventListener('dblclick', () => state.change({ position: null }, { rest: true }));
  canvas.addEventListener('keydown', (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!way || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const by = FINE * (event.shiftKey ? 5 : 1);
    const [x, y] = position();
    move(x + way[0] * by, y + way[1] * by, true);
  });
}
