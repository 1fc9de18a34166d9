import { spawnSync } from 'node:child_process';

/** Whether Debian's xmlsec1, an independent implementation over libxml2, can be asked. */
export const hasXmlsec1: boolean = spawnSync('xmlsec1', ['--version'], { timeout: 10_000 }).status === 0;
if (!hasXmlsec1)
  console.warn('SKIPPED: xmlsec1 is not installed; canonical XML is compared with one library only');
