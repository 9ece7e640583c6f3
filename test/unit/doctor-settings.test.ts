import { describe, expect, it } from '@jest/globals';
import { loadSettings } from '../../src/config/settings.js';
import type { Ground } from '../../src/operator/doctor/ground.js';
import { settingsFindings } from '../../src/operator/doctor/settings-checks.js';

const warnings = (environment: Record<string, string>) =>
  settingsFindings({ settings: loadSettings(environment), problems: [] } as unknown as Ground)
    .filter(({ state }) => state === 'warning')
    .map(({ seen }) => seen);

describe('what the doctor says of passwords in URLs', () => {
  const GUESSABLE = 'the password in DATABASE_URL is one that is tried first, or there is none';

  it('knows those that are tried first, also percent-encoded', () => {
    for (const password of ['postgres', 'post%67res', 'shop', '%73hop']) {
      expect(warnings({ DATABASE_URL: `postgres://shop:${password}@db.example/shop` })).toEqual([GUESSABLE]);
    }
    expect(warnings({ DATABASE_URL: 'postgres://shop:v7Lq2Zx9@db.example/shop' })).toEqual([]);
  });

  it('looks at the rest, too, where a percent sign is not encoded, or is no UTF-8', () => {
    for (const password of ['100%', 'a%zzb', 'a%ffb', '%c3%28x']) {
      expect(warnings({ DATABASE_URL: `postgres://shop:${password}@db.example/shop` })).toEqual([]);
      expect(warnings({ DATABASE_URL: `postgres://shop:shop@db.example/${password}` })).toEqual([GUESSABLE]);
    }
  });
});
