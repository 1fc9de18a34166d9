import { writeFile } from 'node:fs/promises';
import type { CollateralCache, Fetched, FetchOptions, IntelService } from '@dcml/collateral';
import type { JsonObject } from '@dcml/core';
import { CliError } from '../../cli-error.ts';
import type { Command, CommandContext } from '../../program/command.ts';
import { parseTime } from '../../program/read-option.ts';
import { chooseEvidencePolicy, policyOption } from './choose-policy.ts';
import { collateralTargets, type Target } from './collateral-targets.ts';

/** The collateral of one piece of evidence, in the form that --collateral reads. */
interface Found {
  readonly json: JsonObject;
  readonly documents: Fetched<unknown>['documents'];
}

function intelService({ strings }: CommandContext): IntelService | undefined {
  const url = strings['pccs'];
  return url === undefined ? undefined : { kind: 'pccs', url };
}

async function openCache({ strings }: CommandContext): Promise<CollateralCache | undefined> {
  const directory = strings['cache'];
  if (directory === undefined) return undefined;
  const { openCollateralCache } = await import('@dcml/collateral');
  return openCollateralCache(directory);
}

async function fetchTarget(target: Target, options: FetchOptions, service?: IntelService): Promise<Found> {
  const { fetchIntelCollateral, fetchNvidiaCollateral, fetchSnpCollateral } = await import(
    '@dcml/collateral'
  );
  const { encodeIntelCollateral, encodeSnpCollateral } = await import('@dcml/attest');
  const { encodeNvidiaCollateral } = await import('@dcml/evidence-files');
  switch (target.vendor) {
    case 'intel': {
      const source = 'quote' in target ? target.quote : target.platform;
      const fetched = await fetchIntelCollateral(source, { ...options, ...(service && { service }) });
      return { json: encodeIntelCollateral(fetched.collateral), documents: fetched.documents };
    }
    case 'amd': {
      const { report, endorsementCertificate } = target;
      const given = endorsementCertificate && { endorsementCertificate };
      const fetched = await fetchSnpCollateral(report, { ...options, ...given });
      return { json: encodeSnpCollateral(fetched.collateral), documents: fetched.documents };
    }
    case 'nvidia': {
      const fetched = await fetchNvidiaCollateral(target.evidence, options);
      return { json: encodeNvidiaCollateral(fetched.collateral), documents: fetched.documents };
    }
  }
}

function describe({ documents }: Found): string[] {
  return documents.map(({ what, source, nextUpdateMs }) => {
    const until = Number.isFinite(nextUpdateMs)
      ? `, current until ${new Date(nextUpdateMs).toISOString()}`
      : '';
    return `${source.padEnd(7)}  ${what}${until}`;
  });
}

export const attestCollateral: Command = {
  name: 'attest collateral',
  summary: 'fetch what a vendor publishes about the hardware in a file, checked and cached',
  usage: '[FILE]',
  arity: [0, 1],
  options: {
    fmspc: {
      type: 'string',
      value: 'HEX',
      description: 'instead of FILE: an Intel platform',
      flagOnly: true,
    },
    tee: { type: 'string', value: 'TEE', description: 'with --fmspc: tdx (default) or sgx', flagOnly: true },
    ca: {
      type: 'string',
      value: 'CA',
      description: 'with --fmspc: platform (default) or processor',
      flagOnly: true,
    },
    out: {
      type: 'string',
      value: 'FILE',
      description: 'where to write it (default: standard output)',
      flagOnly: true,
    },
    cache: {
      type: 'string',
      value: 'DIR',
      description: 'keep documents here and use those that are current',
    },
    pccs: { type: 'string', value: 'URL', description: "an Intel caching service (default: Intel's own)" },
    offline: { type: 'boolean', description: 'use the cache alone' },
    at: {
      type: 'string',
      value: 'TIME',
      description: 'current as of this time (default: now)',
      flagOnly: true,
    },
    policy: policyOption,
  },
  examples: [
    'dcml attest collateral quote.bin --out collateral.json',
    'dcml attest collateral quote.bin --cache ~/.cache/dcml/collateral --pccs https://pccs.example:8081 --out collateral.json',
    'dcml attest collateral --fmspc 90c06f000000 --out collateral.json',
    'dcml attest collateral report.bin --cache collateral-cache --offline --json',
  ],
  async run(context) {
    const { strings, booleans, output, signal } = context;
    const nowMs = parseTime('at', strings['at']) ?? Date.now();
    const targets = await collateralTargets(context, nowMs);
    const cache = await openCache(context);
    if (booleans['offline'] === true && cache === undefined) {
      throw new CliError('CLI_USAGE', '--offline needs --cache DIR: there is nowhere else to look');
    }
    const { policy } = await chooseEvidencePolicy(context);
    const mode = booleans['offline'] === true ? 'offline' : 'cache';
    const options: FetchOptions = { policy, nowMs, signal, mode, ...(cache && { cache }) };
    const found: Found[] = [];
    for (const target of targets) found.push(await fetchTarget(target, options, intelService(context)));
    const [first] = found;
    const content: JsonObject =
      found.length === 1 && first ? first.json : { collateral: found.map((one) => one.json) };
    const file = strings['out'];
    const lines = found.flatMap(describe);
    const documents = found.flatMap((one) => one.documents.map((document) => ({ ...document })));
    if (file === undefined) {
      for (const line of lines) output.progress(line);
      output.result({ collateral: content, documents }, JSON.stringify(content));
      return 0;
    }
    await writeCollateral(file, content);
    output.result({ out: file, documents }, [...lines, `wrote    ${file}`].join('\n'));
    return 0;
  },
};

async function writeCollateral(file: string, content: JsonObject): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(content)}\n`);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new CliError('CLI_INPUT', `${file}: cannot be written (${code})`, { cause });
  }
}
