import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RosterClient, type Tokens, type TokenStore } from '../../packages/client/src/index.js';
import { as } from '../support/two-rosters.js';
import { PASSWORD, type Roster, startRoster } from '../support/roster.js';

let roster: Roster;
beforeAll(async () => (roster = await startRoster()));
afterAll(() => roster.stop());

const me = { params: { path: { id: 'me' } } };
type Fetch = (request: Request) => Promise<Response>;

/** What several tabs share, each read and write of which takes a moment. */
class SharedStore implements TokenStore {
  kept: Tokens | undefined;

  async get(): Promise<Tokens | undefined> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.kept;
  }

  async set(tokens: Tokens | undefined): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.kept = tokens;
  }

  /** As after a quarter of an hour. */
  expire(): void {
    if (this.kept) this.kept = { ...this.kept, expiresAt: Date.now() };
  }
}

function tab(store: TokenStore, send: Fetch = (request) => fetch(request)) {
  return new RosterClient({ baseUrl: `${roster.url}/`, store, fetch: send });
}

let count = 0;
async function signedIn(send?: Fetch) {
  const email = `somebody-${++count}@example.com`;
  const { id } = await roster.join(email);
  const store = new SharedStore();
  const client = tab(store, send);
  expect((await client.signIn(email, PASSWORD)).response.status).toBe(200);
  return { id, email, store, client };
}

const isRefresh = ({ url }: Request) => url.endsWith('/auth/refresh');
const rowsOf = (id: string) =>
  roster.database.query<{ end_reason: string | null }>(
    "SELECT end_reason FROM sessions WHERE user_id = $1 AND end_reason IS DISTINCT FROM 'signed-out' AND ended_at IS NOT NULL",
    [id],
  );
const isMe = async (client: RosterClient) => (await client.api.GET('/users/{id}', me)).response.status;

describe('a client with tokens', () => {
  it('goes on when the answer of a refresh is lost, twice', async () => {
    let lost = 0;
    const { id, store, client } = await signedIn(async (request) => {
      const answer = await fetch(request);
      if (isRefresh(request) && lost++ < 2) throw new TypeError('terminated');
      return answer;
    });
    const before = store.kept?.refreshToken;
    store.expire();
    expect(await isMe(client)).toBe(200);
    expect(lost).toBe(3);
    expect(store.kept?.refreshToken).not.toBe(before);
    store.expire();
    expect(await isMe(client)).toBe(200);
    expect(await rowsOf(id)).toEqual([]);
  });

  it('keeps its tokens when Roster cannot be reached, and goes on afterwards', async () => {
    let isDown = false;
    const { store, client } = await signedIn((request) =>
      isDown ? Promise.reject(new TypeError('fetch failed')) : fetch(request),
    );
    store.expire();
    isDown = true;
    await expect(client.api.GET('/users/{id}', me)).rejects.toThrow('fetch failed');
    isDown = false;
    expect(await isMe(client)).toBe(200);
  });

  it('refreshes in two tabs at once without ending the session', async () => {
    const sent: string[] = [];
    const send: Fetch = (request) => {
      if (isRefresh(request)) sent.push(request.url);
      return fetch(request);
    };
    const { id, store, client } = await signedIn(send);
    const other = tab(store, send);
    for (const _ of ['once', 'again', 'and again']) {
      sent.length = 0;
      store.expire();
      const statuses = await Promise.all(Array.from({ length: 8 }, (__, index) => isMe(index % 2 ? other : client)));
      expect(statuses).toEqual(Array(8).fill(200));
      // One a tab at most, whatever the number of requests.
      expect(sent.length).toBeLessThanOrEqual(2);
    }
    expect(await rowsOf(id)).toEqual([]);
  });

  it('takes what another tab has refreshed meanwhile, also where its own refresh is refused', async () => {
    const { store, client } = await signedIn(async (request) => {
      if (!isRefresh(request)) return fetch(request);
      // The other tab was first, and this answer is about a token that is long gone.
      await refreshElsewhere();
      return new Response('{}', { status: 401 });
    });
    const refreshElsewhere = async () => {
      const { refreshToken = '' } = store.kept ?? {};
      const { body } = await roster.api.post('/auth/refresh').send({ refreshToken }).expect(200);
      const { accessToken, refreshToken: next, expiresIn } = body as Tokens & { expiresIn: number };
      store.kept = { accessToken, refreshToken: next, expiresAt: Date.now() + expiresIn * 1000 };
    };
    store.expire();
    expect(await isMe(client)).toBe(200);
    expect(store.kept).toBeDefined();
  });

  it('forgets its tokens when the session was ended elsewhere, and asks no more than it has to', async () => {
    let sent = 0;
    const { id, email, store, client } = await signedIn((request) => {
      sent++;
      return fetch(request);
    });
    const elsewhere = await roster.signIn(email, PASSWORD);
    await roster.api.delete(`/users/${id}/sessions`).set(as(elsewhere)).expect(204);
    sent = 0;
    const { response, error } = await client.api.GET('/users/{id}', me);
    expect([response.status, error?.code]).toEqual([401, 'not-authenticated']);
    expect(sent).toBe(2);
    expect(store.kept).toBeUndefined();
    expect(await isMe(client)).toBe(401);
    expect((await client.signIn(email, PASSWORD)).response.status).toBe(200);
    expect(await isMe(client)).toBe(200);
  });
});

