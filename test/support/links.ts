import { tokenIn } from './inbox.js';
import { PASSWORD, type Roster } from './roster.js';

/** What somebody chooses by a link that asks for a password. */
export const CHOSEN = 'seven idle boats on slate water';

/** A link of one purpose: its page, how it is mailed, and what its page posts beside the token. */
export interface LinkKind {
  readonly path: string;
  /** Mails one to `email`, of a user of its own. @returns the token and the user */
  mail(roster: Roster, email: string): Promise<{ token: string; userId: string }>;
  readonly body?: object;
  /** What becomes of the second use. */
  readonly again: 'already-confirmed' | 'token-expired-or-used';
}

const as = (token: string) => ({ authorization: `Bearer ${token}` });

async function userIdOf(roster: Roster, email: string): Promise<string> {
  const [user] = await roster.database.query<{ id: string }>(
    'SELECT id FROM users WHERE email = $1 ORDER BY id DESC LIMIT 1',
    [email],
  );
  return user!.id;
}

export const forgetThrottle = (roster: Roster) => roster.database.query('DELETE FROM address_throttle');

/** Every link that Roster mails, by its purpose. */
export const LINK_KINDS = {
  'verify-email': {
    path: '/auth/verify-email',
    again: 'already-confirmed',
    async mail(roster, email) {
      await roster.api.post('/auth/register').send({ email, password: PASSWORD }).expect(202);
      return { token: tokenIn(await roster.inbox.waitFor(email)), userId: await userIdOf(roster, email) };
    },
  },
  invitation: {
    path: '/auth/accept-invitation',
    again: 'token-expired-or-used',
    body: { newPassword: CHOSEN },
    async mail(roster, email) {
      const admin = await roster.signIn();
      const { body } = await roster.api.post('/users').set(as(admin)).send({ email }).expect(201);
      return { token: tokenIn(await roster.inbox.waitFor(email)), userId: (body as { id: string }).id };
    },
  },
  'magic-link': {
    path: '/auth/magic-link',
    again: 'token-expired-or-used',
    async mail(roster, email) {
      await roster.api.post('/auth/magic-link/request').send({ email }).expect(202);
      return { token: tokenIn(await roster.inbox.about(email, /sign in/i)), userId: await userIdOf(roster, email) };
    },
  },
  'reset-password': {
    path: '/auth/reset-password',
    again: 'token-expired-or-used',
    body: { newPassword: CHOSEN },
    async mail(roster, email) {
      const { id } = await roster.join(email);
      await roster.api.post('/auth/request-password-reset').send({ email }).expect(202);
      return { token: tokenIn(await roster.inbox.about(email, /password/i)), userId: id };
    },
  },
  'confirm-email-change': {
    path: '/auth/confirm-email-change',
    again: 'already-confirmed',
    body: { currentPassword: PASSWORD },
    async mail(roster, email) {
      const { id, token } = await roster.join(email);
      const change = { newEmail: `new-${email}`, currentPassword: PASSWORD };
      await roster.api.put(`/users/${id}/email`).set(as(token)).send(change).expect(202);
      return { token: tokenIn(await roster.inbox.waitFor(change.newEmail)), userId: id };
    },
  },
  'confirm-contact': {
    path: '/auth/confirm-contact',
    again: 'already-confirmed',
    async mail(roster, email) {
      const { id, token } = await roster.join(email);
      const contact = { kind: 'email', value: `also-${email}` };
      await roster.api.post(`/users/${id}/contacts`).set(as(token)).send(contact).expect(201);
      return { token: tokenIn(await roster.inbox.waitFor(contact.value)), userId: id };
    },
  },
  unlock: {
    path: '/auth/unlock',
    again: 'token-expired-or-used',
    async mail(roster, email) {
      const { id } = await roster.join(email);
      for (let failure = 0; failure < 5; failure++) {
        await roster.api.post('/auth/login').send({ identifier: email, password: 'wrong' }).expect(401);
      }
      return { token: tokenIn(await roster.inbox.about(email, /wrong passwords/)), userId: id };
    },
  },
} as const satisfies Readonly<Record<string, LinkKind>>;

export type LinkName = keyof typeof LINK_KINDS;
export const LINK_NAMES = Object.keys(LINK_KINDS) as LinkName[];

/** The status of a use that has succeeded. */
export const usedStatus = (name: LinkName): number => (name === 'reset-password' ? 204 : 200);

export function useLink(roster: Roster, name: LinkName, token: string) {
  const { path, ...kind } = LINK_KINDS[name] as LinkKind;
  return roster.api.post(path).send({ token, ...kind.body });
}

export function pageOf(roster: Roster, name: LinkName, token: string) {
  return roster.api.get(LINK_KINDS[name].path).query({ token }).set('accept', 'text/html');
}
