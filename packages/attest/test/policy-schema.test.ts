import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { defaultPolicy, encodePolicy, hardwarePolicy, parsePolicy, vendorRoots } from '@dcml/attest';
import type { JsonObject, JsonValue } from '@dcml/core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

// docs/protocol/policy.schema.json says the same as parsePolicy, but for what a schema cannot: the content of PEM, equal
// roots under two names, and policies that accept nothing.

const file = resolve(import.meta.dirname, '../../../docs/protocol/policy.schema.json');
const validate = new Ajv2020({ strict: true, allErrors: false }).compile<unknown>(
  JSON.parse(readFileSync(file, 'utf8')) as object,
);

function parses(value: JsonValue): boolean {
  try {
    parsePolicy(JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

const hex = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => Buffer.from(value).toString('hex'));
const distinct = <Item>(item: fc.Arbitrary<Item>): fc.Arbitrary<Item[]> =>
  fc.uniqueArray(item, { maxLength: 3 });
const anyOr = <Item>(item: fc.Arbitrary<Item>): fc.Arbitrary<Item | null> => fc.option(item, { nil: null });
const some = <Item>(...items: readonly [Item, ...Item[]]): fc.Arbitrary<Item[]> =>
  fc.subarray([...items], { minLength: 1 });
const digests = (bytes: number) => anyOr(distinct(hex(bytes)));
const svn = fc.nat(255);
const tcb = { bootloader: svn, tee: svn, snp: svn, microcode: svn };
const registers = (last: number, sizes: readonly number[]) =>
  anyOr(
    fc.dictionary(
      fc.nat(last).map(String),
      fc.uniqueArray(fc.constantFrom(...sizes).chain(hex), { minLength: 1, maxLength: 2 }),
      { maxKeys: 3 },
    ),
  );

/** Policies that are valid: every root is there and no list that decides over a kind is empty. */
const policies = fc.record({
  version: fc.constant(1),
  kinds: some('tdx', 'dstack-tdx', 'sgx', 'snp', 'nvidia', 'nitro', 'azure-snp', 'azure-tdx'),
  roots: fc.constant(
    vendorRoots.map(({ name, kind, certificatePem }) => ({ name, kind, certificate_pem: certificatePem })),
  ),
  platforms: fc.record({ allow: fc.constant(null), deny: distinct(hex(8)) }),
  compose_hashes: digests(32),
  accept_registered_compose_hashes: fc.constant(true),
  image_digests: digests(32),
  max_keyset_lifetime_seconds: fc.integer({ min: 1, max: 315_360_000 }),
  max_evidence_age_seconds: fc.integer({ min: 1, max: 315_360_000 }),
  intel: fc.record(
    {
      allowed_tcb_statuses: some('UpToDate', 'SWHardeningNeeded', 'ConfigurationNeeded', 'OutOfDate'),
      allowed_advisories: distinct(fc.nat(99_999).map((number) => `INTEL-SA-${number}`)),
      min_tcb_evaluation_data_number: fc.nat(1_000_000),
      mr_tds: digests(48),
      rtmrs: fc.record({ 0: digests(48), 1: digests(48), 2: digests(48), 3: digests(48) }),
      mr_enclaves: digests(32),
      mr_signers: digests(32),
      min_isv_svn: fc.nat(65_535),
    },
    {
      requiredKeys: [
        'allowed_tcb_statuses',
        'allowed_advisories',
        'mr_tds',
        'rtmrs',
        'mr_enclaves',
        'mr_signers',
        'min_isv_svn',
      ],
    },
  ),
  amd: fc.record({
    products: some('milan', 'genoa', 'turin'),
    endorsements: some('vcek', 'vlek'),
    min_tcb: fc.record(
      {
        milan: fc.record(tcb),
        genoa: fc.record(tcb),
        turin: fc.record({ ...tcb, fmc: svn }, { requiredKeys: ['bootloader', 'tee', 'snp', 'microcode'] }),
      },
      { requiredKeys: [] },
    ),
    launch_digests: digests(48),
    host_data: digests(32),
    max_vmpl: fc.nat(3),
    allow_smt: fc.boolean(),
    allow_migration_agent: fc.boolean(),
  }),
  nvidia: fc.record(
    {
      min_gpus: fc.nat(64),
      min_switches: fc.nat(64),
      architectures: some('hopper', 'blackwell', 'ls10'),
      require_rims: fc.boolean(),
      require_ocsp: fc.boolean(),
      min_driver_version: fc
        .array(fc.nat(999_999), { minLength: 2, maxLength: 5 })
        .map((parts) => parts.join('.')),
    },
    { requiredKeys: ['min_gpus', 'min_switches', 'architectures', 'require_rims', 'require_ocsp'] },
  ),
  nitro: fc.record({ pcrs: registers(31, [48]) }),
  tpm: fc.record({ pcrs: registers(23, [20, 32, 48]), required_pcrs: distinct(fc.nat(23)) }),
});

const isObject = (value: JsonValue): value is JsonObject =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** Every place in a document: the members and items that lead there. */
function placesOf(
  value: JsonValue,
  path: readonly (string | number)[] = [],
): (readonly (string | number)[])[] {
  const inner: readonly (readonly [string | number, JsonValue])[] = Array.isArray(value)
    ? (value as readonly JsonValue[]).map((item, i) => [i, item] as const)
    : isObject(value)
      ? Object.entries(value)
      : [];
  return [path, ...inner.flatMap(([name, item]) => placesOf(item, [...path, name]))];
}

/** The document with one place replaced; undefined removes a member. */
function replaceAt(
  value: JsonValue,
  path: readonly (string | number)[],
  put: JsonValue | undefined,
): JsonValue {
  const [first, ...rest] = path;
  if (first === undefined) return put ?? null;
  if (Array.isArray(value)) {
    return (value as readonly JsonValue[]).map((item, i) =>
      i === first ? replaceAt(item, rest, put) : item,
    );
  }
  if (!isObject(value)) return value;
  const entries = Object.entries(value).flatMap(([name, item]): [string, JsonValue][] => {
    if (name !== first) return [[name, item]];
    return rest.length === 0 && put === undefined ? [] : [[name, replaceAt(item, rest, put)]];
  });
  return Object.fromEntries(entries);
}

const strangeValues: readonly (JsonValue | undefined)[] = [
  undefined,
  null,
  true,
  -1,
  0.5,
  1e9,
  '',
  'x',
  'AB',
  'ab',
  '1.2',
  '0'.repeat(64),
  '0'.repeat(96),
  [],
  [null],
  [1, 1],
  ['x', 'x'],
  ['ab'],
  {},
  { x: 1 },
  { '0': [] },
  { '24': null },
  { '99': ['00'.repeat(48)] },
];

describe('the schema of policy files', () => {
  it('accepts the policies that are built in', () => {
    for (const policy of [defaultPolicy, hardwarePolicy]) {
      expect(validate(JSON.parse(encodePolicy(policy))), JSON.stringify(validate.errors)).toBe(true);
    }
  });

  it('accepts whatever parsePolicy accepts', () => {
    fc.assert(
      fc.property(policies, (policy) => {
        expect(() => parsePolicy(JSON.stringify(policy))).not.toThrow();
        expect(validate(policy), JSON.stringify(validate.errors)).toBe(true);
        expect(JSON.parse(encodePolicy(parsePolicy(JSON.stringify(policy))))).toEqual(policy);
      }),
      { numRuns: 60 },
    );
  });

  it('refuses what parsePolicy refuses, at every place', () => {
    const full = JSON.parse(encodePolicy(defaultPolicy)) as JsonObject;
    // One root of each kind would make this long; the places inside are the same.
    const policy = { ...full, roots: (full['roots'] as readonly JsonValue[]).slice(0, 1), kinds: ['tdx'] };
    let [accepted, refused] = [0, 0];
    for (const place of placesOf(policy)) {
      for (const strange of strangeValues) {
        const changed = replaceAt(policy, place, strange);
        const valid = parses(changed);
        const says = validate(changed);
        // Policies that accept nothing are refused by the parser alone.
        if (says && !valid) {
          expect(() => parsePolicy(JSON.stringify(changed)), JSON.stringify(place)).toThrow(
            'accepts nothing',
          );
          continue;
        }
        expect(says, `${JSON.stringify(place)} as ${JSON.stringify(strange)}`).toBe(valid);
        if (valid) accepted++;
        else refused++;
      }
    }
    expect(accepted).toBeGreaterThan(40);
    expect(refused).toBeGreaterThan(500);
  });

  it('refuses an unknown member in every object', () => {
    const policy = JSON.parse(encodePolicy(defaultPolicy)) as JsonObject;
    for (const place of placesOf(policy)) {
      const at = place.reduce<JsonValue>((value, name) => (value as JsonObject)[name] as JsonValue, policy);
      if (!isObject(at)) continue;
      const changed = replaceAt(policy, place, { ...at, strange: 1 });
      expect([parses(changed), validate(changed)], JSON.stringify(place)).toEqual([false, false]);
    }
  });

  it('cannot see inside PEM, and says so in its page', () => {
    const policy = JSON.parse(encodePolicy(defaultPolicy)) as JsonObject;
    const root = {
      name: 'x',
      kind: 'intel',
      certificate_pem: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    };
    const changed = { ...policy, roots: [root] };
    expect([parses(changed), validate(changed)]).toEqual([false, true]);
  });
});
