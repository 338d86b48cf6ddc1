/** From a frame's bytes to something that can be drawn. @module */

/** @typedef {{format: string, rest?: boolean, width?: number, height?: number}} Coded */

/** A lossless picture, which may be kept. @param {Uint8Array<ArrayBuffer>} bytes @param {Coded} header @returns {Promise<ImageBitmap>} */
export const decodeExactly = (bytes, header) => createImageBitmap(new Blob([bytes], { type: typeOf(header) }));

/**
 * A frame, to be drawn now. Plain pixels need no decoding; a Blob goes through the browser's other processes before it is
 * decoded, an ImageDecoder, which only a secure page has, reads the bytes where they are.
 * @param {Uint8Array<ArrayBuffer>} bytes @param {Coded} header @returns {Promise<ImageBitmap|VideoFrame|OffscreenCanvas>}
 */
export async function decodeFrame(bytes, header) {
  const { format, rest, width = 0, height = 0 } = header;
  if (format === 'rgba') {
    const pixels = new ImageData(new Uint8ClampedArray(bytes.buffer, bytes.byteOffset, bytes.byteLength), width, height);
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext('2d')?.putImageData(pixels, 0, 0);
    return canvas;
  }
  if (rest || !('ImageDecoder' in globalThis)) return decodeExactly(bytes, header);
  const decoder = new ImageDecoder({ data: bytes, type: typeOf(header) });
  const { image } = await decoder.decode();
  decoder.close();
  return image;
}

/** @param {Coded} header */
const typeOf = ({ format = 'png' }) => `image/${format}`;
