import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'tools/**/*.test.ts'],
    globalSetup: ['packages/testing/src/fresh-database-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Many files wait for processes and timers more than they compute.
    maxWorkers: 3,
  },
});
