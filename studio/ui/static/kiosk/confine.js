/** Keeps a passer-by on the page: no menu, no selection, no zoom, nothing to drag out of it. @module */

const NEVER = ['contextmenu', 'selectstart', 'dragstart', 'drop', 'dragover', 'gesturestart', 'copy', 'cut', 'paste', 'auxclick'];
const CORNER = 90; // pixels from the top left
const PATIENCE = 5000; // ms that the curator's finger rests there
const SLACK = 30; // pixels that it may tremble

/** @param {Document} page */
export function confine(page) {
  const never = (/** @type {Event} */ event) => event.cancelable && event.preventDefault();
  for (const name of NEVER) page.addEventListener(name, never, { capture: true });
  for (const name of ['wheel', 'touchmove']) page.addEventListener(name, never, { capture: true, passive: false });
}

/** A finger that rests in the corner for some seconds asks for the curator's page, where the PIN is asked. @param {() => void} open */
export function listenInCorner(open) {
  const timers = /** @type {Map<number, {timer: number, x: number, y: number}>} */ (new Map());
  const give = (/** @type {number} */ id) => {
    clearTimeout(timers.get(id)?.timer);
    timers.delete(id);
  };
  addEventListener('pointerdown', ({ pointerId, clientX: x, clientY: y }) => {
    if (x < CORNER && y < CORNER) timers.set(pointerId, { timer: window.setTimeout(open, PATIENCE), x, y });
  }, { capture: true });
  addEventListener('pointermove', ({ pointerId, clientX, clientY }) => {
    const from = timers.get(pointerId);
    if (from && Math.hypot(clientX - from.x, clientY - from.y) > SLACK) give(pointerId);
  }, { capture: true });
  for (const over of /** @type {const} */ (['pointerup', 'pointercancel'])) addEventListener(over, ({ pointerId }) => give(pointerId), { capture: true });
}
