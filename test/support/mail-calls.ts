import { eventually } from './eventually.js';
import { PASSWORD, type Roster } from './roster.js';

export interface MailRecord {
  readonly id: string;
  readonly template: string;
  readonly state: string;
  readonly attempts: number;
  readonly answer: string | null;
  readonly nextAttemptAt: string | null;
}

interface Ground {
  readonly roster: Roster;
  readonly admin: string;
  readonly manager: { readonly token: string };
}

/** What tests ask about the mails of users. @param ground what a file has started by then, and who is signed in */
export function mailCalls(ground: () => Ground) {
  const as = (token: string) => ({ authorization: `Bearer ${token}` });
  const api = () => ground().roster.api;
  const mailsOf = async (userId: string, token = ground().manager.token): Promise<MailRecord[]> => {
    const { body } = await api().get(`/users/${userId}/mails`).set(as(token)).expect(200);
    return (body as { items: MailRecord[] }).items;
  };
  return {
    as,
    mailsOf,
    register: (email: string) => api().post('/auth/register').send({ email, password: PASSWORD }).expect(202),
    idOf: async (email: string) => {
      const rows = await ground().roster.database.query<{ id: string }>('SELECT id FROM users WHERE email = $1', [
        email,
      ]);
      return rows[0]!.id;
    },
    resend: (id: string, token = ground().manager.token) => api().post(`/mails/${id}/resend`).set(as(token)),
    /** The mails of a user, once none waits any more. */
    settled: async (userId: string): Promise<MailRecord[]> => {
      const { admin } = ground();
      await eventually(async () => (await mailsOf(userId, admin)).every(({ state }) => state !== 'queued'));
      return mailsOf(userId, admin);
    },
  };
}
