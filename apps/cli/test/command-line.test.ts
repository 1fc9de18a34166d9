import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commands } from '../src/commands/index.ts';
import { closestWord } from '../src/program/closest-word.ts';
import type { Command } from '../src/program/command.ts';
import { resolveHome } from '../src/program/home.ts';
import { createOutput, printable } from '../src/program/output.ts';
import { parseCommandLine } from '../src/program/parse-command-line.ts';
import { mergeSettings } from '../src/program/settings.ts';
import { runCli } from './run-cli.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'dcml-cli-'));
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

describe('help', () => {
  it('lists every command', async () => {
    for (const words of [[], ['--help'], ['help'], ['-h']]) {
      const { code, stdout } = await runCli(words);
      expect(code).toBe(0);
      for (const command of commands) expect(stdout).toContain(`  ${command.name} `);
    }
  });

  it('shows examples for every command, and each example parses', async () => {
    for (const command of commands) {
      const { code, stdout } = await runCli([...command.name.split(' '), '--help']);
      expect(code).toBe(0);
      expect(command.examples.length).toBeGreaterThan(0);
      for (const example of command.examples) {
        expect(stdout).toContain(example);
        const words = [...example.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
        const start = words.indexOf('dcml');
        const own = words.slice(start + 1 + command.name.split(' ').length);
        expect(
          words
            .slice(start + 1)
            .join(' ')
            .startsWith(command.name),
        ).toBe(true);
        expect(() => parseCommandLine(command, own)).not.toThrow();
      }
    }
  });

  it('prints the version', async () => {
    expect((await runCli(['--version'])).stdout).toBe('0.0.0-test\n');
  });
});

describe('CLI_USAGE: a command line that cannot be used', () => {
  it('suggests the command that was meant', async () => {
    const { code, stderr, stdout } = await runCli(['stauts']);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^dcml: stauts: no such command; did you mean dcml status\? \[CLI_USAGE\] .+\n$/);
  });

  it('suggests the option that was meant', async () => {
    const { code, stderr } = await runCli(['up', '--modle', 'tiny']);
    expect(code).toBe(2);
    expect(stderr).toContain('--modle: dcml up has no such option; did you mean --model?');
  });

  it.each([
    [['up', '--port'], '--port needs a value: --port PORT'],
    [['up', '--port', '--json'], '--port needs a value'],
    [['up', '--port', '70000'], 'expected a port from 0 to 65535, got 70000'],
    [['up', '--port', '0x50'], 'expected a port from 0 to 65535'],
    [['status', 'now'], 'now is one argument too many'],
    [['status', '--verbose=yes'], '--verbose takes no value'],
    [['up', '--no-model'], '--no-model: dcml up has no such option'],
  ])('%j', async (words, message) => {
    const { code, stderr } = await runCli([...words, '--home', home]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('answers as JSON on standard error with --json', async () => {
    const { code, stderr, stdout } = await runCli(['up', '--prot', '1', '--json']);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'CLI_USAGE', advice: 'fix-input' } });
  });

  it('shows causes only with --verbose', async () => {
    const quiet = await runCli(['up', '--bad']);
    const verbose = await runCli(['up', '--bad', '--verbose']);
    expect(quiet.stderr).not.toContain('    at ');
    expect(verbose.stderr).toContain('    at ');
  });

  it('never throws, whatever the words', async () => {
    const word = fc.oneof(
      fc.constantFrom('up', '--', '--help', '-h', '--json', '--no-json', '--=', '-'),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 4 }), async (words) => {
        const { code } = await runCli(['nothing', ...words]);
        expect([0, 2]).toContain(code);
      }),
    );
  });
});

const probe: Command = {
  name: 'probe',
  summary: '',
  usage: '',
  arity: [0, 0],
  options: {
    'rpc-url': { type: 'string', value: 'URL', description: '' },
    loud: { type: 'boolean', description: '' },
    once: { type: 'string', description: '', flagOnly: true },
  },
  examples: [],
  run: () => Promise.resolve(0),
};

describe('settings', () => {
  const merge = (words: string[], env: Record<string, string>, file: Record<string, string | boolean>) =>
    mergeSettings(probe.options, parseCommandLine(probe, words), env, file);

  it('takes a flag over a variable over the file', () => {
    const file = { rpc_url: 'file' };
    const env = { DCML_RPC_URL: 'variable' };
    expect(merge([], {}, file).strings['rpc-url']).toBe('file');
    expect(merge([], env, file).strings['rpc-url']).toBe('variable');
    expect(merge(['--rpc-url', 'flag'], env, file).strings['rpc-url']).toBe('flag');
  });

  it('lets a flag take back what a variable or the file switched on', () => {
    expect(merge([], { DCML_LOUD: '1' }, {}).booleans['loud']).toBe(true);
    expect(merge(['--no-loud'], { DCML_LOUD: '1' }, { loud: true }).booleans['loud']).toBe(false);
    expect(merge([], { DCML_LOUD: '0' }, { loud: true }).booleans['loud']).toBe(false);
  });

  it('does not take flag-only options from a variable or the file', () => {
    expect(merge([], { DCML_ONCE: 'x' }, { once: 'x' }).strings['once']).toBeUndefined();
  });

  it('CLI_CONFIG: refuses a variable that is neither on nor off', () => {
    expect(() => merge([], { DCML_LOUD: 'perhaps' }, {})).toThrow('DCML_LOUD: expected 1, true, 0 or false');
  });

  it.each([
    ['{"modle": "tiny"}', 'modle is not a setting; did you mean model?'],
    ['{"model": tiny}', 'unknown word at offset 10'],
    ['{"model": "a", "model": "b"}', 'duplicate key'],
    ['[]', 'expected an object'],
    ['{"model": true}', 'model must be a string'],
  ])('CLI_CONFIG: refuses %s', async (text, message) => {
    writeFileSync(join(home, 'config.json'), text);
    const { code, stderr } = await runCli(['up', '--home', home]);
    expect(code).toBe(2);
    expect(stderr).toContain('[CLI_CONFIG]');
    expect(stderr).toContain(message);
  });
});

