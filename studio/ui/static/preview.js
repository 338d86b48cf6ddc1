/** A control shows what it does before it is used: a small strip of pictures along it, while the pointer waits on it. @module */

import { layer } from './dialog.js';
import { calm, clamp, h } from './dom.js';

const WAIT = 450; // ms on a control's name

/** @param {any} atelier @returns {(owner: HTMLElement, recipes: (controls: any) => any[]) => void} */
export function previewer({ state, live }) {
  return (owner, recipes) => {
    const name = owner.querySelector('.row-name');
    let timer = 0;
    let away = () => {};
    const show = () => {
      const wanted = recipes(state.recipe);
      const { rendering, size } = state.declaration;
      const cells = wanted.map(() => h('canvas', { width: size, height: size, 'data-rendering': rendering }));
      const strip = h('div', { class: 'peek', 'aria-hidden': 'true', 'data-calm': calm() }, ...cells);
      layer().append(strip);
      const box = owner.getBoundingClientRect();
      strip.style.left = `${clamp(box.left, 8, innerWidth - strip.offsetWidth - 8)}px`;
      strip.style.top = `${clamp(box.top - strip.offsetHeight - 6, 8, innerHeight)}px`;
      const stop = live.sheet(wanted, { cell: (i, picture) => cells[i].getContext('2d').drawImage(picture, 0, 0, size, size) });
      away = () => {
        stop();
        strip.remove();
      };
    };
    const leave = () => {
      clearTimeout(timer);
      away();
      away = () => {};
    };
    name?.addEventListener('pointerenter', (event) => {
      if (event.pointerType === 'mouse' && live.mode === 'live') timer = window.setTimeout(show, WAIT);
    });
    name?.addEventListener('pointerleave', leave);
    owner.addEventListener('pointerdown', leave);
  };
}
