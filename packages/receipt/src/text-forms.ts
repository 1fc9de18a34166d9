import { CoreError, type DigestText, Fields, fromHex, type JsonValue } from '@dcml/core';

/** `sha256:` and 64 lowercase hex digits (aci/1 appendix A). Throws `CORE_FIELD`. */
export function asDigestText(text: string, what: string): DigestText {
  if (!/^sha256:[0-9a-f]{64}$/.test(text)) {
    throw new CoreError('CORE_FIELD', `${what}: expected sha256: and 64 lowercase hex digits`);
  }
  return text as DigestText;
}

export function readDigest(fields: Fields, name: string): DigestText {
  return asDigestText(fields.string(name, 71), `${fields.path}.${name}`);
}

export function readHex(fields: Fields, name: string, bytes: number): string {
  const text = fields.string(name, 2 * bytes);
  fromHex(text, `${fields.path}.${name}`, bytes);
  return text;
}

/** A member that must be there and may be null. */
export function readNullable<Value>(fields: Fields, name: string, read: () => Value): Value | null {
  return fields.required(name) === null ? null : read();
}

/** An object of a list, with its place in the path. */
export function itemFields(value: JsonValue, path: string, index: number): Fields {
  return new Fields(value, `${path}[${index}]`);
}
