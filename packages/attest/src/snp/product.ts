import type { AmdProduct } from '../policy/amd-policy.ts';
import type { ProcessorId } from './report.ts';

/** Names in AMD's certificates. */
export const productNames: Readonly<Record<AmdProduct, string>> = {
  milan: 'Milan',
  genoa: 'Genoa',
  turin: 'Turin',
};

/**
 * The product line of a processor with SEV-SNP, or undefined for others (family and model ranges as in CPUID leaf 1;
 * models A0h to AFh of family 19h are Bergamo and Siena, which AMD certifies under Genoa).
 */
export function productOfProcessor({ family, model }: ProcessorId): AmdProduct | undefined {
  if (family === 0x19) {
    if (model <= 0x0f) return 'milan';
    return model <= 0x1f || (model >= 0xa0 && model <= 0xaf) ? 'genoa' : undefined;
  }
  return family === 0x1a && model <= 0x1f ? 'turin' : undefined;
}

const productsByName: ReadonlyMap<string, AmdProduct> = new Map([
  ['Milan', 'milan'],
  ['Genoa', 'genoa'],
  ['Siena', 'genoa'],
  ['Turin', 'turin'],
]);

/** The product line that a certificate's product name stands for; a stepping such as `-B0` may follow. */
export function productOfName(name: string): AmdProduct | undefined {
  return productsByName.get(name.replace(/-[A-Z]\d$/, ''));
}
