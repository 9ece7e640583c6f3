import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

interface Packed {
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

it('the npm package has what runs, and nothing of how it was made', async () => {
  const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    maxBuffer: 2 ** 26,
  });
  const [packed] = JSON.parse(stdout) as [Packed];
  const paths = packed.files.map(({ path }) => path);
  const places = new Set(paths.map((path) => path.replace(/^(console\/dist|[^/]+)\/.*/, '$1')));
  expect([...places].sort()).toEqual(
    [
      '.env.example',
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'console/dist',
      'dist',
      'package.json',
      'templates',
    ].sort(),
  );
  expect(paths.filter((path) => /\.(?:map|test\.js|tsx?|png)$/.test(path) && !path.endsWith('.d.ts'))).toEqual([]);
  for (const needed of ['dist/main.js', 'dist/cli.js', 'dist/index.js', 'console/dist/index.html']) {
    expect(paths).toContain(needed);
  }
});
