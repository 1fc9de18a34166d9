import type { AmdProduct, AmdTcb } from '@dcml/attest';

/** TCB_VERSION as AMD's firmware lays it out: with an FMC in front on Turin, without one before. */
export function writeAmdTcb(product: AmdProduct, tcb: AmdTcb): Uint8Array<ArrayBuffer> {
  const { bootloader, tee, snp, microcode, fmc = 0 } = tcb;
  return product === 'turin'
    ? Uint8Array.of(fmc, bootloader, tee, snp, 0, 0, 0, microcode)
    : Uint8Array.of(bootloader, tee, 0, 0, 0, 0, snp, microcode);
}
