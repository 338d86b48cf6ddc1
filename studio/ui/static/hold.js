/** One finger a thing: a pointer that took hold of an element keeps it until it lets go, whatever other fingers do. @module */

/**
 * @param {HTMLElement} element
 * @param {{begin?: (event: PointerEvent) => void, move: (event: PointerEvent) => void, end?: () => void}} told `move` is called at the touch, too
 */
export function hold(element, { begin = () => {}, move, end = () => {} }) {
  let held = /** @type {number|null} */ (null);
  element.addEventListener('pointerdown', (event) => {
    if (held !== null || event.button) return;
    held = event.pointerId;
    element.setPointerCapture(held);
    element.classList.add('held');
    begin(event);
    move(event);
  });
  element.addEventListener('pointermove', (event) => event.pointerId === held && move(event));
  for (const over of /** @type {const} */ (['pointerup', 'pointercancel', 'lostpointercapture'])) {
    element.addEventListener(over, (event) => {
      if (event.pointerId !== held) return;
      held = null;
      element.classList.remove('held');
      end();
    });
  }
}