describe('a client whose session changes while it refreshes', () => {
  const held = () => {
    const gate = Promise.withResolvers<undefined>();
    const reached = Promise.withResolvers<undefined>();
    return {
      reached: reached.promise,
      open: () => gate.resolve(undefined),
      at: () => (reached.resolve(undefined), gate.promise),
    };
  };
  const idOf = async (client: RosterClient) => (await client.api.GET('/users/{id}', me)).data?.id;

  /** Signed in, with a refresh whose answer is held back. */
  async function refreshing() {
    const gate = held();
    let refreshes = 0;
    const first = await signedIn(async (request) => {
      const answer = await fetch(request);
      if (isRefresh(request) && ++refreshes === 1) await gate.at();
      return answer;
    });
    first.store.expire();
    const asked = first.client.api.GET('/users/{id}', me);
    await gate.reached;
    return { ...first, gate, asked };
  }

  it('keeps the tokens of who has signed in since, and never acts for one with those of the other', async () => {
    const { client, store, gate, asked } = await refreshing();
    const { id, email } = await signedIn();
    await client.signIn(email, PASSWORD);
    const theirs = store.kept;
    store.expire();
    const ofNext = idOf(client);
    gate.open();
    const { data } = await asked;
    expect(data?.id).not.toBe(id);
    expect(await ofNext).toBe(id);
    expect(await idOf(client)).toBe(id);
    expect(theirs).toBeDefined();
  });

  it('does not bring back tokens of a session that is over', async () => {
    const { store, gate, asked } = await refreshing();
    await store.set(undefined);
    gate.open();
    await asked;
    expect(store.kept).toBeUndefined();
  });

  it('does not repeat a request with the token of another session', async () => {
    const gate = held();
    let asked = 0;
    const first = await signedIn(async (request) => {
      const isFirst = request.method === 'GET' && ++asked === 1;
      const answer = await fetch(request);
      if (isFirst) await gate.at();
      return answer;
    });
    const { id, email } = await signedIn();
    const elsewhere = await roster.signIn(first.email, PASSWORD);
    await roster.api.delete(`/users/${first.id}/sessions`).set(as(elsewhere)).expect(204);
    const answer = first.client.api.GET('/users/{id}', me);
    await gate.reached;
    await first.client.signIn(email, PASSWORD);
    gate.open();
    expect((await answer).response.status).toBe(401);
    expect(await idOf(first.client)).toBe(id);
  });

  it('uses the token that it has while Roster is too busy to refresh it', async () => {
    let isBusy = true;
    const { store, client } = await signedIn((request) =>
      isBusy && isRefresh(request) ? Promise.resolve(new Response('{}', { status: 503 })) : fetch(request),
    );
    store.expire();
    expect(await isMe(client)).toBe(200);
    isBusy = false;
    expect(await isMe(client)).toBe(200);
  });
});

describe('a client with a cookie', () => {
  /** Keeps cookies as a browser does, and says where its page is from. */
  function browser(cookies = new Map<string, string>()): Fetch {
    return async (request) => {
      request.headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
      request.headers.set('sec-fetch-site', 'same-origin');
      const answer = await fetch(request);
      for (const line of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        cookies.set(name, value);
      }
      return answer;
    };
  }

  it('gets no token, shares its session with other tabs, and ends it for all of them', async () => {
    await roster.join('cookie@example.com');
    const cookies = new Map<string, string>();
    const open = () => new RosterClient({ baseUrl: roster.url, session: 'cookie', fetch: browser(cookies) });
    const [client, other] = [open(), open()];
    const { data, response } = await client.signIn('cookie@example.com', PASSWORD);
    expect(response.status).toBe(200);
    expect(JSON.stringify(data)).not.toMatch(/accessToken|refreshToken/);
    expect([await isMe(client), await isMe(other)]).toEqual([200, 200]);
    await other.signOut();
    expect([await isMe(client), await isMe(other)]).toEqual([401, 401]);
  });

  it('forgets its tokens when it signs out, even where Roster cannot be reached', async () => {
    await roster.join('offline@example.com');
    let online = true;
    const send = (request: Request) => (online ? fetch(request) : Promise.reject(new TypeError('fetch failed')));
    const client = new RosterClient({ baseUrl: roster.url, fetch: send });
    await client.signIn('offline@example.com', PASSWORD);
    online = false;
    await expect(client.signOut()).rejects.toThrow('fetch failed');
    online = true;
    expect(await isMe(client)).toBe(401);
  });

  it('hears of a session that was ended elsewhere, and signs in anew', async () => {
    const { id } = await roster.join('ended@example.com');
    const client = new RosterClient({ baseUrl: roster.url, session: 'cookie', fetch: browser() });
    await client.signIn('ended@example.com', PASSWORD);
    const elsewhere = await roster.signIn('ended@example.com', PASSWORD);
    await roster.api.delete(`/users/${id}/sessions`).set(as(elsewhere)).expect(204);
    const { response, error } = await client.api.GET('/users/{id}', me);
    expect([response.status, error?.code]).toEqual([401, 'not-authenticated']);
    await client.signIn('ended@example.com', PASSWORD);
    expect(await isMe(client)).toBe(200);
  });
});
