/** What the exhibition's pages ask of the studio. @module */

import { ApiFault } from '../api.js';

/** @param {string} path @param {object} [given] JSON to post; without it the answer is read */
export async function ask(path, given) {
  const asked = given && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(given), keepalive: true };
  const answer = await fetch(new URL(path, document.baseURI), asked);
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new ApiFault(told.fault ?? { code: 'fault.http', params: { status: answer.status } });
  return told;
}

/** Ask again and again, from now on; what fails is asked again the next time. @param {string} path @param {number} every ms @param {(told: any) => void} hear */
export function keepAsking(path, every, hear) {
  const turn = () => ask(path).then(hear, () => {}).finally(() => setTimeout(turn, every));
  void turn();
}
