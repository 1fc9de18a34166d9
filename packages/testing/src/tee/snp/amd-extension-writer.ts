import type { AmdProduct, AmdTcb } from '@dcml/attest';
import { encodeUtf8 } from '@dcml/core';
import type { ExtraExtension } from '../certificate-writer.ts';
import { derElement, derInteger } from '../der-writer.ts';

const AMD = '1.3.6.1.4.1.3704.1';

/** What AMD's own extensions of an endorsement certificate say. */
export interface AmdExtensionFields {
  readonly structVersion: number;
  readonly productName: string;
  readonly product: AmdProduct;
  readonly tcb: AmdTcb;
  /** 64 bytes, or 8 on Turin; the bare bytes are the extension's value. */
  readonly hardwareId?: Uint8Array;
  /** Of a VLEK. */
  readonly providerId?: string;
}

/** AMD's extensions in the order of its certificates (VCEK Certificate and KDS Interface Specification). */
export function writeAmdExtensions(fields: AmdExtensionFields): readonly ExtraExtension[] {
  const { tcb, product, hardwareId, providerId } = fields;
  const ia5 = (text: string): Uint8Array => derElement(0x16, encodeUtf8(text));
  const spl = (number: number, value: number): ExtraExtension => ({
    oid: `${AMD}.3.${number}`,
    value: derInteger(value),
  });
  return [
    { oid: `${AMD}.1`, value: derInteger(fields.structVersion) },
    { oid: `${AMD}.2`, value: ia5(fields.productName) },
    ...(product === 'turin' ? [spl(9, tcb.fmc ?? 0)] : []),
    spl(1, tcb.bootloader),
    spl(2, tcb.tee),
    ...(product === 'turin' ? [] : [spl(4, 0)]),
    spl(5, 0),
    spl(6, 0),
    spl(7, 0),
    spl(3, tcb.snp),
    spl(8, tcb.microcode),
    ...(hardwareId === undefined ? [] : [{ oid: `${AMD}.4`, value: hardwareId }]),
    ...(providerId === undefined ? [] : [{ oid: `${AMD}.5`, value: ia5(providerId) }]),
  ];
}
