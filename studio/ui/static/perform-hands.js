/** Where the visitor's hands are: what they hold or have just let go of is moved by nothing else. @module */

const LINGER = 800; // ms after the last touch

/** @param {HTMLElement} root @returns {{on: (parts: Element[]) => boolean, holding: () => boolean}} */
export function watchHands(root) {
  let held = /** @type {Element|null} */ (null);
  let last = { place: /** @type {Element|null} */ (null), at: -Infinity };
  // The shares of a mixture move together, so a hand on one is on all.
  const placeOf = ({ target }) => (target.closest?.('.learn') ? null : target.closest?.('.mixture, .picker') ?? target.closest?.('.pad, .stage, .row') ?? null);
  const touch = (place) => {
    if (place) last = { place, at: performance.now() };
  };
  root.addEventListener('pointerdown', (event) => { held = placeOf(event); }, true);
  for (const end of ['pointerup', 'pointercancel', 'blur']) {
    addEventListener(end, () => {
      touch(held);
      held = null;
    }); // without capture: of all that loses the focus, only the window itself
  }
  // What a mapping does to a slider is an event too, but no hand's.
  for (const kind of ['input', 'keydown', 'wheel']) root.addEventListener(kind, (event) => event.isTrusted && touch(placeOf(event)), { capture: true, passive: true });
  const among = (place, parts) => !!place && parts.some((part) => place.contains(part));
  return {
    on: (parts) => among(held, parts) || (performance.now() - last.at < LINGER && among(last.place, parts)),
    holding: () => !!held,
  };
}
