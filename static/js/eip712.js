/**
 * What wallets sign: typed data (EIP-712) and personal messages (EIP-191).
 *
 * Strict where the standard is lax: a value of another type, a missing or a further field is an
 * error, so that what is shown is all that is signed.
 */

import { concat, fromHex, utf8, word } from "./crypto/bytes.js";
import { keccak256 } from "./crypto/keccak.js";

/** @typedef {{name: string, type: string}} Field */
/** @typedef {Record<string, Field[]>} Types */
/** @typedef {Record<string, unknown>} Struct */
/** @typedef {{types: Types, primaryType: string, domain: Struct, message: Struct}} TypedData */
/** @typedef {{programme: string, typology: string, basisPoints: number}} Line */
/**
 * @typedef {object} Ballot as the API takes it
 * @property {string} cycle
 * @property {string} rules 0x and 64 lower-case hex digits
 * @property {string} voter lower-case address
 * @property {number} nonce
 * @property {string} reason in NFC
 * @property {Line[]} lines
 */

/** @param {string} type @returns {string} the type of the elements, if it is a list */
function elementOf(type) {
  return type.endsWith("[]") ? type.slice(0, -2) : "";
}

/** @param {string} type @param {Types} types @param {Set<string>} [found] */
function structsOf(type, types, found = new Set()) {
  const name = elementOf(type) || type;
  if (elementOf(name)) return structsOf(name, types, found);
  if (Object.hasOwn(types, name) && !found.has(name)) {
    found.add(name);
    for (const field of types[name]) structsOf(field.type, types, found);
  }
  return found;
}

/** @param {string} name @param {Types} types */
function encodeType(name, types) {
  const others = [...structsOf(name, types)].filter((other) => other !== name).sort();
  const fields = (/** @type {string} */ of) => types[of].map((field) => `${field.type} ${field.name}`).join(",");
  return [name, ...others].map((of) => `${of}(${fields(of)})`).join("");
}

/** @param {string} type @param {unknown} value @returns {never} */
function refuse(type, value) {
  throw new TypeError(`${typeof value === "bigint" ? value : JSON.stringify(value)} is no ${type}.`);
}

/** A whole number that no reader can take for another. @param {string} type @param {unknown} value */
function integer(type, value) {
  if (typeof value === "bigint") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === "string" && /^(0|-?[1-9][0-9]*)$/.test(value)) return BigInt(value);
  return refuse(type, value);
}

/** @param {string} type @param {unknown} value @param {number} size */
function fixed(type, value, size) {
  if (typeof value !== "string" || value.length !== 2 + 2 * size) refuse(type, value);
  return fromHex(value);
}

/** @param {string} type @param {unknown} value @returns {Uint8Array} 32 bytes */
function encodeNumber(type, value) {
  const [, unsigned, digits] = /** @type {RegExpExecArray} */ (/^(u?)int([0-9]*)$/.exec(type));
  const bits = BigInt(digits || 256);
  const number = integer(type, value);
  const [least, beyond] = unsigned ? [0n, 1n << bits] : [-(1n << (bits - 1n)), 1n << (bits - 1n)];
  if (number < least || number >= beyond) refuse(type, value);
  return word(BigInt.asUintN(256, number));
}

/** @param {string} type @param {unknown} value @param {Types} types @returns {Uint8Array} 32 bytes */
function encodeValue(type, value, types) {
  const element = elementOf(type);
  if (element) {
    if (!Array.isArray(value)) refuse(type, value);
    return keccak256(concat(...value.map((/** @type {unknown} */ item) => encodeValue(element, item, types))));
  }
  if (Object.hasOwn(types, type)) return hashStruct(type, /** @type {Struct} */ (value), types);
  if (type === "string") return typeof value === "string" ? keccak256(utf8(value)) : refuse(type, value);
  if (type === "bytes") return keccak256(fromHex(/** @type {string} */ (value)));
  if (type === "address") return concat(new Uint8Array(12), fixed(type, value, 20));
  if (type === "bool") return typeof value === "boolean" ? word(BigInt(value)) : refuse(type, value);
  const bytes = /^bytes([1-9]|[12][0-9]|3[0-2])$/.exec(type);
  if (bytes) return concat(fixed(type, value, Number(bytes[1])), new Uint8Array(32 - Number(bytes[1])));
  if (/^u?int(8|16|32|64|128|256)?$/.test(type)) return encodeNumber(type, value);
  throw new TypeError(`The type ${type} is not known.`);
}

/**
 * @param {string} name of the struct's type
 * @param {Struct} value
 * @param {Types} types
 * @returns {Uint8Array} 32 bytes
 */
export function hashStruct(name, value, types) {
  if (!Object.hasOwn(types, name)) throw new TypeError(`The type ${name} is not known.`);
  if (typeof value !== "object" || value === null) refuse(name, value);
  const names = types[name].map((field) => field.name);
  for (const key of Object.keys(value)) {
    if (!names.includes(key)) throw new TypeError(`${name} has no field ${key}.`);
  }
  const words = types[name].map((field) => {
    if (!Object.hasOwn(value, field.name)) throw new TypeError(`${name} lacks ${field.name}.`);
    return encodeValue(field.type, value[field.name], types);
  });
  return keccak256(concat(keccak256(utf8(encodeType(name, types))), ...words));
}

/**
 * The digest that eth_signTypedData_v4 signs.
 * @param {TypedData} typedData
 * @returns {Uint8Array} 32 bytes
 * @throws {TypeError} if a value does not fit its type
 */
export function typedDataDigest({ types, primaryType, domain, message }) {
  const separator = hashStruct("EIP712Domain", domain, types);
  return keccak256(concat(Uint8Array.of(0x19, 0x01), separator, hashStruct(primaryType, message, types)));
}

/**
 * The digest that personal_sign signs.
 * @param {string | Uint8Array} message text is taken as UTF-8
 * @returns {Uint8Array} 32 bytes
 */
export function personalDigest(message) {
  const bytes = typeof message === "string" ? utf8(message) : message;
  return keccak256(concat(utf8(`\x19Ethereum Signed Message:\n${bytes.length}`), bytes));
}

/** @param {string} declaration @returns {Field[]} */
function fields(declaration) {
  return declaration.split(",").map((field) => {
    const [type, name] = field.split(" ");
    return { name, type };
  });
}

/**
 * What the wallet is given for a ballot; equal to votes/record/ballot.py's `typed_data`.
 * @param {Ballot} ballot
 * @param {number} chainId
 * @param {string} salt 0x and 64 lower-case hex digits
 * @returns {TypedData}
 */
export function ballotTypedData(ballot, chainId, salt) {
  return {
    types: {
      EIP712Domain: fields("string name,string version,uint256 chainId,bytes32 salt"),
      Ballot: fields("string cycle,bytes32 rules,address voter,uint64 nonce,string reason,Line[] lines"),
      Line: fields("string programme,string typology,uint16 basisPoints"),
    },
    primaryType: "Ballot",
    domain: { name: "TPP", version: "1", chainId, salt },
    message: { ...ballot, nonce: String(ballot.nonce) },
  };
}
