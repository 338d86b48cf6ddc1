/** Pictures of the gallery go out as a ZIP, which the browser saves as it comes. @module */

import { ApiFault } from './api.js';
import { h } from './dom.js';

/**
 * @param {any} atelier @param {{ids?: string[], collection?: string}} what @param {(fault: unknown) => void} failed
 */
export function exportZip({ api, words }, { ids = [], collection = '' }, failed) {
  const frame = h('iframe', { name: 'atelier-export', hidden: true });
  const given = { ids: ids.join(','), collection, language: words.language };
  const form = h('form', { method: 'post', action: api.at('gallery.zip'), target: frame.name, hidden: true },
    ...Object.entries(given).map(([name, value]) => h('input', { type: 'hidden', name, value })));
  document.querySelector(`iframe[name=${frame.name}]`)?.remove();
  document.body.append(frame, form);
  // A file is saved and loads nothing; what does load is a fault.
  frame.addEventListener('load', () => {
    const said = frame.contentDocument?.body?.textContent?.trim();
    if (said) failed(new ApiFault(read(said)));
  });
  form.submit();
  form.remove();
}

/** @param {string} said */
function read(said) {
  try {
    return JSON.parse(said).fault ?? {};
  } catch {
    return { code: 'fault.http', params: { status: 500 } };
  }
}
