import { type DerReader, derTags } from './der-reader.ts';
import { readBoolean, readOid } from './der-values.ts';

/** Extension values by dotted OID. */
export type Extensions = ReadonlyMap<string, Uint8Array>;

/**
 * Reads Extensions (RFC 5280 section 4.2). An OID that comes twice, and a critical one that is not in `understood`,
 * are refused.
 */
export function readExtensions(reader: DerReader, understood: readonly string[]): Extensions {
  const list = reader.read(derTags.sequence, 'extensions');
  if (list.isEmpty) list.fail('extensions are empty');
  const extensions = new Map<string, Uint8Array>();
  while (!list.isEmpty) {
    const start = list.offset;
    const extension = list.read(derTags.sequence, 'extension');
    const oid = readOid(extension, 'extension id');
    const critical = extension.peek() === derTags.boolean && readBoolean(extension, 'critical flag');
    const value = extension.read(derTags.octetString, 'extension value').rest();
    extension.end();
    if (extensions.has(oid)) list.fail(`extension ${oid} comes twice`, start);
    if (critical && !understood.includes(oid))
      list.fail(`critical extension ${oid} is not understood`, start);
    extensions.set(oid, value);
  }
  return extensions;
}
