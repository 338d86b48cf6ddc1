/** Sticks and buttons of the first gamepad (w3.org/TR/gamepad), asked for only while somebody wants to know. @module */

const DEAD = 0.08; // a stick let go is never quite in the middle
const AXES = 16;
const BUTTONS = 32;

/**
 * @param {import('./perform-player.js').Player} player
 * @returns {import('./perform-player.js').Polled}
 */
export function gamepad(player) {
  const last = /** @type {Map<string, number>} */ (new Map());
  const first = () => [...(navigator.getGamepads?.() ?? [])].find((pad) => pad?.connected);
  const tell = (source, level) => {
    if (last.get(source) === level) return;
    last.set(source, level);
    player.hear(source, level);
  };
  let there = false;
  addEventListener('gamepadconnected', () => {
    there = true;
    player.wake();
  });
  addEventListener('gamepaddisconnected', () => last.clear());
  const mapped = () => [...player.used].some((source) => /^(axis|button)-/.test(source));
  return {
    wanted: () => there && (!!player.learning || mapped()),
    poll: () => {
      const pad = first();
      there = !!pad;
      pad?.axes.slice(0, AXES).forEach((value, i) => tell(`axis-${i}`, ((Math.abs(value) < DEAD ? 0 : value) + 1) / 2));
      pad?.buttons.slice(0, BUTTONS).forEach(({ value }, i) => tell(`button-${i}`, value));
    },
  };
}
