import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { allows, mayEver, type Rank, USER_ACTIONS } from '../../src/access/policy.js';
import { USER_ROLES } from '../../src/access/role.js';
import { event, type NewUserEvent } from '../../src/events/catalogue.js';
import type { UserEvent } from '../../src/events/user-event.js';
import {
  changeProfessionalStatus,
  changeUsername,
  create,
  reinstate,
  remove,
  restore,
  suspend,
  updateProfile,
  verifyEmail,
} from '../../src/users/aggregate/decide.js';
import { isBcp47, isE164, isGithubUrl, isLinkedinUrl, isPictureUrl } from '../../src/users/aggregate/profile-rules.js';
import { evolve, type UserState } from '../../src/users/aggregate/user.js';
import { rowOf, stateOf } from '../../src/users/store/user.entity.js';
import {
  InvalidUsername,
  LastAdmin,
  NothingToUpdate,
  UsernameUnchanged,
  UserNotFound,
} from '../../src/users/aggregate/user-errors.js';

const START = Date.UTC(2026, 10, 21);

function stored(newEvent: NewUserEvent, userVersion: number): UserEvent {
  return {
    id: `event-${userVersion}`,
    userId: 'user-1',
    userVersion,
    version: 1,
    actor: { kind: 'system' },
    traceId: 'trace',
    occurredAt: new Date(START + userVersion * 1000),
    ...newEvent,
  };
}

const fold = (events: readonly NewUserEvent[], from?: UserState): UserState =>
  events.reduce<UserState | undefined>((state, next) => evolve(state, stored(next, (state?.version ?? 0) + 1)), from)!;

const ada = fold(
  create({ email: 'ada@example.com', username: 'ada', firstName: 'Ada', role: 'AUTHENTICATED', how: 'admin' }),
);
const admin = fold(create({ email: 'root@example.com', role: 'ADMIN', how: 'admin' }));
const then = (state: UserState, events: NewUserEvent[]): UserState => fold(events, state);
const deleted = then(ada, remove(ada, 1));

describe('updating a profile', () => {
  it('says the changed fields with their new values, and nothing of the others', () => {
    const events = updateProfile(ada, { firstName: 'Ada', lastName: 'King', bio: null });
    expect(events).toEqual([event('user.updated', { lastName: 'King' })]);
    expect(then(ada, events)).toMatchObject({ firstName: 'Ada', lastName: 'King', version: 2 });
  });
  it('is no event when nothing changes, and refused when nothing is given', () => {
    expect(updateProfile(ada, { firstName: 'Ada', nickname: null })).toEqual([]);
    expect(() => updateProfile(ada, {})).toThrow(NothingToUpdate);
  });
  it('never takes a field that is not of the profile', () => {
    const hostile = { firstName: 'x', role: 'ADMIN', id: 'y', pending: true } as object;
    expect(updateProfile(ada, hostile)).toEqual([event('user.updated', { firstName: 'x' })]);
  });
});

describe('changing a username', () => {
  it('differs, if only in case', () => {
    expect(changeUsername(ada, 'Ada')).toEqual([event('user.username_changed', { username: 'Ada' })]);
    expect(() => changeUsername(ada, 'ada')).toThrow(UsernameUnchanged);
    expect(() => changeUsername(ada, 'a@b.example')).toThrow(InvalidUsername);
  });
});

describe('professional status', () => {
  it('says from and to, and when, and nothing twice', () => {
    const professional = then(ada, changeProfessionalStatus(ada, true));
    expect(professional).toMatchObject({ isProfessional: true, professionalStatusChangedAt: new Date(START + 2000) });
    expect(changeProfessionalStatus(professional, true)).toEqual([]);
  });
});

describe('suspending and deleting', () => {
  it('happen once, and are undone', () => {
    const suspended = then(ada, suspend(ada, 'Spam.', 0));
    expect(suspended.suspendedAt).toEqual(new Date(START + 2000));
    expect(suspend(suspended, 'again', 0)).toEqual([]);
    expect(then(suspended, reinstate(suspended)).suspendedAt).toBeNull();
    expect(reinstate(ada)).toEqual([]);
    expect(then(deleted, restore(deleted)).deletedAt).toBeNull();
    expect(restore(ada)).toEqual([]);
  });
  it('never take the last admin who can sign in', () => {
    expect(() => suspend(admin, null, 0)).toThrow(LastAdmin);
    expect(() => remove(admin, 0)).toThrow(LastAdmin);
    expect(remove(admin, 1)).toEqual([event('user.deleted', {})]);
    // Who is suspended already keeps nothing running.
    const suspended = then(admin, suspend(admin, null, 1));
    expect(remove(suspended, 0)).toEqual([event('user.deleted', {})]);
  });
  it('leave nothing that can be done with a deleted user but restoring it', () => {
    for (const act of [
      () => remove(deleted, 1),
      () => suspend(deleted, null, 1),
      () => reinstate(deleted),
      () => updateProfile(deleted, { firstName: 'x' }),
      () => changeUsername(deleted, 'other'),
      () => changeProfessionalStatus(deleted, true),
      () => verifyEmail(deleted),
    ]) {
      expect(act).toThrow(UserNotFound);
    }
  });
});

