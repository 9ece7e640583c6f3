import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type UserRole, USER_ROLES } from '../../src/access/role.js';
import { event, type NewUserEvent } from '../../src/events/catalogue.js';
import type { UserEvent } from '../../src/events/user-event.js';
import { type UserRow, rowOf, stateOf } from '../../src/users/store/user.entity.js';
import {
  changeRole,
  create,
  loseClaim,
  type NewUser,
  requestVerification,
  verifyEmail,
} from '../../src/users/aggregate/decide.js';
import { evolve, type UserState } from '../../src/users/aggregate/user.js';
import {
  AlreadyVerified,
  InvalidUsername,
  LastAdmin,
  NamelessUser,
  UserNotFound,
} from '../../src/users/aggregate/user-errors.js';

const ID = '01920000-0000-7000-8000-000000000001';
const START = Date.UTC(2026, 0, 1);

/** What the log would hold: numbered without gaps, a second apart. */
function stored(newEvents: readonly NewUserEvent[], after = 0): UserEvent[] {
  return newEvents.map((newEvent, index) => {
    const userVersion = after + index + 1;
    return {
      id: `event-${userVersion}`,
      userId: ID,
      userVersion,
      version: 1,
      actor: { kind: 'system' },
      traceId: 'trace',
      occurredAt: new Date(START + userVersion * 1000),
      ...newEvent,
    };
  });
}

function fold(events: readonly UserEvent[]): UserState {
  const state = events.reduce<UserState | undefined>(evolve, undefined);
  if (!state) throw new Error('nothing to fold');
  return state;
}

function given(...events: NewUserEvent[]) {
  const state = fold(stored(events));
  return {
    when: (decide: (state: UserState) => NewUserEvent[]) => ({
      then: (...expected: NewUserEvent[]) => expect(decide(state)).toEqual(expected),
      thenThrows: (refusal: new (...args: never[]) => Error) => expect(() => decide(state)).toThrow(refusal),
    }),
  };
}

const ADA: NewUser = { email: 'ada@example.com', username: 'ada', role: 'AUTHENTICATED', how: 'registration' };
const registered = (over: Partial<NewUser> = {}) => create({ ...ADA, ...over })[0] as NewUserEvent;
const verified = event('user.email_verified', { email: 'ada@example.com' });
const erased = event('user.erased', { reason: 'claim-lost' });
const DELETED_AT = new Date(START);
const EXPIRY = new Date(START + 86_400_000);

describe('creating a user', () => {
  it('decides one user.created with every field, null where nothing was given, so that no event has a hole', () => {
    expect(create({ nickname: 'Ada', role: 'MANAGER', how: 'admin' })).toEqual([
      event('user.created', {
        email: null,
        username: null,
        firstName: null,
        lastName: null,
        nickname: 'Ada',
        locale: null,
        role: 'MANAGER',
        how: 'admin',
      }),
    ]);
  });

  it.each<Partial<NewUser>>([{}, { email: '', firstName: '' }, { locale: 'en' }])(
    'refuses a user without any name or identifier: %j',
    (names) => {
      expect(() => create({ role: 'AUTHENTICATED', how: 'admin', ...names })).toThrow(NamelessUser);
    },
  );

  it('stores a username in NFKC and refuses one that breaks the rules', () => {
    expect(registered({ username: 'ﬁona' }).data).toMatchObject({ username: 'fiona' });
    expect(() => registered({ username: 'ada@example.com' })).toThrow(InvalidUsername);
    expect(() => registered({ username: '' })).toThrow(InvalidUsername);
  });

  it('takes nothing into the event that the command does not declare (mass assignment, ASVS V15.3.3)', () => {
    const hostile = { ...ADA, emailVerified: true, suspendedAt: null, password: 'secret' } as NewUser;
    expect(Object.keys(create(hostile)[0]?.data ?? {}).sort()).toEqual(
      ['email', 'firstName', 'how', 'lastName', 'locale', 'nickname', 'role', 'username'].sort(),
    );
  });
});

describe('proving an address', () => {
  it('activates a registration', () => given(registered()).when(verifyEmail).then(verified));
  it('works for a user whom an admin created', () =>
    given(registered({ how: 'admin' }))
      .when(verifyEmail)
      .then(verified));
  it('is refused the second time', () => given(registered(), verified).when(verifyEmail).thenThrows(AlreadyVerified));
  it('is refused without an address', () =>
    given(registered({ email: null }))
      .when(verifyEmail)
      .thenThrows(AlreadyVerified));
  it('is refused for a claim that vanished', () =>
    given(registered(), erased).when(verifyEmail).thenThrows(UserNotFound));
  it('makes pending false and nothing else', () => {
    const before = fold(stored([registered()]));
    const after = fold(stored([registered(), verified]));
    expect(before).toMatchObject({ pending: true, emailVerified: false });
    expect(after).toEqual({
      ...before,
      pending: false,
      emailVerified: true,
      version: 2,
      updatedAt: new Date(START + 2000),
    });
  });
});

