import { describe, expect, it } from '@jest/globals';
import { event, type NewUserEvent } from '../../src/events/catalogue.js';
import { create, remove, suspend, verifyEmail } from '../../src/users/aggregate/decide.js';
import {
  changePassword,
  completePasswordReset,
  confirmEmailChange,
  proveByMagicLink,
  removeAuthenticator,
  requestEmailChange,
  requestMagicLink,
  requestPasswordReset,
} from '../../src/users/aggregate/decide-credentials.js';
import { evolve, type UserState } from '../../src/users/aggregate/user.js';
import { EmailUnchanged, NothingToConfirm, UserNotFound } from '../../src/users/aggregate/user-errors.js';

const EXPIRY = new Date(Date.UTC(2026, 10, 22));
const NEW = 'countess@example.com';

const fold = (events: readonly NewUserEvent[], from?: UserState): UserState =>
  events.reduce<UserState | undefined>((state, next) => {
    const userVersion = (state?.version ?? 0) + 1;
    const occurredAt = new Date(Date.UTC(2026, 10, 21) + userVersion);
    const actor = { kind: 'system' } as const;
    return evolve(state, { id: 'e', userId: 'u', userVersion, version: 1, actor, traceId: 't', occurredAt, ...next });
  }, from)!;

const pending = fold(create({ email: 'ada@example.com', role: 'AUTHENTICATED', how: 'registration' }));
const ada = fold(verifyEmail(pending), pending);
const invited = fold(create({ email: 'joan@example.com', role: 'AUTHENTICATED', how: 'invitation' }));
const suspended = fold(suspend(ada, null, 1), ada);
const deleted = fold(remove(ada, 1), ada);

describe('passwords', () => {
  it('change and are reset by events that say nothing of them', () => {
    expect(changePassword(ada)).toEqual([event('user.password_changed', {})]);
    const due = event('user.password_reset.requested', { expiresAt: EXPIRY.toISOString() });
    expect(requestPasswordReset(ada, EXPIRY)).toEqual([due]);
    expect(completePasswordReset(ada, false)).toEqual([event('user.password_reset.completed', {})]);
  });
  it('are another way to sign in when they are the first, and prove the address of who was invited', () => {
    expect(completePasswordReset(invited, true)).toEqual([
      event('user.email_verified', { email: 'joan@example.com' }),
      event('user.authenticator_added', { kind: 'password', label: null }),
      event('user.password_reset.completed', {}),
    ]);
  });
  it('are reset while suspended, which stays so', () => {
    const after = fold(completePasswordReset(suspended, false), suspended);
    expect(after.suspendedAt).toEqual(suspended.suspendedAt);
  });
});

describe('another address', () => {
  it('is that of the user once it is confirmed, and proved then', () => {
    const asked = fold(requestEmailChange(ada, NEW, EXPIRY), ada);
    expect(asked).toEqual({ ...ada, version: asked.version, updatedAt: asked.updatedAt });
    const changed = confirmEmailChange(asked, NEW);
    expect(changed).toEqual([event('user.email_changed', { email: NEW, previousEmail: 'ada@example.com' })]);
    expect(fold(changed, asked)).toMatchObject({ email: NEW, emailVerified: true });
  });
  it('differs, unless it still has to be proved', () => {
    expect(() => requestEmailChange(ada, 'ada@example.com', EXPIRY)).toThrow(EmailUnchanged);
    expect(requestEmailChange(ada, 'Ada@example.com', EXPIRY)).toHaveLength(1);
    expect(requestEmailChange(invited, 'joan@example.com', EXPIRY)).toHaveLength(1);
  });
  it.each([
    ['suspended', suspended],
    ['deleted', deleted],
    ['not proved yet', pending],
  ])('is not confirmed for a user who is %s', (_what, state) => {
    expect(() => confirmEmailChange(state, NEW)).toThrow(NothingToConfirm);
  });
});

describe('a link to sign in by', () => {
  it('is due for a registration too, and proves an address once', () => {
    expect(requestMagicLink(pending, EXPIRY)).toHaveLength(1);
    expect(fold(proveByMagicLink(pending), pending)).toMatchObject({ pending: false, emailVerified: true });
    expect(proveByMagicLink(ada)).toEqual([]);
  });
});

it('nothing of it is done with a deleted user, nor a password or an address given to a claim on one', () => {
  for (const act of [
    (state: UserState) => changePassword(state),
    (state: UserState) => removeAuthenticator(state, 'password'),
    (state: UserState) => requestMagicLink(state, EXPIRY),
    proveByMagicLink,
  ]) {
    expect(() => act(deleted)).toThrow(UserNotFound);
  }
  for (const state of [deleted, pending]) {
    expect(() => requestPasswordReset(state, EXPIRY)).toThrow(UserNotFound);
    expect(() => completePasswordReset(state, false)).toThrow(UserNotFound);
    expect(() => requestEmailChange(state, NEW, EXPIRY)).toThrow(UserNotFound);
  }
});