describe('any sequence of acts', () => {
  const text = fc.option(fc.string({ minLength: 1, maxLength: 10 }), { nil: null });
  const act = fc.oneof(
    fc.record({ firstName: text, bio: text }).map((given) => (state: UserState) => updateProfile(state, given)),
    fc.constantFrom('ada', 'grace', 'edsger').map((name) => (state: UserState) => changeUsername(state, name)),
    fc.boolean().map((to) => (state: UserState) => changeProfessionalStatus(state, to)),
    fc.constantFrom(
      (state: UserState) => suspend(state, null, 0),
      reinstate,
      (state: UserState) => remove(state, 0),
      restore,
    ),
  );
  it('folds to a state whose row gives the same state back, without gaps in its versions', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
        let state = ada;
        for (const decide of acts) {
          let events: NewUserEvent[] = [];
          try {
            events = decide(state);
          } catch (error) {
            expect([UserNotFound, UsernameUnchanged]).toContain((error as object).constructor);
          }
          const next = then(state, events);
          expect(next.version).toBe(state.version + events.length);
          expect(Object.values(next)).not.toContain(undefined);
          expect(stateOf(rowOf(next)!)).toEqual(next);
          state = next;
        }
      }),
    );
  });
});

describe('the policy', () => {
  const actors: Rank[] = USER_ROLES.map((role) => ({ id: role, role }));
  const targets: Rank[] = USER_ROLES.map((role) => ({ id: `other-${role}`, role }));
  it('gives a higher role every right of a lower one over others', () => {
    for (const action of USER_ACTIONS) {
      for (const target of targets) {
        const rights = actors.map((actor) => allows(actor, action, target));
        expect(rights).toEqual([...rights].sort());
      }
    }
  });
  it('never lets anybody below ADMIN change who has which role, their own included', () => {
    for (const actor of actors) {
      for (const target of [actor, ...targets]) expect(allows(actor, 'role', target)).toBe(actor.role === 'ADMIN');
    }
  });
  it('knows who may do an act to nobody at all', () => {
    const [user, manager] = actors as [Rank, Rank];
    expect(mayEver(user, 'suspend', 'anybody')).toBe(false);
    expect(mayEver(user, 'update', 'anybody')).toBe(false);
    expect(mayEver(user, 'update', user.id)).toBe(true);
    expect(mayEver(manager, 'suspend', 'anybody')).toBe(true);
    expect(mayEver(manager, 'delete', 'anybody')).toBe(false);
  });
});

describe('what a profile takes', () => {
  const cases: [(value: string) => boolean, string[], string[]][] = [
    [
      isE164,
      ['+442079460958', '+4915112345678'],
      ['00442079460958', '+44 20 7946 0958', '+1', '+999123456789', '', '+4420794609580000'],
    ],
    [isBcp47, ['en', 'pt-BR', 'zh-Hant-TW'], ['e', 'eng lish', 'en_US', '', 'en-', '*']],
    [
      isPictureUrl,
      ['https://a.example/x.png?w=1'],
      [
        'http://a.example/x',
        'https://localhost/x',
        'data:image/png;base64,',
        'https://u:p@a.example/',
        'https:\\\\a.example',
        'https://a.example:8443/x',
      ],
    ],
    [
      isGithubUrl,
      ['https://github.com/ada', 'https://www.github.com/a-d-a/'],
      [
        'https://github.com/',
        'https://github.com/-ada',
        'https://gist.github.com/ada',
        'https://github.com/ada/x',
        'http://github.com/ada',
        'https://github.com@evil.example/ada',
      ],
    ],
    [
      isLinkedinUrl,
      ['https://linkedin.com/in/ada', 'https://uk.linkedin.com/in/ada-lovelace-1815/'],
      [
        'https://linkedin.com/',
        'https://evil-linkedin.com/in/ada',
        'https://linkedin.com.evil.example/in/ada',
        'https://linkedin.com/feed',
      ],
    ],
  ];
  it.each(cases)('%#: accepts what it should, refuses what it must', (accepts, good, bad) => {
    expect(good.filter((value) => !accepts(value))).toEqual([]);
    expect(bad.filter(accepts)).toEqual([]);
  });
});
