import type { Evidence, VerifyEvidenceOptions } from '@dcml/attest';
import { fromBase64, toBase64 } from '@dcml/core';

/** What a page gets to verify. */
export interface Task {
  readonly evidence: Evidence;
  readonly options: VerifyEvidenceOptions;
}

/** JSON has neither bytes nor maps: both travel under a name that no evidence has. */
export function encodeTask(task: Task): string {
  return JSON.stringify(task, (_name, value: unknown) => {
    if (value instanceof Uint8Array) return { $bytes: toBase64(value) };
    return value instanceof Map ? { $entries: [...(value as ReadonlyMap<unknown, unknown>)] } : value;
  });
}

export function decodeTask(text: string): Task {
  return JSON.parse(text, (_name, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    if ('$bytes' in value) return fromBase64(value.$bytes as string, 'bytes');
    return '$entries' in value ? new Map(value.$entries as [unknown, unknown][]) : value;
  }) as Task;
}
