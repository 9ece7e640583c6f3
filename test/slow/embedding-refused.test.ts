import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { RosterModule } from '../../src/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let settings: Record<string, string>;
beforeAll(async () => {
  database = await createTestDatabase('template0');
  settings = { DATABASE_URL: database.url, SMTP_URL: 'smtp://127.0.0.1:1', SECRET_KEY: 'k3yZ'.repeat(12) };
});
afterEach(async () => {
  const tables = await database.query(
    "SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname IN ('public', 'graphile_worker')",
  );
  expect(tables).toHaveLength(0);
});
afterAll(() => database.drop());

/** As `@nestjs/platform-express` says it: Roster asks an adapter for nothing else. */
class ExpressAdapter extends FastifyAdapter {
  override getType(): string {
    return 'express';
  }
}

describe('An application that Roster cannot be in', () => {
  it('is refused before anything is done in the database when it is on Express', async () => {
    @Module({ imports: [RosterModule.forRoot({ settings })] })
    class HostModule {}
    const start = NestFactory.create(HostModule, new ExpressAdapter(), { logger: false, abortOnError: false });
    await expect(start).rejects.toThrow(
      /^Roster needs an application on Fastify, and this one is on express: .*NestFactory\.create\(AppModule, new FastifyAdapter\(\)\)/,
    );
  });

  it('is refused before anything is done in the database when it has another copy of Nest', async () => {
    const said = await startOn(join(PACKAGE_ROOT, 'dist'));
    expect(said).toMatch(
      /^The application and Roster have each a copy of Nest of their own, and can only work with one\.\nRoster's are:\n {2}@nestjs\/common \d+\.\d+\.\d+ in \S+\n/,
    );
    expect(said).toContain(
      `  @nestjs/core ${versionOf('@nestjs/core')} in ${join(PACKAGE_ROOT, 'node_modules/@nestjs/core')}\n`,
    );
    expect(said).toMatch(
      /npm ls @nestjs\/common @nestjs\/core @nestjs\/platform-fastify shows all of them\. Bring the application/,
    );
    expect(said).toMatch(
      /npm install @nestjs\/common@\^12\.5\.1 @nestjs\/core@\^12\.5\.1 @nestjs\/platform-fastify@\^12\.5\.0\n$/,
    );
  });

  it('is refused before anything is done in the database when its Nest is an older one, or not one yet known', async () => {
    for (const version of ['11.2.10', '12.5.0', '13.0.0']) {
      const said = await startOn('roster', { version });
      expect(said).toMatch(
        `Roster needs @nestjs/core ^12.5.1, and what is installed is ${version} in ${join(folder, 'node_modules/@nestjs/core')}.\nBring`,
      );
    }
    // Here it goes on, to where it finds that there is no mail server named.
    expect(await startOn('roster', { version: '12.6.0', settings: {} })).toContain('SMTP_URL: required for embedding');
  });
});

let folder: string;
beforeAll(() => {
  // Node finds these copies here, and what they need in ours.
  folder = mkdtempSync(join(PACKAGE_ROOT, 'node_modules/.two-nests-'));
  const copy = (path: string, to = path) =>
    cpSync(join(PACKAGE_ROOT, path), join(folder, 'node_modules', to), { recursive: true });
  for (const name of ['common', 'core', 'platform-fastify']) copy(`node_modules/@nestjs/${name}`, `@nestjs/${name}`);
  for (const path of ['dist', 'package.json']) copy(path, `roster/${path}`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Starts an application on a copy of Nest.
 * @param roster `roster`, which is a copy too and has the same Nest, or the folder of another one
 * @returns why it does not start
 */
async function startOn(
  roster: string,
  { version, settings: given = settings }: { version?: string; settings?: Record<string, string> } = {},
): Promise<string> {
  if (version !== undefined) {
    const file = join(folder, 'node_modules/@nestjs/core/package.json');
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), version }));
  }
  const from = roster === 'roster' ? roster : pathToFileURL(join(roster, 'index.js')).href;
  const script = join(folder, 'host.mjs');
  writeFileSync(
    script,
    `import 'reflect-metadata';
    import { Module } from '@nestjs/common';
    import { NestFactory } from '@nestjs/core';
    import { FastifyAdapter } from '@nestjs/platform-fastify';
    import { RosterModule } from ${JSON.stringify(from)};
    class HostModule {}
    Module({ imports: [RosterModule.forRoot({ settings: ${JSON.stringify(given)} })] })(HostModule);
    const options = { logger: false, abortOnError: false };
    await NestFactory.create(HostModule, new FastifyAdapter(), options).then(
      () => console.log('it started'),
      (error) => console.log(error.message),
    );
    process.exit();`,
  );
  return (await promisify(execFile)(process.execPath, [script])).stdout;
}

function versionOf(name: string): string {
  const file = join(PACKAGE_ROOT, 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
