import { availableParallelism } from 'node:os';

// Suites by kind; see docs/architecture.md, "Tests".
const project = (name, extra = {}) => ({
  displayName: name,
  roots: [`<rootDir>/test/${name}`],
  testMatch: ['**/*.test.ts'],
  runtime: '<rootDir>/test/support/jest/native-runtime.mjs',
  testEnvironment: '<rootDir>/test/support/jest/native-environment.mjs',
  injectGlobals: false,
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  ...extra,
});

const withDatabase = (name) =>
  project(name, {
    globalSetup: '<rootDir>/test/support/global-setup.mjs',
    globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
    setupFilesAfterEnv: ['<rootDir>/test/support/after-each.ts'],
  });

export default {
  // Only what hangs should meet it: a test of some seconds takes many times as long on a busy machine.
  testTimeout: 300_000,
  watchman: false,
  reporters: ['default', '<rootDir>/test/support/jest/ends.mjs'],
  // A third of a test's time is waiting for PostgreSQL: on two cores, three workers take seven eighths of the time of two.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  projects: [
    project('unit'),
    project('console', { roots: ['<rootDir>/console/test'] }),
    { ...withDatabase('console-pages'), roots: ['<rootDir>/test/console'] },
    ...[
      ...[
        'integration',
        'e2e',
        'slow',
        'faults',
        'browser',
        'nginx',
        'readme',
        'embedded',
        'contract',
        'soak',
        'brokers',
      ],
      ...['providers', 'openid', 'packages', 'deploy'],
    ].map(withDatabase),
  ],
};
