// Which workspace may import which. A package is a trust domain: an arrow more is more to trust.

const production = [
  'attest',
  'chain',
  'channel',
  'client',
  'collateral',
  'core',
  'enclave',
  'evidence-files',
  'evm',
  'host',
  'model',
  'receipt',
  'transport',
] as const;

/** For each room, the rooms that it may import. Who is not listed may import nothing. */
export const allowedArrows: Readonly<Record<string, readonly string[]>> = {
  core: [],
  attest: ['core'],
  collateral: ['attest', 'core'],
  'evidence-files': ['attest', 'core'],
  receipt: ['attest', 'core'],
  channel: ['core'],
  transport: ['core'],
  model: ['core'],
  chain: ['channel', 'core'],
  evm: ['channel', 'core'],
  enclave: ['attest', 'chain', 'channel', 'core', 'model', 'receipt', 'transport'],
  host: ['channel', 'core', 'evm'],
  client: ['attest', 'channel', 'core', 'evm', 'receipt', 'transport'],
  testing: [...production],
  devnet: [...production, 'testing'],
  cli: [...production],
};

/** Arrows that only a deferred import may draw: what is not asked for is not loaded. */
const deferredArrows: Readonly<Record<string, readonly string[]>> = {
  cli: ['devnet'],
};

/** `deferred`: a dynamic import, or one of types alone, which is erased. */
export type ImportKind = 'static' | 'deferred';

export function isAllowedArrow(from: string, to: string, kind: ImportKind): boolean {
  if (from === to) return true;
  if (allowedArrows[from]?.includes(to) === true) return true;
  return kind === 'deferred' && deferredArrows[from]?.includes(to) === true;
}
