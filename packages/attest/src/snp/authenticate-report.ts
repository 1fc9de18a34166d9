import { equalBytes, toHex } from '@dcml/core';
import { attempt } from '../claim-sheet.ts';
import type { SnpSheet } from './claims.ts';
import type { Endorsement } from './endorsement.ts';
import { tcbOffsets } from './parse-report.ts';
import { productNames, productOfProcessor } from './product.ts';
import type { SnpReport } from './report.ts';
import { decodeTcb, formatTcb, reachesTcb } from './tcb.ts';

function keyProblem(report: SnpReport, { kind }: Endorsement): string | undefined {
  if (report.isChipKeyMasked) return 'the host masks the chip key: the firmware signs with none';
  if (report.signingKey === kind) return undefined;
  return `the report names signing key ${report.signingKey}, the certificate is for a ${kind}`;
}

function tcbProblem(report: SnpReport, endorsement: Endorsement): string | undefined {
  const { product, tcb } = endorsement;
  const reported = attempt(() => decodeTcb(report.reportedTcb, product, 'reported TCB', tcbOffsets.reported));
  if (reported.problem !== undefined) return reported.problem;
  const isSame = reachesTcb(reported.value, tcb) && reachesTcb(tcb, reported.value);
  return isSame
    ? undefined
    : `the report has TCB ${formatTcb(reported.value)}, the certificate is for ${formatTcb(tcb)}`;
}

function processorProblem(report: SnpReport, { product, chipId }: Endorsement): string | undefined {
  if (report.processor !== undefined && productOfProcessor(report.processor) !== product) {
    const { family, model } = report.processor;
    return `family 0x${family.toString(16)}, model 0x${model.toString(16)} is no ${productNames[product]}`;
  }
  // A VLEK is loaded for a provider and certifies no chip.
  if (chipId === undefined || equalBytes(report.chipId, chipId)) return undefined;
  return `the report is of chip ${toHex(report.chipId)}, the certificate of ${toHex(chipId)}`;
}

/**
 * Compares a report with the certificate of its key: kind of key, signature, TCB, processor. True if all agree.
 * `isSigned`: the key of the certificate made the report's signature.
 */
export function checkReport(
  sheet: SnpSheet,
  report: SnpReport,
  endorsement: Endorsement,
  isSigned: boolean,
): boolean {
  const kind = endorsement.kind.toUpperCase();
  const results = [
    sheet.check('signing_key', keyProblem(report, endorsement), `the report names the ${kind} as its key`, [
      { part: 'report', offset: 0x48, length: 4 },
    ]),
    sheet.check(
      'report_signature',
      isSigned ? undefined : `the ${kind} did not sign the report`,
      `the ${kind} signed the report`,
      [{ part: 'report', offset: 0, length: 0x2a0 }],
    ),
    sheet.check(
      'certified_tcb',
      tcbProblem(report, endorsement),
      `the reported TCB is the certified one: ${formatTcb(endorsement.tcb)}`,
      [{ part: 'report', offset: tcbOffsets.reported, length: 8 }],
    ),
    sheet.check(
      'certified_processor',
      processorProblem(report, endorsement),
      `the processor is the certified ${productNames[endorsement.product]}`,
      [
        { part: 'report', offset: 0x188, length: 3 },
        { part: 'report', offset: 0x1a0, length: 64 },
      ],
    ),
  ];
  return results.every(Boolean);
}
