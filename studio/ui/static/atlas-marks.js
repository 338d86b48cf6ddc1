/** What is drawn upon a map besides its pictures; each mark has an edge of the panel's colour, so that it is seen on whatever lies below. @module */

/** @typedef {CanvasRenderingContext2D} Pen */

/** Round a picture. @param {Pen} pen @param {number} left @param {number} top @param {number} side @param {number} width @param {string} color @param {string} beside */
export function frame(pen, left, top, side, width, color, beside, out = 0) {
  for (const [line, grow, paint] of [[width + 2, out + 1, beside], [width, out + 1, color]]) {
    Object.assign(pen, { strokeStyle: paint, lineWidth: line });
    pen.strokeRect(left - grow, top - grow, side + 2 * grow, side + 2 * grow);
  }
}

/** Where the picture in Create was taken. @param {Pen} pen @param {[number, number]} at @param {string} accent @param {string} panel */
export function pin(pen, [x, y], accent, panel) {
  pen.beginPath();
  pen.arc(x, y, 7, 0, Math.PI * 2);
  Object.assign(pen, { fillStyle: panel, strokeStyle: accent, lineWidth: 3 });
  pen.fill();
  pen.stroke();
}

/** Where the keyboard is. @param {Pen} pen @param {[number, number]} at @param {string} ink @param {string} panel */
export function cross(pen, [x, y], ink, panel) {
  for (const [color, width] of [[panel, 4], [ink, 1.5]]) {
    Object.assign(pen, { strokeStyle: color, lineWidth: width });
    pen.beginPath();
    for (const [a, b] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      pen.moveTo(x + a * 4, y + b * 4);
      pen.lineTo(x + a * 12, y + b * 12);
    }
    pen.stroke();
  }
}
