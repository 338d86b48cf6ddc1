// Draws portraits FROM..TO-1: node portraits.mjs SIZE FROM TO
// Writes to stdout, a portrait at a time: one JSON line of attributes, then SIZE*SIZE*3 bytes of RGB.
import { once } from "node:events";
import { createAvatar } from "@dicebear/core";
import { lorelei, notionists, openPeeps, pixelArt } from "@dicebear/collection";
import { Resvg } from "@resvg/resvg-js";

// Soft and of like lightness, so that white paper skin and black ink both stand out on each.
const BACKGROUNDS = ["f4c9b8", "efb8bd", "f5dfa3", "c9ddb0", "b0dcd0", "b3d4ee", "c8c3ee", "dfcfc0"];
const SKINS = ["ffffff", "ffe3cf", "f5cba7", "e0a878", "b97d4f", "8a5a3b"];
const HAIRS = ["000000", "000000", "2b1d16", "5a3620", "8c5a2b", "c08a3e", "a63f24", "7c7f86", "4f5d95", "a84f7a"];
const JEWELS = ["000000", "c9952b", "3f7cac", "b23a48"];

// Heads and faces that are a joke rather than a person would teach a generator a mode of their own.
const PEEP_HEADS = openPeeps.schema.properties.head.default.filter((head) => head !== "bear");
const PEEP_FACES = [
  "awe", "blank", "calm", "cheeky", "concerned", "contempt", "cute", "driven", "eatingHappy", "explaining",
  "eyesClosed", "fear", "hectic", "lovingGrin1", "lovingGrin2", "old", "serious", "smile", "smileBig", "smileLOL",
  "smileTeethGap", "solemn", "suspicious", "tired",
];

// In the order of the set's style labels; a portrait's style is its index modulo four, which balances every stretch.
// Scale and shift let a face fill the frame and its neck leave it.
const STYLES = [
  ["lorelei", lorelei, {
    skinColor: SKINS, hairColor: HAIRS, earringsColor: JEWELS, glassesColor: JEWELS, hairAccessoriesColor: JEWELS,
    beardProbability: 15, earringsProbability: 25, frecklesProbability: 12, glassesProbability: 30,
    hairAccessoriesProbability: 10, scale: 118, translateY: 8,
  }],
  ["notionists", notionists, {
    beardProbability: 25, glassesProbability: 30, gestureProbability: 0, bodyIconProbability: 0, scale: 150, translateY: 16,
  }],
  ["open-peeps", openPeeps, {
    head: PEEP_HEADS, face: PEEP_FACES, accessoriesProbability: 30, facialHairProbability: 25, maskProbability: 0,
  }],
  ["pixel-art", pixelArt, {
    accessoriesProbability: 20, beardProbability: 20, glassesProbability: 30, hatProbability: 12,
  }],
];

function draw(index, size) {
  const [style, design, options] = STYLES[index % STYLES.length];
  const seed = `${style}-${index}`;
  const avatar = createAvatar(design, { ...options, seed, backgroundColor: BACKGROUNDS });
  const { svg, extra } = avatar.toJson();
  const image = new Resvg(svg, { fitTo: { mode: "width", value: size }, font: { loadSystemFonts: false } }).render();
  return { line: JSON.stringify({ style, seed, ...drawn(extra, design.schema.properties) }) + "\n", rgb: opaque(image.pixels) };
}

// A design names a colour for glasses nobody wears, too; a label must speak of what can be seen.
function drawn({ primaryBackgroundColor, secondaryBackgroundColor, backgroundType, backgroundRotation, ...parts }, schema) {
  const seen = Object.entries(parts).filter(([name]) => {
    const part = name.replace(/Color$/, "");
    return !(`${part}Probability` in schema) || parts[part] !== undefined;
  });
  return { backgroundColor: primaryBackgroundColor, ...Object.fromEntries(seen) };
}

// The background covers the whole square, so alpha is 255 everywhere and can be dropped.
function opaque(rgba) {
  const rgb = Buffer.allocUnsafe((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    if (rgba[from + 3] !== 255) throw new Error(`A pixel is transparent (alpha ${rgba[from + 3]}).`);
    rgb[to] = rgba[from];
    rgb[to + 1] = rgba[from + 1];
    rgb[to + 2] = rgba[from + 2];
  }
  return rgb;
}

const [size, first, end] = process.argv.slice(2).map(Number);
for (let index = first; index < end; index += 1) {
  const { line, rgb } = draw(index, size);
  process.stdout.write(line);
  if (!process.stdout.write(rgb)) await once(process.stdout, "drain");
}
