import { type JsonObject, type Random, toHex } from '@dcml/core';
import { assertQuoteBinds, assertSnpReportBinds } from './bound-report-data.ts';
import type { EvidenceSource, PlatformQuote } from './evidence-source.ts';
import { assertReportData, callPlatform, platformError } from './platform-call.ts';
import { readComposeFile } from './read-compose.ts';
import { assertEventName } from './runtime-event.ts';
import { parseSnpCertificateTable } from './snp-certificate-table.ts';
import { extendTdxRegister } from './tdx-registers.ts';
import type { TsmFiles } from './tsm-files.ts';
import { makeTsmReport, type TsmReport } from './tsm-report.ts';

export interface ConfigfsTsmOptions {
  readonly files: TsmFiles;
  readonly random: Random;
  /** What kind of guest this is: `tdx_guest` or `sev_guest`, the kernel's `provider`. */
  readonly provider: TsmProvider;
  /** `/sys/kernel/config/tsm/report`. */
  readonly reportDirectory: string;
  /** `/sys/class/misc/tdx_guest/measurements`. */
  readonly registerDirectory: string;
  /** The compose whose hash the guest was launched with: in MRCONFIGID (TDX) or HOST_DATA (SEV-SNP). */
  readonly composeFile: string;
  readonly privilegeLevel: number | null;
  readonly deadlineMs: number;
}

export type TsmProvider = 'tdx_guest' | 'sev_guest';

const teeTypes = { tdx_guest: 'tdx', sev_guest: 'sev_snp' } as const;

/** What the host says is the chip's certificate chain, for whoever has no other source. Bound by nothing. */
function certificates(auxblob: Uint8Array | null): JsonObject {
  if (auxblob === null) return {};
  const { vcek, vlek, ask, ark } = parseSnpCertificateTable(auxblob);
  const listed = Object.entries({ vcek, vlek, ask, ark }).flatMap(([name, der]) =>
    der === null ? [] : [[`${name}_hex`, toHex(der)] as const],
  );
  return { certificates: Object.fromEntries(listed) };
}

function toQuote(report: TsmReport, reportData: Uint8Array, provider: TsmProvider): PlatformQuote {
  if (report.provider !== provider)
    throw platformError('the kernel makes reports of another kind than at boot');
  const { outblob } = report;
  if (provider === 'tdx_guest') {
    assertQuoteBinds(outblob, reportData);
    return { teeType: 'tdx', evidence: { quote: toHex(outblob) } };
  }
  assertSnpReportBinds(outblob, reportData);
  return { teeType: 'sev_snp', evidence: { report: toHex(outblob), ...certificates(report.auxblob) } };
}

/** Intel TDX and AMD SEV-SNP through the Linux kernel (6.7 and later), without anybody between. */
export function createConfigfsTsmSource(options: ConfigfsTsmOptions): EvidenceSource {
  const { files, provider, deadlineMs } = options;
  const tsm = { ...options, directory: options.reportDirectory };
  return {
    info: (signal) =>
      callPlatform({ what: 'reading the compose file', deadlineMs, signal }, async (running) => ({
        teeType: teeTypes[provider],
        appCompose: await readComposeFile(options.composeFile, running),
        simulated: false,
      })),
    quote: async (reportData, signal) => {
      assertReportData(reportData);
      return callPlatform({ what: 'making a report', deadlineMs, signal }, async (running) =>
        toQuote(await makeTsmReport(tsm, reportData, running), reportData, provider),
      );
    },
    ...(provider === 'tdx_guest' && {
      extend: async (event, signal) => {
        assertEventName(event.name);
        await callPlatform({ what: 'extending a register', deadlineMs, signal }, (running) =>
          extendTdxRegister(files, options.registerDirectory, event, running),
        );
      },
    }),
  };
}

/** What reports this kernel makes. Throws `ENCLAVE_PLATFORM` where it makes none, or of a kind unknown here. */
export async function detectTsmProvider(
  options: Pick<ConfigfsTsmOptions, 'files' | 'random' | 'reportDirectory' | 'deadlineMs'>,
  signal: AbortSignal,
): Promise<TsmProvider> {
  const { files, random, reportDirectory, deadlineMs } = options;
  return callPlatform({ what: 'asking the kernel for its kind of reports', deadlineMs, signal }, async () => {
    const entry = `${reportDirectory}/dcml-${toHex(random.bytes(16))}`;
    await files.makeEntry(entry);
    try {
      const provider = new TextDecoder().decode(await files.read(`${entry}/provider`, 4096)).trim();
      if (provider === 'tdx_guest' || provider === 'sev_guest') return provider;
      throw platformError('the kernel makes reports of a kind that nobody can verify here');
    } finally {
      await files.removeEntry(entry).catch(() => {});
    }
  });
}
