import { Fields, type JsonValue } from '@dcml/core';
import { EnclaveError } from './enclave-error.ts';
import {
  type DeviceSettings,
  type PlatformSettings,
  parseDeviceSettings,
  parsePlatformSettings,
} from './evidence/platform-settings.ts';

/** How to run the model. Which model may run is not a setting: the measured configuration names it. */
export type EngineSettings =
  | {
      readonly kind: 'llama';
      readonly contextTokens: number | null;
      readonly maxSequences: number;
      readonly threads: number;
      readonly gpu: 'auto' | false;
    }
  | { readonly kind: 'upstream'; readonly baseUrl: string; readonly contextTokens: number };

/** What the operator chooses. Nothing here can weaken what clients verify. */
export interface EnclaveSettings {
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Where evidence comes from; looked for when absent. */
  readonly platform?: PlatformSettings;
  /** Unix socket of a dstack guest agent: the short form of `platform`. */
  readonly guestAgentSocket?: string;
  /** Who collects evidence of GPUs and switches; nobody when absent. */
  readonly devices?: DeviceSettings;
  /** Unix socket of the host daemon's ledger port. */
  readonly ledgerSocket: string;
  readonly modelPath: string;
  /** The name under which `/v1/models` lists the model. */
  readonly modelName: string;
  readonly engine: EngineSettings;
  readonly keysetLifetimeSeconds: number;
  readonly challengeLifetimeSeconds: number;
}

function parseEngine(fields: Fields): EngineSettings {
  if (fields.oneOf('kind', ['llama', 'upstream']) === 'upstream') {
    const engine: EngineSettings = {
      kind: 'upstream',
      baseUrl: fields.string('base_url'),
      contextTokens: fields.integer('context_tokens', 1, 1 << 24),
    };
    fields.done();
    return engine;
  }
  const engine: EngineSettings = {
    kind: 'llama',
    contextTokens: fields.has('context_tokens') ? fields.integer('context_tokens', 64, 1 << 24) : null,
    maxSequences: fields.has('max_sequences') ? fields.integer('max_sequences', 1, 256) : 16,
    threads: fields.has('threads') ? fields.integer('threads', 0, 1024) : 1,
    gpu: fields.has('gpu') && fields.oneOf('gpu', ['auto', 'off']) === 'auto' ? 'auto' : false,
  };
  fields.done();
  return engine;
}

/** Where evidence comes from, whichever way the settings say it. Throws `ENCLAVE_CONFIG` when they say it twice. */
export function platformOf({ platform, guestAgentSocket }: EnclaveSettings): PlatformSettings {
  if (platform !== undefined && guestAgentSocket !== undefined) {
    throw new EnclaveError('ENCLAVE_CONFIG', 'platform and guest_agent_socket exclude each other');
  }
  if (guestAgentSocket !== undefined) return { source: 'dstack', socket: guestAgentSocket };
  return platform ?? { source: 'auto', composeFile: null };
}

/** Settings from JSON. Throws `ENCLAVE_CONFIG` naming the field. */
export function parseEnclaveSettings(value: JsonValue): EnclaveSettings {
  try {
    const fields = new Fields(value, 'settings');
    const settings: EnclaveSettings = {
      address: fields.has('address') ? fields.string('address') : '127.0.0.1',
      port: fields.integer('port', 0, 65_535),
      ...(fields.has('platform') && { platform: parsePlatformSettings(fields.required('platform')) }),
      ...(fields.has('guest_agent_socket') && { guestAgentSocket: fields.string('guest_agent_socket') }),
      ...(fields.has('devices') && { devices: parseDeviceSettings(fields.required('devices')) }),
      ledgerSocket: fields.string('ledger_socket'),
      modelPath: fields.string('model_path'),
      modelName: fields.string('model_name', 256),
      engine: parseEngine(fields.object('engine')),
      keysetLifetimeSeconds: fields.has('keyset_lifetime_seconds')
        ? fields.integer('keyset_lifetime_seconds', 60, 90 * 86_400)
        : 7 * 86_400,
      challengeLifetimeSeconds: fields.has('challenge_lifetime_seconds')
        ? fields.integer('challenge_lifetime_seconds', 10, 86_400)
        : 600,
    };
    fields.done();
    platformOf(settings);
    return settings;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unreadable';
    throw new EnclaveError('ENCLAVE_CONFIG', `enclave settings: ${why}`, { cause });
  }
}
