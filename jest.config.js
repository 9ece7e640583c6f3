// Suites by kind; see docs/architecture.md, "Tests".
const project = (name, extra = {}) => ({
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // Its ES modules import JSON without an attribute, of which Jest warns at every file.
    '^libphonenumber-js$': '<rootDir>/node_modules/libphonenumber-js/index.cjs',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist'],
  setupFiles: ['<rootDir>/test/support/preload.ts'],
  setupFilesAfterEnv: ['<rootDir>/test/support/after-each.ts'],
  ...extra,
});

export default {
  globalSetup: './test/support/global-setup.mjs',
  globalTeardown: './test/support/global-teardown.mjs',
  testTimeout: 20_000,
  // Most of a test's time is waiting for PostgreSQL, so every core may have a worker.
  maxWorkers: '100%',
  projects: [
    'unit',
    'integration',
    'e2e',
    'faults',
    'browser',
    'nginx',
    'readme',
    'embedded',
    'contract',
    'soak',
    'brokers',
  ].map((name) => project(name)),
};
