import { describe, expect, it } from 'vitest';
import { parseEnclaveSettings, platformOf } from '../../src/settings.ts';

const minimal = {
  port: 0,
  guest_agent_socket: '/run/agent.sock',
  ledger_socket: '/run/ledger.sock',
  model_path: '/models/m.gguf',
  model_name: 'm',
  engine: { kind: 'llama' },
};
const refused = expect.objectContaining({ code: 'ENCLAVE_CONFIG' });

describe('parseEnclaveSettings', () => {
  it('fills defaults', () => {
    const settings = parseEnclaveSettings(minimal);
    expect(settings.address).toBe('127.0.0.1');
    expect(settings.engine).toEqual({
      kind: 'llama',
      contextTokens: null,
      maxSequences: 16,
      threads: 1,
      gpu: false,
    });
  });

  it('reads an upstream', () => {
    const engine = { kind: 'upstream', base_url: 'http://127.0.0.1:8000', context_tokens: 4096 };
    expect(parseEnclaveSettings({ ...minimal, engine }).engine).toEqual({
      kind: 'upstream',
      baseUrl: 'http://127.0.0.1:8000',
      contextTokens: 4096,
    });
  });

  it('knows the platform by its short form, by its long form, or not at all', () => {
    const { guest_agent_socket: socket, ...rest } = minimal;
    expect(platformOf(parseEnclaveSettings(minimal))).toEqual({ source: 'dstack', socket });
    expect(platformOf(parseEnclaveSettings(rest))).toEqual({ source: 'auto', composeFile: null });
    const settings = parseEnclaveSettings({
      ...rest,
      platform: { source: 'configfs-tsm', app_compose_file: '/c' },
      devices: 'nvattest',
    });
    expect(platformOf(settings).source).toBe('configfs-tsm');
    expect(settings.devices?.source).toBe('nvattest');
  });

  it.each([
    ['two platforms', { ...minimal, platform: { source: 'auto' } }],
    [
      'an unknown platform',
      { ...minimal, guest_agent_socket: undefined as never, platform: { source: 'x' } },
    ],
    ['an unknown device source', { ...minimal, devices: 'amd' }],
    ['an unknown field', { ...minimal, modle: 1 }],
    ['a port out of range', { ...minimal, port: 70_000 }],
    ['a missing field', { ...minimal, model_path: undefined as never }],
    ['an unknown engine', { ...minimal, engine: { kind: 'magic' } }],
    ['an unknown engine field', { ...minimal, engine: { kind: 'llama', gpus: 1 } }],
    ['no object', []],
  ])('refuses %s', (_name, value) => {
    expect(() => parseEnclaveSettings(value)).toThrow(refused);
  });
});
