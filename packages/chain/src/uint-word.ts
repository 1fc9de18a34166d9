/** A non-negative integer as 32 bytes, big-endian: a word of the EVM. */
export function uintWord(value: bigint): Uint8Array<ArrayBuffer> {
  const word = new Uint8Array(32);
  for (let i = 31, rest = value; rest > 0n; i--, rest >>= 8n) word[i] = Number(rest & 0xffn);
  return word;
}
