import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDatabase } from '../../support/database.js';
import { eventually, PASSWORD } from '../../support/process.js';
import { Ledger } from './ledger.js';

const CLIENTS = 4;
/** A request that is not answered for so long is a refusal of its own kind, which the ledger does not expect. */
const ANSWER_WITHIN_MS = 30_000;
const PAUSE_MS = 20;

/** Clients that register people without end, each a person of its own, and none of them a second time. */
export class Crowd {
  readonly ledger = new Ledger();
  private tried = 0;
  private isGoing = true;
  private readonly clients: readonly Promise<void>[];

  /**
   * @param urlOf the server that a client is to ask, by how many were asked before
   * @param name of the people, so that those of several crowds differ
   */
  constructor(
    private readonly urlOf: (tried: number) => string,
    private readonly name = 'person',
    clients = CLIENTS,
  ) {
    this.clients = Array.from({ length: clients }, () => this.register());
  }

  /** Waits until so many more have been told that they are registered. */
  async more(count: number): Promise<void> {
    const enough = this.ledger.acknowledged.length + count;
    await eventually('registrations', () => this.ledger.acknowledged.length >= enough, 120_000);
  }

  /** Goes home once everybody is served again. */
  async home(): Promise<void> {
    await eventually('service for everybody', () => this.ledger.isServed, 120_000);
    this.isGoing = false;
    await Promise.all(this.clients);
  }

  /** The addresses of all of them who are in the database. */
  async found(database: Pick<TestDatabase, 'query'>): Promise<string[]> {
    const rows = await database.query<{ email: string }>(
      `SELECT email FROM users JOIN user_events ON user_id = users.id AND type = 'user.created' WHERE email LIKE $1`,
      [`${this.name}-%`],
    );
    return rows.map(({ email }) => email);
  }

  private async register(): Promise<void> {
    while (this.isGoing) {
      const number = this.tried++;
      const email = `${this.name}-${number}@example.com`;
      const body = JSON.stringify({ email, password: PASSWORD });
      const isAcknowledged = await this.ledger.change(email, () => ask(`${this.urlOf(number)}/auth/register`, body));
      if (!isAcknowledged) await sleep(PAUSE_MS);
    }
  }
}

async function ask(url: string, body: string): Promise<{ readonly status: number }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  await response.arrayBuffer();
  return { status: response.status };
}
