/** What the browser keeps for the page; in another site's frame it may refuse to, and then it lasts as long as the page. @module */

/** @param {'localStorage'|'sessionStorage'} kind @returns {Pick<Storage, 'getItem'|'setItem'|'removeItem'>} */
function open(kind) {
  try {
    return window[kind];
  } catch {
    const held = /** @type {Map<string, string>} */ (new Map());
    return {
      getItem: (key) => held.get(key) ?? null,
      setItem: (key, text) => { held.set(key, text); },
      removeItem: (key) => { held.delete(key); },
    };
  }
}

export const storage = open('localStorage');
export const tabStorage = open('sessionStorage'); // of this tab alone
