import { encodeIntelCollateral } from '@dcml/attest';
import {
  canonicalizeJson,
  concatBytes,
  encodeUtf8,
  fromHex,
  sha256,
  systemRandom,
  toBase64,
  toBase64Url,
  toHex,
} from '@dcml/core';
import {
  completeEvidence,
  detectEvidence,
  EvidenceFileError,
  evidenceFilesErrors,
  expectedReportData,
  readEvidenceFile,
} from '@dcml/evidence-files';
import {
  createSimulatedVendor,
  issueSimulatedCollateral,
  signSimulatedQuote,
  signSimulatedSgxQuote,
  simulatedChainPem,
} from '@dcml/testing';
import { soundEvidence } from '@dcml/testing/sound-evidence';
import { describe, expect, it } from 'vitest';
import { asFiles } from './evidence-as-files.ts';

const NOW_MS = Date.parse('2026-11-01T12:00:00Z');
const vendor = createSimulatedVendor({ random: systemRandom, nowMs: NOW_MS });
const quote = signSimulatedQuote(vendor);
const chainPem = simulatedChainPem(vendor, 'pck', 'pckCa', 'root');
const text = (value: string): Uint8Array => encodeUtf8(value);
const types = (bytes: Uint8Array): string[] =>
  readEvidenceFile(bytes).subjects.flatMap((subject) => subject.parts.map((part) => part.type));
const lines = (body: string): string => (body.match(/.{1,64}/g) ?? []).join('\n');

function codeOf(bytes: Uint8Array): string {
  try {
    readEvidenceFile(bytes);
    return 'read';
  } catch (error) {
    return error instanceof EvidenceFileError ? error.code : String(error);
  }
}

describe('one quote in every form', () => {
  const armour = (label: string): string =>
    `-----BEGIN ${label}-----\n${lines(toBase64(quote))}\n-----END ${label}-----\n`;
  it.each<readonly [string, Uint8Array]>([
    ['raw', quote],
    ['hex', text(toHex(quote))],
    ['hex with 0x and a line feed', text(`0x${toHex(quote)}\n`)],
    ['capital hex in lines', text(lines(toHex(quote).toUpperCase()))],
    ['base64', text(toBase64(quote))],
    [
      'base64 in lines that end as on Windows',
      text(`\uFEFF${lines(toBase64(quote)).replaceAll('\n', '\r\n')}`),
    ],
    ['base64url without padding', text(toBase64Url(quote))],
    ['armour', text(armour('TDX QUOTE'))],
    ['armour in prose', text(`This is the quote:\n\n${armour('QUOTE')}and that was it.`)],
    ['base64 of armour', text(toBase64(text(armour('QUOTE'))))],
  ])('%s', (_form, bytes) => {
    expect(detectEvidence(bytes, NOW_MS).evidence).toMatchObject([{ kind: 'tdx', label: '' }]);
    const [part] = readEvidenceFile(bytes).subjects[0]?.parts ?? [];
    expect(part?.type === 'intel-quote' && toHex(part.quote)).toBe(toHex(quote));
  });

  it('is known by its header, whatever the version', () => {
    const sgx = signSimulatedSgxQuote(vendor, {});
    expect(detectEvidence(sgx, NOW_MS).evidence[0]?.kind).toBe('sgx');
    const v5 = signSimulatedQuote(vendor, { version: 5 });
    expect(readEvidenceFile(v5).description).toBe('Intel TDX quote v5');
  });
});

