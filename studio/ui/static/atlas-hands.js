/** Hands on a map: drag, wheel, pinch and keys move over it; a press takes, a press that lasts wanders. @module */

const HOLD = 350; // ms until a press that stays is a hold
const SLIP = 6; // pixels that a press may move
const STEP = 48; // pixels, of an arrow key
const CLOSER = 1.3; // times, of a key

/** @typedef {[number, number]} Point pixels from the canvas' corner */

/**
 * @param {import('./atlas-ground.js').Ground} ground
 * @param {{peek: (at: Point|null) => void, take: (at: Point) => void, wander: (at: Point) => void, rest: () => void}} told
 *   peek: the pointer passes over it without a press, null = it has left
 */
export function hands(ground, { peek, take, wander, rest }) {
  const { canvas } = ground;
  const down = /** @type {Map<number, Point>} */ (new Map());
  let press = /** @type {'none'|'still'|'drag'|'wander'|'pinch'} */ ('none');
  let began = /** @type {Point} */ ([0, 0]);
  let timer = 0;
  const point = (event) => /** @type {Point} */ ([event.clientX - canvas.getBoundingClientRect().left, event.clientY - canvas.getBoundingClientRect().top]);
  const become = (what) => {
    clearTimeout(timer);
    press = what;
    canvas.dataset.press = what;
  };
  const spread = () => {
    const [[ax, ay], [bx, by]] = [...down.values()];
    return { middle: /** @type {Point} */ ([(ax + bx) / 2, (ay + by) / 2]), wide: Math.max(Math.hypot(ax - bx, ay - by), 1) };
  };

  canvas.addEventListener('pointerdown', (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    if (press === 'wander') rest();
    down.set(event.pointerId, point(event));
    if (down.size > 1) return become('pinch');
    began = point(event);
    become('still');
    timer = window.setTimeout(() => {
      become('wander');
      wander(began);
    }, HOLD);
  });
  canvas.addEventListener('pointermove', (event) => {
    const here = point(event);
    const before = down.get(event.pointerId);
    if (!before) return void (event.pointerType === 'mouse' && !down.size && peek(here));
    const old = down.size === 2 ? spread() : null;
    down.set(event.pointerId, here);
    if (old) {
      const { middle, wide } = spread();
      ground.pan(middle[0] - old.middle[0], middle[1] - old.middle[1]);
      ground.turn(wide / old.wide, ...middle);
    } else if (press === 'wander') wander(here);
    else if (press === 'drag') ground.pan(here[0] - before[0], here[1] - before[1]);
    else if (press === 'still' && Math.hypot(here[0] - began[0], here[1] - began[1]) > SLIP) {
      become('drag');
      ground.pan(here[0] - began[0], here[1] - began[1]);
    }
  });
  for (const end of ['pointerup', 'pointercancel']) {
    canvas.addEventListener(end, (event) => {
      if (!down.delete(event.pointerId)) return;
      if (press === 'wander') rest();
      else if (press === 'still' && end === 'pointerup') take(began);
      if (down.size) return become(down.size > 1 ? 'pinch' : 'drag');
      become('none');
    });
  }
  canvas.addEventListener('pointerleave', () => !down.size && peek(null));
  canvas.addEventListener('wheel', (event) => {
    event.preventDefault();
    ground.turn(Math.exp(-Math.sign(event.deltaY) * Math.min(Math.abs(event.deltaY), 120) * 0.0025), ...point(event));
  }, { passive: false });
  canvas.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const middle = /** @type {Point} */ ([canvas.clientWidth / 2, canvas.clientHeight / 2]);
    const by = STEP * (event.shiftKey ? 4 : 1);
    const deed = {
      ArrowLeft: () => ground.pan(by, 0), ArrowRight: () => ground.pan(-by, 0), ArrowUp: () => ground.pan(0, by), ArrowDown: () => ground.pan(0, -by),
      '+': () => ground.turn(CLOSER), '=': () => ground.turn(CLOSER), '-': () => ground.turn(1 / CLOSER), Home: () => ground.fit(),
    }[event.key];
    if (!deed && event.key !== 'Enter') return;
    event.preventDefault();
    event.stopPropagation(); // on the page arrows are other seeds
    deed?.();
    if (deed) peek(middle);
    else take(middle);
  });
  canvas.addEventListener('blur', () => {
    peek(null);
    ground.look();
  });
  canvas.addEventListener('focus', () => ground.look());
}
