import { chmod, link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fields, fromBase64, fromHex, type JsonObject, parseJson, toBase64, toHex } from '@dcml/core';
import { encodeEcKey, parseEcKey } from './ec-key.ts';
import {
  createSimulatedVendor,
  type SimulatedVendor,
  type VendorOptions,
  type VendorRole,
} from './simulated-vendor.ts';

type ByRole<Value> = Record<VendorRole, Value>;

function mapRoles<From, To>(values: Readonly<ByRole<From>>, map: (value: From) => To): ByRole<To> {
  return {
    root: map(values.root),
    pckCa: map(values.pckCa),
    tcbSigning: map(values.tcbSigning),
    pck: map(values.pck),
  };
}

function readRoles<Value>(fields: Fields, parse: (text: string) => Value): ByRole<Value> {
  const names: ByRole<VendorRole> = { root: 'root', pckCa: 'pckCa', tcbSigning: 'tcbSigning', pck: 'pck' };
  return mapRoles(names, (role) => parse(fields.string(role)));
}

/** JSON text of a vendor, secret keys included. */
export function encodeSimulatedVendor(vendor: SimulatedVendor): string {
  const { platform } = vendor;
  const document: JsonObject = {
    version: 1,
    notice: 'SIMULATED: secret keys of a made-up hardware vendor; they prove nothing',
    keys: { ...mapRoles(vendor.keys, encodeEcKey), attestation: encodeEcKey(vendor.keys.attestation) },
    certificates: mapRoles(vendor.certificates, toBase64),
    serials: mapRoles(vendor.serials, toHex),
    platform: {
      ppid: toHex(platform.ppid),
      cpuSvn: toHex(platform.cpuSvn),
      pceSvn: platform.pceSvn,
      pceId: toHex(platform.pceId),
      fmspc: toHex(platform.fmspc),
    },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** A stored vendor, issuing collateral at `nowMs`. Throws `CORE_*` on any other text. */
export function parseSimulatedVendor(text: string, nowMs: number): SimulatedVendor {
  const fields = new Fields(parseJson(text), 'vendor');
  fields.integer('version', 1, 1);
  fields.string('notice');
  const keys = fields.object('keys');
  const platform = fields.object('platform');
  const vendor: SimulatedVendor = {
    keys: { ...readRoles(keys, parseEcKey), attestation: parseEcKey(keys.string('attestation')) },
    certificates: readRoles(fields.object('certificates'), (certificate) => fromBase64(certificate)),
    serials: readRoles(fields.object('serials'), (serial) => fromHex(serial)),
    platform: {
      ppid: fromHex(platform.string('ppid'), 'ppid', 16),
      cpuSvn: fromHex(platform.string('cpuSvn'), 'cpuSvn', 16),
      pceSvn: platform.integer('pceSvn', 0, 65_535),
      pceId: fromHex(platform.string('pceId'), 'pceId', 2),
      fmspc: fromHex(platform.string('fmspc'), 'fmspc', 6),
    },
    nowMs,
  };
  fields.done();
  return vendor;
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * The vendor stored at `path` (mode 0600), made on first use, so that one data directory keeps one root.
 * Two processes that start at once end up with the same vendor.
 */
export async function openSimulatedVendor(path: string, options: VendorOptions): Promise<SimulatedVendor> {
  const stored = await readIfPresent(path);
  if (stored !== undefined) {
    await chmod(path, 0o600);
    return parseSimulatedVendor(stored, options.nowMs);
  }
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${toHex(options.random.bytes(8))}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(encodeSimulatedVendor(createSimulatedVendor(options)));
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    // Linking fails if another process was first; its vendor is then the one to use.
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  return parseSimulatedVendor(await readFile(path, 'utf8'), options.nowMs);
}
