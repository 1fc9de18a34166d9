import { concatBytes, encodeUtf8 } from '@dcml/core';
import type { LoggedEvent } from './event-log-writer.ts';

function utf16(text: string): Uint8Array {
  return Uint8Array.from({ length: 2 * text.length }, (_, i) => (i % 2 === 0 ? text.charCodeAt(i / 2) : 0));
}

function u64(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >>> 8, 0, 0, 0, 0, 0, 0);
}

/** A UEFI_VARIABLE_DATA. */
export function writeVariable(name: string, value: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array(16).fill(0x61), u64(name.length), u64(value.length), utf16(name), value);
}

const separator = (register: number): LoggedEvent => ({ register, type: 0x4, data: new Uint8Array(4) });
const action = (register: number, text: string): LoggedEvent => ({
  register,
  type: 0x8000_0007,
  data: encodeUtf8(text),
});

/** Registers of the events: those of a TPM, or those of a TD (the RTMR's number and one). */
export type RegisterNumbering = 'pcr' | 'cc';

/**
 * The events of a simulated boot: firmware version, secure boot variables, boot order, GRUB's command line, an image
 * whose bytes are not in the log, separators.
 */
export function simulatedBootLog(numbering: RegisterNumbering = 'pcr'): LoggedEvent[] {
  const of = (pcr: number, cc: number): number => (numbering === 'pcr' ? pcr : cc);
  const bootOrder = Uint8Array.of(1, 0, 0, 0);
  const command = 'linux /vmlinuz console=ttyS0';
  return [
    { register: of(0, 1), type: 0x8, data: utf16('dcml SIMULATED firmware\0') },
    { register: of(7, 1), type: 0x8000_0001, data: writeVariable('SecureBoot', Uint8Array.of(1)) },
    separator(of(7, 1)),
    {
      register: of(1, 1),
      type: 0x8000_0002,
      data: writeVariable('BootOrder', bootOrder),
      measured: bootOrder,
    },
    action(of(4, 2), 'Calling EFI Application from Boot Option'),
    ...(numbering === 'pcr' ? [0, 1, 2, 3, 4, 5, 6].map(separator) : [separator(2)]),
    {
      register: of(4, 2),
      type: 0x8000_0003,
      data: encodeUtf8('image load event'),
      measured: encodeUtf8('image'),
    },
    {
      register: of(8, 3),
      type: 0xd,
      data: encodeUtf8(`grub_cmd: ${command}\0`),
      measured: encodeUtf8(command),
    },
    action(of(5, 2), 'Exit Boot Services Invocation'),
  ];
}

/** The EV_NO_ACTION event that says at which locality PCR 0 was started. */
export function startupLocalityEvent(locality: number): LoggedEvent {
  return {
    register: 0,
    type: 0x3,
    data: concatBytes(encodeUtf8('StartupLocality\0'), Uint8Array.of(locality)),
  };
}
