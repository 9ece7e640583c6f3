import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { event, type NewUserEvent } from '../../src/events/catalogue.js';
import type { UserEvent } from '../../src/events/user-event.js';
import { create } from '../../src/users/aggregate/decide.js';
import { summaryOf } from '../../src/users/history/event-summary.js';
import { PastUserResponse } from '../../src/users/history/past-user.response.js';
import { readState, STATE_SHAPE, writeState } from '../../src/users/store/snapshots.js';
import { evolve, type UserState } from '../../src/users/aggregate/user.js';

const ID = '01920000-0000-7000-8000-000000000001';

function stored(newEvent: NewUserEvent, userVersion: number): UserEvent {
  const occurredAt = new Date(Date.UTC(2026, 0, 1) + userVersion * 1000);
  return {
    ...{ id: `event-${userVersion}`, userId: ID, userVersion, version: 1, traceId: 'trace', occurredAt },
    ...{ actor: { kind: 'system' }, ...newEvent },
  };
}

const fold = (...events: NewUserEvent[]): UserState =>
  events.map((next, index) => stored(next, index + 1)).reduce<UserState | undefined>(evolve, undefined)!;
const created = create({ email: 'ada@example.com', role: 'AUTHENTICATED', how: 'registration' })[0]!;

describe('a snapshot', () => {
  // When this fails, the shape of a state has changed: raise STATE_SHAPE, and write the new number and keys here. Otherwise
  // snapshots of the release before would be read as states of this one.
  it('has the number of the shape that states have', () => {
    expect({ shape: STATE_SHAPE, keys: Object.keys(fold(created)).sort().join(' ') }).toEqual({
      shape: 2,
      keys:
        'bio contacts createdAt deletedAt email emailVerified erasedAt firstName githubUrl id isProfessional kind lastName linkedinUrl ' +
        'locale nickname pending phone pictureUrl professionalStatusChangedAt role scope suspendedAt updatedAt username version',
    });
  });

  it('gives back the state that it was made of, times as times and texts as texts', () => {
    const text = fc.option(fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant('{"$time":0}')));
    const time = fc.option(fc.date({ noInvalidDate: true }));
    const facts = fc.record({ firstName: text, bio: text, suspendedAt: time, deletedAt: time, pending: fc.boolean() });
    fc.assert(
      fc.property(facts, (changed) => {
        const state: UserState = { ...fold(created), ...changed };
        expect(readState(writeState(state))).toEqual(state);
      }),
    );
  });
});

describe('the summary of an event', () => {
  it.each<[NewUserEvent, string]>([
    [created, 'Registered as AUTHENTICATED'],
    [create({ email: 'root@example.com', role: 'ADMIN', how: 'admin' })[0]!, 'Created as ADMIN'],
    [
      event('user.role_changed', { from: 'AUTHENTICATED', to: 'MANAGER' }),
      'Role changed from AUTHENTICATED to MANAGER',
    ],
    [event('user.updated', { firstName: 'Ada', bio: null }), 'Profile changed: firstName, bio'],
    [event('user.username_changed', { username: 'countess' }), 'Username changed to countess'],
    [event('user.suspended', { reason: 'Spam.\nTwice.' }), 'Suspended: Spam. Twice.'],
    [event('user.suspended', { reason: null }), 'Suspended'],
    [
      event('user.contact_added', { contactId: ID, kind: 'phone', value: '+442079460958', label: null }),
      'Contact added, a phone number: +442079460958',
    ],
    [event('user.professional_status_changed', { from: true, to: false }), 'No longer a professional'],
    [event('user.erased', { reason: 'claim-lost' }), 'Erased: somebody else proved the address'],
  ])('%# says it in one line', (newEvent, summary) => {
    expect(summaryOf(stored(newEvent, 2))).toBe(summary);
  });

  it('does without what was erased', () => {
    const erased = (type: string) =>
      summaryOf({ ...stored(created, 2), type, data: { email: null, username: null } } as never);
    expect([erased('user.email_verified'), erased('user.username_changed')]).toEqual([
      'Address proved',
      'Username changed',
    ]);
  });
});

describe('a user as it was', () => {
  it('shows the status that followed from its facts then, nothing to do, and nothing that is no fact', () => {
    const statuses = [
      [created],
      [created, event('user.email_verified', { email: 'ada@example.com' })],
      [created, event('user.suspended', { reason: null })],
      [created, event('user.deleted', {})],
      [created, event('user.erased', { reason: 'claim-lost' })],
    ].map((events) => PastUserResponse.of(fold(...events)).status);
    expect(statuses).toEqual(['PENDING', 'ACTIVE', 'SUSPENDED', 'DELETED', 'DELETED']);
    expect(PastUserResponse.of(fold(created))).toMatchObject({
      ...{ lockedUntil: null, lastLoginAt: null, version: 1 },
      _links: { self: { href: `/users/${ID}?version=1`, method: 'GET' } },
    });
    expect(PastUserResponse.of(fold(created))).not.toHaveProperty('erasedAt');
  });
});
