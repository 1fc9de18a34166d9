import type { NvidiaEvidence } from '@dcml/attest';
import { assembleNvidia } from './assemble/nvidia.ts';
import { createPool } from './assemble/pool.ts';
import { endorsementFor } from './assemble/snp.ts';
import { hclHardwareReport } from './binary/azure-report.ts';
import { type FileContents, partsOf, type Subject } from './part.ts';

/** Hardware in a file about which its vendor publishes something. */
export type HardwareSource =
  | { readonly vendor: 'intel'; readonly quote: Uint8Array }
  | {
      readonly vendor: 'amd';
      readonly report: Uint8Array;
      /** DER of the VCEK or VLEK, where the file has it. */
      readonly endorsementCertificate: Uint8Array | undefined;
    }
  | { readonly vendor: 'nvidia'; readonly evidence: NvidiaEvidence };

function sourcesOf({ parts }: Subject, nowMs: number): HardwareSource[] {
  const pool = createPool(parts, nowMs);
  const reports = [
    ...partsOf(parts, 'snp-report').map(({ report }) => report),
    ...partsOf(parts, 'hcl-report').flatMap(({ hardware, report }) =>
      hardware === 'snp' ? [hclHardwareReport(report)] : [],
    ),
  ];
  const devices = partsOf(parts, 'nvidia-device').length > 0 ? assembleNvidia(pool).evidence : null;
  return [
    ...partsOf(parts, 'intel-quote').map(({ quote }): HardwareSource => ({ vendor: 'intel', quote })),
    ...reports.map((report): HardwareSource => {
      const endorsement = endorsementFor(report, pool.certificates, nowMs);
      return { vendor: 'amd', report, endorsementCertificate: endorsement?.der };
    }),
    ...(devices === null ? [] : [{ vendor: 'nvidia', evidence: devices } as const]),
  ];
}

/** All hardware in a file, in the shapes that collateral services are asked with. Nothing of it is verified. */
export function hardwareSources(contents: FileContents, nowMs: number): HardwareSource[] {
  return contents.subjects.flatMap((subject) => sourcesOf(subject, nowMs));
}
