import { Fields, type JsonValue } from '@dcml/core';
import type { TpmKeySource } from './tpm-source.ts';

/** Which evidence source to use, and what it needs. Nothing here can weaken what clients verify. */
export type PlatformSettings =
  | { readonly source: 'auto'; readonly composeFile: string | null }
  | { readonly source: 'dstack'; readonly socket: string }
  | {
      readonly source: 'configfs-tsm';
      readonly composeFile: string;
      /** VMPL of the report; null leaves the kernel's choice. */
      readonly privilegeLevel: number | null;
    }
  | {
      readonly source: 'tpm';
      /** A character device or a Unix socket. */
      readonly path: string;
      readonly composeFile: string;
      readonly certificateFile: string;
      readonly key: TpmKeySource;
      readonly pcrs: readonly number[];
    };

export type DeviceSettings =
  | { readonly source: 'none' }
  /** The guest agent collects it. */
  | { readonly source: 'agent' }
  | { readonly source: 'nvattest'; readonly program: string; readonly switches: boolean };

export const defaultAgentSocket = '/var/run/dstack.sock';
const FIRST_BOOT_PCRS = Array.from({ length: 16 }, (_, pcr) => pcr);

function optionalText(fields: Fields, name: string): string | null {
  return fields.has(name) ? fields.string(name) : null;
}

function readKey(fields: Fields): TpmKeySource {
  // Handles and indices are 32 bits; 0x01 is the range of NV indices, 0x81 that of persistent objects.
  if (fields.has('key_handle')) {
    return { kind: 'persistent', handle: fields.integer('key_handle', 0x81000000, 0x81ffffff) };
  }
  if (fields.has('key_template_index')) {
    return { kind: 'nv-template', index: fields.integer('key_template_index', 0x01000000, 0x01ffffff) };
  }
  return { kind: 'primary' };
}

function readPcrNumbers(fields: Fields): readonly number[] {
  if (!fields.has('pcrs')) return FIRST_BOOT_PCRS;
  const pcrs = fields.array('pcrs', 24).map((pcr) => {
    if (typeof pcr !== 'number' || !Number.isInteger(pcr) || pcr < 0 || pcr > 23) {
      throw new TypeError('platform.pcrs: expected numbers from 0 to 23');
    }
    return pcr;
  });
  if (pcrs.length === 0) throw new TypeError('platform.pcrs: is empty');
  return [...new Set(pcrs)].sort((a, b) => a - b);
}

/** The value of `platform`. Throws `CORE_FIELD`, `TypeError`. */
export function parsePlatformSettings(value: JsonValue): PlatformSettings {
  const fields = new Fields(value, 'platform');
  const read = (): PlatformSettings => {
    const source = fields.oneOf('source', ['auto', 'dstack', 'configfs-tsm', 'tpm']);
    switch (source) {
      case 'auto':
        return { source, composeFile: optionalText(fields, 'app_compose_file') };
      case 'dstack':
        return { source, socket: optionalText(fields, 'socket') ?? defaultAgentSocket };
      case 'configfs-tsm':
        return {
          source,
          composeFile: fields.string('app_compose_file'),
          privilegeLevel: fields.has('privilege_level') ? fields.integer('privilege_level', 0, 3) : null,
        };
      case 'tpm':
        return {
          source,
          path: optionalText(fields, 'path') ?? '/dev/tpmrm0',
          composeFile: fields.string('app_compose_file'),
          certificateFile: fields.string('ak_chain_file'),
          key: readKey(fields),
          pcrs: readPcrNumbers(fields),
        };
    }
  };
  const settings = read();
  fields.done();
  return settings;
}

/** The value of `devices`: a name, or an object for `nvattest`. Throws `CORE_FIELD`. */
export function parseDeviceSettings(value: JsonValue): DeviceSettings {
  const fields = new Fields(typeof value === 'string' ? { source: value } : value, 'devices');
  const source = fields.oneOf('source', ['none', 'agent', 'nvattest']);
  const settings: DeviceSettings =
    source === 'nvattest'
      ? {
          source,
          program: optionalText(fields, 'program') ?? '/usr/bin/nvattest',
          switches: fields.has('switches') && fields.boolean('switches'),
        }
      : { source };
  fields.done();
  return settings;
}
