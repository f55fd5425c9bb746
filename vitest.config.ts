import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'tools/**/*.test.ts'],
    globalSetup: ['packages/testing/src/fresh-database-setup.ts'],
    // A test without an assertion fails: its loop was over nothing, or its condition never held.
    expect: { requireAssertions: true },
    // For what hangs. A busy machine makes tests slow, and no test may fail of it.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // Many files wait for processes and timers more than they compute.
    maxWorkers: 3,
  },
});
