/** Keccak-256, Ethereum's hash. Lanes of 64 bits are kept as two halves of 32. */

const RATE = 136; // bytes a block
const ROUNDS = 24;

/** The bits of the round constants come from a shift register (FIPS 202, algorithm 5). */
function roundConstants() {
  const low = new Int32Array(ROUNDS);
  const high = new Int32Array(ROUNDS);
  let register = 1;
  for (let round = 0; round < ROUNDS; round++) {
    for (let step = 0; step < 7; step++) {
      const position = (1 << step) - 1;
      if (register & 1) (position < 32 ? low : high)[round] |= 1 << (position & 31);
      register = (register << 1) ^ (register & 0x80 ? 0x171 : 0);
    }
  }
  return { low, high };
}

/** Where lane by lane goes (pi) and by how many bits it turns (rho), along one walk. */
function walk() {
  const steps = [];
  let [x, y] = [1, 0];
  for (let step = 0; step < 24; step++) {
    const from = x + 5 * y;
    [x, y] = [y, (2 * x + 3 * y) % 5];
    steps.push({ from, to: x + 5 * y, turn: (((step + 1) * (step + 2)) / 2) % 64 });
  }
  return steps;
}

const CONSTANTS = roundConstants();
const WALK = walk();

/** @param {Int32Array} low @param {Int32Array} high the 25 lanes, changed in place */
function permute(low, high) {
  const l = new Int32Array(25);
  const h = new Int32Array(25);
  for (let round = 0; round < ROUNDS; round++) {
    for (let x = 0; x < 5; x++) {
      l[x] = low[x] ^ low[x + 5] ^ low[x + 10] ^ low[x + 15] ^ low[x + 20];
      h[x] = high[x] ^ high[x + 5] ^ high[x + 10] ^ high[x + 15] ^ high[x + 20];
    }
    for (let x = 0; x < 5; x++) {
      const left = (x + 4) % 5;
      const right = (x + 1) % 5;
      const dl = l[left] ^ ((l[right] << 1) | (h[right] >>> 31));
      const dh = h[left] ^ ((h[right] << 1) | (l[right] >>> 31));
      for (let at = x; at < 25; at += 5) {
        low[at] ^= dl;
        high[at] ^= dh;
      }
    }
    l[0] = low[0];
    h[0] = high[0];
    for (let step = 0; step < 24; step++) {
      const { from, to, turn } = WALK[step];
      const a = turn < 32 ? low[from] : high[from];
      const b = turn < 32 ? high[from] : low[from];
      const bits = turn & 31; // never 0
      l[to] = (a << bits) | (b >>> (32 - bits));
      h[to] = (b << bits) | (a >>> (32 - bits));
    }
    for (let row = 0; row < 25; row += 5) {
      for (let x = 0; x < 5; x++) {
        const next = row + ((x + 1) % 5);
        const after = row + ((x + 2) % 5);
        low[row + x] = l[row + x] ^ (~l[next] & l[after]);
        high[row + x] = h[row + x] ^ (~h[next] & h[after]);
      }
    }
    low[0] ^= CONSTANTS.low[round];
    high[0] ^= CONSTANTS.high[round];
  }
}

/**
 * @param {Uint8Array} bytes
 * @returns {Uint8Array} 32 bytes
 */
export function keccak256(bytes) {
  const padded = new Uint8Array((Math.floor(bytes.length / RATE) + 1) * RATE);
  padded.set(bytes);
  padded[bytes.length] |= 0x01;
  padded[padded.length - 1] |= 0x80;
  const view = new DataView(padded.buffer);
  const low = new Int32Array(25);
  const high = new Int32Array(25);
  for (let block = 0; block < padded.length; block += RATE) {
    for (let lane = 0; lane < RATE / 8; lane++) {
      low[lane] ^= view.getInt32(block + 8 * lane, true);
      high[lane] ^= view.getInt32(block + 8 * lane + 4, true);
    }
    permute(low, high);
  }
  const digest = new DataView(new ArrayBuffer(32));
  for (let lane = 0; lane < 4; lane++) {
    digest.setInt32(8 * lane, low[lane], true);
    digest.setInt32(8 * lane + 4, high[lane], true);
  }
  return new Uint8Array(digest.buffer);
}
