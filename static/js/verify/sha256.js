/**
 * SHA-256, at once and in pieces. The browser's own is asynchronous, which costs more than hashing where a record asks
 * for millions of small hashes.
 */

/** The bits behind the point of roots of the first primes (FIPS 180-4). @param {number} count @param {(n: number) => number} root */
function constants(count, root) {
  const found = new Int32Array(count);
  for (let number = 2, at = 0; at < count; number++) {
    let isPrime = true;
    for (let by = 2; by * by <= number; by++) if (number % by === 0) isPrime = false;
    if (isPrime) found[at++] = Math.floor((root(number) % 1) * 2 ** 32);
  }
  return found;
}

const K = constants(64, Math.cbrt);
const START = constants(8, Math.sqrt);
const words = new Int32Array(64);

/** @param {Int32Array} state changed in place @param {Uint8Array} bytes @param {number} at where the block of 64 begins */
function compress(state, bytes, at) {
  const w = words;
  for (let t = 0; t < 16; t++, at += 4) w[t] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  for (let t = 16; t < 64; t++) {
    const x = w[t - 15];
    const y = w[t - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[t] = (w[t - 16] + s0 + w[t - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let t = 0; t < 64; t++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const one = (h + s1 + ((e & f) ^ (~e & g)) + K[t] + w[t]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

/** A hash of bytes that come in pieces. */
export class Sha256 {
  #state = START.slice();
  #block = new Uint8Array(64);
  #held = 0;
  #length = 0;

  /** @param {Uint8Array} bytes @returns {this} */
  update(bytes) {
    this.#length += bytes.length;
    let at = 0;
    if (this.#held) {
      at = Math.min(64 - this.#held, bytes.length);
      this.#block.set(bytes.subarray(0, at), this.#held);
      this.#held += at;
      if (this.#held < 64) return this;
      compress(this.#state, this.#block, 0);
      this.#held = 0;
    }
    for (; at + 64 <= bytes.length; at += 64) compress(this.#state, bytes, at);
    this.#block.set(bytes.subarray(at));
    this.#held = bytes.length - at;
    return this;
  }

  /** The hash of everything so far; more may follow. @returns {Uint8Array} 32 bytes */
  digest() {
    const state = this.#state.slice();
    const last = new Uint8Array(this.#held < 56 ? 64 : 128);
    last.set(this.#block.subarray(0, this.#held));
    last[this.#held] = 0x80;
    new DataView(last.buffer).setBigUint64(last.length - 8, BigInt(this.#length) * 8n);
    for (let at = 0; at < last.length; at += 64) compress(state, last, at);
    const digest = new DataView(new ArrayBuffer(32));
    state.forEach((word, at) => digest.setInt32(4 * at, word));
    return new Uint8Array(digest.buffer);
  }
}

/** @param {Uint8Array} bytes @returns {Uint8Array} 32 bytes */
export const sha256 = (bytes) => new Sha256().update(bytes).digest();
