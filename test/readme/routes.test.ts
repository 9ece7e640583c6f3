import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { type Roster, startRoster } from '../support/roster.js';

const read = (file: string) => readFileSync(join(PACKAGE_ROOT, file), 'utf8');
const PAGES = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/*.md', 'docs/adr/*.md']
  .flatMap((pattern) => globSync(pattern, { cwd: PACKAGE_ROOT }))
  .sort();

/** `GET /users/{id}` and the like. */
let routes: string[];
let protocol: string[];
let roster: Roster;
beforeAll(async () => {
  roster = await startRoster({ CLIENT_REGISTRATION_TOKEN: 'those-who-have-this-register-applications' });
  const { paths } = (await roster.api.get('/docs-json').expect(200)).body as { paths: Record<string, object> };
  // What OpenID Connect defines is described by the discovery document.
  const discovery = (await roster.api.get('/.well-known/openid-configuration').expect(200)).body as object;
  const endpoints = Object.entries(discovery).filter(([name]) => name.endsWith('_endpoint'));
  protocol = [...endpoints.map(([, url]) => new URL(String(url)).pathname), '/.well-known/openid-configuration'];
  routes = Object.entries(paths).flatMap(([path, calls]) =>
    Object.keys(calls).map((method) => `${method.toUpperCase()} ${path}`),
  );
});
afterAll(() => roster.stop());

it('every path of the API document is on the page of requirements', () => {
  const quoted = [...read('docs/requirements.md').matchAll(/`([^`]+)`/g)].flatMap(([, text = '']) =>
    text.split(/[ ?]/),
  );
  const paths = new Set(routes.map((route) => route.slice(route.indexOf(' ') + 1)));
  expect([...paths].filter((path) => !quoted.includes(path))).toEqual([]);
});

describe('the pages name', () => {
  it.each(PAGES)('only routes that the API document has: %s', (page) => {
    const named = [...read(page).matchAll(/`((?:(?:GET|POST|PUT|PATCH|DELETE)(?:\/| and |, )?)+) (\/[^`?# ]*)/g)];
    const missing = named.flatMap(([, methods = '', path = '']) =>
      (methods.match(/[A-Z]+/g) ?? []).map((method) => `${method} ${path}`),
    );
    expect(missing.filter((route) => !routes.includes(route) && !protocol.includes(route.split(' ')[1]!))).toEqual([]);
  });
});