describe('home', () => {
  it('takes the flag, then DCML_HOME, then the XDG data directory', () => {
    expect(resolveHome('/a', { DCML_HOME: '/b' })).toBe('/a');
    expect(resolveHome(undefined, { DCML_HOME: '/b', XDG_DATA_HOME: '/c' })).toBe('/b');
    expect(resolveHome(undefined, { XDG_DATA_HOME: '/c' })).toBe('/c/dcml');
    expect(resolveHome(undefined, { XDG_DATA_HOME: 'relative' })).toMatch(/\.local\/share\/dcml$/);
  });
});

describe('output', () => {
  const collect = (isTTY: boolean, env: Record<string, string>, json = false): string => {
    let text = '';
    const sink = { isTTY, write: (part: string) => (text += part) };
    const output = createOutput({ stdout: sink, stderr: sink }, env, json);
    output.result({ a: 1 }, output.red('x'));
    return text;
  };

  it('colours only on a terminal, not with NO_COLOR, not in JSON', () => {
    expect(collect(true, {})).toBe('\u001b[31mx\u001b[39m\n');
    expect(collect(false, {})).toBe('x\n');
    expect(collect(true, { NO_COLOR: '1' })).toBe('x\n');
    expect(collect(true, { TERM: 'dumb' })).toBe('x\n');
    expect(collect(true, {}, true)).toBe('{"a":1}\n');
  });

  it('keeps foreign text from steering the terminal', () => {
    expect(printable('a\u001b[2Jb\u009b31mc\r\nd\te\u0007')).toBe('a[2Jb31mc\nd\te');
  });
});

describe('closestWord', () => {
  it('suggests near words only', () => {
    expect(closestWord('chanel', ['channel', 'chat'])).toBe('channel');
    expect(closestWord('zzz', ['channel', 'chat'])).toBeUndefined();
  });
});

describe('without a network', () => {
  it('status says so and exits with 1', async () => {
    const { code, stdout } = await runCli(['status', '--json', '--home', home]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({ running: false, home });
  });

  it('CLI_NOT_RUNNING: down has nothing to stop', async () => {
    const { code, stderr } = await runCli(['down', '--home', home]);
    expect(code).toBe(1);
    expect(stderr).toContain('[CLI_NOT_RUNNING]');
  });
});

describe('errors', () => {
  const failing = (error: unknown): Command => ({ ...probe, run: () => Promise.reject(error) });

  it('CLI_INTERNAL: what nobody expected, in one line, with its causes on demand', async () => {
    const error = new Error('first\nsecond\u001b[2J', { cause: new Error('the reason') });
    const quiet = await runCli(['probe'], { commands: [failing(error)] });
    expect(quiet.code).toBe(1);
    expect(quiet.stderr).toMatch(/^dcml: first second\[2J \[CLI_INTERNAL\] .*\n$/);
    const verbose = await runCli(['probe', '--verbose'], { commands: [failing(error)] });
    expect(verbose.stderr).toContain('the reason');
  });

  it('says nothing when the user interrupted', async () => {
    const controller = new AbortController();
    const reason = new Error('stopped');
    controller.abort(reason);
    const { code, stderr } = await runCli(['probe'], {
      commands: [failing(reason)],
      signal: controller.signal,
    });
    expect([code, stderr]).toEqual([1, '']);
  });

  it('CLI_UNREACHABLE: a host that does not answer', async () => {
    const { code, stderr } = await runCli(['host', 'status', '--host-url', 'http://127.0.0.1:1', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'CLI_UNREACHABLE', advice: 'retry' } });
  });
});

describe('files that the command line names', () => {
  const settings = (name: string, text: string): string => {
    const file = join(home, name);
    writeFileSync(file, text);
    return file;
  };

  it('CLI_INPUT: host settings with an unknown or missing member', async () => {
    const file = settings('host.json', '{"rpc_url": "http://127.0.0.1:1"}');
    const { code, stderr } = await runCli(['host', 'start', '--host-config', file, '--home', home]);
    expect(code).toBe(2);
    expect(stderr).toContain('settings.chain_id: is missing');
  });

  it('CLI_INPUT: a key that others may read, and its content is in no message', async () => {
    const key = `0x${'12'.repeat(32)}`;
    const file = settings('key', key);
    chmodSync(file, 0o644);
    const chain = ['--rpc-url', 'http://127.0.0.1:1', '--registry', `0x${'11'.repeat(20)}`];
    const words = ['channel', 'list', ...chain, '--channels', `0x${'22'.repeat(20)}`, '--key-file', file];
    const open = await runCli([...words, '--home', home, '--verbose']);
    expect(open.code).toBe(2);
    expect(open.stderr).toContain('others may read it');
    writeFileSync(file, key.slice(0, -1));
    chmodSync(file, 0o600);
    const short = await runCli([...words, '--home', home, '--verbose']);
    expect(short.stderr).toContain('expected 0x and 64 lowercase hex digits');
    expect(open.stderr + short.stderr).not.toContain('1212121212');
  });

  it('CLI_USAGE: parts of two chains never mix', async () => {
    const { code, stderr } = await runCli([
      'model',
      'list',
      '--rpc-url',
      'http://127.0.0.1:1',
      '--home',
      home,
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain('--rpc-url, --registry and --channels belong together');
  });
});
