import { describe, expect, it } from '@jest/globals';
import { AUTH_EVENT_TYPES } from '../../src/auth/sign-in-evidence/auth-event.js';
import { USER_EVENTS, type UserEventType } from '../../src/events/catalogue.js';
import { sentencesIn } from '../src/events-in-words/sentences.js';
import { LANGUAGES } from '../src/language/words.js';

const TYPES = Object.keys(USER_EVENTS) as UserEventType[];

/** An event with the examples of its fields, and how it reads once its person was erased. */
function sampleOf(type: UserEventType): { whole: object; erased: object } {
  const { fields, personal } = USER_EVENTS[type];
  const whole = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.schema.examples?.[0]]));
  return {
    whole,
    erased: Object.fromEntries(
      Object.entries(whole).map(([name, value]) => [name, personal.includes(name) ? null : value]),
    ),
  };
}

describe.each(LANGUAGES)('events in words (%s)', (language) => {
  const say = sentencesIn(language, (iso) => `<${iso}>`);

  it.each(TYPES)('say %s whole, and once its person was erased', (type) => {
    const { whole, erased } = sampleOf(type);
    for (const data of [whole, erased]) {
      const sentence = say.change({ type, data });
      expect(sentence).toMatch(/^\p{Lu}/u);
      expect(sentence).not.toMatch(/undefined|null|NaN|: ?$| {2}/);
      expect(sentence).not.toContain(type);
    }
  });

  it.each(AUTH_EVENT_TYPES)('say %s with and without a reason', (type) => {
    for (const evidence of [
      { type, method: null, reason: null },
      { type, method: 'password', reason: 'suspended', what: 'GET /users/:id' },
    ]) {
      const sentence = say.evidence(evidence);
      expect(sentence).toMatch(/^\p{Lu}/u);
      expect(sentence).not.toMatch(/undefined|null/);
      expect(sentence).not.toContain(type);
    }
  });
});

describe('an event in words', () => {
  const say = sentencesIn('en', (iso) => iso.slice(0, 10));

  it('tells what has changed', () => {
    expect(say.change({ type: 'user.suspended', data: { reason: 'Spam.' } })).toBe('Suspended: Spam.');
    expect(say.change({ type: 'user.role_changed', data: { from: 'AUTHENTICATED', to: 'ADMIN' } })).toBe(
      'Role changed from User to Admin',
    );
    expect(say.change({ type: 'user.updated', data: { firstName: 'Ada', githubUrl: null } })).toBe(
      'Profile changed: First name, GitHub',
    );
    expect(
      say.change({
        type: 'user.verification_token.created',
        data: { purpose: 'verify-email', expiresAt: '2026-11-29T10:00:00Z' },
      }),
    ).toBe('Confirmation link requested, valid until 2026-11-29');
  });

  it('calls providers of sign-ins by their names, and those that are not offered any more by their ids', () => {
    const named = sentencesIn('en', (iso) => iso, { corp: 'Corp & Co' });
    const linked = (kind: string) => ({
      type: 'user.authenticator_added' as const,
      data: { kind, label: 'ada@corp.example' },
    });
    expect(named.change(linked('corp'))).toBe('Account at Corp & Co linked: ada@corp.example');
    expect(named.change({ ...linked('corp'), type: 'user.authenticator_removed' })).toBe(
      'Account at Corp & Co unlinked: ada@corp.example',
    );
    expect(named.change(linked('gone'))).toBe('Account at gone linked: ada@corp.example');
    expect(named.change(linked('passkey'))).toBe('Passkey added: ada@corp.example');
    expect(named.evidence({ type: 'login.succeeded', method: 'corp', reason: null })).toBe('Signed in with Corp & Co');
  });

  it('tells a code and a type that are newer than the console as they are', () => {
    expect(say.evidence({ type: 'login.failed', method: 'badge', reason: 'lost-badge' })).toBe(
      'Sign-in with badge failed (lost-badge)',
    );
    expect(say.change({ type: 'user.renamed' as 'user.updated', data: {} })).toBe('user.renamed');
  });
});
