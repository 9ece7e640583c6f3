import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { DiscoveryService, type HttpAdapterHost, type ModulesContainer } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { PACKAGE_ROOT } from '../config/package-root.js';

/** The application cannot embed Roster; the message says what to do. */
export class UnsuitableHost extends Error {
  override readonly name = 'UnsuitableHost';
}

/** The embedding application. */
export interface Host {
  /** Undefined without a server, as in an application context of a script. */
  readonly fastify: FastifyInstance | undefined;
  readonly discovery: DiscoveryService;
}

const NEST = ['@nestjs/common', '@nestjs/core', '@nestjs/platform-fastify'];

/**
 * Runs before anything is built, so that a refused start has changed nothing.
 * @param adapter and `modules`: what the application's container has under the classes of Roster's copy of Nest; nothing, where the
 *   application is made of another copy
 * @throws UnsuitableHost
 */
export function hostFrom(adapter: HttpAdapterHost | undefined, modules: ModulesContainer | undefined): Host {
  const present = NEST.map(presentOf);
  const unfit = present.find(({ version, wanted }) => !fits(version, wanted));
  if (unfit) {
    throw new UnsuitableHost(
      `Roster needs ${unfit.name} ${unfit.wanted}, and what is installed is ${unfit.version} in ${unfit.folder}.\n${remedy(present)}`,
    );
  }
  if (!adapter || !modules) {
    throw new UnsuitableHost(
      'The application and Roster have each a copy of Nest of their own, and can only work with one.\n' +
        `Roster's are:\n${present.map(({ name, version, folder }) => `  ${name} ${version} in ${folder}\n`).join('')}` +
        `npm ls ${NEST.join(' ')} shows all of them. ${remedy(present)}`,
    );
  }
  const discovery = new DiscoveryService(modules);
  const server = adapter.httpAdapter as HttpAdapterHost['httpAdapter'] | undefined;
  const type = server?.getType();
  if (!server || !type) return { fastify: undefined, discovery };
  if (type !== 'fastify') {
    throw new UnsuitableHost(
      `Roster needs an application on Fastify, and this one is on ${type}: NestFactory.create(AppModule, new FastifyAdapter()), ` +
        'with FastifyAdapter from @nestjs/platform-fastify',
    );
  }
  return { fastify: server.getInstance<FastifyInstance>(), discovery };
}

interface Present {
  readonly name: string;
  /** The range in Roster's `package.json`: `^12.5.1`. */
  readonly wanted: string;
  readonly version: string;
  readonly folder: string;
}

/** The package as Roster resolves it. */
function presentOf(name: string): Present {
  const file = createRequire(import.meta.url).resolve(`${name}/package.json`);
  const { version } = readJson(file) as { version: string };
  const { peerDependencies } = readJson(join(PACKAGE_ROOT, 'package.json')) as {
    peerDependencies: Record<string, string>;
  };
  return { name, wanted: peerDependencies[name] ?? '', version, folder: dirname(file) };
}

/** @param range `^1.2.3`: this or a later version with the same major number */
function fits(version: string, range: string): boolean {
  const [given, least] = [version, range.slice(1)].map((text) =>
    text.split('.').map((part) => Number.parseInt(part, 10)),
  );
  if (!given || !least || given[0] !== least[0]) return false;
  const differs = least.findIndex((part, index) => part !== given[index]);
  return differs === -1 || (given[differs] ?? 0) > (least[differs] ?? 0);
}

function remedy(present: readonly Present[]): string {
  return `Bring the application to versions that Roster takes: npm install ${present.map(({ name, wanted }) => `${name}@${wanted}`).join(' ')}`;
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}
