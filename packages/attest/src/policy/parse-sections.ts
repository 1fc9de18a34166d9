import type { Fields } from '@dcml/core';
import { type AmdPolicy, type AmdProduct, type AmdTcb, amdProducts } from './amd-policy.ts';
import { type IntelPolicy, tcbStatuses } from './intel-policy.ts';
import type { NitroPolicy, TpmPolicy } from './measured-boot-policy.ts';
import { type NvidiaPolicy, nvidiaArchitectures } from './nvidia-policy.ts';
import {
  readChoices,
  readHexList,
  readNumbers,
  readRegisterRules,
  readTexts,
  refuseMember,
} from './read-fields.ts';

type Done<Section> = (fields: Fields) => Section;

function closed<Section>(read: Done<Section>): Done<Section> {
  return (fields) => {
    const section = read(fields);
    fields.done();
    return section;
  };
}

const RTMR_BYTES = 48;

function readRtmrs(fields: Fields): IntelPolicy['rtmrs'] {
  const rtmrs = fields.object('rtmrs');
  const read = (name: string): string[] | null => readHexList(rtmrs, name, RTMR_BYTES);
  const lists = [read('0'), read('1'), read('2'), read('3')] as const;
  rtmrs.done();
  return lists;
}

export const parseIntelPolicy: Done<IntelPolicy> = closed((fields) => {
  const minimum = 'min_tcb_evaluation_data_number';
  const allowedTcbStatuses = readChoices(fields, 'allowed_tcb_statuses', tcbStatuses);
  if (allowedTcbStatuses.includes('Revoked')) {
    refuseMember(`${fields.path}.allowed_tcb_statuses`, 'a revoked platform cannot be accepted');
  }
  const advisory = /^[A-Z0-9-]{1,64}$/;
  return {
    allowedTcbStatuses,
    allowedAdvisories: readTexts(fields, 'allowed_advisories', advisory, 'an id such as INTEL-SA-00837'),
    ...(fields.has(minimum) ? { minTcbEvaluationDataNumber: fields.integer(minimum, 0, 1_000_000) } : {}),
    mrTds: readHexList(fields, 'mr_tds', 48),
    rtmrs: readRtmrs(fields),
    mrEnclaves: readHexList(fields, 'mr_enclaves', 32),
    mrSigners: readHexList(fields, 'mr_signers', 32),
    minIsvSvn: fields.integer('min_isv_svn', 0, 65_535),
  };
});

function readTcb(fields: Fields, product: AmdProduct): AmdTcb {
  const svn = (name: string): number => fields.integer(name, 0, 255);
  const tcb = {
    bootloader: svn('bootloader'),
    tee: svn('tee'),
    snp: svn('snp'),
    microcode: svn('microcode'),
  };
  if (fields.has('fmc') && product !== 'turin') refuseMember(`${fields.path}.fmc`, 'exists on turin only');
  const full = fields.has('fmc') ? { ...tcb, fmc: svn('fmc') } : tcb;
  fields.done();
  return full;
}

export const parseAmdPolicy: Done<AmdPolicy> = closed((fields) => {
  const minTcb = fields.object('min_tcb');
  const minimums: Partial<Record<AmdProduct, AmdTcb>> = {};
  for (const product of amdProducts) {
    if (minTcb.has(product)) minimums[product] = readTcb(minTcb.object(product), product);
  }
  minTcb.done();
  return {
    products: readChoices(fields, 'products', amdProducts),
    endorsements: readChoices(fields, 'endorsements', ['vcek', 'vlek']),
    minTcb: minimums,
    launchDigests: readHexList(fields, 'launch_digests', 48),
    hostData: readHexList(fields, 'host_data', 32),
    maxVmpl: fields.integer('max_vmpl', 0, 3),
    allowSmt: fields.boolean('allow_smt'),
    allowMigrationAgent: fields.boolean('allow_migration_agent'),
  };
});

function readVersion(fields: Fields, name: string): string {
  const text = fields.string(name, 64);
  if (!/^\d{1,6}(?:\.\d{1,6}){1,4}$/.test(text)) {
    refuseMember(`${fields.path}.${name}`, 'expected a version such as 550.90.07');
  }
  return text;
}

export const parseNvidiaPolicy: Done<NvidiaPolicy> = closed((fields) => ({
  minGpus: fields.integer('min_gpus', 0, 64),
  minSwitches: fields.integer('min_switches', 0, 64),
  architectures: readChoices(fields, 'architectures', nvidiaArchitectures),
  requireRims: fields.boolean('require_rims'),
  requireOcsp: fields.boolean('require_ocsp'),
  ...(fields.has('min_driver_version')
    ? { minDriverVersion: readVersion(fields, 'min_driver_version') }
    : {}),
}));

export const parseNitroPolicy: Done<NitroPolicy> = closed((fields) => ({
  pcrs: readRegisterRules(fields, 'pcrs', 31, [48]),
}));

export const parseTpmPolicy: Done<TpmPolicy> = closed((fields) => ({
  pcrs: readRegisterRules(fields, 'pcrs', 23, [20, 32, 48]),
  requiredPcrs: readNumbers(fields, 'required_pcrs', 23, 'a register number'),
}));
