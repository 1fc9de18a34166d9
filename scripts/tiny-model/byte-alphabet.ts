/**
 * The printable alphabet of byte-level BPE (GPT-2): printable Latin-1 bytes stand for themselves, the other
 * 68 bytes for the code points from 256 on, so that every token is text.
 */
function buildAlphabet(): readonly string[] {
  const printable = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
}

const alphabet = buildAlphabet();
const bytesOfLetters: ReadonlyMap<string, number> = new Map(alphabet.map((letter, byte) => [letter, byte]));

/** The 256 letters in the order of their bytes. */
export function byteLetters(): readonly string[] {
  return alphabet;
}

/** UTF-8 of `text`, each byte as its letter. */
export function toByteLetters(text: string): string {
  let out = '';
  for (const byte of new TextEncoder().encode(text)) out += alphabet[byte]!;
  return out;
}

/** Bytes of a token's letters. Throws `RangeError` on a letter outside the alphabet. */
export function fromByteLetters(letters: string): Uint8Array {
  return Uint8Array.from(letters, (letter) => {
    const byte = bytesOfLetters.get(letter);
    if (byte === undefined) throw new RangeError(`not a byte letter: ${letter}`);
    return byte;
  });
}
