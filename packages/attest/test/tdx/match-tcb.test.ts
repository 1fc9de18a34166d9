import { fromHex } from '@dcml/core';
import { describe, expect, it } from 'vitest';
import type { TdxTcbInfo, TdxTcbLevel } from '../../src/intel/tcb-info.ts';
import { attributesProblem, xfamProblem } from '../../src/tdx/appraise-td.ts';
import { findTcbLevel, matchModule, teeTcbSvns } from '../../src/tdx/match-tcb.ts';
import type { TdBody } from '../../src/tdx/quote.ts';

const svn = (hex: string): Uint8Array => fromHex(hex.padEnd(32, '0'));
const zero = new Uint8Array(48);
const body: TdBody = {
  teeTcbSvn: svn('00'),
  mrSeam: zero,
  mrSignerSeam: zero,
  seamAttributes: new Uint8Array(8),
  tdAttributes: new Uint8Array(8),
  xfam: new Uint8Array(8),
  mrTd: zero,
  mrConfigId: zero,
  mrOwner: zero,
  mrOwnerConfig: zero,
  rtmrs: [zero, zero, zero, zero],
  reportData: new Uint8Array(64),
};

function svns(...values: number[]): number[] {
  return [...values, ...new Array<number>(16 - values.length).fill(0)];
}

const level = (sgx: number[], pceSvn: number, tdx: number[]): TdxTcbLevel => ({
  sgxComponents: svns(...sgx),
  tdxComponents: svns(...tdx),
  pceSvn,
  status: 'UpToDate',
  advisories: [],
});
const pck = { ppid: '', components: svns(3, 3, 2), pceSvn: 11, pceId: '0000', fmspc: '' };

describe('findTcbLevel', () => {
  it('takes the first level that every component, the PCESVN and every TDX component reach', () => {
    const levels = [
      level([4], 11, []),
      level([3, 3, 3], 11, []),
      level([3], 12, []),
      level([3], 11, [5, 0, 3]),
      level([3], 11, [5, 0, 2]),
      level([0], 0, []),
    ];
    expect(findTcbLevel(pck, svn('050102'), levels)).toBe(levels[4]);
    expect(findTcbLevel(pck, svn('050101'), levels)).toBe(levels[5]);
    expect(findTcbLevel(pck, svn('050102'), levels.slice(0, 4))).toBeUndefined();
  });

  it('leaves the module version (two TDX components) to the module identity, if the module has one', () => {
    const levels = [level([3], 11, [5, 0, 7])];
    expect(findTcbLevel(pck, svn('040107'), levels)).toBe(levels[0]);
    expect(findTcbLevel(pck, svn('040007'), levels)).toBeUndefined();
    expect(findTcbLevel(pck, svn('050007'), levels)).toBe(levels[0]);
  });
});

describe('matchModule', () => {
  const module = {
    mrSigner: new Uint8Array(48),
    attributes: new Uint8Array(8),
    attributesMask: new Uint8Array(8).fill(255),
  };
  const identity = (id: string, isvSvn: number) => ({
    ...module,
    id,
    levels: [{ isvSvn, status: 'UpToDate', advisories: [] } as const],
  });
  const tcbInfo: TdxTcbInfo = {
    id: 'TDX',
    issueDateMs: 0,
    nextUpdateMs: 0,
    tcbEvaluationDataNumber: 1,
    fmspc: '',
    pceId: '',
    module: { ...module, mrSigner: new Uint8Array(48).fill(9) },
    moduleIdentities: [identity('TDX_01', 4), identity('TDX_0A', 1)],
    levels: [],
  };

  it('selects the identity by the major version in hex, and the level by the minor', () => {
    expect(matchModule(body, svn('0401'), tcbInfo)).toMatchObject({ id: 'TDX_01', level: { isvSvn: 4 } });
    expect(matchModule(body, svn('010a'), tcbInfo)).toMatchObject({ id: 'TDX_0A' });
    expect(matchModule(body, svn('0301'), tcbInfo).problem).toContain('reaches no TCB level');
    expect(matchModule(body, svn('0110'), tcbInfo).problem).toContain('no identity of TDX module TDX_10');
  });

  it('uses the module without levels for major version 0', () => {
    expect(matchModule(body, svn('0500'), tcbInfo).problem).toContain('MRSIGNERSEAM');
    const plain = { ...tcbInfo, module };
    expect(matchModule(body, svn('0500'), plain)).toEqual({
      problem: undefined,
      id: 'TDX_00',
      level: undefined,
    });
  });
});

describe('teeTcbSvns', () => {
  it('judges the module that created the guest and, in a TD report 1.5, the one that runs now', () => {
    expect(teeTcbSvns(body)).toEqual([body.teeTcbSvn]);
    expect(teeTcbSvns({ ...body, teeTcbSvn2: svn('0201') })).toEqual([body.teeTcbSvn, svn('0201')]);
  });
});

describe('TD attributes and XFAM, bit by bit', () => {
  const bits = (bit: number): Uint8Array => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, (1n << BigInt(bit)) | (1n << 28n), true);
    return bytes;
  };
  it('permits LASS, SEPT_VE_DISABLE, PKS, KL and PERFMON only', () => {
    const permitted = Array.from({ length: 64 }, (_, bit) => bit).filter(
      (bit) => attributesProblem(bits(bit)) === undefined,
    );
    expect(permitted).toEqual([27, 28, 30, 31, 63]);
  });

  it('permits the extended features of the TDX module only', () => {
    const permitted = Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigUint64(0, (1n << BigInt(bit)) | 3n, true);
      return xfamProblem(bytes) === undefined;
    });
    expect(permitted).toEqual([0, 1, 2, 5, 6, 7, 8, 9, 11, 12, 14, 15, 17, 18]);
  });
});
