import type { TcbStatus } from '../policy/intel-policy.ts';
import type { ComponentStatus } from './signed-document.ts';

interface Needs {
  readonly update: boolean;
  readonly configuration: boolean;
  readonly hardening: boolean;
}

const needs: Readonly<Record<Exclude<TcbStatus, 'Revoked'>, Needs>> = {
  UpToDate: { update: false, configuration: false, hardening: false },
  SWHardeningNeeded: { update: false, configuration: false, hardening: true },
  ConfigurationNeeded: { update: false, configuration: true, hardening: false },
  ConfigurationAndSWHardeningNeeded: { update: false, configuration: true, hardening: true },
  OutOfDate: { update: true, configuration: false, hardening: false },
  OutOfDateConfigurationNeeded: { update: true, configuration: true, hardening: false },
};

/**
 * The status of the whole: whatever any platform level or part still needs, all of it needs. Being out of date covers
 * the need for hardening in software, since Intel has no word for both. Of nothing at all the status is `Revoked`.
 */
export function convergeStatus(levels: readonly TcbStatus[], parts: readonly ComponentStatus[]): TcbStatus {
  const all = [...levels, ...parts];
  const open: Needs[] = [];
  for (const status of all) {
    if (status === 'Revoked') return 'Revoked';
    open.push(needs[status]);
  }
  if (levels.length === 0) return 'Revoked';
  const update = open.some((need) => need.update);
  const configuration = open.some((need) => need.configuration);
  const hardening = open.some((need) => need.hardening);
  if (update) return configuration ? 'OutOfDateConfigurationNeeded' : 'OutOfDate';
  if (configuration) return hardening ? 'ConfigurationAndSWHardeningNeeded' : 'ConfigurationNeeded';
  return hardening ? 'SWHardeningNeeded' : 'UpToDate';
}