describe('bundles', () => {
  const bundle = (value: unknown): Uint8Array => text(JSON.stringify(value));
  const events = [{ imr: 3, event_type: 134217729, digest: '', event: 'system-ready', event_payload: '' }];
  const near = {
    signing_address: `0x${'11'.repeat(20)}`,
    intel_quote: toHex(quote),
    event_log: events,
    info: { tcb_info: { app_compose: '{}' } },
  };

  it.each<readonly [string, Uint8Array, readonly string[]]>([
    ['dstack GetQuote', bundle({ quote: toHex(quote), event_log: JSON.stringify(events) }), ['dstack-tdx']],
    ['NEAR AI, one machine', bundle(near), ['dstack-tdx']],
    [
      'NEAR AI, gateway and models',
      bundle({ gateway_attestation: near, model_attestations: [near, near] }),
      ['gateway', 'model 0', 'model 1'],
    ],
    [
      'private-ml, all attestations',
      bundle({ ...near, all_attestations: [near, near] }),
      ['model 0', 'model 1'],
    ],
  ])('%s', (_form, bytes, expected) => {
    const { evidence } = detectEvidence(bytes, NOW_MS);
    expect(evidence.map(({ label, kind }) => (label === '' ? kind : label))).toEqual(expected);
    expect(evidence.every(({ kind }) => kind === 'dstack-tdx')).toBe(true);
  });

  it('reads GPUs beside the machine', () => {
    const gpu = soundEvidence().find(({ evidence }) => evidence.kind === 'nvidia');
    if (gpu === undefined) return;
    const devices: unknown = JSON.parse(new TextDecoder().decode(asFiles(gpu.evidence).evidence));
    const payload = JSON.stringify({ nonce: '', evidence_list: devices, arch: 'HOPPER' });
    const { evidence } = detectEvidence(bundle({ ...near, nvidia_payload: payload }), NOW_MS);
    expect(evidence.map(({ kind }) => kind)).toEqual(['dstack-tdx', 'nvidia']);
    expect(types(bundle({ evidences: devices }))).toEqual(types(bundle(devices)));
  });

  it('reads ACI reports and archives, and binds the nonce as ACI says', async () => {
    const nonce = new Uint8Array(32).fill(5);
    const keyset = { e2ee_public_keys: [], receipt_signing_keys: [] };
    const digest = `sha256:${toHex(sha256(encodeUtf8(canonicalizeJson(keyset))))}`;
    const statement = `{"keyset_digest":"${digest}","nonce":"${toHex(nonce)}","purpose":"aci.report_data.v1"}`;
    const reportData = concatBytes(sha256(encodeUtf8(statement)), new Uint8Array(32));
    const bound = signSimulatedQuote(vendor, { td: { reportData } });
    const evidence = { quote: toHex(bound), event_log: JSON.stringify(events), app_compose: '{}' };
    const report = { api_version: 'aci/1', attestation: { evidence, workload_keyset: keyset } };
    const collateral = encodeIntelCollateral(issueSimulatedCollateral(vendor));
    for (const file of [report, { version: 1, receipt: {}, report, collateral }]) {
      const contents = readEvidenceFile(bundle(file));
      const [found] = completeEvidence(contents, [], NOW_MS);
      expect(found?.kind).toBe('dstack-tdx');
      expect(found?.missing.length).toBe('receipt' in file ? 0 : 5);
      const expected = expectedReportData('dstack-tdx', found!.nonceScheme, { nonce });
      expect(toHex(expected ?? new Uint8Array())).toBe(toHex(reportData));
    }
    const withDevices = {
      ...report,
      attestation: { ...report.attestation, evidence: { ...evidence, devices: {} } },
    };
    expect(readEvidenceFile(bundle(withDevices)).description).toContain('not judged here');
  });

  it('EVIDENCE_FILE_NONCE: bytes that no slot takes', () => {
    const near32 = { type: 'key-then-nonce', head: new Uint8Array(32) } as const;
    const expected = expectedReportData('tdx', near32, { nonce: new Uint8Array(32).fill(1) });
    expect(toHex(expected ?? new Uint8Array())).toBe('00'.repeat(32) + '01'.repeat(32));
    for (const expectation of [{ nonce: new Uint8Array(31) }, { reportData: new Uint8Array(63) }]) {
      expect(() => expectedReportData('tdx', near32, expectation)).toThrow(
        expect.objectContaining({ code: 'EVIDENCE_FILE_NONCE' }),
      );
    }
  });

  it('finds the container of a dstack guest agent', () => {
    const length = quote.length * 4 + 1;
    const scale = Uint8Array.of(0, 0, length & 0xff, length >> 8, ...quote, 0);
    expect(types(scale)).toEqual(['intel-quote', 'runtime-events']);
    expect(types(bundle({ attestation: toHex(scale) }))).toEqual(['intel-quote', 'runtime-events']);
  });
});

describe('SEV-SNP', () => {
  const sound = soundEvidence().find(({ evidence }) => evidence.kind === 'snp');
  const report = sound?.evidence.kind === 'snp' ? sound.evidence.report : new Uint8Array();
  const der = vendor.certificates.pck;
  // VCEK, then the end: GUID, offset, length (GHCB specification 4.1.8.1).
  const table = Uint8Array.of(
    ...fromHex('8d75da6364e66445adc5f4b93be8accd'),
    ...[48, 0, 0, 0],
    ...[der.length & 0xff, der.length >> 8, 0, 0],
    ...new Uint8Array(24),
    ...der,
  );

  it('reads a report with its certificate table', () => {
    expect(types(report)).toEqual(['snp-report']);
    expect(types(Uint8Array.of(...report, ...table))).toEqual(['snp-report', 'certificate']);
    const answer = Uint8Array.of(...new Uint8Array(4), ...[0xa0, 4, 0, 0], ...new Uint8Array(24), ...report);
    expect(types(answer)).toEqual(['snp-report']);
    expect(types(table)).toEqual(['certificate']);
  });

  it('EVIDENCE_FILE_BROKEN: a table that lies about its length', () => {
    for (let length = report.length + 1; length < report.length + table.length; length += 7) {
      const cut = Uint8Array.of(...report, ...table).subarray(0, length);
      expect(['EVIDENCE_FILE_BROKEN', 'read']).toContain(codeOf(cut));
    }
    const past = Uint8Array.from(table);
    past[16] = 0xff;
    past[17] = 0xff;
    expect(codeOf(Uint8Array.of(...report, ...past))).toBe('EVIDENCE_FILE_BROKEN');
    expect(() => readEvidenceFile(past)).toThrow('entry 0 reaches past the end');
  });
});

