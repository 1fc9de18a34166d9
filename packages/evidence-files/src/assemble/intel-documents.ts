import { Fields, isDcmlError, parseJson } from '@dcml/core';
import { type PartOf, partsOf } from '../part.ts';
import { isWithin } from './choose.ts';
import type { Pool } from './pool.ts';

type DocumentPart = PartOf<'tcb-info'> | PartOf<'qe-identity'>;

interface Outline<Document extends DocumentPart> {
  readonly part: Document;
  readonly id: string;
  readonly fmspc: string;
  readonly evaluation: number;
  readonly isValid: boolean;
}

function timeOf(fields: Fields, name: string): number {
  const value = fields.optional(name);
  return typeof value === 'string' ? Date.parse(value) : Number.NaN;
}

function outline<Document extends DocumentPart>(
  part: Document,
  nowMs: number,
): Outline<Document> | undefined {
  try {
    const fields = new Fields(parseJson(part.text), part.type);
    const [id, fmspc, evaluation] = ['id', 'fmspc', 'tcbEvaluationDataNumber'].map((name) =>
      fields.optional(name),
    );
    const validity = { fromMs: timeOf(fields, 'issueDate'), untilMs: timeOf(fields, 'nextUpdate') };
    return {
      part,
      // TCB info of version 2 is for SGX and has no id.
      id: typeof id === 'string' ? id : 'SGX',
      fmspc: typeof fmspc === 'string' ? fmspc.toLowerCase() : '',
      evaluation: typeof evaluation === 'number' ? evaluation : -1,
      isValid: isWithin(validity, nowMs),
    };
  } catch (error) {
    if (isDcmlError(error)) return undefined;
    throw error;
  }
}

function candidates<Document extends DocumentPart>(
  documents: readonly Document[],
  nowMs: number,
  isFitting: (document: Outline<Document>) => boolean,
): Outline<Document>[] {
  return documents
    .flatMap((document) => outline(document, nowMs) ?? [])
    .filter(isFitting)
    .sort((a, b) => Number(b.isValid) - Number(a.isValid) || b.evaluation - a.evaluation);
}

export interface IntelDocuments {
  readonly tcbInfo: PartOf<'tcb-info'> | undefined;
  readonly qeIdentity: PartOf<'qe-identity'> | undefined;
}

/**
 * TCB info for the platform and QE identity, of one TCB recovery if there is such a pair: verifiers want one evaluation
 * number in both. Valid ones come first, then newer ones. An unreadable platform (empty FMSPC) takes any TCB info.
 */
export function chooseIntelDocuments(pool: Pool, tee: 'tdx' | 'sgx', fmspc: string): IntelDocuments {
  const [tcbId, qeId] = tee === 'tdx' ? ['TDX', 'TD_QE'] : ['SGX', 'QE'];
  const tcbInfos = candidates(
    partsOf(pool.parts, 'tcb-info'),
    pool.nowMs,
    (one) => one.id === tcbId && (fmspc === '' || one.fmspc === fmspc),
  );
  const identities = candidates(partsOf(pool.parts, 'qe-identity'), pool.nowMs, (one) => one.id === qeId);
  const pairs = tcbInfos.flatMap((tcbInfo) => {
    const identity = identities.find((one) => one.evaluation === tcbInfo.evaluation && one.isValid);
    return identity === undefined || !tcbInfo.isValid ? [] : [{ tcbInfo, identity }];
  });
  const [pair] = pairs;
  return {
    tcbInfo: pair?.tcbInfo.part ?? tcbInfos[0]?.part,
    qeIdentity: pair?.identity.part ?? identities[0]?.part,
  };
}
