import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';

// Of the C library (docs/performance.md, Memory): they can only be set where a process is started, so they stand wherever one is.
const SETTINGS = /MALLOC_ARENA_MAX=\d+ MALLOC_TRIM_THRESHOLD_=\d+/g;

it('starts the server with the same allocator settings everywhere', () => {
  const files = ['package.json', 'Dockerfile', 'examples/systemd/roster.service', 'docs/production.md'];
  const found = Object.fromEntries(files.map((file) => [file, readFileSync(file, 'utf8').match(SETTINGS) ?? []]));

  const [settings] = found['package.json'] ?? [];
  expect(found).toEqual({
    'package.json': [settings, settings],
    Dockerfile: [settings],
    'examples/systemd/roster.service': [settings],
    'docs/production.md': [settings],
  });
});
