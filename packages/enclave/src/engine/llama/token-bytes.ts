/** Byte-level BPE writes each byte as one printable character (GPT-2 `encoder.py`, `bytes_to_unicode`). */
const byteOfCharacter: ReadonlyMap<string, number> = buildByteTable();

function buildByteTable(): ReadonlyMap<string, number> {
  const table = new Map<string, number>();
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const isPrintable =
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
    table.set(String.fromCodePoint(isPrintable ? byte : next++), byte);
  }
  return table;
}

/** Bytes of a byte-level BPE token; characters outside the table stand for themselves. */
export function gpt2Bytes(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const byte = byteOfCharacter.get(character);
    if (byte === undefined) bytes.push(...new TextEncoder().encode(character));
    else bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

/** Bytes of a SentencePiece token: U+2581 is a space, `<0xE2>` is one byte. */
export function sentencePieceBytes(text: string): Uint8Array {
  const byte = /^<0x([0-9A-F]{2})>$/.exec(text);
  if (byte !== null) return Uint8Array.of(Number.parseInt(byte[1]!, 16));
  return new TextEncoder().encode(text.replaceAll('\u2581', ' '));
}
