import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { withOwn } from '../../src/config/setting-origins.js';
import { loadSettings, SECRETS, SETTINGS } from '../../src/config/settings.js';
import { settingsInEffect, withoutPasswords } from '../../src/help/health/settings-in-effect.js';

const folder = mkdtempSync(join(tmpdir(), 'roster-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MARK = 'Sesame-Marker-42';
const PEM = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
}) as string;

const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
}) as string;
/** Settings that are private keys. */
const KEYS: Readonly<Record<string, string>> = { DKIM_PRIVATE_KEY: PEM, APPLE_PRIVATE_KEY: EC };

/** A value that a secret setting accepts, with the mark in every place where a secret can stand. */
function secretFor(name: string): string {
  const pem = KEYS[name];
  if (pem !== undefined) return pem.replaceAll('\n', '\\n');
  const texts = [
    `postgres://${MARK}:${MARK}@db.example/${MARK}?password=${MARK}`,
    `smtps://${MARK}:${MARK}@smtp.example`,
    `amqps://${MARK}:${MARK}@mq.example/${MARK}`,
    `rediss://${MARK}:${MARK}@redis.example/${MARK}`,
    `${MARK}.`.repeat(3),
  ];
  const text = texts.find((one) => {
    try {
      SETTINGS[name as keyof typeof SETTINGS].parse(one);
      return true;
    } catch {
      return false;
    }
  });
  if (text === undefined) throw new Error(`${name}: nothing here is a value of it`);
  return text;
}

describe('the settings in effect', () => {
  it('show no secret, whether it was set, came from a file or was made by the server', () => {
    const beside = { DKIM_DOMAIN: 'example.com', DKIM_SELECTOR: 'mail', KAFKA_SASL_USERNAME: 'roster' };
    const set = Object.fromEntries(SECRETS.map((name) => [name, secretFor(name)]));
    const files = Object.fromEntries(
      SECRETS.map((name) => {
        const file = join(folder, name);
        writeFileSync(file, secretFor(name));
        return [`${name}_FILE`, file];
      }),
    );
    const made = withOwn(loadSettings({}), {
      SECRET_KEY: `${MARK}.`.repeat(3),
      SMTP_URL: `smtp://a:${MARK}@localhost:25`,
    });
    const all = [loadSettings({ ...set, ...beside }), loadSettings({ ...files, ...beside }), made].map(
      settingsInEffect,
    );
    for (const shown of all) {
      const text = JSON.stringify(shown);
      expect(text).not.toContain(MARK);
      for (const line of [PEM, EC].flatMap((pem) => pem.trim().split('\n').slice(1, -1)))
        expect(text).not.toContain(line);
      expect(shown.filter(({ isSecret }) => isSecret).map(({ name }) => name)).toEqual(SECRETS);
    }
    const origins = all.map((shown) => shown.find(({ name }) => name === 'SECRET_KEY')?.origin);
    expect(origins).toEqual(['set', 'file', 'development']);
    const database = all[0]!.find(({ name }) => name === 'DATABASE_URL');
    expect(database?.value).toBe('postgres://••••••@db.example');
  });

  it('show passwords and tokens of no URL either, where the setting itself is no secret', () => {
    const shown = settingsInEffect(
      loadSettings({
        OTEL_EXPORTER_OTLP_ENDPOINT: `https://u:${MARK}@otel.example/v1`,
        MAGIC_LINK_URL: `https://app.example/in?token=${MARK}&theme=dark`,
        LINK_URLS: `verify-email=https://app.example/verify?api_key=${MARK}`,
      }),
    );
    expect(JSON.stringify(shown)).not.toContain(MARK);
    expect(shown.find(({ name }) => name === 'MAGIC_LINK_URL')?.value).toBe(
      'https://app.example/in?token=••••••&theme=dark',
    );
    expect(withoutPasswords(`connect ECONNREFUSED amqp://guest:${MARK}@mq:5672/`)).not.toContain(MARK);
  });

  it('say of each whether it is the default, as it was written', () => {
    const shown = settingsInEffect(loadSettings({ ACCESS_TOKEN_TTL: '5m', SUPPORT_EMAIL: '' }));
    const of = (name: string) => shown.find((one) => one.name === name);
    expect(of('ACCESS_TOKEN_TTL')).toMatchObject({ value: '5m', origin: 'set' });
    expect(of('REFRESH_TOKEN_IDLE_TTL')).toMatchObject({ value: '7d', origin: 'default' });
    expect(of('SUPPORT_EMAIL')).toMatchObject({ value: null, origin: 'absent' });
  });
});
