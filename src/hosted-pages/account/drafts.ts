import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Caller } from '../../access/caller.js';
import { StepUpCheck, type StepUpDemand } from '../../access/step-up.js';
import type { Settings } from '../../config/settings.js';
import { InjectSettings } from '../../config/settings.token.js';
import { cookiesNamed, ownCookie } from '../../http/request/cookies.js';

const MINUTES = 15;
/** Of the values together; browsers keep cookies of at most 4096 bytes (RFC 6265, 6.1). */
const LONGEST = 1500;

/**
 * What somebody entered, while a detour asks them to confirm who they are. It stays in their browser and is no secret; the form that
 * it comes back to is sent only if they press its button again.
 */
@Injectable()
export class Drafts {
  private readonly name: string;
  private readonly attributes: string;

  constructor(
    @InjectSettings() { PUBLIC_URL }: Settings,
    private readonly stepUps: StepUpCheck,
  ) {
    ({ name: this.name, attributes: this.attributes } = ownCookie('roster-draft', 'Lax', { publicUrl: PUBLIC_URL }));
  }

  /**
   * Keeps what was entered if the caller has to confirm who they are first.
   * @param values by the field of the form; never a password
   * @throws DomainError `step-up-required` then, which leads to that page and back
   */
  async beforeDetour(
    reply: FastifyReply,
    caller: Caller,
    values: Readonly<Record<string, string>>,
    demand: StepUpDemand = { passwordInBody: false },
  ): Promise<void> {
    try {
      await this.stepUps.require(caller, demand);
    } catch (error) {
      this.keep(reply, caller, values);
      throw error;
    }
  }

  /** Dropped where they are too long for a cookie. */
  private keep(reply: FastifyReply, { userId }: Caller, values: Readonly<Record<string, string>>): void {
    const text = JSON.stringify({ ...values, userId });
    if (text.length > LONGEST) return;
    const value = Buffer.from(text).toString('base64url');
    void reply.header('set-cookie', `${this.name}=${value}; ${this.attributes}; Max-Age=${MINUTES * 60}`);
  }

  /** The value of one field, once. @returns undefined if nothing was kept for this user */
  take(reply: FastifyReply, { userId }: Caller, field: string): string | undefined {
    const [value] = cookiesNamed(reply.request.headers.cookie ?? '', this.name);
    const kept = value === undefined ? {} : parsed(value);
    const found = kept[field];
    if (kept['userId'] !== userId || typeof found !== 'string') return undefined;
    void reply.header('set-cookie', `${this.name}=; ${this.attributes}; Max-Age=0`);
    return found;
  }
}

/** Whatever the browser sends. */
function parsed(value: string): Readonly<Record<string, unknown>> {
  try {
    const kept: unknown = JSON.parse(Buffer.from(value, 'base64url').toString());
    return typeof kept === 'object' && kept !== null ? { ...kept } : {};
  } catch {
    return {};
  }
}
