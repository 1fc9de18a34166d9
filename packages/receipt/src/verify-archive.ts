import { type Claim, concludeVerdict, type EvidencePolicy, type Verdict } from '@dcml/attest';
import { parseArchive, type ReceiptArchive } from './archive.ts';
import { claim, compared, optional } from './claims.ts';
import { findEvent } from './receipt-document.ts';
import { verifyReceipt } from './verify-receipt.ts';
import { type ReportVerdict, verifyReport } from './verify-report.ts';

export interface VerifyArchiveOptions {
  readonly policy: EvidencePolicy;
  readonly nowMs: number;
  readonly registeredComposeHashes?: readonly string[];
}

function timeClaims(archive: ReceiptArchive, nowMs: number): Claim[] {
  const { verifiedAt, receipt } = archive;
  const nowSeconds = Math.floor(nowMs / 1000);
  return [
    compared(
      'archive_time',
      verifiedAt <= nowSeconds && receipt.servedAt <= nowSeconds,
      `the evidence is judged as of ${new Date(verifiedAt * 1000).toISOString()}`,
      'the archive comes from the future',
    ),
    // Collateral that is valid today proves more; an old archive cannot have it.
    optional(
      claim(
        'archive_moment',
        'unknown',
        'the moment of verification is the word of whoever made the archive',
        'operator_asserted',
      ),
    ),
  ];
}

/** The archived exchange against what was measured, since there is no client left who expects something. */
function measuredClaims(archive: ReceiptArchive, report: ReportVerdict): Claim[] {
  const configuration = report.established?.configuration;
  const model = findEvent(archive.receipt, 'dcml.model')?.model;
  const name = 'model_measured';
  if (configuration === undefined || model === undefined) {
    return [claim(name, 'unknown', 'the models that the enclave may serve are not established')];
  }
  return [
    compared(
      name,
      configuration.models.includes(model),
      `${model} is measured`,
      `${model} is none of the measured models`,
    ),
  ];
}

/**
 * Checks an archive offline: the file, the report as of its verification, the receipt, and that they belong together.
 * What only the payer can know (channel, price, voucher) is listed as optional. Throws what `parseArchive` throws.
 */
export async function verifyArchive(bytes: Uint8Array, options: VerifyArchiveOptions): Promise<Verdict> {
  const archive = parseArchive(bytes);
  const report = await verifyReport(archive.report, {
    nonce: archive.nonce,
    nowMs: archive.verifiedAt * 1000,
    policy: options.policy,
    collateral: archive.collateral,
    ...(options.registeredComposeHashes && { registeredComposeHashes: options.registeredComposeHashes }),
  });
  const configuration = report.established?.configuration;
  const receipt = await verifyReceipt(archive.receipt, {
    keyset: archive.report.keyset,
    ...(archive.requestBody && { requestBody: archive.requestBody }),
    ...(archive.responseBody && { responseBody: archive.responseBody }),
    expected: {
      simulated: report.simulated,
      ...(configuration && { chainId: configuration.chainId, contract: configuration.channelsContract }),
    },
  });
  // Whoever holds only the file cannot know these: unknown, and said so, but no reason to doubt the rest.
  const payersOwn = new Set(['model', 'charge_channel', 'charge_price', 'charge_voucher']);
  const claims = [
    claim('archive_intact', 'pass', 'the file is canonical and matches its digest'),
    ...timeClaims(archive, options.nowMs),
    ...report.claims,
    ...measuredClaims(archive, report),
    ...receipt.claims.map((item) => (payersOwn.has(item.name) ? optional(item) : item)),
  ];
  return concludeVerdict(claims, report.simulated || receipt.simulated);
}