describe('asking for a verification link', () => {
  const ask = (state: UserState) => requestVerification(state, EXPIRY);
  it('is an event that says until when, and never the token', () => {
    const due = { purpose: 'verify-email', expiresAt: EXPIRY.toISOString() } as const;
    given(registered()).when(ask).then(event('user.verification_token.created', due));
  });
  it('is refused when there is nothing to prove any more', () =>
    given(registered(), verified).when(ask).thenThrows(AlreadyVerified));
  it('is refused for a claim that vanished', () => given(registered(), erased).when(ask).thenThrows(UserNotFound));
  it('changes no fact but version and time', () => {
    const before = fold(stored([registered()]));
    const after = fold(stored([registered(), ...ask(before)]));
    expect({ ...after, version: 1, updatedAt: before.updatedAt }).toEqual(before);
  });
});

describe('changing a role', () => {
  const to =
    (role: UserRole, others = 1) =>
    (state: UserState) =>
      changeRole(state, role, others);
  const admin = registered({ role: 'ADMIN', how: 'admin' });
  it('says from and to', () =>
    given(registered(), verified)
      .when(to('MANAGER'))
      .then(event('user.role_changed', { from: 'AUTHENTICATED', to: 'MANAGER' })));
  it('is no event when nothing changes, not even for the last admin', () => {
    given(registered(), verified).when(to('AUTHENTICATED')).then();
    given(admin).when(to('ADMIN', 0)).then();
  });
  it('lets an admin go while another one is active', () =>
    given(admin)
      .when(to('MANAGER', 1))
      .then(event('user.role_changed', { from: 'ADMIN', to: 'MANAGER' })));
  it.each(['MANAGER', 'AUTHENTICATED'] as const)('never takes the last admin away, to %s', (role) =>
    given(admin).when(to(role, 0)).thenThrows(LastAdmin),
  );
  it('does not need another admin for anybody else', () =>
    given(registered(), verified)
      .when(to('ADMIN', 0))
      .then(event('user.role_changed', { from: 'AUTHENTICATED', to: 'ADMIN' })));
  it('is refused for a registration that only claims its address', () =>
    given(registered()).when(to('MANAGER')).thenThrows(UserNotFound));
  it('is refused for a deleted or vanished user', () => {
    given(admin, erased).when(to('MANAGER')).thenThrows(UserNotFound);
    const deleted: UserState = { ...fold(stored([admin])), deletedAt: DELETED_AT };
    expect(() => changeRole(deleted, 'MANAGER', 5)).toThrow(UserNotFound);
  });
});

describe('losing a claim', () => {
  it('erases a registration that proved nothing', () => given(registered()).when(loseClaim).then(erased));
  it('never touches whoever proved the address or was made by an admin', () => {
    given(registered(), verified).when(loseClaim).then();
    given(registered({ how: 'admin' }))
      .when(loseClaim)
      .then();
  });
  it('happens once', () => given(registered(), erased).when(loseClaim).then());
  it('leaves nothing personal in the state, and no row', () => {
    const everything = registered({ firstName: 'Ada', lastName: 'Lovelace', nickname: 'ada', locale: 'en' });
    const state = fold(stored([everything, erased]));
    expect(JSON.stringify(state)).not.toMatch(/ada|lovelace|"en"/i);
    expect(state.erasedAt).toEqual(new Date(START + 2000));
    expect(rowOf(state)).toBeUndefined();
  });
});

/** Every fact of a user; one that is missing here does not compile. */
const FACTS: Record<keyof UserState, true> = {
  id: true,
  version: true,
  email: true,
  emailVerified: true,
  username: true,
  firstName: true,
  lastName: true,
  nickname: true,
  bio: true,
  pictureUrl: true,
  locale: true,
  phone: true,
  githubUrl: true,
  linkedinUrl: true,
  isProfessional: true,
  professionalStatusChangedAt: true,
  role: true,
  kind: true,
  scope: true,
  contacts: true,
  pending: true,
  suspendedAt: true,
  deletedAt: true,
  erasedAt: true,
  createdAt: true,
  updatedAt: true,
};

