/** Whether the house is open. @module */

/** @param {string} time HH:MM */
const minutes = (time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

/** By this machine's clock; hours may go over midnight, and without any it is always open. @param {{opens: string, closes: string}} hours @param {Date} [now] */
export function isOpen({ opens, closes }, now = new Date()) {
  if (!opens || !closes || opens === closes) return true;
  const [from, to, at] = [minutes(opens), minutes(closes), now.getHours() * 60 + now.getMinutes()];
  return from < to ? from <= at && at < to : at >= from || at < to;
}
