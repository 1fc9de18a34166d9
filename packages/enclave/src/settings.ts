import { Fields, type JsonValue } from '@dcml/core';
import { EnclaveError } from './enclave-error.ts';

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
  /** Unix socket of the dstack guest agent. */
  readonly guestAgentSocket: string;
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

/** Settings from JSON. Throws `ENCLAVE_CONFIG` naming the field. */
export function parseEnclaveSettings(value: JsonValue): EnclaveSettings {
  try {
    const fields = new Fields(value, 'settings');
    const settings: EnclaveSettings = {
      address: fields.has('address') ? fields.string('address') : '127.0.0.1',
      port: fields.integer('port', 0, 65_535),
      guestAgentSocket: fields.string('guest_agent_socket'),
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
    return settings;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unreadable';
    throw new EnclaveError('ENCLAVE_CONFIG', `enclave settings: ${why}`, { cause });
  }
}
