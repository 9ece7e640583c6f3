import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';
import { loadSettings } from '../../src/config/settings.js';
import { USER_EVENTS, type UserEventType } from '../../src/events/catalogue.js';
import type { FeedEvent } from '../../src/events/event-feed.js';
import { toCloudEvent } from '../../src/relay/cloud-event.js';
import { asyncApiDocument } from '../../src/relay/documents/asyncapi-document.js';
import {
  dataSchema,
  dataSchemaDocument,
  ENVELOPE,
  EVENT_TYPES,
  exampleOf,
} from '../../src/relay/documents/event-schemas.js';
import { eventsPage, PAGE_POLICY } from '../../src/relay/documents/events-page.js';

const INCLUDE = loadSettings({ PUBLIC_URL: 'https://accounts.example.com' });
const OMIT = loadSettings({ PUBLIC_URL: 'https://accounts.example.com', EVENT_PERSONAL_DATA: 'omit' });
const ajv = addFormats.default(new Ajv2020({ allErrors: true, formats: { 'idn-email': true } }));
const envelope = ajv.compile({
  ...ENVELOPE,
  properties: { ...ENVELOPE.properties, data: {} },
  additionalProperties: false,
});
const closed = (type: UserEventType, settings: typeof INCLUDE) =>
  ajv.compile({ ...dataSchema(type, settings), additionalProperties: false });

function eventOf(type: UserEventType, data: object, more: Partial<FeedEvent> = {}): FeedEvent {
  return {
    ...{ id: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071', userId: '019aa53c-1f7e-7c2f-b1c0-6a5b4c3d2e1f', userVersion: 3 },
    ...{ position: 4711, version: 1, type, data, actor: { kind: 'system' }, occurredAt: new Date() },
    ...{ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', previousHash: null, hash: Buffer.alloc(32) },
    ...more,
  } as FeedEvent;
}

describe('The schema of an event', () => {
  it.each(EVENT_TYPES)('%s: its example fits, as it is sent with personal values and without', (type) => {
    const { data } = exampleOf(type, INCLUDE);
    const event = eventOf(type, data as object);
    for (const settings of [INCLUDE, OMIT]) {
      const sent = JSON.parse(JSON.stringify(toCloudEvent(event, settings))) as { data: object; dataschema: string };
      expect([envelope(sent), envelope.errors]).toEqual([true, null]);
      const validate = closed(type, settings);
      expect([validate(sent.data), validate.errors]).toEqual([true, null]);
      expect(dataSchemaDocument(type, settings)).toMatchObject({ $id: sent.dataschema, title: type });
    }
  });

  it.each(EVENT_TYPES)('%s: it fits of an erased person, whose values are null', (type) => {
    const { data } = exampleOf(type, INCLUDE);
    const erased = {
      ...(data as object),
      ...Object.fromEntries(USER_EVENTS[type].personal.map((name) => [name, null])),
    };
    expect(closed(type, INCLUDE)(erased)).toBe(true);
  });

  it('fits nothing else: a value of another kind, a field less, a field more', () => {
    const validate = closed('user.role_changed', INCLUDE);
    expect(validate({ from: 'ADMIN', to: 'MANAGER' })).toBe(true);
    for (const wrong of [
      { from: 'ADMIN', to: 'ROOT' },
      { from: 'ADMIN' },
      { from: 'ADMIN', to: null },
      { from: 'ADMIN', to: 'ADMIN', by: 'x' },
    ]) {
      expect(validate(wrong)).toBe(false);
    }
    expect(closed('user.updated', INCLUDE)({ nickname: 'x', bio: null })).toBe(true);
    expect(closed('user.updated', INCLUDE)({ username: 'x' })).toBe(false);
    expect(closed('user.email_verified', OMIT)({ email: 'ada@example.com', changed: ['email'] })).toBe(false);
  });

  it('tells every kind of actor and of trace id', () => {
    const actors = [
      { kind: 'anonymous' },
      { kind: 'user', id: '019aa53c-1f7e-7c2f-b1c0-6a5b4c3d2e1f', role: 'ADMIN' },
    ] as const;
    for (const actor of actors) {
      const sent = toCloudEvent(eventOf('user.reinstated', {}, { actor, traceId: 'order-4711' }), INCLUDE);
      expect([envelope(JSON.parse(JSON.stringify(sent))), envelope.errors]).toEqual([true, null]);
    }
  });
});

describe('The AsyncAPI document', () => {
  const schema = JSON.parse(
    readFileSync(join(PACKAGE_ROOT, 'node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json'), 'utf8'),
  ) as object;
  const draft7 = addFormats.default(new Ajv({ strict: false, meta: false, validateSchema: false, logger: false }));
  const validate = draft7.compile(schema);

  it.each([
    ['with personal values', INCLUDE],
    ['without', OMIT],
  ])('is AsyncAPI 3.0, %s', (_, settings) => {
    const document = asyncApiDocument(settings);
    expect([validate(document), validate.errors]).toEqual([true, null]);
    // The check is one: it notices what is wrong.
    expect(validate({ ...document, operations: { x: { action: 'shout' } } })).toBe(false);
  });

  it('refers to nothing that is not there, and its examples fit its payloads', () => {
    const document = asyncApiDocument(INCLUDE) as {
      components: { messages: Record<string, { payload: object; examples: { payload: object }[] }>; schemas: object };
      channels: Record<string, { messages: object }>;
    };
    const text = JSON.stringify(document);
    for (const [, pointer = ''] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const target = pointer.split('/').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], document);
      expect([pointer, target]).toEqual([pointer, expect.anything()]);
    }
    expect(Object.keys(document.components.messages)).toEqual(EVENT_TYPES);
    for (const { messages } of Object.values(document.channels)) expect(Object.keys(messages)).toEqual(EVENT_TYPES);
    const judge = addFormats.default(new Ajv({ strict: false, formats: { 'idn-email': true } }));
    judge.addSchema({ ...document, $id: 'document' });
    for (const type of EVENT_TYPES) {
      const [example] = document.components.messages[type]!.examples;
      const fits = judge.getSchema(`document#/components/messages/${type}/payload`)!;
      expect([type, fits(example!.payload), fits.errors]).toEqual([type, true, null]);
    }
  });
});

describe('The page of the events', () => {
  const page = eventsPage(INCLUDE);

  it('names every event, what it means, and each field', () => {
    for (const type of EVENT_TYPES) {
      expect(page).toContain(`<h2 id="${type}">`);
      for (const name of Object.keys(USER_EVENTS[type].fields)) expect(page).toContain(`<code>${name}</code>`);
    }
    expect(eventsPage(OMIT)).toContain('EVENT_PERSONAL_DATA=omit');
  });

  it('loads nothing from anywhere, and runs nothing', () => {
    expect(page).not.toMatch(/<(script|link|img|iframe|object)\b|\bstyle=|\son\w+=|url\(|@import/);
    expect(PAGE_POLICY).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}'; /);
    expect(PAGE_POLICY).not.toContain('unsafe');
  });

  it('takes what a setting holds for text', () => {
    expect(eventsPage({ ...INCLUDE, PUBLIC_URL: 'https://a.example/"><script>' })).not.toContain('<script>');
  });
});
