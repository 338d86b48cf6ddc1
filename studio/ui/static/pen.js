/** Writing on the picture: a visitor's own first strokes, which the network goes on from, and the whole written anew, stroke by stroke. @module */

import { linkOf } from './api.js';
import { calm, clamp, h } from './dom.js';
import { compact } from './state.js';

const THOUSAND = 1000; // a stroke's coordinates are thousandths of the side
const APART = 0.008; // of the side: points nearer than this to the last one tell nothing new
const MOST = { strokes: 128, points: 400 };
const LINE = 0.045; // of the side: the visitor's line until the picture has it
const BRUSH = 0.056; // of the side: as much as a brush can cover beside a stroke's middle
const SPEED = 1.6; // sides a second
const LIFT = 90; // ms between two strokes

/**
 * @param {any} atelier @param {{root: HTMLElement, canvas: HTMLCanvasElement}} picture
 * @returns {{on: boolean, hold: (on: boolean) => void, clear: () => void, replay: () => Promise<void>}}
 */
export function pen(atelier, { root, canvas }) {
  const { state, live, words, api } = atelier;
  const paper = h('canvas', { class: 'paper', 'data-role': 'paper', width: 512, height: 512 });
  const brush = /** @type {CanvasRenderingContext2D} */ (paper.getContext('2d'));
  let stroke = /** @type {number[]|null} */ (null);
  let on = false;
  let showing = 0; // the number of the writing on show; 0 = none

  const wipe = () => brush.clearRect(0, 0, paper.width, paper.height);
  const told = () => document.dispatchEvent(new CustomEvent('atelier:pen', { detail: { on, showing: showing > 0 } }));
  const blank = () => root.toggleAttribute('data-blank', on && !state.recipe.strokes.length);
  const leave = () => !on && !showing && paper.remove();

  const hold = (next) => {
    if (on === next) return;
    on = next;
    stroke = null;
    wipe();
    paper.classList.toggle('held', on);
    if (on) root.append(paper);
    blank();
    leave();
    told();
  };
  const stop = () => {
    if (!showing) return;
    showing = 0;
    wipe();
    leave();
    told();
  };

  const at = ({ offsetX, offsetY }) => [offsetX / paper.clientWidth, offsetY / paper.clientHeight].map((part) => Math.round(clamp(part, 0, 1) * THOUSAND));
  const draw = () => {
    Object.assign(brush, { lineWidth: LINE * paper.width, lineCap: 'round', lineJoin: 'round', strokeStyle: '#000' });
    brush.stroke(lineThrough(stroke ?? [], paper.width));
  };
  const add = (event) => {
    if (!stroke) return;
    for (const part of event.getCoalescedEvents?.() ?? [event]) {
      const [x, y] = at(part);
      if (Math.hypot(x - stroke[stroke.length - 2], y - stroke[stroke.length - 1]) > APART * THOUSAND) stroke.push(x, y);
    }
    draw();
  };
  paper.addEventListener('pointerdown', (event) => {
    if (!on || event.button) return;
    stop();
    paper.setPointerCapture(event.pointerId);
    stroke = at(event);
    draw();
  });
  paper.addEventListener('pointermove', add);
  paper.addEventListener('pointerup', () => {
    if (!stroke) return;
    const strokes = [...state.recipe.strokes, stroke];
    stroke = null;
    if (strokes.length > MOST.strokes || strokes.flat().length / 2 > MOST.points) {
      wipe();
      return atelier.notice.say(words.say('strokes.enough'));
    }
    state.change({ strokes }, { rest: true, from: 'pen' });
  });
  paper.addEventListener('pointercancel', () => {
    stroke = null;
    wipe();
  });
  live.on('frame', () => {
    if (!stroke) wipe();
  });
  state.follow((controls, { from }) => {
    stop();
    if (on && !state.declaration.draws_strokes) hold(false);
    if (from !== 'begin') blank();
  });

  /** The picture at hand, written as its strokes were. */
  async function replay() {
    if (showing) return stop();
    const number = Math.random();
    showing = number;
    told();
    try {
      const recipe = compact(state.recipe);
      const answer = await fetch(api.at(`strokes.svg?r=${encodeURIComponent(await linkOf(api, recipe))}`));
      const paths = pathsOf(await answer.text());
      if (showing !== number || !answer.ok) return stop();
      root.append(paper);
      await written(paths, () => showing === number);
    } finally {
      if (showing === number) stop();
    }
  }

  /** The picture comes out from under a broad brush that goes where its own strokes went. @param {Path[]} paths @param {() => boolean} goes */
  async function written(paths, goes) {
    if (calm()) return;
    const mask = new OffscreenCanvas(paper.width, paper.height);
    const cover = /** @type {OffscreenCanvasRenderingContext2D} */ (mask.getContext('2d'));
    cover.scale(paper.width, paper.height);
    Object.assign(cover, { lineWidth: BRUSH, lineCap: 'round', lineJoin: 'round' });
    const show = (path, share) => {
      cover.setLineDash([path.length * share, path.length + 1]);
      cover.stroke(path.shape);
      brush.globalCompositeOperation = 'copy';
      brush.drawImage(mask, 0, 0);
      brush.globalCompositeOperation = 'source-in';
      brush.drawImage(canvas, 0, 0, paper.width, paper.height);
      brush.globalCompositeOperation = 'destination-over';
      brush.fillStyle = '#fff';
      brush.fillRect(0, 0, paper.width, paper.height);
      brush.globalCompositeOperation = 'source-over';
    };
    for (const path of paths) {
      const begun = performance.now();
      for (let share = 0; share < 1 && goes();) {
        await frame();
        share = Math.min(1, ((performance.now() - begun) / 1000) * (SPEED / Math.max(path.length, 0.05)));
        if (goes()) show(path, share);
      }
      await new Promise((done) => setTimeout(done, LIFT));
      if (!goes()) return;
    }
  }

  return {
    get on() {
      return on;
    },
    hold,
    clear: () => state.change({ strokes: [] }, { rest: true }),
    replay,
  };
}

const frame = () => new Promise((done) => requestAnimationFrame(done));

/** @param {number[]} stroke x, y, x, y … in thousandths @param {number} side */
function lineThrough(stroke, side) {
  const line = new Path2D();
  for (let i = 0; i < stroke.length; i += 2) line.lineTo((stroke[i] / THOUSAND) * side, (stroke[i + 1] / THOUSAND) * side);
  if (stroke.length === 2) line.lineTo((stroke[0] / THOUSAND) * side + 0.01, (stroke[1] / THOUSAND) * side);
  return line;
}

/**
 * The paths of an SVG drawing, as long and as large as if its side were 1.
 * @typedef {{shape: Path2D, length: number}} Path @param {string} text @returns {Path[]}
 */
function pathsOf(text) {
  const drawing = new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
  const side = Number(drawing.getAttribute('viewBox')?.split(' ')[2] ?? 1);
  return [...drawing.querySelectorAll('path')].map((path) => {
    const shape = new Path2D();
    shape.addPath(new Path2D(path.getAttribute('d') ?? ''), new DOMMatrix().scale(1 / side));
    return { shape, length: path.getTotalLength() / side };
  });
}
