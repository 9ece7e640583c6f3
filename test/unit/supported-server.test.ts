import { describe, expect, it } from '@jest/globals';
import { objectionToServer } from '../../src/database/supported-server.js';

describe('A database server', () => {
  it.each([
    'PostgreSQL 15.14 (Debian 15.14-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14) 12.2.0, 64-bit',
    'PostgreSQL 18.1 on aarch64-apple-darwin24, compiled by Apple clang version 16.0.0, 64-bit',
    'PostgreSQL 17rc1 on x86_64-pc-linux-gnu',
  ])('is taken: %s', (version) => expect(objectionToServer(version)).toBeUndefined());

  it.each([
    ['CockroachDB CCL v25.2.1 (x86_64-pc-linux-gnu, built 2025/06/09)', /^The database is CockroachDB, which only/],
    ['PostgreSQL 15.12-YB-2025.1.0.1-b0 on x86_64-pc-linux-gnu', /^The database is YugabyteDB, which only/],
    ['PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC, Redshift 1.0.51986', /^The database is Amazon Redshift/],
    ['8.0.0', /^The database is no PostgreSQL/],
    ['PostgreSQL 14.18 (Debian 14.18-1) on x86_64-pc-linux-gnu', /^PostgreSQL is too old \(PostgreSQL 14.18 \(Debian/],
  ])('is refused: %s', (version, objection) => expect(objectionToServer(version)).toMatch(objection));
});
