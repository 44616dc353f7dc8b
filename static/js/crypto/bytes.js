/** Bytes, hex and text. */

const encoder = new TextEncoder();

/**
 * The UTF-8 of a text. Half of a surrogate pair has none and is refused, where
 * TextEncoder alone would silently put U+FFFD.
 * @param {string} text
 * @returns {Uint8Array}
 */
export function utf8(text) {
  if (/\p{Surrogate}/u.test(text)) throw new TypeError("The text has half of a surrogate pair.");
  return encoder.encode(text);
}

/**
 * @param {Uint8Array} bytes
 * @returns {string} 0x and lower-case hex digits
 */
export function toHex(bytes) {
  let hex = "0x";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  return hex;
}

/**
 * @param {string} hex 0x and an even number of hex digits
 * @returns {Uint8Array}
 */
export function fromHex(hex) {
  if (typeof hex !== "string" || !/^0x([0-9a-fA-F]{2})*$/.test(hex)) {
    throw new TypeError("Bytes are written as 0x and an even number of hex digits.");
  }
  const bytes = new Uint8Array(hex.length / 2 - 1);
  for (let at = 0; at < bytes.length; at++) bytes[at] = parseInt(hex.slice(2 + 2 * at, 4 + 2 * at), 16);
  return bytes;
}

/**
 * @param {...Uint8Array} parts
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * @param {Uint8Array} bytes big-endian
 * @returns {bigint}
 */
export function toInteger(bytes) {
  return bytes.length ? BigInt(toHex(bytes)) : 0n;
}

/**
 * @param {bigint} value 0 ≤ value < 2^256
 * @returns {Uint8Array} 32 bytes, big-endian
 */
export function word(value) {
  return fromHex("0x" + value.toString(16).padStart(64, "0"));
}
