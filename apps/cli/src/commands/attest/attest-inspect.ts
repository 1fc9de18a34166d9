import type { Command } from '../../program/command.ts';
import { printable } from '../../program/output.ts';
import { formatFields } from './format-inspection.ts';
import { readAs, readInput } from './read-input.ts';

export const attestInspect: Command = {
  name: 'attest inspect',
  summary: 'show every field of a file of evidence or collateral; nothing is verified',
  usage: 'FILE',
  arity: [1, 1],
  options: {},
  examples: ['dcml attest inspect quote.bin', 'dcml attest inspect collateral.json --json'],
  async run({ positionals, output }) {
    const [file = ''] = positionals;
    const files = await import('@dcml/evidence-files');
    const bytes = await readInput(file, files.MAX_EVIDENCE_FILE_BYTES);
    const inspection = readAs(file, () => files.inspectFile(files.readEvidenceFile(bytes), Date.now()));
    const lines = formatFields(inspection).map((line) => printable(line).replaceAll('\n', ' '));
    const warning = output.bold('UNVERIFIED: what the file says about itself; dcml attest verify checks it');
    output.result({ file, ...inspection }, [warning, `file: ${file}`, ...lines].join('\n'));
    return 0;
  },
};
