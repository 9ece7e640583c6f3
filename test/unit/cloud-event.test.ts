import { describe, expect, it } from '@jest/globals';
import type { Actor } from '../../src/access/caller.js';
import type { FeedEvent } from '../../src/events/event-feed.js';
import { toCloudEvent } from '../../src/relay/cloud-event.js';

const settings = { PUBLIC_URL: 'https://accounts.example.com', EVENT_PERSONAL_DATA: 'include' } as const;

const event = (more: Partial<FeedEvent> = {}): FeedEvent =>
  ({
    position: 4711,
    id: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071',
    type: 'user.created',
    version: 1,
    userId: '019aa53c-0000-7000-8000-000000000001',
    userVersion: 1,
    actor: { kind: 'anonymous' },
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    occurredAt: new Date('2026-11-21T18:00:00.123Z'),
    data: { email: 'ada@example.com', username: null, role: 'AUTHENTICATED', how: 'registration' },
    previousHash: null,
    hash: Buffer.from('secret'),
    ...more,
  }) as FeedEvent;

describe('a CloudEvent', () => {
  it('has what the specification and consumers ask for, and nothing of the chain', () => {
    expect(toCloudEvent(event(), settings)).toEqual({
      specversion: '1.0',
      id: '019aa53c-1f7e-7c2f-b1c0-7d2a4e5f6071',
      source: 'https://accounts.example.com',
      type: 'user.created',
      subject: '019aa53c-0000-7000-8000-000000000001',
      time: '2026-11-21T18:00:00.123Z',
      datacontenttype: 'application/json',
      dataschema: 'https://accounts.example.com/docs/events/schemas/user.created.v1.json',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-b1c07d2a4e5f6071-01',
      traceid: '4bf92f3577b34da6a3ce929d0e0e4736',
      sequence: '0000000000004711',
      userversion: 1,
      authtype: 'unauthenticated',
      data: { email: 'ada@example.com', username: null, role: 'AUTHENTICATED', how: 'registration' },
    });
  });

  it('names its attributes as the specification allows: lower-case letters and digits', () => {
    for (const name of Object.keys(toCloudEvent(event(), settings))) expect(name).toMatch(/^[a-z0-9]{1,20}$/);
  });

  it('has no traceparent where the trace id is not one of W3C, but the id itself', () => {
    for (const traceId of ['my-request-7', '0'.repeat(32), '4BF92F3577B34DA6A3CE929D0E0E4736']) {
      const sent = toCloudEvent(event({ traceId }), settings);
      expect(sent).not.toHaveProperty('traceparent');
      expect(sent.traceid).toBe(traceId);
    }
  });

  it('says who did it', () => {
    const by = (actor: Actor) => {
      const { authtype, authid } = toCloudEvent(event({ actor }), settings);
      return { authtype, authid };
    };
    expect(by({ kind: 'user', id: 'x', role: 'ADMIN' })).toEqual({ authtype: 'app_user', authid: 'x' });
    expect(by({ kind: 'system' })).toEqual({ authtype: 'system', authid: undefined });
  });

  it('names the fields of a person without their values, with EVENT_PERSONAL_DATA=omit', () => {
    const omit = { ...settings, EVENT_PERSONAL_DATA: 'omit' } as const;
    expect(toCloudEvent(event(), omit).data).toEqual({
      role: 'AUTHENTICATED',
      how: 'registration',
      changed: ['email', 'username'],
    });
    const updated = event({ type: 'user.updated', data: { nickname: 'Countess' } });
    expect(toCloudEvent(updated, omit).data).toEqual({ changed: ['nickname'] });
    expect(JSON.stringify(toCloudEvent(event(), omit))).not.toContain('ada@');
  });
});