describe('collateral', () => {
  const collateral = issueSimulatedCollateral(vendor);
  const tcbAnswer = (space: string): string =>
    `{${space}"tcbInfo":${space}${collateral.tcbInfo},${space}"signature":"${collateral.tcbInfoSignatureHex}"}`;

  it('keeps the exact signed text', () => {
    for (const space of ['', ' ', '\n  ']) {
      const [part] = readEvidenceFile(text(tcbAnswer(space))).subjects[0]?.parts ?? [];
      expect(part?.type === 'tcb-info' && part.text).toBe(collateral.tcbInfo);
    }
    const turned = `{"signature":"00","x":["}",{"tcbInfo":1}],"tcbInfo":{"a":"\\"}"}}`;
    const [part] = readEvidenceFile(text(turned)).subjects[0]?.parts ?? [];
    expect(part?.type === 'tcb-info' && part.text).toBe('{"a":"\\"}"}');
  });

  it.each<readonly [string, Uint8Array, readonly string[]]>([
    ['certificates', text(chainPem), ['certificate', 'certificate', 'certificate']],
    ['PEM with Windows lines', text(chainPem.replaceAll('\n', '\r\n')), Array(3).fill('certificate')],
    ['a certificate', vendor.certificates.root, ['certificate']],
    [
      'a certificate in a zeroed buffer',
      Uint8Array.of(...vendor.certificates.root, 0, 0, 0),
      ['certificate'],
    ],
    ['a CRL', fromHex(collateral.rootCaCrlHex), ['crl']],
    ['a key set', text('{"keys":[{"kty":"EC"}]}'), ['jwks']],
    ['an application compose', text('{"manifest_version":2}'), ['app-compose']],
    ['a manifest', text('<?xml version="1.0"?><SoftwareIdentity/>'), ['rim']],
  ])('%s', (_what, bytes, expected) => {
    expect(types(bytes)).toEqual(expected);
    expect(() => detectEvidence(bytes, NOW_MS)).toThrow(
      expect.objectContaining({ code: 'EVIDENCE_FILE_NO_EVIDENCE' }),
    );
  });
});

describe('what is no evidence', () => {
  it.each<readonly [string, Uint8Array, string]>([
    ['nothing', new Uint8Array(), 'EVIDENCE_FILE_UNKNOWN'],
    ['white space', text(' \n'), 'EVIDENCE_FILE_UNKNOWN'],
    ['prose', text('The quote is genuine, believe me.'), 'EVIDENCE_FILE_UNKNOWN'],
    ['zeros', new Uint8Array(5000), 'EVIDENCE_FILE_UNKNOWN'],
    ['hex of nothing known', text('00'.repeat(700)), 'EVIDENCE_FILE_UNKNOWN'],
    ['other JSON', text('{"hello":"world"}'), 'EVIDENCE_FILE_UNKNOWN'],
    ['other XML', text('<html/>'), 'EVIDENCE_FILE_UNKNOWN'],
    [
      'a private key',
      text('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'),
      'EVIDENCE_FILE_UNKNOWN',
    ],
    ['broken JSON', text('{"quote":'), 'EVIDENCE_FILE_BROKEN'],
    ['duplicate members', text('{"quote":"","quote":""}'), 'EVIDENCE_FILE_BROKEN'],
    ['a bundle whose quote is none', text('{"intel_quote":"00"}'), 'EVIDENCE_FILE_BROKEN'],
    ['a log with an unknown member', text('{"quote":"00","event_log":"[]"}'), 'EVIDENCE_FILE_BROKEN'],
    [
      'armour around something else',
      text('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'),
      'EVIDENCE_FILE_BROKEN',
    ],
    ['claims without their token', text('{"x-nvidia-ver":"3.0"}'), 'EVIDENCE_FILE_NO_EVIDENCE'],
    ['a policy', text('{"kinds":[],"roots":[],"platforms":{}}'), 'EVIDENCE_FILE_NO_EVIDENCE'],
    ['a TDREPORT', Uint8Array.of(0x81, ...new Uint8Array(1023)), 'EVIDENCE_FILE_NO_EVIDENCE'],
    ['too much', new Uint8Array((8 << 20) + 1), 'EVIDENCE_FILE_LIMIT'],
    [
      'too many blocks',
      text('-----BEGIN A-----\nAAAA\n-----END A-----\n'.repeat(1200)),
      'EVIDENCE_FILE_LIMIT',
    ],
  ])('%s', (_what, bytes, code) => {
    expect(codeOf(bytes)).toBe(code);
  });

  it('every code has an entry', () => {
    expect(Object.keys(evidenceFilesErrors).sort()).toEqual([
      'EVIDENCE_FILE_BROKEN',
      'EVIDENCE_FILE_LIMIT',
      'EVIDENCE_FILE_NONCE',
      'EVIDENCE_FILE_NO_EVIDENCE',
      'EVIDENCE_FILE_UNKNOWN',
    ]);
  });
});
