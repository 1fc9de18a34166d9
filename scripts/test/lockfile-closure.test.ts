import { describe, expect, it } from 'vitest';
import { compareClosure, computeClosure, type Lockfile } from '../lockfile-closure.ts';

const lock: Lockfile = {
  packages: {
    '': {},
    'packages/enclave': {
      dependencies: { a: '1', '@dcml/core': '1' },
      optionalDependencies: { missing: '1', fast: '1' },
    },
    'node_modules/@dcml/core': { link: true, resolved: 'packages/core' },
    'packages/core': { name: '@dcml/core', version: '0.1.0', dependencies: { b: '1' } },
    'packages/core/node_modules/b': { version: '2.0.0' },
    'node_modules/a': {
      version: '1.0.0',
      dependencies: { b: '1' },
      peerDependencies: { peer: '1', unwanted: '1' },
      peerDependenciesMeta: { unwanted: { optional: true } },
    },
    'node_modules/b': { version: '1.0.0' },
    'node_modules/fast': { version: '3.0.0' },
    'node_modules/peer': { version: '4.0.0', dependencies: { a: '1' } },
    'node_modules/unwanted': { version: '5.0.0' },
    'node_modules/elsewhere': { version: '6.0.0' },
  },
};

describe('computeClosure', () => {
  it('resolves as Node does: nested first, links, peers, optional ones, circles', () => {
    expect(computeClosure(lock, 'packages/enclave')).toEqual([
      '@dcml/core@0.1.0',
      'a@1.0.0',
      'b@1.0.0',
      'b@2.0.0',
      'fast@3.0.0',
      'peer@4.0.0',
    ]);
  });

  it('throws on a required name that is not locked', () => {
    const broken: Lockfile = { packages: { 'packages/x': { dependencies: { ghost: '1' } } } };
    expect(() => computeClosure(broken, 'packages/x')).toThrow(
      'does not resolve ghost, needed by packages/x',
    );
  });
});

describe('compareClosure', () => {
  it('names growth and shrinkage', () => {
    expect(compareClosure(['a@1', 'b@1'], ['a@1', 'c@1'])).toEqual([
      'enclave closure: c@1 was not reviewed',
      'enclave closure: b@1 is listed but gone',
    ]);
    expect(compareClosure(['a@1'], ['a@1'])).toEqual([]);
  });
});