describe('evolving', () => {
  it('gives every fact a value from the first event on, null rather than nothing', () => {
    for (const events of [[registered()], [registered(), verified], [registered(), erased]]) {
      const state = fold(stored(events));
      expect(Object.keys(state).sort()).toEqual(Object.keys(FACTS).sort());
      expect(Object.values(state)).not.toContain(undefined);
    }
  });

  it('refuses a stream that does not begin with user.created, or has it twice', () => {
    expect(() => fold(stored([verified]))).toThrow(`User ${ID} has user.email_verified before user.created`);
    expect(() => fold(stored([registered(), registered()]))).toThrow(`User ${ID} is created twice`);
  });

  it('leaves the state that it was given as it was', () => {
    const before = Object.freeze(fold(stored([registered()])));
    const copy = structuredClone(before);
    for (const next of stored([verified, erased], 1)) evolve(before, next);
    expect(before).toEqual(copy);
  });

  it('marks only self-registered users as pending', () => {
    for (const how of ['registration', 'admin', 'invitation', 'import'] as const) {
      expect(fold(stored([registered({ how })])).pending).toBe(how === 'registration');
    }
  });
});

const name = fc.option(fc.string({ unit: 'grapheme', maxLength: 20 }));
const role = fc.constantFrom(...USER_ROLES);
const newUser: fc.Arbitrary<NewUser> = fc.record(
  {
    email: fc.constantFrom('ada@example.com', 'Ada@Example.COM', 'straße@exämple.de'),
    username: fc.constantFrom(null, 'ada', 'Straße', 'ﬁona'),
    firstName: name,
    lastName: name,
    nickname: name,
    locale: fc.constantFrom('en', null),
    role,
    how: fc.constantFrom('registration', 'admin', 'invitation', 'import'),
  },
  { requiredKeys: ['email', 'role', 'how'] },
);
const command: fc.Arbitrary<(state: UserState) => NewUserEvent[]> = fc.oneof(
  fc.constant(verifyEmail),
  fc.constant(loseClaim),
  fc.constant((state: UserState) => requestVerification(state, EXPIRY)),
  fc.tuple(role, fc.nat(2)).map(
    ([to, others]) =>
      (state: UserState) =>
        changeRole(state, to, others),
  ),
);

function decideOrRefuse(decide: (state: UserState) => NewUserEvent[], state: UserState): NewUserEvent[] {
  try {
    return decide(state);
  } catch {
    return [];
  }
}

describe('for every sequence of commands', () => {
  it('the fold of the events is the state, versions have no gaps, nothing is undefined, and row and state agree', () => {
    fc.assert(
      fc.property(newUser, fc.array(command, { maxLength: 12 }), (first, commands) => {
        const log = stored(create(first));
        let state = fold(log);
        for (const decide of commands) {
          const events = stored(decideOrRefuse(decide, state), state.version);
          log.push(...events);
          state = events.reduce<UserState>(evolve, state);
          expect(Object.values(state)).not.toContain(undefined);
          const row = rowOf(state);
          if (row) expect(stateOf(row)).toEqual(state);
          else expect(state.erasedAt).not.toBeNull();
        }
        expect(fold(log)).toEqual(state);
        expect(log.map(({ userVersion }) => userVersion)).toEqual(log.map((_, index) => index + 1));
        expect(state).toMatchObject({ version: log.length, createdAt: log[0]?.occurredAt });
        expect(log.filter(({ type }) => type === 'user.erased').length).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('the row of a user', () => {
  const base = fold(stored([registered({ email: 'Ada@Example.COM', username: 'Straße' })]));
  const date = fc.option(fc.date({ noInvalidDate: true }));

  it('gives back the state that it was made of, whatever its facts are', () => {
    const facts = fc.record({ suspendedAt: date, deletedAt: date, professionalStatusChangedAt: date, bio: name, role });
    fc.assert(
      fc.property(facts, (changed) => {
        const state: UserState = { ...base, ...changed };
        expect(stateOf(rowOf(state) as UserRow)).toEqual(state);
      }),
    );
  });

  it('keeps the operational columns out of the state', () => {
    const row = { ...rowOf(base), lockedUntil: new Date(), lastLoginAt: new Date() } as UserRow;
    expect(stateOf(row)).toEqual(base);
  });

  it('holds the keys by which address and username are compared', () => {
    expect(rowOf(base)).toMatchObject({ emailKey: 'ada@example.com', usernameKey: 'strasse' });
    expect(rowOf({ ...base, email: null, username: null })).toMatchObject({ emailKey: null, usernameKey: null });
  });
});
