import { defineConfig, type ViteUserConfig } from 'vitest/config';

// One seed for every property test of a run, printed so that a failure can be replayed: DCML_SEED=… npm test
const seed = process.env['DCML_SEED'] ?? String(Math.floor(Math.random() * 2 ** 31));
console.log(`property seed ${seed} (replay with DCML_SEED=${seed})`);

const config: ViteUserConfig = defineConfig({
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'apps/*/test/**/*.test.ts',
      'e2e/**/*.test.ts',
      'scripts/test/**/*.test.ts',
    ],
    env: { DCML_SEED: seed },
    setupFiles: ['./scripts/test-setup.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
export default config;
