import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Transaction } from '../database/transaction.js';
import { PersonalDataRegistry } from '../events/personal-data-registry.js';
import { Jobs } from '../jobs/jobs.js';
import { LOCKED_JOB } from './lockout/lockouts.js';
import { LinkRequests } from './one-time-tokens/link-requests.js';

/** The personal data of `auth`, for export and erasure. Hashes, nonces and the like are not exported. */
@Injectable()
export class AuthPersonalData implements OnModuleInit {
  constructor(
    private readonly personalDataRegistry: PersonalDataRegistry,
    private readonly jobs: Jobs,
    private readonly linkRequests: LinkRequests,
  ) {}

  onModuleInit(): void {
    this.addTable(
      'password',
      'password_credentials',
      'changed_at AS "changedAt", changed_ip AS "changedFrom", changed_user_agent AS "changedBy"',
    );
    this.addTable('authenticatorApp', 'totp_credentials', 'added_at AS "addedAt", last_used_at AS "lastUsedAt"');
    this.addTable('authenticatorAppSetUp', 'totp_setups', 'created_at AS "createdAt", expires_at AS "expiresAt"');
    this.addTable('recoveryCodes', 'recovery_codes', 'created_at AS "createdAt", used_at AS "usedAt"');
    this.addTable(
      'signInsInProgress',
      'sign_in_tickets',
      'created_at AS "createdAt", method, amr, expires_at AS "expiresAt", used_at AS "usedAt"',
    );
    this.addTable('provedRegistrations', 'proved_claims', 'registered_at AS "registeredAt"');
    this.addTable(
      'links',
      'one_time_tokens',
      `created_at AS "createdAt", purpose, requested_ip AS "requestedFrom", requested_user_agent AS "requestedBy",
       expires_at AS "expiresAt", used_at AS "usedAt"`,
    );
    this.addTable(
      'linkRequests',
      'magic_link_requests',
      'requested_at AS "requestedAt", requested_ip AS "requestedFrom", requested_user_agent AS "requestedBy"',
    );
    this.addTable('endedLinks', 'ended_links', 'created_at AS "createdAt", purpose, how, ended_at AS "endedAt"');
    this.addTable(
      'sessions',
      'sessions',
      `created_at AS "createdAt", ip, user_agent AS "userAgent", last_used_at AS "lastUsedAt", ended_at AS "endedAt",
       end_reason AS "endReason", kind, amr, authenticated_at AS "authenticatedAt"`,
    );
    this.addTable('rememberedAnswers', 'idempotent_requests', 'created_at AS "createdAt", answer');
    this.addTable('lockouts', 'lockouts', 'failures, locks, locked_until AS "lockedUntil", failed_at AS "failedAt"');
    this.personalDataRegistry.register({
      name: 'lockNotices',
      tables: [],
      // Notices are short-lived, and contain nothing beyond the evidence.
      export: () => Promise.resolve([]),
      erase: (tx, { id }) => this.jobs.removeJobs(tx, LOCKED_JOB, { userId: id }),
    });
    this.personalDataRegistry.register({
      name: 'requestedLinks',
      tables: [],
      // Requests are short-lived, and contain nothing beyond their links.
      export: () => Promise.resolve([]),
      erase: async (tx, { email }) => {
        if (email !== null) await this.linkRequests.forget(tx, email);
      },
    });
  }

  private addTable(name: string, table: string, columns: string): void {
    this.personalDataRegistry.register({
      name,
      tables: [table],
      export: (tx: Transaction, userId: string) =>
        tx.query(`SELECT ${columns} FROM ${table} WHERE user_id = $1 ORDER BY 1`, [userId]),
      erase: async (tx, { id }) => {
        await tx.query(`DELETE FROM ${table} WHERE user_id = $1`, [id]);
      },
    });
  }
}
