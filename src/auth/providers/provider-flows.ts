import { createHash, randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Keyring } from '../../database/keyring.js';
import { hmacWith } from '../../database/sealing.js';
import { type Transaction, Transactions } from '../../database/transaction.js';
import { Jobs } from '../../jobs/jobs.js';
import type { FlowSecrets } from './clients/provider-client.js';

/** How long somebody may take at the provider. */
export const FLOW_SECONDS = 600;
/** How long an application may take to exchange its code. */
const HANDOVER_SECONDS = 60;
const EVERY_TEN_MINUTES = '*/10 * * * *';

/** What a browser left for. */
export interface Flow {
  readonly purpose: 'sign-in' | 'link';
  /** Whom to link, and the session in which that was asked for. */
  readonly userId: string | null;
  readonly sessionId: string | null;
  /** Checked by `ContinueTargets`. */
  readonly continueTo: string | null;
  readonly keepSignedIn: boolean;
  /** Of an application that gets a code rather than this browser a session. */
  readonly codeChallenge: string | null;
}

/** A person who came back, for the application that exchanges the code. */
export interface Handover {
  readonly userId: string;
  readonly identityId: string;
}

type Place = { readonly provider: string; readonly browser: Buffer };

/**
 * Sign-ins on their way to a provider and back, each good for one return within ten minutes, to the same provider and browser. Nothing
 * that is stored is a `state`, a nonce or a verifier: the first is kept as its hash, the others follow from it by a key of the server.
 */
@Injectable()
export class ProviderFlows implements OnModuleInit {
  constructor(
    private readonly transactions: Transactions,
    private readonly keyring: Keyring,
    private readonly jobs: Jobs,
  ) {}

  onModuleInit(): void {
    this.jobs.handleOnSchedule(EVERY_TEN_MINUTES, 'auth.provider-flow-expiry', () => this.forgetExpired());
  }

  async begin({ provider, browser }: Place, flow: Flow): Promise<FlowSecrets> {
    const state = randomBytes(32).toString('base64url');
    await this.transactions.run((tx) =>
      tx.query(
        `INSERT INTO provider_flows (token_hash, purpose, provider, browser_hash, user_id, session_id, continue_to,
           keep_signed_in, code_challenge, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now() + $10 * interval '1 second')`,
        [
          hashOf(state),
          flow.purpose,
          provider,
          browser,
          flow.userId,
          flow.sessionId,
          flow.continueTo,
          flow.keepSignedIn,
          flow.codeChallenge,
          FLOW_SECONDS,
        ],
      ),
    );
    return this.secretsOf(state);
  }

  /**
   * Uses the flow of a browser that comes back: of any number of returns at once, one succeeds.
   * @returns undefined for one of another provider or browser, and for one that is over or used
   */
  async take({ provider, browser }: Place, state: string): Promise<Flow | undefined> {
    const [[flow]] = await this.transactions.run((tx) =>
      tx.query<[Flow[], number]>(
        `DELETE FROM provider_flows
         WHERE token_hash = $1 AND purpose <> 'handover' AND provider = $2 AND browser_hash = $3 AND expires_at > now()
         RETURNING purpose, user_id AS "userId", session_id AS "sessionId", continue_to AS "continueTo",
           keep_signed_in AS "keepSignedIn", code_challenge AS "codeChallenge"`,
        [hashOf(state), provider, browser],
      ),
    );
    return flow;
  }

  /** What the flow of this `state` was sent away with. */
  secretsOf(state: string): FlowSecrets {
    const derive = (what: string): string =>
      hmacWith(this.keyring.current('provider-flow').secret).update(`${what}:${state}`).digest('base64url');
    return { state, nonce: derive('nonce'), verifier: derive('verifier') };
  }

  /** @returns the code for the application that has the verifier of this challenge */
  async handOver(provider: string, codeChallenge: string, { userId, identityId }: Handover): Promise<string> {
    const code = randomBytes(32).toString('base64url');
    await this.transactions.run((tx) =>
      tx.query(
        `INSERT INTO provider_flows (token_hash, purpose, provider, code_challenge, user_id, identity_id, expires_at)
         VALUES ($1, 'handover', $2, $3, $4, $5, now() + $6 * interval '1 second')`,
        [hashOf(code), provider, codeChallenge, userId, identityId, HANDOVER_SECONDS],
      ),
    );
    return code;
  }

  /** Uses the code, whether or not the verifier is right: there is no second try. @returns undefined if one of them is wrong */
  async redeem(provider: string, code: string, verifier: string): Promise<Handover | undefined> {
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const [[found]] = await this.transactions.run((tx) =>
      tx.query<[(Handover & { readonly codeChallenge: string })[], number]>(
        `DELETE FROM provider_flows
         WHERE token_hash = $1 AND purpose = 'handover' AND provider = $2 AND expires_at > now()
         RETURNING user_id AS "userId", identity_id AS "identityId", code_challenge AS "codeChallenge"`,
        [hashOf(code), provider],
      ),
    );
    return found?.codeChallenge === challenge ? found : undefined;
  }

  async forgetExpired(): Promise<void> {
    await this.transactions.run((tx) => tx.query('DELETE FROM provider_flows WHERE expires_at < now()'));
  }

  /** Those of one user, at an erasure. */
  async forgetOf(tx: Transaction, userId: string): Promise<void> {
    await tx.query('DELETE FROM provider_flows WHERE user_id = $1', [userId]);
  }
}

/** SHA-256 suffices: what is hashed is random. */
function hashOf(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
