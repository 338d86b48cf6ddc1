/** The page's few signs, drawn on a 20 x 20 grid with one stroke. @module */

const SHAPES = {
  dice: 'M4 3.5h12a.5.5 0 0 1 .5.5v12a.5.5 0 0 1-.5.5H4a.5.5 0 0 1-.5-.5V4a.5.5 0 0 1 .5-.5zM7 7h.01M13 7h.01M10 10h.01M7 13h.01M13 13h.01',
  lock: 'M5 9h10v7.5H5zM7 9V6.5a3 3 0 0 1 6 0V9',
  unlock: 'M5 9h10v7.5H5zM7 9V6.5a3 3 0 0 1 5.8-1',
  minus: 'M5 10h10',
  plus: 'M5 10h10M10 5v10',
  undo: 'M4 8h8a4 4 0 0 1 0 8H8M4 8l3.5-3.5M4 8l3.5 3.5',
  redo: 'M16 8H8a4 4 0 0 0 0 8h4M16 8l-3.5-3.5M16 8l-3.5 3.5',
  compare: 'M3 4.5h14v11H3zM10 2.5v15M5.5 12l1.3-4 1.3 4',
  sheet: 'M3.5 3.5h5v5h-5zM11.5 3.5h5v5h-5zM3.5 11.5h5v5h-5zM11.5 11.5h5v5h-5z',
  save: 'M10 16.5S3.5 12.8 3.5 8.2A3.4 3.4 0 0 1 10 6.7a3.4 3.4 0 0 1 6.5 1.5c0 4.6-6.5 8.3-6.5 8.3z',
  download: 'M10 3v9.5M6 9l4 4 4-4M4 16.5h12',
  share: 'M8.5 11.5l3-3M9 6.5l1.7-1.7a3 3 0 0 1 4.5 4.5L13.5 11M11 13.5l-1.7 1.7a3 3 0 0 1-4.5-4.5L6.5 9',
  copy: 'M7 7h9.5v9.5H7zM4.5 13H3.5V3.5H13v1',
  full: 'M3.5 7.5v-4h4M12.5 3.5h4v4M16.5 12.5v4h-4M7.5 16.5h-4v-4',
  close: 'M5 5l10 10M15 5L5 15',
  half: 'M10 3.5a6.5 6.5 0 1 0 0 13zM10 3.5a6.5 6.5 0 0 1 0 13',
  keys: 'M2.5 5.5h15v9h-15zM5.5 8.5h.01M8.5 8.5h.01M11.5 8.5h.01M14.5 8.5h.01M6.5 11.5h7',
  swap: 'M4 7h11M12 4l3 3-3 3M16 13H5M8 10l-3 3 3 3',
  reset: 'M10 5.5v-3L6 6l4 3.5v-3a4.5 4.5 0 1 1-4.5 4.5',
  blend: 'M7.5 5a5 5 0 1 0 0 10 5 5 0 0 0 0-10zM12.5 5a5 5 0 1 1 0 10 5 5 0 0 1 0-10z',
  check: 'M4.5 10.5l4 4 7-8',
  left: 'M12.5 4.5L7 10l5.5 5.5',
  right: 'M7.5 4.5L13 10l-5.5 5.5',
  remove: 'M4 5.5h12M8 5.5v-2h4v2M5.5 5.5l.7 11h7.6l.7-11M8.5 8.5v5M11.5 8.5v5',
  label: 'M3.5 3.5h6.2l6.8 6.8-6.2 6.2-6.8-6.8zM6.8 6.8h.01',
  collect: 'M3.5 5.5h7M3.5 9.5h7M3.5 13.5h4M14 9v7M10.5 12.5h7',
  pack: 'M3.5 7v9.5h13V7zM3.5 7l2-3.5h9l2 3.5M8 10h4',
  play: 'M6.5 4l9 6-9 6z',
  brush: 'M16.5 3.5L9 11M9.8 13.2L6.8 10.2C4 11 5 14 3.5 16c3 .8 6-.2 6.3-2.8z',
  eraser: 'M8 16.5h9M3.8 12.2l7.4-7.4 5 5-6.7 6.7H7zM8 8l5 5',
  frame: 'M4 5.5h12v9H4z',
  map: 'M3.5 5.5l4.3-2 4.4 2 4.3-2v11l-4.3 2-4.4-2-4.3 2zM7.8 3.5v11M12.2 5.5v11',
  mirror: 'M10 3v14M7.5 6.5L3 14h4.5zM12.5 6.5L17 14h-4.5z',
  send: 'M4 10h11M11 6l4 4-4 4M4 4.5v11',
  open: 'M3.5 15.5v-11h5l1.5 2h6.5v9z',
  camera: 'M3.5 6.5h3l1.2-2h4.6l1.2 2h3v9h-13zM10 8.3a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4z',
  perform: 'M10 4a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM10 10l3-3.5',
  more: 'M5 10h.01M10 10h.01M15 10h.01',
  pause: 'M7 4.5v11M13 4.5v11',
  search: 'M8.8 3.5a5.3 5.3 0 1 0 0 10.6 5.3 5.3 0 0 0 0-10.6zM12.7 12.7l3.8 3.8',
};

/** @param {keyof typeof SHAPES} name @returns {SVGElement} */
export function icon(name) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', SHAPES[name]);
  svg.append(path);
  return svg;
}
